"""Where a complaint is (`膝盖两侧总是会出现疼痛`). Pure.

Pain, itch or swelling alone says little: hundreds of diseases list it. With the part of the body said before it, it is
the complaint of that part (膝关节疼痛), or one of the diseases that affect it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

_TABLE = tomllib.loads((resources.files("rag.linking") / "sites.toml").read_text(encoding="utf-8"))
GENERAL: frozenset[str] = frozenset(_TABLE["general"])
"""Complaints that many diseases of every part of the body list."""
SKIN: frozenset[str] = frozenset(_TABLE["skin"])
"""Those of them that are of the skin: most of their diseases are recorded for the skin, wherever it is."""
_INNER = frozenset(_TABLE["inner"])
ANYWHERE: frozenset[str] = frozenset(_TABLE["anywhere"])
"""Parts in records that say nothing against another part."""
_ENDINGS: dict[str, list[str]] = _TABLE["endings"]
_SENTENCE_END = re.compile(r"[。！？；!?;\n]")
_CLAUSE_END = re.compile(r"[，。！？；,!?;\n]")
_ITEM_END = re.compile(r"[、，。！？；,!?;\n]")
"""Behind a complaint the next thing of a list has a place of its own: `水肿、下肢静脉炎`."""
_HOW_MUCH = re.compile("[到得]|的(?!部位|地方|位置|[是在])")
"""`痛到眼睛流泪` says how much, not where."""
_REACH, _REACH_AFTER = 24, 8
"""Characters before and after a complaint in which its place is looked for."""


@dataclass(frozen=True)
class Place:
    """Names of the complaint there, the likeliest first, and the parts that records name for diseases of it."""

    names: tuple[str, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True)
class _Site:
    said: re.Pattern[str]
    names: tuple[str, ...]
    parts: tuple[str, ...]
    wider: tuple[str, ...]
    whole: bool
    complaints: frozenset[str]

    def at(self, complaint: str, said: str) -> Place:
        """`complaint` there, by names of the part that stand in what is `said` first, then by those most like it."""
        endings = _ENDINGS.get(complaint, [complaint])
        likest = sorted(self.names, key=lambda name: (name not in said, -len(set(name) & set(said) - {"部"})))
        names = self.names if self.whole else tuple(name + ending for name in likest for ending in endings)
        parts = tuple(part for part in self.parts if complaint not in SKIN or part not in _INNER)
        return Place(names, parts)


_SITES = tuple(
    _Site(
        re.compile(row["said"]),
        tuple(row["names"]),
        tuple(row["parts"]),
        tuple(row.get("wider", ())),
        row.get("whole", False),
        frozenset(row.get("complaints", ())),
    )
    for row in _TABLE["site"]
)


def place_of(text: str, start: int, end: int, complaint: str, taken: Collection[tuple[int, int]]) -> Place | None:
    """Where general `complaint`, at [start, end) of normalised `text`, is said to be; None where nothing says it.

    `taken` are the stretches of names that are no parts of the body (`腰` of 腰椎间盘突出).
    """
    before = _SENTENCE_END.split(text[max(0, start - _REACH) : end])[-1]
    after = _ITEM_END.split(text[end : end + _REACH_AFTER])[0]
    after = "" if _HOW_MUCH.match(after) else after
    for stretch, offset, last in ((before, end - len(before), True), (after, end, False)):
        found = [one for one in _said(stretch, offset, complaint, taken) if last or not one[1].whole]
        if found:
            _, site, said = (max if last else min)(found, key=lambda one: one[0])
            return site.at(complaint, said)
    return None


def _said(
    stretch: str, offset: int, complaint: str, taken: Collection[tuple[int, int]]
) -> Iterator[tuple[int, _Site, str]]:
    """(end, site, how it is said) of each site in a stretch, of two at one place the first of the table."""
    seen: set[int] = set()
    for site in _SITES:
        if site.complaints and complaint not in site.complaints:
            continue
        for match in site.said.finditer(stretch):
            first, end = match.start() + offset, match.end() + offset
            stretch_end = offset + len(stretch)
            free = site.whole or not any(a < end and first < b for a, b in taken)
            if (
                free
                and not _something_between(stretch, offset, end, stretch_end, taken)
                and not seen & set(range(first, end))
            ):
                seen |= set(range(first, end))
                yield end, site, stretch[match.start() :]


def _something_between(stretch: str, offset: int, end: int, complaint: int, taken: Collection[tuple[int, int]]) -> bool:
    """Whether another name stands in the same clause between a site and the complaint (`腰上长骨刺疼`)."""
    same_clause = _CLAUSE_END.search(stretch[end - offset :]) is None
    return same_clause and any(end <= a and b < complaint for a, b in taken)


def by_other_parts(name: str) -> tuple[str, ...]:
    """A complaint by other names of its part (`面部潮红`: 颜面潮红, 面色潮红) and of itself, the likeliest first."""
    found = _apart(name)
    return _joined(found[0].names, found[1], name) if found else ()


def by_wider_parts(name: str) -> tuple[str, ...]:
    """A complaint as that of what its part belongs to (`脚麻`: 手足麻木, 四肢麻木), the likeliest first."""
    found = _apart(name)
    return _joined(found[0].wider, found[1], name) if found else ()


def anywhere_of(name: str) -> tuple[str, tuple[str, ...]] | None:
    """The general complaint that one of a part is, and the parts by which records name it: `手痛` is 疼痛 of 手部."""
    found = _apart(name)
    general = next((complaint for complaint in _ENDINGS if found and found[1] in _endings_of(complaint)), None)
    return (general, found[0].parts) if found and general in GENERAL else None


def _apart(name: str) -> tuple[_Site, str] | None:
    """The part of the body that a complaint is of, by the longest of its names, and what is said of it."""
    said = [(part, site) for site in _SITES if not site.whole for part in site.names if name.startswith(part)]
    if not said:
        return None
    part, site = max(said, key=lambda one: (len(one[0]), one[1].said.fullmatch(one[0]) is not None))
    return (site, name[len(part) :]) if part != name else None


def _endings_of(complaint: str) -> tuple[str, ...]:
    return (complaint, *_ENDINGS.get(complaint, ()))


def _joined(parts: Sequence[str], said: str, name: str) -> tuple[str, ...]:
    """Names of a complaint that is called `said`: with each part in these words first, then in words for the same."""
    kinds = (endings for complaint in _ENDINGS if said in (endings := _endings_of(complaint)))
    same = dict.fromkeys((said, *next(kinds, ())))
    return tuple(part + ending for ending in same for part in parts if part + ending != name)


def ends_with_site(text: str) -> bool:
    """Whether a part of the body is said at the end of `text` (`屁股上`), so that a complaint may follow at once."""
    return site_at_end(text) is not None


def site_at_end(text: str) -> int | None:
    """Where the part of the body begins that is said at the end of `text`; None where there is none."""
    found = _AT_END.search(text)
    return found.start() if found else None


_AT_END = re.compile(
    f"(?:{'|'.join(site.said.pattern for site in _SITES)})(?:部位|[上下里外后前]?[部上下里边侧面]|两[侧边])?$"
)


def elsewhere(recorded: Collection[str], parts: Sequence[str]) -> bool:
    """Whether a disease is recorded for other parts of the body alone."""
    return bool(recorded) and not set(recorded) & (set(parts) | ANYWHERE)

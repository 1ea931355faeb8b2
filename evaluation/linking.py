"""Linking against the labelled mentions: spans, names, marks, and what must never be linked.

A mention of the product counts as a link where it silently leads somewhere: a sure candidate and no modifier beside it.
Where the product asks back, it abstains. Rules of `sets/README.md`: a span is right if both ends are, a link if the
span is and the name that callers are given is one of the gold's; body parts, populations and departments that are not
labelled do not count; gold whose names are all absent from the knowledge base counts for spans and marks only.
`sets/linking_read.csv` holds the links of half 0 that no label bears out and that are true all the same, read one by
one; `read_precision` counts them as right, of half 0 alone.
`touching_precision` looks at links that touch a labelled mention and at names alone: what it misses of 1 are
confusions, while the others may also be true things that nobody labelled, or names cut otherwise.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluation.metrics import Share, half_of, harmonic, share_of
from evaluation.pairs import Judge, Pair, read_pairs
from rag.domain import EntityId, Mention
from rag.editions import Edition
from rag.linking.names import OWN_NAME, entity_name
from rag.retrieval.selection import SURE
from rag.text import normalise
from rag.vocabulary import EntityType

MENTIONS = Path(__file__).parent / "sets" / "linking_mentions.jsonl"
READ = Path(__file__).parent / "sets" / "linking_read.csv"
FLAGS = ("negated", "past", "third_person", "hypothetical")
_UNLABELLED = frozenset({EntityType.BODY_PART, EntityType.POPULATION, EntityType.DEPARTMENT})
"""Labelled only where the sentence turns on them."""


@dataclass(frozen=True)
class Found:
    """A mention of the product: where, what it leads to, its marks."""

    start: int
    end: int
    surface: str
    entities: tuple[EntityId, ...]
    flags: frozenset[str]
    types: frozenset[EntityType]
    asked: bool

    @property
    def best(self) -> str:
        """The normalised name that a caller is given."""
        return entity_name(self.entities[0]) if self.entities else ""

    @property
    def names(self) -> frozenset[str]:
        """Normalised names of all that it leads to."""
        return frozenset(entity_name(entity) for entity in self.entities)


def found_in(edition: Edition, text: str) -> list[Found]:
    """The mentions of one sentence."""
    return [_found(mention) for mention in edition.linker.link(text)]


def _found(mention: Mention) -> Found:
    sure = [c for c in mention.candidates if c.score >= SURE] if not mention.modifier else []
    leads = [c for c in sure if c.via == OWN_NAME] or sure
    flags = frozenset(flag for flag in FLAGS if getattr(mention, flag))
    asked = not mention.modifier and not leads
    types = frozenset(c.type for c in leads or mention.candidates)
    return Found(mention.start, mention.end, mention.surface, tuple(c.entity for c in leads), flags, types, asked)


@dataclass(frozen=True)
class Verdict:
    """One sentence: what was found and what was wrong, to be read."""

    id: str
    focus: str
    text: str
    false_links: tuple[str, ...]
    missed: tuple[str, ...]
    wrong_flags: tuple[str, ...]
    never: tuple[str, ...]


@dataclass
class LinkingReport:
    """Shares with intervals over sentences, and the sentences with faults."""

    shares: dict[str, Share] = field(default_factory=dict)
    halves: tuple[dict[str, Share], dict[str, Share]] = field(default_factory=lambda: ({}, {}))
    """The same of the sentences of half 0, whose faults may be read, and of half 1, which is only counted."""
    read: Share | None = None
    """Name precision of half 0 with the true links that nobody labelled."""
    by_focus: dict[str, tuple[Share, Share]] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    pairs: int = 0
    asked: int = 0

    def summary(self) -> dict[str, object]:
        """For a JSON document."""
        precision, recall = self.shares["link_precision"].value, self.shares["link_recall"].value
        return {
            **{name: share.summary() for name, share in self.shares.items()},
            "read_precision_half_0": self.read.summary() if self.read else None,
            "link_f1": round(harmonic(precision, recall), 4),
            "halves": [{name: share.summary() for name, share in half.items()} for half in self.halves],
            "by_focus": {k: {"precision": p.summary(), "recall": r.summary()} for k, (p, r) in self.by_focus.items()},
            "never_linked": [f"{v.id} {name}" for v in self.verdicts for name in v.never],
            "pairs": self.pairs,
            "merged_pairs": self.merged,
            "asked_back": self.asked,
        }

    def markdown(self) -> str:
        """A table, then what is wrong, to be read."""
        lines = ["| what | half 0 | half 1 | all |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {self.halves[0][name]} | {self.halves[1][name]} | {share} |"
            for name, share in self.shares.items()
        ]
        never = [sum(len(v.never) for v in self.verdicts if half_of(v.id) == half) for half in (0, 1)]
        lines += [
            f"| read_precision | {self.read} | not read | |",
            f"| forbidden names linked | {never[0]} | {never[1]} | {sum(never)} |",
            f"| opposite pairs merged, of {self.pairs} | | | {len(self.merged)} |",
            f"| mentions asked about instead | | | {self.asked} |",
        ]
        lines += ["", "| focus | link precision | link recall |", "|---|---|---|"]
        lines += [f"| {focus} | {p} | {r} |" for focus, (p, r) in sorted(self.by_focus.items())]
        return "\n".join(lines) + "\n"


@dataclass
class _Counts:
    """Numerators and denominators of one sentence."""

    values: Counter[str] = field(default_factory=Counter)


def read_mentions(path: Path = MENTIONS) -> list[dict[str, Any]]:
    """The rows of the set."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_links(path: Path = READ) -> frozenset[tuple[str, str, str]]:
    """(sentence, surface, normalised name) of the links that are true and not labelled."""
    with path.open(encoding="utf-8", newline="") as lines:
        return frozenset((row["id"], row["surface"], normalise(row["name"])) for row in csv.DictReader(lines))


def evaluate(edition: Edition, rows: Sequence[Mapping[str, Any]] | None = None) -> LinkingReport:
    """Link every sentence and every name of the opposite pairs."""
    rows = read_mentions() if rows is None else rows
    known, read = {row.name for row in edition.kb.names()}, read_links()
    report = LinkingReport()
    counts = []
    for row in rows:
        found = found_in(edition, row["text"])
        report.asked += sum(one.asked for one in found)
        count, verdict = _judge(row, found, known, read)
        counts.append(count.values)
        report.verdicts.append(verdict)
    report.shares = _shares(counts)
    report.halves = (
        _shares([count for count, row in zip(counts, rows, strict=True) if half_of(row["id"]) == 0]),
        _shares([count for count, row in zip(counts, rows, strict=True) if half_of(row["id"]) == 1]),
    )
    first = [count for count, row in zip(counts, rows, strict=True) if half_of(row["id"]) == 0]
    report.read = _share(first, "read_right", "link_found")
    for focus in sorted({row["focus"] for row in rows}):
        own = [count for count, row in zip(counts, rows, strict=True) if row["focus"] == focus]
        report.by_focus[focus] = (_share(own, "link_right", "link_found"), _share(own, "link_right", "link_gold"))
    pairs = read_pairs()
    report.pairs, report.merged = len(pairs), merged_pairs(edition, pairs)
    return report


_MEASURES = {
    "span_precision": ("span_right", "span_found"),
    "span_recall": ("span_right", "span_gold"),
    "link_precision": ("link_right", "link_found"),
    "link_recall": ("link_right", "link_gold"),
    "name_precision": ("name_right", "link_found"),
    "name_recall": ("name_right_gold", "link_gold"),
    "touching_precision": ("touching_right", "touching"),
    "nil_left_alone": ("nil_right", "nil_gold"),
} | {
    f"{flag}_{measure}": (f"{flag}_right", f"{flag}_{of}")
    for flag in FLAGS
    for measure, of in (("precision", "found"), ("recall", "gold"))
}


def _shares(counts: Sequence[Counter[str]]) -> dict[str, Share]:
    return {name: _share(counts, *keys) for name, keys in _MEASURES.items()}


def _share(counts: Sequence[Counter[str]], right: str, of: str) -> Share:
    return share_of([count[right] for count in counts], [count[of] for count in counts])


def merged_pairs(edition: Edition, pairs: Sequence[Pair]) -> list[str]:
    """Pairs of which one name silently leads where the other leads, or to the other's own entity."""
    judge = Judge(edition)
    merged = []
    for pair in pairs:
        a, b = judge.lead_to(pair.a), judge.lead_to(pair.b)
        if a & b or a & judge.own(pair.b) or b & judge.own(pair.a):
            merged.append(f"{pair.a}, {pair.b}")
    return merged


def _judge(
    row: Mapping[str, Any], found: Sequence[Found], known: set[str], read: Collection[tuple[str, str, str]]
) -> tuple[_Counts, Verdict]:
    count = _Counts()
    gold = row["mentions"]
    by_span = {(mention["start"], mention["end"]): mention for mention in gold}
    false_links, missed, wrong_flags = [], [], []
    for one in [one for one in found if _counts(one, gold)]:
        mention = by_span.get((one.start, one.end))
        count.values["span_found"] += 1
        count.values["span_right"] += mention is not None
        if not one.entities or (mention is not None and (_absent(mention, known) or _itself(one, mention))):
            continue
        count.values["link_found"] += 1
        right = mention is not None and _names_fit(one, mention)
        near = any(_overlap(one, other) and _names_fit(one, other) for other in gold)
        count.values["link_right"] += right
        touches = any(_overlap(one, other) for other in gold)
        count.values["touching"] += touches
        count.values["touching_right"] += near
        count.values["name_right"] += near
        count.values["read_right"] += near or (row["id"], one.surface, one.best) in read
        if not right:
            false_links.append(f"{one.surface} -> {'、'.join(sorted(one.entities))}")
    for mention in gold:
        count.values["span_gold"] += 1
        overlapping = [one for one in found if _overlap(one, mention)]
        if "nil" in mention["flags"]:
            count.values["nil_gold"] += 1
            count.values["nil_right"] += not any(one.entities and not _itself(one, mention) for one in overlapping)
        elif not _absent(mention, known):
            count.values["link_gold"] += 1
            fitting = [one for one in overlapping if one.entities and _names_fit(one, mention)]
            count.values["name_right_gold"] += bool(fitting)
            if not any((one.start, one.end) == (mention["start"], mention["end"]) for one in fitting):
                missed.append(mention["surface"])
        wrong_flags += _judge_flags(count, mention, overlapping)
    names = {name for one in found for name in one.names}
    never = tuple(name for name in row["never"] if normalise(name) in names)
    return count, Verdict(
        row["id"], row["focus"], row["text"], tuple(false_links), tuple(missed), tuple(wrong_flags), never
    )


def _counts(one: Found, gold: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a mention is judged: not one beside a modifier, nor of a type that is not labelled everywhere."""
    if not one.entities and not one.asked:
        return False
    if not one.types <= _UNLABELLED:
        return True
    labelled = [mention for mention in gold if _overlap(one, mention)]
    return any(m["type"] in one.types or (m["start"], m["end"]) == (one.start, one.end) for m in labelled)


def _overlap(one: Found, mention: Mapping[str, Any]) -> bool:
    return bool(one.start < mention["end"] and mention["start"] < one.end)


def _names_fit(one: Found, mention: Mapping[str, Any]) -> bool:
    return one.best in {normalise(name) for name in mention["names"]}


def _absent(mention: Mapping[str, Any], known: set[str]) -> bool:
    return bool(mention["names"]) and not any(normalise(name) in known for name in mention["names"])


def _itself(one: Found, mention: Mapping[str, Any]) -> bool:
    """A name that the set's two files lack may be an entity of another data set: then it is no confusion."""
    return "nil" in mention["flags"] and one.best == normalise(mention["surface"])


def _judge_flags(count: _Counts, mention: Mapping[str, Any], overlapping: Sequence[Found]) -> list[str]:
    """Marks are judged where the product has a mention at that place; a mark on a mention that was missed is missed."""
    wrong = []
    marked = {flag for one in overlapping for flag in one.flags}
    for flag in FLAGS:
        wanted, got = flag in mention["flags"], flag in marked
        count.values[f"{flag}_gold"] += wanted
        count.values[f"{flag}_found"] += got
        count.values[f"{flag}_right"] += wanted and got
        if wanted != got:
            wrong.append(f"{mention['surface']} {'-' if wanted else '+'}{flag}")
    return wrong

"""Names in a text -> mentions with candidates. Pure: built from the names of one version.

Longest match over every name (Aho-Corasick, leftmost-longest). A name maps to a *set* of entities: its own entity
first, entities that only list it as an alias after. An alias that misses or contradicts a hard feature of its entity,
or that several entities of one type share, never links silently: such candidates are `unsure` and the product asks.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from rag.domain import AliasKind, Candidate, DoNotMerge, EntityId, Mention
from rag.features import MODIFIER_AFTER, MODIFIER_BEFORE, SALT_AFTER, compatible, counterparts
from rag.ports import NameRow
from rag.text import is_han, normalise, normalise_with_map
from rag.traditional import simplified
from rag.vocabulary import EntityType

OWN_NAME = "name"
"""`NameRow.kind` and `Candidate.via` of an entity's own name."""

_CURATED = frozenset(kind.value for kind in AliasKind if kind is not AliasKind.SYNONYM)
_NEVER_ALONE = frozenset(
    (
        "症状 治疗 检查 疾病 患者 病人 医生 手术 药物 疼痛病 不适 感染 炎症 综合征 发作 用药 化验 体检 护理 "
        "预防 饮食 第一 第二 第三 老人 孩子 宝宝 男人 女人 男性 女性 成人 大人 小孩 身体 问题 情况 方法 效果 "
        "医院 其他 其它 正常 异常 一般 严重 急性 慢性 原发性 继发性 综合 系统 功能 作用 副作用 药物治疗 "
        "手术治疗 对症治疗 支持治疗 得力 特可靠"
    ).split()
)
"""Everyday words that some source lists as a name; alone they say nothing."""
_SHORTEST_LATIN = 3
_BETWEEN_RESTS = 2_000
_PART = 4_000
"""Names in one part; it takes some 20 ms to build."""
_MOST_PARTS = 32
"""Every part is gone through for every text."""
_TYPE_ORDER = {kind: n for n, kind in enumerate(EntityType)}


class Names:
    """All names of one version: which entities each may stand for, and where they occur in a text.

    A service that goes on answering while it opens a version gives `rest`, a short sleep: it is called often, and the
    automaton is built in parts, because nothing else in the process runs while one is built. Without it there is one
    part, which is faster to search.
    """

    def __init__(
        self,
        rows: Iterable[NameRow],
        do_not_merge: Iterable[DoNotMerge] = (),
        *,
        rest: Callable[[], None] | None = None,
    ) -> None:
        owners: dict[str, dict[EntityId, str]] = defaultdict(dict)
        for number, row in enumerate(rows, start=1):
            if rest and number % _BETWEEN_RESTS == 0:
                rest()
            if _usable(row.name):
                known = owners[row.name].get(row.entity)
                if known != OWN_NAME:
                    owners[row.name][row.entity] = row.kind if known is None else min(known, row.kind)
        self.owners: Mapping[str, Mapping[EntityId, str]] = {name: owners[name] for name in sorted(owners)}
        self._parts = list(_parts(list(self.owners), rest))
        self._apart = {frozenset((pair.a, pair.b)) for pair in do_not_merge}

    def find(self, text: str) -> list[tuple[str, int, int]]:
        """(name, start, end) in normalised `text`, not overlapping, whole words only for Latin names."""
        found = []
        last = 0
        for start, length, name in sorted(self._matches(text)):
            if start < last:
                continue
            last = start - length
            stop = _word_end(text, start, last)
            if stop is not None:
                found.append((name, start, stop))
        return found

    def _matches(self, text: str) -> Iterator[tuple[int, int, str]]:
        """(start, minus its length, name): sorted, the leftmost comes first and of those the longest."""
        several = len(self._parts) > 1
        for names, automaton in self._parts:
            for index, start, end in automaton.find_matches_as_indexes(text, overlapping=several):
                yield start, start - end, names[index]

    def candidates(self, name: str) -> tuple[Candidate, ...]:
        """What normalised `name` may stand for: own first, then sure aliases, then unsure ones (score < 0.5)."""
        owners = self.owners.get(name, {})
        own = [entity for entity, kind in owners.items() if kind == OWN_NAME]
        others = [entity for entity, kind in owners.items() if kind != OWN_NAME]
        found = [_candidate(entity, OWN_NAME, 1.0) for entity in own]
        for entity in others:
            rivals = [e for e in others if e != entity and entity_type(e) is entity_type(entity)]
            alone = all(self._one_thing(entity, rival) for rival in rivals)
            sure = alone and self._may_stand_for(name, entity, owners[entity], own)
            found.append(_candidate(entity, owners[entity], 0.9 if sure else 0.4))
        return tuple(sorted(found, key=lambda c: (-c.score, _TYPE_ORDER[c.type], c.entity)))

    def _one_thing(self, a: EntityId, b: EntityId) -> bool:
        """Whether one of two entities lists the other's own name, and nothing speaks against it; one step only."""
        one, other = entity_name(a), entity_name(b)
        listed = b in self.owners.get(one, ()) or a in self.owners.get(other, ())
        return listed and frozenset((a, b)) not in self._apart and compatible(one, other)

    def _may_stand_for(self, name: str, entity: EntityId, kind: str, own: Sequence[EntityId]) -> bool:
        if any(frozenset((entity, other)) in self._apart for other in own):
            return False
        target = entity_name(entity)
        return compatible(name, target, strict=kind not in _CURATED)


def _parts(names: Sequence[str], rest: Callable[[], None] | None) -> Iterator[tuple[Sequence[str], AhoCorasick]]:
    """Names with the automaton that finds them: all in one, or with `rest` up to `_MOST_PARTS` small ones.

    Only one automaton alone can choose the longest of all names; several tell every match.
    """
    size = max(_PART, -(-len(names) // _MOST_PARTS)) if rest else max(1, len(names))
    kind = MatchKind.LeftmostLongest if size >= len(names) else MatchKind.Standard
    for start in range(0, len(names), size):
        part = names[start : start + size]
        yield part, AhoCorasick(part, matchkind=kind, implementation=Implementation.ContiguousNFA)
        if rest:
            rest()


def _usable(name: str) -> bool:
    """Names of one character, numerals, short Latin words and everyday words never link alone."""
    if len(name) < 2 or name in _NEVER_ALONE or not any(char.isalpha() for char in name):
        return False
    return any(is_han(char) for char in name) or len(name) >= _SHORTEST_LATIN


def _word_end(text: str, start: int, end: int) -> int | None:
    """Where the match ends, an English plural included; None where it cuts a Latin word."""
    if text[start].isascii() and text[start].isalnum() and start > 0 and text[start - 1].isascii():
        if text[start - 1].isalnum():
            return None
    if not (text[end - 1].isascii() and text[end - 1].isalnum()):
        return end
    for plural in ("", "s", "es"):
        stop = end + len(plural)
        follows = text[stop : stop + 1]
        if text.startswith(plural, end) and not (follows.isascii() and follows.isalnum()):
            return stop
    return None


def entity_type(entity: EntityId) -> EntityType:
    """The type in an entity id."""
    return EntityType(entity.partition(":")[0])


def entity_name(entity: EntityId) -> str:
    """The normalised name in an entity id, also one that an older text version made."""
    return simplified(entity.partition(":")[2])


def _candidate(entity: EntityId, via: str, score: float) -> Candidate:
    return Candidate(entity, entity_name(entity), entity_type(entity), via, score)


def passage_mentions(names: Iterable[NameRow]) -> Callable[[str], tuple[EntityId, ...]]:
    """A function that lists the entities a text mentions, by id; unsure aliases are left out."""
    table = Names(names)
    sure = {name: tuple(c.entity for c in table.candidates(name) if c.score >= 0.5) for name in table.owners}

    def mentions(text: str) -> tuple[EntityId, ...]:
        found = {entity for name, _, _ in table.find(normalise(text)) for entity in sure[name]}
        return tuple(sorted(found))

    return mentions


# ---------------------------------------------------------------- a question

_CLAUSE_END = re.compile(r"[，。；！？,;!?\n]")
_NEGATION = re.compile(
    r"(?<!有)(?<!是)(?:没有|没出现|没得过|没得|没|并无|无|未见|未出现|未|否认|排除了?|不伴|不是|并非|不存在|不)"
    r"(?:明显|任何|出现|过|的|伴有|伴|得|患|什么|发生|有){0,2}$"
)
_NEGATION_AFTER = re.compile(r"^(?:都|也|倒)?没有(?=[，。；,;]|$)")
_JOIN = re.compile(r"^(?:[、和或及与跟]|以及|或者)$")


class Linker:
    """Links questions against the names of one version."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def link(self, question: str) -> tuple[Mention, ...]:
        """Mentions in order; `question[m.start:m.end] == m.surface` for each."""
        text, origin = normalise_with_map(question)
        mentions: list[Mention] = []
        previous_end = 0
        for name, start, end in self.names.find(text):
            candidates = self.names.candidates(name)
            negated = _negated(text, start, end) or (
                bool(mentions) and mentions[-1].negated and _JOIN.match(text[previous_end:start]) is not None
            )
            first, last = origin[start], origin[end - 1] + 1
            mention = Mention(question[first:last], first, last, candidates, negated=negated)
            modifier = self._modifier(text, start, end, candidates) or self._rest(text, start, end, candidates)
            mentions.append(replace(mention, modifier=modifier))
            previous_end = end
        return tuple(mentions)

    @staticmethod
    def _modifier(text: str, start: int, end: int, candidates: Sequence[Candidate]) -> str:
        """What stands right beside the name and makes it the name of something else, or an empty string."""
        if all(c.type in _DESCRIBED for c in candidates):
            return ""
        clause = max((m.end() for m in _CLAUSE_END.finditer(text, 0, start)), default=0)
        before = MODIFIER_BEFORE.search(text[clause:start])
        if before and not _EVERYDAY_BEFORE.search(text[clause:start]):
            return before.group()
        after = MODIFIER_AFTER.match(text[end:])
        if after is None and any(c.type is EntityType.DRUG for c in candidates):
            after = SALT_AFTER.match(text[end:])
        return after.group() if after else ""

    def _rest(self, text: str, start: int, end: int, candidates: Sequence[Candidate]) -> str:
        """What stands beside the name and belongs to it, or an empty string.

        `甲减眼突` is not in the knowledge base, `甲亢眼突` is: then 眼突 belongs to the name that was asked for, and
        甲减 alone is another thing. Told by putting the other values of a hard feature in its place.
        """
        types = {c.type for c in candidates} - _DESCRIBED
        if not types:
            return ""
        first, last = _clause(text, start, end)
        window = text[first:last]
        for place, stop, other in counterparts(window):
            known = window[:place] + other + window[stop:]
            for name, begin, finish in self.names.find(known):
                if begin > place or finish < place + len(other):
                    continue
                left, right = first + begin, first + finish + stop - place - len(other)
                whole = left <= start and end <= right and (left, right) != (start, end)
                if whole and any(c.via == OWN_NAME and c.type in types for c in self.names.candidates(name)):
                    return text[left:start] or text[end:right]
        return ""


_DESCRIBED = frozenset(
    {EntityType.SYMPTOM, EntityType.DEPARTMENT, EntityType.BODY_PART, EntityType.POPULATION, EntityType.EXAMINATION,
     EntityType.FOOD, EntityType.TREATMENT, EntityType.CAUSE, EntityType.INDICATOR}
)  # fmt: skip
"""Types whose names take free modifiers (`持续性头痛` is a headache)."""
_EVERYDAY_BEFORE = re.compile(
    r"(?:可能性|男性|女性|异性|是否|得了急|怕|大多数?是?|最低|最高|降低|提高|较高|较低|偏高|偏低)$"
)


_BESIDE = 12
"""How many characters beside a name may belong to it."""


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch around a match, within its clause, in which a longer name may lie."""
    first = max((m.end() for m in _CLAUSE_END.finditer(text, 0, start)), default=0)
    after = _CLAUSE_END.search(text, end)
    last = after.start() if after else len(text)
    return max(first, start - _BESIDE), min(last, end + _BESIDE)


def _negated(text: str, start: int, end: int) -> bool:
    clause = max((m.end() for m in _CLAUSE_END.finditer(text, 0, start)), default=0)
    return bool(_NEGATION.search(text[clause:start]) or _NEGATION_AFTER.match(text[end:]))

"""Names in a text -> mentions with candidates. Pure: built from the names of one version.

Longest match over every name (Aho-Corasick, leftmost-longest). A name maps to a *set* of entities: its own entity
first, entities that only list it as an alias after. An alias that misses or contradicts a hard feature of its entity,
or that several entities of one type share, never links silently: such candidates are `unsure` and the product asks.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from rag.assertion import CLAUSE_END, assertions, figurative
from rag.complaints import Stretch, parted_complaints, short_complaints
from rag.domain import AliasKind, Candidate, DoNotMerge, EntityId, Mention
from rag.features import (
    DRUG_BEFORE,
    MODIFIER_AFTER,
    MODIFIER_BEFORE,
    REMEDY_AFTER,
    SALT_AFTER,
    compatible,
    counterparts,
)
from rag.longer_names import NameEndings, unknown_beginning
from rag.near_names import NearNames
from rag.ports import NameRow
from rag.text import HAN, is_han, normalise, normalise_with_map
from rag.traditional import simplified
from rag.vocabulary import EntityType

OWN_NAME = "name"
"""`NameRow.kind` and `Candidate.via` of an entity's own name."""

_CURATED = frozenset(kind.value for kind in AliasKind if kind is not AliasKind.SYNONYM)
_SPOKEN = frozenset({AliasKind.COLLOQUIAL.value, AliasKind.ABBREVIATION.value, AliasKind.TRADE.value})
"""Such names are stated one by one; lists of synonyms also hold what is only near, and give way to them."""
_NEVER_ALONE = frozenset(
    (
        "症状 治疗 检查 疾病 患者 病人 医生 手术 药物 疼痛病 不适 感染 炎症 综合征 发作 用药 化验 体检 护理 "
        "预防 饮食 第一 第二 第三 老人 孩子 宝宝 男人 女人 男性 女性 成人 大人 小孩 身体 问题 情况 方法 效果 "
        "医院 其他 其它 正常 异常 一般 严重 急性 慢性 原发性 继发性 综合 系统 功能 作用 副作用 药物治疗 "
        "手术治疗 对症治疗 支持治疗 得力 特可靠 打针 跑步 洗手 休息 急救 筛查 疫苗 病毒 细菌 隔离 传染病 生孩子 "
        "大小 物理 对症 心理 外科 内科 免疫 中医 西医 中药 西药 自愈 药物治 停药 减药 血象 患病率"
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
        foods: dict[str, EntityId] = {}
        for number, row in enumerate(rows, start=1):
            if rest and number % _BETWEEN_RESTS == 0:
                rest()
            if _usable(row.name) or _is_short(row):
                known = owners[row.name].get(row.entity)
                if known != OWN_NAME:
                    owners[row.name][row.entity] = row.kind if known is None else min(known, row.kind)
            if len(row.name) == 1 and row.kind == OWN_NAME and entity_type(row.entity) is EntityType.FOOD:
                foods[row.name] = row.entity
        self.foods: Mapping[str, EntityId] = foods
        """Foods whose name has one character, which never link alone."""
        self.owners: Mapping[str, Mapping[EntityId, str]] = {name: owners[name] for name in sorted(owners)}
        self._parts = list(_parts([name for name in self.owners if _usable(name)], rest))
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
            spoken = owners[entity] in _SPOKEN
            rivals = [
                e
                for e in others
                if e != entity and entity_type(e) is entity_type(entity) and (owners[e] in _SPOKEN or not spoken)
            ]
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


def _is_short(row: NameRow) -> bool:
    """Abbreviations of two letters, which are names only where they are typed as capitals."""
    return row.kind == AliasKind.ABBREVIATION and len(row.name) == 2 and row.name.isascii() and row.name.isalpha()


_ABBREVIATION_AND_NUMBER = re.compile(r"[a-z]{3,5}[0-9]{2}(?![a-z])")
"""`HPV16`, `ALT80`: the number says which one or how much."""


def _word_end(text: str, start: int, end: int) -> int | None:
    """Where the match ends, an English plural included; None where it cuts a Latin word."""
    if text[start].isascii() and text[start].isalnum() and start > 0 and text[start - 1].isascii():
        if text[start - 1].isalnum():
            return None
    if not (text[end - 1].isascii() and text[end - 1].isalnum()):
        return end
    if _ABBREVIATION_AND_NUMBER.match(text, start) and text[start:end].isalpha():
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

_NEAR = 0.8
"""What is left of a candidate's score where the name was not typed as it is written."""


class Linker:
    """Links questions against the names of one version; `rest` as in `Names`, for building what finds near names."""

    def __init__(self, names: Names, rest: Callable[[], None] | None = None) -> None:
        self.names = names
        self._rest_often = rest
        if rest:
            self.near.warm(rest)
            assert self._endings is not None

    @cached_property
    def near(self) -> NearNames:
        """Built at the first question, in a fraction of a second, unless the linker was made with `rest`."""
        return NearNames(list(self.names.owners))

    def link(self, question: str) -> tuple[Mention, ...]:
        """Mentions in order; `question[m.start:m.end] == m.surface` for each."""
        text, origin = normalise_with_map(question)
        capital = [question[place].isupper() for place in origin]
        found = self._matches(text, capital)
        marks = assertions(text, [(match.start, match.end) for match in found])
        mentions = []
        topic_end = 0
        for match, mark in zip(found, marks, strict=True):
            first, last = origin[match.start], origin[match.end - 1] + 1
            modifier = self._modifier(text, match, found) or self._rest(text, match)
            modifier = modifier or self._beginning(text, topic_end, match)
            topic_end = match.end if match.is_one_of(_TOPICS) and not modifier else topic_end
            candidates = self._with_illness(text, match)
            mentions.append(Mention(
                question[first:last], first, last, candidates, modifier=modifier, negated=mark.negated,
                past=mark.past, third_person=mark.third_person and match.is_one_of(_SUFFERED),
                hypothetical=mark.hypothetical and match.is_one_of(_SUPPOSED),
            ))  # fmt: skip
        return tuple(mentions)

    def _with_illness(self, text: str, match: _Match) -> tuple[Candidate, ...]:
        """A group named by its illness (`糖尿病患者`) stands for those who have it, and for the illness asked about."""
        found = _PATIENTS.search(text[match.start : match.end])
        if found is None or any(c.type is not EntityType.POPULATION for c in match.candidates):
            return match.candidates
        stem = text[match.start : match.end - len(found.group())]
        ill = [c for c in self.names.candidates(stem) if c.type is EntityType.DISEASE and c.score >= _NEAR]
        return (*match.candidates, *(replace(c, score=_NEAR * c.score) for c in ill))

    def _matches(self, text: str, capital: Sequence[bool]) -> list[_Match]:
        """Names as they are written, and longer ones around or between them that are spelt otherwise."""
        exact = [
            _Match(start, end, self.names.candidates(name))
            for name, start, end in self.names.find(text)
            if not figurative(text, start, end) and not _cut(text, start, end)
        ]
        exact += self._capitals(text, capital)
        exact = self._with_foods(text, exact)
        exact = sorted([*exact, *self._short(text, exact)], key=lambda m: m.start)
        kept = list(exact)
        near = [match for match in (*self._parted(text, exact), *self._near(text)) if _takes(match, exact)]
        for match in sorted(near, key=lambda m: (m.start - m.end, m.start)):
            if all(match.end <= other.start or other.end <= match.start or _inside(other, match) for other in kept):
                kept = [other for other in kept if not _inside(other, match)] + [match]
        return sorted(kept, key=lambda m: m.start)

    def _capitals(self, text: str, capital: Sequence[bool]) -> Iterator[_Match]:
        """Abbreviations of two letters (`CT`), typed as capitals: in small letters they are words."""
        for found in _TWO_LETTERS.finditer(text):
            start, end = found.span()
            if all(capital[start:end]) and (candidates := self.names.candidates(found.group())):
                yield _Match(start, end, candidates)

    def _short(self, text: str, exact: Sequence[_Match]) -> Iterator[_Match]:
        """Complaints of one character, where the sentence shows that they stand by themselves."""
        for start, end, names in short_complaints(text, _stretches(exact)):
            if candidates := next(filter(None, map(self.names.candidates, names)), ()):
                yield _Match(start, end, _rated(candidates, alone=True))

    def _parted(self, text: str, exact: Sequence[_Match]) -> Iterator[_Match]:
        """Complaints with an adverb inside (`背也疼`), by the name without it."""
        others = _stretches([m for m in exact if not m.is_one_of({EntityType.SYMPTOM})])
        for start, end, names in parted_complaints(text, others):
            candidates = next(filter(None, map(self.names.candidates, names)), ())
            if any(c.type is EntityType.SYMPTOM for c in candidates):
                yield _Match(start, end, _rated(candidates, alone=True))

    def _with_foods(self, text: str, exact: Sequence[_Match]) -> list[_Match]:
        """Foods of one character (`酒`, `茶`), where something is eaten or drunk; in a habit (`喝酒`) too."""
        found = {(match.start, match.end): match for match in exact}
        for eaten in _EATEN.finditer(text):
            food = self.names.foods.get(eaten["food"])
            start, end = eaten.span("food")
            over = [match for match in exact if match.start < end and start < match.end]
            if food is None or any(match.end != end or match.start < eaten.start() for match in over):
                continue
            candidate = _candidate(food, OWN_NAME, _EATEN_SCORE)
            if over:
                found[over[0].start, end] = replace(over[0], candidates=(*over[0].candidates, candidate))
            elif _AFTER_FOOD.match(text, end):
                found[start, end] = _Match(start, end, (candidate,))
        return list(found.values())

    def _near(self, text: str) -> Iterator[_Match]:
        """Stretches of `text` that are another spelling of a name or a slip for one."""
        found: dict[tuple[int, int], set[str]] = defaultdict(set)
        for start, end, name in self.near.spelt(text, self.names):
            found[start, end].add(name)
        for start, end, name in self.near.slips(text):
            if any(c.type in _MISTYPED for c in self.names.candidates(name)):
                found[start, end].add(name)
        for (start, end), names in found.items():
            candidates = {c.entity: c for name in sorted(names) for c in self.names.candidates(name)}
            if candidates:
                yield _Match(start, end, _rated(list(candidates.values()), alone=len(names) == 1))

    @staticmethod
    def _modifier(text: str, match: _Match, others: Sequence[_Match]) -> str:
        """What stands right beside the name and makes it the name of something else, or an empty string."""
        start, end, candidates = match.start, match.end, match.candidates
        if all(c.type in _DESCRIBED for c in candidates):
            return ""
        clause = max((m.end() for m in CLAUSE_END.finditer(text, 0, start)), default=0)
        before = MODIFIER_BEFORE.search(text[clause:start])
        listed = any(other.end == start for other in others)  # 缬沙坦 二甲双胍: the syllable is the other drug's
        if before is None and not listed and all(c.type is EntityType.DRUG for c in candidates):
            before = DRUG_BEFORE.search(text[clause:start])
        if before and not _EVERYDAY_BEFORE.search(text[clause:start]):
            return before.group()
        after = MODIFIER_AFTER.match(text[end:])
        if (
            after is not None
            and after.group() in _BETWEEN_TWO
            and any(other.start == end + len(after.group()) for other in others)
        ):
            after = None
        if after is None and any(c.type is EntityType.DRUG for c in candidates):
            after = SALT_AFTER.match(text[end:])
        if after is None and any(c.type in _SUFFERED for c in candidates):
            after = REMEDY_AFTER.match(text[end:])
        return after.group() if after else _joined_by_surgery(text, match, others)

    def _rest(self, text: str, match: _Match) -> str:
        """What stands beside the name and belongs to it, or an empty string.

        `甲减眼突` is not in the knowledge base, `甲亢眼突` is: then 眼突 belongs to the name that was asked for, and
        甲减 alone is another thing. Told by putting the other values of a hard feature in its place.
        """
        start, end = match.start, match.end
        types = {c.type for c in match.candidates} - _DESCRIBED
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

    @cached_property
    def _endings(self) -> NameEndings:
        """Of the names that diseases bear; like `near` at the first question or with `rest`: 0.1 s for 50,000 names."""
        return NameEndings(self._diseases())

    def _diseases(self) -> Iterator[str]:
        for number, name in enumerate(self.names.owners, start=1):
            if self._rest_often and number % _BETWEEN_RESTS == 0:
                self._rest_often()
            if _is_disease(self.names.candidates(name)):
                yield name

    def _beginning(self, text: str, topic_end: int, match: _Match) -> str:
        """What stands before a disease's name and makes it the end of a longer one, or an empty string."""
        if not _is_disease(match.candidates) or match.is_one_of(_DESCRIBED):
            return ""
        clause = max((m.end() for m in CLAUSE_END.finditer(text, 0, match.start)), default=0)
        return unknown_beginning(text[max(clause, topic_end) : match.start], match.candidates[0].name, self._endings)


_EATEN = re.compile(rf"[吃喝饮沾碰和跟与同配](?:[点些了过口杯碗]|一[点些口杯碗])?(?P<food>[{HAN}])")
_AFTER_FOOD = re.compile(
    r"$|一起|一块|同时|[吗么嘛呢吧啊呀的了会能可行好后前时和或与影有要就还是是不，。、,？?！!；;\s]"
)
_EATEN_SCORE = 0.9
_PATIENTS = re.compile("(?:患者|病人|人群|人|者)$")
_TWO_LETTERS = re.compile(r"(?<![a-z0-9])[a-z]{2}(?![a-z0-9])")


@dataclass(frozen=True)
class _Match:
    """A stretch of the normalised question and what it may stand for."""

    start: int
    end: int
    candidates: tuple[Candidate, ...]

    def is_one_of(self, types: Collection[EntityType]) -> bool:
        """Whether it may stand for something of one of these types."""
        return any(candidate.type in types for candidate in self.candidates)


_SUFFERED = frozenset({EntityType.DISEASE, EntityType.SYMPTOM, EntityType.SYNDROME, EntityType.POPULATION})
"""What somebody has; a drug is nobody's."""
_MISTYPED = frozenset({EntityType.DISEASE, EntityType.SYMPTOM, EntityType.DRUG})
"""What a slip of the pen may be taken for; of other things there are fewer, and ordinary words sound like them."""
_SUPPOSED = _SUFFERED | {EntityType.DRUG, EntityType.PATHOGEN, EntityType.CAUSE}
"""What may be feared or supposed; an examination is merely asked about."""


def _stretches(matches: Sequence[_Match]) -> list[Stretch]:
    return [Stretch(m.start, m.end, any(c.type is not EntityType.BODY_PART for c in m.candidates)) for m in matches]


def _joined_by_surgery(text: str, match: _Match, others: Sequence[_Match]) -> str:
    """What joins two diseases to the name of a third (`胃癌术后贫血`), or an empty string."""
    if not _is_disease(match.candidates) or match.is_one_of(_DESCRIBED):
        return ""
    for other in others:
        first, second = (match, other) if match.start < other.start else (other, match)
        joined = text[first.end : second.start] == _AFTER_SURGERY
        if joined and _is_disease(other.candidates) and not other.is_one_of(_DESCRIBED):
            return _AFTER_SURGERY
    return ""


_AFTER_SURGERY = "术后"


def _inside(inner: _Match, outer: _Match) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _takes(near: _Match, exact: Sequence[_Match]) -> bool:
    """Whether a near name covers all of every exact one that it touches, and more."""
    touched = [m for m in exact if m.start < near.end and near.start < m.end]
    return all(_inside(m, near) and m.end - m.start < near.end - near.start for m in touched)


def _rated(candidates: Sequence[Candidate], *, alone: bool) -> tuple[Candidate, ...]:
    """Best first; where several names are equally near, none is sure."""
    share = _NEAR if alone else _NEAR / 2
    rated = [replace(c, score=c.score * share) for c in candidates]
    return tuple(sorted(rated, key=lambda c: (-c.score, _TYPE_ORDER[c.type], c.entity)))


_TOPICS = frozenset(
    {EntityType.DISEASE, EntityType.SYMPTOM, EntityType.DRUG, EntityType.HERB, EntityType.FORMULA, EntityType.SYNDROME}
)
"""What follows one of these is another topic, not the rest of its name."""


def _is_disease(candidates: Sequence[Candidate]) -> bool:
    """Whether it is first of all the own name of a disease."""
    return bool(candidates) and candidates[0].type is EntityType.DISEASE and candidates[0].via == OWN_NAME


_DESCRIBED = frozenset(
    {EntityType.SYMPTOM, EntityType.DEPARTMENT, EntityType.BODY_PART, EntityType.POPULATION, EntityType.EXAMINATION,
     EntityType.FOOD, EntityType.TREATMENT, EntityType.CAUSE, EntityType.INDICATOR}
)  # fmt: skip
"""Types whose names take free modifiers (`持续性头痛` is a headache)."""
_EVERYDAY_BEFORE = re.compile(
    r"(?:并非|除非|是非|无非|可能性|男性|女性|异性|是否|得了急|怕|大多数?是?|最低|最高|降低|提高|较高|较低|偏高|偏低)$"
)


def _cut(text: str, start: int, end: int) -> bool:
    """Whether the first or last character of a match belongs to the word beside it."""
    return bool(_SIDE.search(text[max(0, start - 1) : start + 1]) or _WORD_GOES_ON.match(text[end - 1 : end + 1]))


_SIDE = re.compile("[下上里外后前对]面$")
"""`下面痛` is a pain below and not in the face."""
_WORD_GOES_ON = re.compile("肿[瘤块物]|黄[斑体]|麻[疹醉]")
"""`眼睛肿瘤` is no swollen eye."""
_BETWEEN_TWO = frozenset({"伴", "伴有", "合并", "并发"})
"""Between two known names these join two illnesses; else they may be part of one name."""
_BESIDE = 12
"""How many characters beside a name may belong to it."""


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch around a match, within its clause, in which a longer name may lie."""
    first = max((m.end() for m in CLAUSE_END.finditer(text, 0, start)), default=0)
    after = CLAUSE_END.search(text, end)
    last = after.start() if after else len(text)
    return max(first, start - _BESIDE), min(last, end + _BESIDE)

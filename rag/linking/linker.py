"""A question -> mentions with candidates: names as they are written, then near ones, then marks. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from rag.domain import Candidate, Mention
from rag.linking.assertion import CLAUSE_END, assertions, figurative
from rag.linking.complaints import Stretch, parted_complaints, short_complaints, two_complaints
from rag.linking.features import (
    DRUG_BEFORE,
    MODIFIER_AFTER,
    MODIFIER_BEFORE,
    REMEDY_AFTER,
    SALT_AFTER,
    counterparts,
)
from rag.linking.longer_names import NameEndings, unknown_beginning, unknown_type
from rag.linking.longer_words import cut_from_a_word
from rag.linking.measures import states_of
from rag.linking.names import BETWEEN_RESTS, OWN_NAME, TYPE_ORDER, Names, candidate
from rag.linking.near_names import NearNames
from rag.linking.sites import GENERAL, Place, place_of
from rag.linking.typed_names import typed_names
from rag.text import HAN, normalise_with_map
from rag.vocabulary import EntityType

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
        said: dict[str, Place] = {}
        topic_end = 0
        for match, mark in zip(found, marks, strict=True):
            first, last = origin[match.start], origin[match.end - 1] + 1
            modifier = self._modifier(text, match, found) or self._rest(text, match)
            modifier = modifier or self._beginning(text, topic_end, match)
            topic_end = match.end if match.is_one_of(_TOPICS) and not modifier else topic_end
            candidates, parts = self._placed(text, match, found, said)
            mentions.append(Mention(
                question[first:last], first, last, candidates, modifier=modifier, negated=mark.negated,
                past=mark.past, third_person=mark.third_person and match.is_one_of(_SUFFERED),
                hypothetical=mark.hypothetical and match.is_one_of(_SUPPOSED), parts=parts,
            ))  # fmt: skip
        return tuple(mentions)

    def _placed(
        self, text: str, match: _Match, found: Sequence[_Match], said: dict[str, Place]
    ) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
        """What a match stands for; a complaint that can be anywhere as that of the part said with it, and the parts.

        `said` keeps where complaints are: one that is named again (`这种疼痛`) is still there.
        """
        candidates = self._with_illness(text, match)
        complaint = next((c.name for c in candidates if c.type is EntityType.SYMPTOM), "")
        if complaint not in GENERAL:
            return candidates, ()
        taken = [(m.start, m.end) for m in found if m is not match and not m.is_one_of({EntityType.BODY_PART})]
        place = place_of(text, match.start, match.end, complaint, taken) or said.get(complaint)
        if place is None:
            return candidates, ()
        said[complaint] = place
        return self._of_part(place) or candidates, place.parts

    def _of_part(self, place: Place) -> tuple[Candidate, ...]:
        """What is called as a complaint of that part is, by its own name."""
        for name in place.names:
            own = [replace(c, score=_NEAR) for c in self.names.candidates(name) if c.via == OWN_NAME]
            if any(c.type is EntityType.SYMPTOM for c in own):
                return tuple(own)
        return ()

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
        found = [_Match(start, end, self.names.candidates(name)) for name, start, end in self.names.find(text)]
        exact = [match for match in found if self._is_meant(text, match)]
        exact = [match for match in exact if not _like_an_illness(text, match, exact)]
        exact = [part for match in exact for part in self._single(text, match)]
        exact += self._capitals(text, capital)
        exact = self._with_foods(text, exact)
        exact = sorted([*exact, *self._short(text, exact)], key=lambda m: m.start)
        kept = list(exact)
        other = (*self._parted(text, exact), *self._typed(text, exact), *self._measured(text, exact), *self._near(text))
        near = [match for match in other if _takes(match, exact) and self._is_meant(text, match)]
        for match in sorted(near, key=lambda m: (m.start - m.end, m.start)):
            if all(match.end <= other.start or other.end <= match.start or _inside(other, match) for other in kept):
                kept = [other for other in kept if not _inside(other, match)] + [match]
        return sorted(kept, key=lambda m: m.start)

    def _single(self, text: str, match: _Match) -> Iterator[_Match]:
        """Two complaints in one name apart, the first with what the name of both stands for."""
        middle = match.start
        if all(c.type is EntityType.SYMPTOM for c in match.candidates):
            middle += two_complaints(text[match.start : match.end], self._is_complaint)
        if middle > match.start:
            both = (*self.names.candidates(text[match.start : middle]), *match.candidates)
            yield _Match(match.start, middle, both)
            yield _Match(middle, match.end, self.names.candidates(text[middle : match.end]))
        else:
            yield match

    def _is_meant(self, text: str, match: _Match) -> bool:
        """Whether it is neither a way of speaking nor a piece of a longer word."""
        return not figurative(text, match.start, match.end) and not self._in_a_word(text, match)

    def _in_a_word(self, text: str, match: _Match) -> bool:
        """Whether a longer word holds it, or a part of the body or a measure begins with its last character."""
        if cut_from_a_word(text, match.start, match.end, {c.type for c in match.candidates}):
            return True
        if match.end - match.start > _SHORT_NAME:
            return False
        longer = (text[match.end - 1 : match.end + more] for more in range(1, _SHORT_NAME + 1))
        return any(c.via == OWN_NAME and c.type in _MEASURES for name in longer for c in self.names.candidates(name))

    def _is_complaint(self, name: str) -> bool:
        return any(c.type is EntityType.SYMPTOM and c.via == OWN_NAME for c in self.names.candidates(name))

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

    def _typed(self, text: str, exact: Sequence[_Match]) -> Iterator[_Match]:
        """Illnesses with a type beside them, by the name that holds both."""
        for ill in (match for match in exact if _is_disease(match.candidates)):
            for start, end, names in typed_names(text, ill.start, ill.end):
                if known := next(filter(_is_disease, map(self.names.candidates, names)), ()):
                    yield _Match(start, end, _rated(known, alone=True))

    def _measured(self, text: str, exact: Sequence[_Match]) -> Iterator[_Match]:
        """Measures that are high or low and germs that were found, by the name of the illness that is."""
        for measure in exact:
            for start, end, names in states_of(text, measure.start, measure.end, {c.type for c in measure.candidates}):
                known = [c for name in names for c in self.names.candidates(name) if c.type in _SUFFERED]
                if known and known[0].via == OWN_NAME:
                    yield _Match(start, end, _rated([c for c in known if c.name == known[0].name], alone=True))

    def _with_foods(self, text: str, exact: Sequence[_Match]) -> list[_Match]:
        """Foods of one character (`酒`, `茶`), where something is eaten or drunk; in a habit (`喝酒`) too."""
        found = {(match.start, match.end): match for match in exact}
        for eaten in _EATEN.finditer(text):
            food = self.names.foods.get(eaten["food"])
            start, end = eaten.span("food")
            over = [match for match in exact if match.start < end and start < match.end]
            if food is None or any(match.end != end or match.start < eaten.start() for match in over):
                continue
            dish = candidate(food, OWN_NAME, _EATEN_SCORE)
            if over:
                found[over[0].start, end] = replace(over[0], candidates=(*over[0].candidates, dish))
            elif _AFTER_FOOD.match(text, end):
                found[start, end] = _Match(start, end, (dish,))
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
            if self._rest_often and number % BETWEEN_RESTS == 0:
                self._rest_often()
            if _is_disease(self.names.candidates(name)):
                yield name

    def _beginning(self, text: str, topic_end: int, match: _Match) -> str:
        """What stands before a disease's name and makes it the end of a longer one, or an empty string."""
        if not _is_disease(match.candidates):
            return ""
        clause = max((m.end() for m in CLAUSE_END.finditer(text, 0, match.start)), default=0)
        if match.is_one_of(_DESCRIBED):
            named = _NO_COMPLAINT.search(text[: match.end]) is not None
            return unknown_type(text[max(clause, topic_end) : match.start]) if named else ""
        return unknown_beginning(text[max(clause, topic_end) : match.start], match.candidates[0].name, self._endings)


_SHORT_NAME = 2
_MEASURES = frozenset({EntityType.BODY_PART, EntityType.EXAMINATION, EntityType.INDICATOR})
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
    return tuple(sorted(rated, key=lambda c: (-c.score, TYPE_ORDER[c.type], c.entity)))


_TOPICS = frozenset(
    {EntityType.DISEASE, EntityType.SYMPTOM, EntityType.DRUG, EntityType.HERB, EntityType.FORMULA, EntityType.SYNDROME}
)
"""What follows one of these is another topic, not the rest of its name."""


def _like_an_illness(text: str, match: _Match, others: Sequence[_Match]) -> bool:
    """Whether a complaint is only said to be like an illness: `垂体瘤样咳嗽`."""
    if text[match.start - 1 : match.start] != "样" or not match.is_one_of({EntityType.SYMPTOM}):
        return False
    return any(other.end == match.start - 1 and _is_disease(other.candidates) for other in others)


def _is_disease(candidates: Sequence[Candidate]) -> bool:
    """Whether it is first of all the own name of a disease."""
    return bool(candidates) and candidates[0].type is EntityType.DISEASE and candidates[0].via == OWN_NAME


_DESCRIBED = frozenset(
    {EntityType.SYMPTOM, EntityType.DEPARTMENT, EntityType.BODY_PART, EntityType.POPULATION, EntityType.EXAMINATION,
     EntityType.FOOD, EntityType.TREATMENT, EntityType.CAUSE, EntityType.INDICATOR}
)  # fmt: skip
"""Types whose names take free modifiers (`持续性头痛` is a headache)."""
_NO_COMPLAINT = re.compile("[炎癌瘤病症]$")
"""Ends of names that take a type as illnesses do, complaints or not: `线状皮炎` is not 皮炎."""
_EVERYDAY_BEFORE = re.compile(
    r"(?:并非|除非|是非|无非|可能性|男性|女性|异性|是否|得了急|怕|大多数?是?|最低|最高|降低|提高|较高|较低|偏高|偏低)$"
)


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

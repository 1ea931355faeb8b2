"""What stands beside a name and makes it the name of something else: `持续性`, `控释`, the rest of a longer name. Pure.

What is known of the shorter name must not answer for the longer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from rag.linking.assertion import CLAUSE_END
from rag.linking.features import (
    DRUG_BEFORE,
    MODIFIER_AFTER,
    MODIFIER_BEFORE,
    PRODUCT_AFTER,
    REMEDY_AFTER,
    SALT_AFTER,
    counterparts,
    said_of_a_side,
)
from rag.linking.longer_names import NameEndings, unknown_beginning, unknown_product, unknown_tumour, unknown_type
from rag.linking.match import SUFFERED, Match, is_disease
from rag.linking.names import BETWEEN_RESTS, OWN_NAME, TYPE_ORDER, Names, entity_type
from rag.vocabulary import EntityType

_DESCRIBED = frozenset(
    {EntityType.SYMPTOM, EntityType.DEPARTMENT, EntityType.BODY_PART, EntityType.POPULATION, EntityType.EXAMINATION,
     EntityType.FOOD, EntityType.TREATMENT, EntityType.CAUSE, EntityType.INDICATOR}
)  # fmt: skip
"""Types whose names take free modifiers (`持续性头痛` is a headache)."""
_TOPICS = frozenset(
    {EntityType.DISEASE, EntityType.SYMPTOM, EntityType.DRUG, EntityType.HERB, EntityType.FORMULA, EntityType.SYNDROME}
)
"""What follows one of these is another topic, not the rest of its name."""
_REMEDIES = frozenset({EntityType.DRUG, EntityType.FORMULA})
_GERM = frozenset({EntityType.PATHOGEN, EntityType.DISEASE})
"""A germ may be listed among the diseases too."""
_GROUPS = frozenset({"头孢菌素", "头孢菌素类", "头孢"})
_AFTER_SURGERY = "术后"
_NO_COMPLAINT = re.compile("[炎癌瘤病症]$")
"""Ends of names that take a type as illnesses do, complaints or not: `线状皮炎` is not 皮炎."""
_EVERYDAY_BEFORE = re.compile(
    r"(?:并非|除非|是非|无非|可能性|男性|女性|异性|是否|得了急|怕|大多数?是?|最低|最高|降低|提高|较高|较低|偏高|偏低)$"
)
_PERSON = re.compile("[名个位](?:小儿|儿童|婴儿|婴幼儿|新生儿|早产儿|幼儿|青少年|男性|女性|老年人?)$")
"""`一名儿童室间隔缺损`: who has it, and no part of its name."""
_HOW_LONG = re.compile("(?:持续|间[歇隙断]|阵发|经常|反复|一过)性$")
"""What comes and goes is the same complaint."""
_WHAT_IS_SAID = re.compile(
    r"^.*(?:[提显]?示|发现|考虑|诊断|确诊|怀疑|患有?|出现|[有得是了的为和与及或])(?=(?:慢|急|急慢|亚急|[\u4e00-\u9fff]{2,3})性$)"
)
"""What stands before an adjective and is no part of it: 声提示 of `超声提示慢性肝损伤`."""
_OF_ITS_CAUSE = re.compile("(?:[高低]血[糖钠钾钙]|高渗|糖尿病|尿毒症|酸中毒|肝)性?$")
_COMA = frozenset({"昏迷", "休克", "脑病"})
"""With its cause before it, it is an illness of its own: `高血糖昏迷`."""
_TYPED_GERM = re.compile(r"[ -]?[0-9]{1,3}(?![0-9.e^%]|[个次年月天日岁万多拷])型?")
"""Behind the abbreviation of a germ: which of its types (`HPV16`)."""
_BETWEEN_TWO = frozenset({"伴", "伴有", "合并", "并发"})
"""Between two known names these join two illnesses; else they may be part of one name."""
_WHOLE = 4
"""Characters of a name that 症 behind it does not make another one."""
_BESIDE = 12
"""How many characters beside a name may belong to it."""


class Modifiers:
    """Finds what modifies the names in a question, by how the names of one version are built."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._rest_often: Callable[[], None] | None = None

    def warm(self, rest: Callable[[], None]) -> None:
        """Build everything now, calling `rest` often."""
        self._rest_often = rest
        assert self._endings is not None

    def of(self, text: str, found: Sequence[Match]) -> Iterator[str]:
        """The modifier of each of the names `found` in normalised `text`, in order; an empty string for none."""
        topic_end = 0
        for match in found:
            modifier = _before(text, match, found) or _after(text, match, found) or self._rest(text, match)
            modifier = modifier or self._beginning(text, topic_end, match)
            if match.is_one_of(_TOPICS) and not modifier and not text.startswith("型", match.end):
                topic_end = match.end
            yield modifier

    def _rest(self, text: str, match: Match) -> str:
        """What stands beside the name and belongs to it, or an empty string.

        `甲减眼突` is not in the knowledge base, `甲亢眼突` is: then 眼突 belongs to the name that was asked for, and
        甲减 alone is another thing. Told by putting the other values of a hard feature in its place.
        """
        start, end = match.start, match.end
        types = match.types - _DESCRIBED
        if not types or _PERSON.search(text[:start]):
            return ""
        first, last = _clause(text, start, end)
        window = text[first:last]
        for place, stop, other in counterparts(window):
            known = window[:place] + other + window[stop:]
            for name, begin, finish in self._names.find(known):
                if begin > place or finish < place + len(other):
                    continue
                left, right = first + begin, first + finish + stop - place - len(other)
                whole = left <= start and end <= right and (left, right) != (start, end)
                if whole and any(c.via == OWN_NAME and c.type in types for c in self._names.candidates(name)):
                    return text[left:start] or text[end:right]
        return ""

    @cached_property
    def _endings(self) -> NameEndings:
        """Of the names that diseases bear; at the first question or when warmed: 0.1 s for 50,000 names."""
        return NameEndings(self._diseases())

    @cached_property
    def _sorted(self) -> Sequence[str]:
        """All names in order."""
        return list(self._names.owners)

    def _diseases(self) -> Iterator[str]:
        for number, name in enumerate(self._names.owners, start=1):
            if self._rest_often and number % BETWEEN_RESTS == 0:
                self._rest_often()
            types = map(entity_type, self._names.own(name))
            if min(types, key=TYPE_ORDER.__getitem__, default=None) is EntityType.DISEASE:
                yield name

    def _beginning(self, text: str, topic_end: int, match: Match) -> str:
        """What stands before a name and makes it the end of a longer one, or an empty string."""
        clause = _clause_start(text, match.start)
        before, name = text[max(clause, topic_end) : match.start], text[match.start : match.end]
        before = before[person.end() :] if (person := _PERSON.search(before)) else before
        before = before.removesuffix(said_of_a_side(before, name))
        if match.types <= _REMEDIES:
            return unknown_product(before, name, text[match.end :], self._sorted)
        found = ""
        if is_disease(match.candidates) and match.is_one_of(_DESCRIBED):
            kind = unknown_type(before)
            found = kind if kind.endswith("型") or _NO_COMPLAINT.search(text[: match.end]) else ""
        elif is_disease(match.candidates):
            found = unknown_beginning(before, match.candidates[0].name, self._endings)
        return found or (unknown_tumour(before, name) if match.is_one_of({EntityType.DISEASE}) else "")


def _before(text: str, match: Match, others: Sequence[Match]) -> str:
    """What stands right before the name and makes it the name of something else, or an empty string."""
    clause = text[_clause_start(text, match.start) : match.start]
    if text[match.start : match.end] in _COMA and (cause := _OF_ITS_CAUSE.search(clause)):
        return cause.group()
    if match.types <= _DESCRIBED:
        return ""
    before = MODIFIER_BEFORE.search(clause)
    listed = any(other.end == match.start for other in others)  # 缬沙坦 二甲双胍: the syllable is the other drug's
    if before is None and not listed and match.types <= {EntityType.DRUG}:
        before = DRUG_BEFORE.search(clause)
    if before is None or _EVERYDAY_BEFORE.search(clause) or _PERSON.search(clause):
        return ""
    lasting = match.is_one_of({EntityType.SYMPTOM}) and _HOW_LONG.search(before.group())
    sided = said_of_a_side(clause, text[match.start : match.end]) == before.group()
    return "" if lasting or sided else _WHAT_IS_SAID.sub("", before.group())


def _after(text: str, match: Match, others: Sequence[Match]) -> str:
    """What follows the name and makes it the name of something else, or an empty string."""
    if match.types <= _DESCRIBED:
        return ""
    rest, starts = text[match.end :], {other.start for other in others}
    germ = EntityType.PATHOGEN in match.types <= _GERM and text[match.start : match.end].isascii()
    if germ and (kind := _TYPED_GERM.match(rest)):
        return kind.group().strip(" -")
    after = MODIFIER_AFTER.match(rest)
    if after is not None and after.group() in _BETWEEN_TWO and match.end + len(after.group()) in starts:
        after = None
    if (
        after is not None
        and after.group() == "症"
        and match.end - match.start >= _WHOLE
        and text[match.end - 1] != "炎"
    ):
        after = None  # 后尿道瓣膜症 is 后尿道瓣膜; a short name may be another with it, and 炎症 is a word
    if after is None and match.is_one_of({EntityType.DRUG}):
        after = SALT_AFTER.match(rest)
    if after is None and match.is_one_of(SUFFERED):
        after = REMEDY_AFTER.match(rest)
    if after is None and match.end not in starts and _may_begin_a_product(match):
        after = PRODUCT_AFTER.match(rest)
    return after.group() if after else _joined_by_surgery(text, match, others)


def _may_begin_a_product(match: Match) -> bool:
    """An illness, or a group of drugs that many a name begins with."""
    return match.is_one_of({EntityType.DISEASE}) or any(c.name in _GROUPS for c in match.candidates)


def _joined_by_surgery(text: str, match: Match, others: Sequence[Match]) -> str:
    """What joins two diseases to the name of a third (`胃癌术后贫血`), or an empty string."""
    if not is_disease(match.candidates) or match.is_one_of(_DESCRIBED):
        return ""
    for other in others:
        first, second = (match, other) if match.start < other.start else (other, match)
        joined = text[first.end : second.start] == _AFTER_SURGERY
        if joined and is_disease(other.candidates) and not other.is_one_of(_DESCRIBED):
            return _AFTER_SURGERY
    return ""


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch around a match, within its clause, in which a longer name may lie."""
    after = CLAUSE_END.search(text, end)
    last = after.start() if after else len(text)
    return max(_clause_start(text, start), start - _BESIDE), min(last, end + _BESIDE)


def _clause_start(text: str, place: int) -> int:
    """Where the clause begins that `place` is in."""
    return max((m.end() for m in CLAUSE_END.finditer(text, 0, place)), default=0)

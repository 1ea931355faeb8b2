"""Where a question names something: names as they are written, and longer ones that are spelt otherwise. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rag.domain import AliasKind
from rag.linking.assertion import CLAUSE_END
from rag.linking.complaints import two_complaints
from rag.linking.figures import figurative
from rag.linking.longer_names import unknown_complaint
from rag.linking.longer_words import cut_from_a_word
from rag.linking.match import Match, is_disease
from rag.linking.names import OWN_NAME, Names, candidate
from rag.linking.recorded import is_usual
from rag.linking.sites import GENERAL
from rag.linking.variants import Variants
from rag.linking.written import Written, written_names
from rag.retrieval.weighting import default_weights
from rag.text import HAN
from rag.vocabulary import EntityType

_NEEDLED = re.compile("[穴针灸扎揉按]|推拿|敷贴|主治|定位")
_BEFORE_A_POINT = re.compile(r"(?:^|[，。；、,\s]|请问|[和与及跟])$")
_BEHIND_A_POINT = re.compile(r"$|[，。；、？,?\s在的有位能可怎是和与及跟]")
_AND = re.compile("[和及与、]")
_FINDINGS = frozenset({EntityType.SYMPTOM, EntityType.EXAMINATION})
_SHORT_NAME = 2
_MEASURES = frozenset({EntityType.BODY_PART, EntityType.EXAMINATION, EntityType.INDICATOR})
_LISTED = frozenset({EntityType.DISEASE, EntityType.SYNDROME, EntityType.HERB})
_EATEN = re.compile(rf"[吃喝饮沾碰和跟与同配](?:[点些了过口杯碗]|一[点些口杯碗])?(?P<food>[{HAN}])")
_AFTER_FOOD = re.compile(r"$|一起|一块|同时|[吗么嘛呢吧啊呀的了会能可行好后前时和或与影有要就还是不，。、,？?！!；;\s]")
_EATEN_SCORE = 0.9
_TWO_LETTERS = re.compile(r"(?<![a-z0-9/])[a-z]{2}(?![a-z0-9])")
_FLUIDS = frozenset({"血清", "血浆", "全血"})
"""What is measured in them is a measure of blood, whatever else they are: 血浆 of `血浆白蛋白`."""
_SECRETION = re.compile("分泌物")
_ELSEWHERE = re.compile("[眼耳鼻嘴喉咽脐肛]|乳[头房]|伤口|刀口|尿道|龟头|包皮|皮肤|男")
_FORM = re.compile("胶囊|颗粒|口服液|糖浆|冲剂|[片丸]")
_WHO = re.compile("[名个位某]$")
_WHOM = re.compile("[中老青少]年|[男女]性|儿童|婴儿|孕妇|成人")
_BESIDE_A_PART = frozenset({EntityType.BODY_PART, EntityType.POPULATION, EntityType.FOOD})
"""What may stand right behind a part of the body without being said of it."""


class Detector:
    """Finds what a question may name, of the names of one version."""

    def __init__(self, names: Names, variants: Variants) -> None:
        self._names = names
        self._variants = variants

    def find(self, text: str, capital: Sequence[bool]) -> list[Match]:
        """Matches in normalised `text`, in order, not overlapping; `capital` tells which letters were typed so."""
        exact = self._exact(text, capital)
        kept = list(exact)
        near = [m for m in self._variants.longer(text, exact) if _takes(m, exact) and self._is_meant(text, m)]
        for match in sorted(near, key=lambda m: (m.start - m.end, m.start)):
            if all(match.end <= other.start or other.end <= match.start or other.is_inside(match) for other in kept):
                kept = [other for other in kept if not other.is_inside(match)] + [match]
        kept = [match for match in kept if not _is_part_of_a_name(text, match, kept)]
        return sorted((_aching(text, match) for match in kept), key=lambda m: m.start)

    def _exact(self, text: str, capital: Sequence[bool]) -> list[Match]:
        """Names as they are written, and what a single character stands for by itself."""
        exact = [self._match(one) for one in self._written(text)]
        exact = [match for match in exact if not _like_an_illness(text, match, exact)]
        exact = [part for match in exact for part in self._single(text, match)]
        exact += list(self._capitals(text, capital, exact))
        exact = self._with_foods(text, exact)
        return sorted([*exact, *self._variants.short(text, exact)], key=lambda m: m.start)

    def _written(self, text: str) -> Iterator[Written]:
        return written_names(
            self._names,
            text,
            lambda one: self._is_meant(text, self._match(one)),
            lambda one: cut_from_a_word(text, one[1], one[2], self._match(one).types),
        )

    def _match(self, written: Written) -> Match:
        name, start, end = written
        return Match(start, end, self._names.candidates(name))

    def _single(self, text: str, match: Match) -> Iterator[Match]:
        """Two complaints in one name apart, the first with what the name of both stands for.

        Not those that records put together as a rule (恶心与呕吐): a ranking knows that each of them is meant.
        """
        middle = match.start
        apart = match.types <= _FINDINGS and not is_usual(text[match.start : match.end])
        joined = _AND.search(text, match.start, match.end) if apart else None
        if joined:
            first, second = text[match.start : joined.start()], text[joined.end() : match.end]
            if self._is_complaint(first) and self._is_complaint(second):
                yield Match(match.start, joined.start(), self._names.candidates(first))
                yield Match(joined.end(), match.end, self._names.candidates(second))
                return
        if all(c.type is EntityType.SYMPTOM for c in match.candidates):
            middle += two_complaints(text[match.start : match.end], self._is_complaint)
        if middle > match.start:
            both = (*self._names.candidates(text[match.start : middle]), *match.candidates)
            yield Match(match.start, middle, both)
            yield Match(middle, match.end, self._names.candidates(text[middle : match.end]))
        else:
            yield match

    def _is_meant(self, text: str, match: Match) -> bool:
        """Whether it is neither a way of speaking nor a piece of a longer word."""
        if match.types == {EntityType.ACUPOINT} and not _is_point(text, match.start, match.end):
            return False  # 天突 of 前几天突然
        if _SECRETION.search(text, match.start, match.end) and _comes_from_elsewhere(text, match):
            return False
        if match.types <= _MEASURES and _WHO.search(text[: match.start]) and _WHOM.match(text, match.start, match.end):
            return False  # 中年男性体检 of `一名中年男性体检发现`
        return not figurative(text, match.start, match.end) and not self._in_a_word(text, match)

    def _in_a_word(self, text: str, match: Match) -> bool:
        """Whether a longer word holds it, or a part of the body or a measure begins with its last character.

        A name that a list alone gives to a thing (`内风`, `阳脱`) is none either where another name begins with its
        last character (`内风湿`), its first one ends an everyday word (`已经疼`), or it ends a product (`益母胶囊`).
        """
        if cut_from_a_word(text, match.start, match.end, match.types):
            return True
        listed = _only_listed(match)
        if match.end - match.start > _SHORT_NAME + listed:
            return False
        if listed and match.start and text[match.start - 1 : match.start + 1] in default_weights().factors:
            return True
        if listed and _FORM.match(text, match.end):
            return True
        longer = (text[match.end - 1 : match.end + more] for more in range(1, _SHORT_NAME + 1))
        known = (c for name in longer for c in self._names.candidates(name) if c.via == OWN_NAME)
        return any(listed or c.type in _MEASURES for c in known)

    def _is_complaint(self, name: str) -> bool:
        return any(c.type is EntityType.SYMPTOM and c.via == OWN_NAME for c in self._names.candidates(name))

    def _capitals(self, text: str, capital: Sequence[bool], exact: Sequence[Match]) -> Iterator[Match]:
        """Abbreviations of two letters (`CT`), typed as capitals: in small letters they are words."""
        for found in _TWO_LETTERS.finditer(text):
            start, end = found.span()
            covered = any(match.start <= start and end <= match.end for match in exact)
            if not covered and all(capital[start:end]) and (candidates := self._names.candidates(found.group())):
                match = Match(start, end, candidates)
                if self._is_meant(text, match):
                    yield match

    def _with_foods(self, text: str, exact: Sequence[Match]) -> list[Match]:
        """Foods of one character (`酒`, `茶`), where something is eaten or drunk; in a habit (`喝酒`) too."""
        found = {(match.start, match.end): match for match in exact}
        for eaten in _EATEN.finditer(text):
            food = self._names.foods.get(eaten["food"])
            start, end = eaten.span("food")
            over = [match for match in exact if match.start < end and start < match.end]
            if food is None or any(match.end != end or match.start < eaten.start() for match in over):
                continue
            dish = candidate(food, OWN_NAME, _EATEN_SCORE)
            if over:
                found[over[0].start, end] = replace(over[0], candidates=(*over[0].candidates, dish))
            elif _AFTER_FOOD.match(text, end):
                found[start, end] = Match(start, end, (dish,))
        return list(found.values())


def _comes_from_elsewhere(text: str, match: Match) -> bool:
    """Whether what is said of a woman's discharge comes from another place: `眼睛有黄色分泌物`."""
    womens = any("白带" in c.name or "阴道" in c.name for c in match.candidates)
    clause = CLAUSE_END.split(text[: match.start])[-1]
    return womens and _ELSEWHERE.search(clause) is not None


def _only_listed(match: Match) -> bool:
    """Whether it is nothing but a synonym that some list gives to an illness or a herb."""
    return all(c.via == AliasKind.SYNONYM and c.type in _LISTED for c in match.candidates)


def _like_an_illness(text: str, match: Match, others: Sequence[Match]) -> bool:
    """Whether a complaint is only said to be like an illness: `垂体瘤样咳嗽`."""
    if text[match.start - 1 : match.start] != "样" or not match.is_one_of({EntityType.SYMPTOM}):
        return False
    return any(other.end == match.start - 1 and is_disease(other.candidates) for other in others)


def _takes(near: Match, exact: Sequence[Match]) -> bool:
    """Whether a near name covers all of every exact one that it touches, and more."""
    touched = [m for m in exact if m.start < near.end and near.start < m.end]
    return all(m.is_inside(near) and m.end - m.start < near.end - near.start for m in touched)


def _is_part_of_a_name(text: str, match: Match, others: Sequence[Match]) -> bool:
    """Whether a part of the body only says of what a measure, a finding or a joint is: 血清 of 血清胆红素."""
    if text[match.start : match.end] in _FLUIDS and any(other.start == match.end for other in others):
        return True
    if not match.types <= {EntityType.BODY_PART}:
        return False
    behind = [other for other in others if other.start == match.end]
    begun = any(not o.types <= _BESIDE_A_PART and GENERAL.isdisjoint(c.name for c in o.candidates) for o in behind)
    return begun or unknown_complaint(text[: match.start], text[match.start : match.end], text[match.end :])


def _aching(text: str, match: Match) -> Match:
    """A pain that is said with both characters (`背部疼痛`) to its end."""
    both = text[match.end - 1 : match.end + 1] == "疼痛" and match.is_one_of({EntityType.SYMPTOM})
    return replace(match, end=match.end + 1) if both else match


def _is_point(text: str, start: int, end: int) -> bool:
    """Whether a point of acupuncture is meant: needles are spoken of, or its name stands by itself or is a long one."""
    alone = _BEFORE_A_POINT.search(text[:start]) and _BEHIND_A_POINT.match(text, end)
    return bool(alone or end - start > 2 or _NEEDLED.search(text))

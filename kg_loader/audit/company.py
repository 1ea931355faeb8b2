"""Objects in the wrong company: pasted by a page template, or far from everything else they stand under.

What a disease is near to is told by its departments and parts of the body, and learnt from the knowledge base itself:
no list of drugs or diseases.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, combinations, starmap

from ahocorasick_rs import AhoCorasick

from kg_loader.audit.knowledge import Knowledge, fact_id, listed
from rag.domain import Finding, Severity
from rag.vocabulary import EntityType, Relation

PASTED, OUT_OF_PLACE, NAMED_FOR_ANOTHER = "pasted-objects", "out-of-place", "named-for-another"
_Pairs = Sequence[tuple[int, int, int]]


def company(kb: Knowledge) -> Iterator[Finding]:
    """All rules about what stands under what."""
    drugs = kb.pairs(Relation.DRUG)
    yield from _outward(kb, drugs)
    yield from _named_for_another(kb, drugs)
    # A drug may well be for many things (antibiotics, zinc), so only complications are beyond doubt.
    for facts, severity in ((drugs, Severity.WARNING), (kb.pairs(Relation.COMPLICATION), Severity.SEVERE)):
        yield from _alone(kb, facts)
        yield from _pasted(kb, facts, severity)
        yield from _everywhere(kb, facts, severity)


def _finding(rule: str, severity: Severity, fact: int, detail: str, *evidence: str) -> Finding:
    return Finding(rule, severity, "fact", fact_id(fact), detail, evidence)


# ---------------------------------------------------------------- templates

_TOGETHER, _JACCARD, _LONGEST, _FOUND_TOGETHER = 6, 0.5, 40, 0.3
_PLENTY, _WEAK = 40, 0.2
"""Of 40 lists of complications a fifth is enough, also where one department holds all subjects: template pairs stood
in 63 to 165 lists and in 0.22 to 0.76 of those that hold either, the closest true one (青光眼, 白内障) in 28."""
_SAMPLE = 100
"""Subjects compared with each other, at most about twice as many."""


def _pasted(kb: Knowledge, facts: _Pairs, severity: Severity) -> Iterator[Finding]:
    """Objects that go together under many subjects, too often for complications, or for subjects so unlike."""
    lists: dict[int, dict[int, int]] = defaultdict(dict)
    for fact, subject, target in facts:
        lists[subject][target] = fact
    times = Counter(target for targets in lists.values() for target in targets)
    often = {target for target, count in times.items() if count >= _TOGETHER}
    pairs: Counter[tuple[int, int]] = Counter()
    for targets in lists.values():
        pairs.update(combinations(sorted(often.intersection(targets), key=kb.id)[:_LONGEST], 2))
    found: dict[int, tuple[int, int, int]] = {}
    for (a, b), both in sorted(pairs.items(), key=lambda item: (-item[1], kb.id(item[0][0]), kb.id(item[0][1]))):
        share = both / (times[a] + times[b] - both)
        often_enough = severity is Severity.SEVERE and both >= _PLENTY and share >= _WEAK
        if not often_enough and (both < _TOGETHER or share < _JACCARD):
            continue
        subjects = [subject for subject, targets in lists.items() if a in targets and b in targets]
        if often_enough or _related(kb, subjects) < _FOUND_TOGETHER:
            for subject in subjects:
                found.setdefault(lists[subject][a], (a, b, both))
                found.setdefault(lists[subject][b], (b, a, both))
    for fact, (own, other, both) in sorted(found.items()):
        detail = f"{kb.name(own)} comes with {kb.name(other)} under {both} subjects"
        yield _finding(PASTED, severity, fact, detail, kb.id(other))


_ANYWHERE, _MANY, _OWN = 12, 30, 0.15
_BY_CHANCE = {False: 0.8, True: 1.15}
"""How related subjects drawn by lot may look; with few of them luck plays a part, so less is allowed."""


def _everywhere(kb: Knowledge, facts: _Pairs, severity: Severity) -> Iterator[Finding]:
    """An object whose subjects are as unrelated as if they had been drawn by lot, and unlike the object itself."""
    chance = _related(kb, sorted(kb.places, key=kb.id))
    under: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for fact, subject, target in facts:
        under[target].append((fact, subject))
    for target, held in under.items():
        placed = [kb.places[subject] for _, subject in held if subject in kb.places]
        own = kb.places.get(target, frozenset())
        if len(placed) < _ANYWHERE or len(placed) - sum(map(own.isdisjoint, placed)) > _OWN * len(placed):
            continue
        if _related(kb, [subject for _, subject in held]) <= chance * _BY_CHANCE[len(placed) >= _MANY]:
            detail = f"{kb.name(target)} stands under {len(held)} subjects that have nothing in common"
            for fact, _ in held:
                yield _finding(PASTED, severity, fact, detail, kb.id(target))


def _related(kb: Knowledge, subjects: Sequence[int]) -> float:
    """The share of pairs of subjects with a department or a part of the body in common; 1 where too few have any."""
    placed = [kb.places[subject] for subject in subjects if subject in kb.places]
    placed = placed[:: max(1, len(placed) // _SAMPLE)]
    if len(placed) < _TOGETHER:
        return 1.0
    pairs = len(placed) * (len(placed) - 1) // 2
    return (pairs - sum(starmap(frozenset.isdisjoint, combinations(placed, 2)))) / pairs


# ---------------------------------------------------------------- one fact among many

_ENOUGH, _TOO_MANY = 8, 400


def _alone(kb: Knowledge, facts: _Pairs) -> Iterator[Finding]:
    """An object whose other subjects share no department and no part of the body with this one."""
    under: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for fact, subject, target in facts:
        if subject in kb.places:
            under[target].append((fact, subject))
    for target, subjects in under.items():
        if not _ENOUGH <= len(subjects) <= _TOO_MANY:
            continue
        times = Counter(chain.from_iterable([kb.places[subject] for _, subject in subjects]))
        once = {place for place, count in times.items() if count == 1}
        for fact, subject in subjects:
            if kb.places[subject] <= once:
                usual = sorted(times, key=lambda place: (-times[place], kb.name(place)))[:3]
                detail = (
                    f"{kb.name(target)} under {kb.name(subject)}; its {len(subjects) - 1} other subjects are of "
                    f"{listed([kb.name(place) for place in usual])}, none of the same place"
                )
                yield _finding(OUT_OF_PLACE, Severity.INFO, fact, detail, kb.id(target))


_OUTWARD = re.compile("软膏|乳膏|凝胶|搽剂|洗剂|酊|滴眼|眼膏|滴耳|滴鼻|喷鼻|贴膏|外用")
_LIFT, _EXPECTED = 0.25, 1.0


def _outward(kb: Knowledge, facts: _Pairs) -> Iterator[Finding]:
    """A remedy for the outside of the body under an illness of places where hardly one is ever given."""
    forms: dict[str, Counter[int]] = defaultdict(Counter)
    given: Counter[str] = Counter()
    base = Counter(chain.from_iterable([kb.places.get(subject, ()) for _, subject, _ in facts]))
    outward: list[tuple[int, int, int, str]] = []
    told = {target: _OUTWARD.search(kb.name(target)) for target in {target for *_, target in facts}}
    for fact, subject, target in facts:
        if found := told[target]:
            given[found.group()] += 1
            forms[found.group()].update(kb.places.get(subject, ()))
            outward.append((fact, subject, target, found.group()))
    for fact, subject, target, form in outward:
        share = given[form] / len(facts)
        places = kb.places.get(subject, frozenset())
        if share * sum(base[place] for place in places) < _EXPECTED:
            continue
        if all(forms[form][place] - 1 < _LIFT * share * base[place] for place in places):
            detail = f"{kb.name(target)}, a remedy for the outside, under {kb.name(subject)}"
            yield _finding(OUT_OF_PLACE, Severity.WARNING, fact, detail, kb.id(target))


_AILMENT = re.compile("[炎病疮癣疣痔]$|感冒|眩晕|哮喘|痛经|高血压|糖尿病")


def _named_for_another(kb: Knowledge, facts: _Pairs) -> Iterator[Finding]:
    """A remedy whose name tells an ailment that has nothing to do with the one it stands under."""
    ailments = [
        name for name, kinds in kb.types.items()
        if EntityType.DISEASE in kinds and 3 <= len(name) <= 5 and _AILMENT.search(name)
        and kinds[EntityType.DISEASE] in kb.places
    ]  # fmt: skip
    if not ailments:
        return
    finder = AhoCorasick(ailments)
    told = {target: {ailments[index] for index, *_ in finder.find_matches_as_indexes(kb.name(target))}
            for target in {target for *_, target in facts}}  # fmt: skip
    for fact, subject, target in facts:
        name, places = kb.name(subject), kb.places.get(subject)
        if not told[target] or not places or any(one in name or name in one for one in told[target]):
            continue
        if all(kb.places[kb.types[one][EntityType.DISEASE]].isdisjoint(places) for one in told[target]):
            detail = f"{kb.name(target)}, by its name for {listed(sorted(told[target]))}, under {name}"
            yield _finding(NAMED_FOR_ANOTHER, Severity.WARNING, fact, detail, kb.id(target))

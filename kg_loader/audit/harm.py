"""Treatments that a general rule can see to be wrong: contraindicated by a monograph, or made for the other sex."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from kg_loader.audit.knowledge import Knowledge, fact_id, passage_id
from rag.domain import Finding, Severity
from rag.vocabulary import EntityType, Relation

CONTRAINDICATED, OTHER_SEX = "contraindicated-treatment", "remedy-of-the-other-sex"
_REMEDIES = (Relation.DRUG, Relation.TREATMENT, Relation.ADJUVANT)
_PREFIX = re.compile("^(?:注射用|盐酸|硫酸|醋酸|枸橼酸|马来酸|富马酸|磷酸|乳酸|琥珀酸|酒石酸|甲磺酸|苯磺酸)")
_FORM = re.compile(
    "(?:肠溶|缓释|控释|分散|咀嚼|泡腾|软|口服|滴)?(?:片剂?|胶囊|颗粒|注射液|溶液|糖浆|眼液|胶丸|混悬液|软膏|乳膏|凝胶|栓|丸|液|剂)$"
)


def stem(name: str) -> str:
    """A drug's name without salt and dosage form (`盐酸普萘洛尔片` -> `普萘洛尔`)."""
    return _FORM.sub("", _PREFIX.sub("", name))


def harm(kb: Knowledge) -> Iterator[Finding]:
    """All rules about harmful treatments."""
    yield from _stated_both_ways(kb)
    yield from _against_a_text(kb)
    yield from _other_sex(kb)


# ---------------------------------------------------------------- contraindications


def _stated_both_ways(kb: Knowledge) -> Iterator[Finding]:
    """A remedy given for a disease that a fact forbids it for."""
    forbidden: dict[tuple[str, int], int] = {}
    for key, remedy, disease in kb.pairs(Relation.CONTRAINDICATION):
        forbidden.setdefault((stem(kb.name(remedy)), disease), key)
    if not forbidden:
        return
    given = [(key, disease, remedy) for relation in _REMEDIES for key, disease, remedy in kb.pairs(relation)]
    given += [(key, disease, remedy) for key, remedy, disease in kb.pairs(Relation.INDICATION)]
    for key, disease, remedy in given:
        against = forbidden.get((stem(kb.name(remedy)), disease))
        if against is not None:
            yield _finding(
                CONTRAINDICATED, Severity.SEVERE, key,
                f"{kb.name(remedy)} for {kb.name(disease)}, which another record forbids", fact_id(against),
            )  # fmt: skip


_SPARED = re.compile(r"非$|不伴$|无$|除.{0,6}$")
_FORBIDS = re.compile("禁|忌")
_PIECE = re.compile("[。；;]|(?<!\\d)\\d{1,2}[.．、]")


def _against_a_text(kb: Knowledge) -> Iterator[Finding]:
    """A remedy given for a disease that the contraindications of its own monograph name."""
    monographs: dict[str, list[tuple[int, str]]] = defaultdict(list)
    sql = (
        "SELECT pk, about, text FROM passage WHERE about IS NOT NULL AND aspect IN ('禁忌证', '禁忌症', '禁忌') "
        "ORDER BY pk"
    )
    for key, about, text in kb.connection.execute(sql):
        if kb.entities[about][1] == EntityType.DRUG:
            monographs[stem(kb.name(about))].append((key, text))
    if not monographs:
        return
    for fact, disease, remedy in kb.pairs(Relation.DRUG):
        name = kb.name(disease)
        for key, text in monographs.get(stem(kb.name(remedy)), ()) if len(name) > 2 else ():
            if name in text and any(_names(piece, name) for piece in _PIECE.split(text)):
                yield _finding(
                    CONTRAINDICATED, Severity.WARNING, fact,
                    f"{kb.name(remedy)} for {name}, among the contraindications of its monograph", passage_id(key),
                )  # fmt: skip
                break


def _names(piece: str, name: str) -> bool:
    at = piece.find(name)
    return at >= 0 and _SPARED.search(piece[:at]) is None


def _finding(rule: str, severity: Severity, fact: int, detail: str, *evidence: str) -> Finding:
    return Finding(rule, severity, "fact", fact_id(fact), detail, evidence)


# ---------------------------------------------------------------- sex

_MALE = re.compile("男科|男性生殖|睾丸|附睾|阴囊|阴茎|前列腺|精囊")
_FEMALE = re.compile("妇科|产科|女性生殖|子宫|卵巢|阴道|外阴|输卵管|宫颈|乳房$")
_FEW = 5
_MOSTLY = 0.6


def _other_sex(kb: Knowledge) -> Iterator[Finding]:
    """A remedy that is otherwise given to women, under an illness of men, or the reverse."""
    sexes = {key: sex for key, places in kb.places.items() if (sex := _sex(kb, key, places))}
    facts = kb.pairs(Relation.DRUG)
    stems = {remedy: stem(kb.name(remedy)) for remedy in {remedy for *_, remedy in facts}}
    given: dict[str, Counter[str]] = defaultdict(Counter)
    for _, disease, remedy in facts:
        given[stems[remedy]][sexes.get(disease, "")] += 1
    for fact, disease, remedy in facts:
        if disease in sexes and (odd := _odd(given[stems[remedy]], sexes[disease])):
            detail = (
                f"{kb.name(remedy)} for {kb.name(disease)}; {odd} other illnesses it is given for are of the other sex"
            )
            yield _finding(OTHER_SEX, Severity.WARNING, fact, detail, kb.entities[remedy][0])


def _odd(given: Mapping[str, int], sex: str) -> int:
    other = given.get("female" if sex == "male" else "male", 0)
    return other if other >= _FEW and other >= _MOSTLY * sum(given.values()) else 0


def _sex(kb: Knowledge, key: int, places: frozenset[int]) -> str:
    """`male` or `female` where department, part of the body and name speak of one sex alone."""
    said = " ".join([kb.name(key), *(kb.name(place) for place in places)])
    male, female = _MALE.search(said) is not None, _FEMALE.search(said) is not None
    return "" if male == female else "male" if male else "female"

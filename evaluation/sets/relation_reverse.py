"""Relation questions the other way round: from what records list to the diseases that list it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from evaluation.sets.raw import LISTS, TRUNCATED, Disease
from evaluation.sets.relation_maker import Maker, own

MOST_REVERSE = 60
POPULATIONS = ("儿童", "婴幼儿", "老年人", "孕妇", "新生儿", "青少年", "中老年人", "女性")
REVERSE = {"symptoms": 60, "population": 20, "department": 20}
"""Questions of each kind."""


def reverse(maker: Maker) -> Iterator[dict[str, Any] | None]:
    """From symptoms, from a population and a symptom, from a department and a body part, to diseases."""
    whole = [d for d in maker.diseases.values() if not TRUNCATED.search(d.name)]
    own_names, all_names = ({r: index(whole, r, also=also) for r in LISTS} for also in (False, True))
    for number in range(REVERSE["symptoms"]):
        yield by_symptoms(maker, own_names["相关症状"], all_names["相关症状"], number)
    for number in range(REVERSE["population"]):
        yield by_population(maker, own_names["相关症状"], all_names["相关症状"], number)
    for number in range(REVERSE["department"]):
        yield by_department(maker, own_names, all_names, number)


def index(diseases: Iterable[Disease], relation: str, *, also: bool) -> dict[str, set[str]]:
    """Object -> names of diseases; with `also`, what other rows of the same names say too."""
    under: dict[str, set[str]] = defaultdict(set)
    for disease in diseases:
        kept = disease.lists[relation].kept if relation in disease.lists else ()
        for value in (*kept, *(disease.also.get(relation, ()) if also else ())):
            under[value].add(disease.name)
    return under


def by_symptoms(
    maker: Maker, under: dict[str, set[str]], every: dict[str, set[str]], number: int
) -> dict[str, Any] | None:
    """2-4 symptoms of one record, each of three diseases or more.

    `gold`: every disease with all of them; `partly`: those that lack one of three or four; `also`: with all of them
    only by other rows of the same name.
    """
    size = 2 + number % 3
    seed = maker.draw(lambda d: len([s for s in own(d, "相关症状") if 3 <= len(under[s])]) >= size)
    symptoms = maker.rng.sample([s for s in own(seed, "相关症状") if 3 <= len(under[s])], size)
    counts = Counter(name for symptom in symptoms for name in under[symptom])
    gold = {name for name, n in counts.items() if n == size}
    texts = maker.words["reverse"]["symptoms"]
    return maker.row(
        "reverse_symptoms",
        texts[number % len(texts)].format(s=("、", "，", "，还有", " ")[number % 4].join(symptoms)),
        entities=symptoms,
        relations=["相关症状"],
        gold=sorted(gold),
        also=sorted(set.intersection(*(every[s] for s in symptoms)) - gold),
        partly=sorted(name for name, n in counts.items() if size > 2 and n == size - 1),
        seed_disease=seed.name,
    )


def by_population(
    maker: Maker, under: dict[str, set[str]], every: dict[str, set[str]], number: int
) -> dict[str, Any] | None:
    """A population as recorded, and a symptom of two diseases of it or more."""
    people = POPULATIONS[number % len(POPULATIONS)]
    members = {d.name for d in maker.diseases.values() if d.literals.get("易感人群") == people}
    wider = {d.name for d in maker.diseases.values() if people in d.also.get("易感人群", ())} | members
    fitting = [s for s in sorted(under) if 2 <= len(under[s] & members) <= MOST_REVERSE and 2 <= len(s) <= 8]
    if not fitting:
        return None
    symptom = maker.rng.choice(fitting)
    texts = maker.words["reverse"]["population"]
    gold = under[symptom] & members
    return maker.row(
        "reverse_population",
        texts[number % len(texts)].format(p=people, s=symptom),
        entities=[people, symptom],
        relations=["易感人群", "相关症状"],
        gold=sorted(gold),
        also=sorted((every[symptom] & wider) - gold),
    )


def by_department(
    maker: Maker, own_names: dict[str, dict[str, set[str]]], all_names: dict[str, dict[str, set[str]]], number: int
) -> dict[str, Any] | None:
    """A department and a body part that 3 to 60 records name together."""
    homes, parts = own_names["所属科室"], own_names["发病部位"]
    sizes = {
        (h, p): len(homes[h] & parts[p])
        for h in sorted(homes)
        for p in sorted(parts)
        if len(p) > 1 < len(h) and p != "全身"
    }
    home, part = maker.pick([pair for pair, size in sizes.items() if 3 <= size <= MOST_REVERSE])
    gold = homes[home] & parts[part]
    texts = maker.words["reverse"]["department"]
    return maker.row(
        "reverse_department",
        texts[number % len(texts)].format(k=home, x=part),
        entities=[home, part],
        relations=["所属科室", "发病部位"],
        gold=sorted(gold),
        also=sorted((all_names["所属科室"][home] & all_names["发病部位"][part]) - gold),
    )

"""Make 300 simulated patients for asking back: `python evaluation/sets/make_simulated_patients.py DATA > OUT`.

DATA holds kg/cmekg.jsonl, kg/disease.csv and kg/drug.json. README.md states the row and how a patient answers.
"""

from __future__ import annotations

import random
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evaluation.sets.raw import TRUNCATED, Disease, askable, read_diseases, run

SEED = 20261130
PATIENTS = 300
SHOWN = 2
FEWEST_SYMPTOMS = 6
MOST_EACH = 3  # patients with one disease
FEWEST_RIVALS, MOST_RIVALS = 2, 40
LEAST_DISEASES, MOST_DISEASES = 3, 250  # with a symptom that is shown
DENIED = 12
WORDINGS = Path(__file__).with_name("simulator_wordings.toml")


def make(data: Path) -> Iterator[dict[str, Any]]:
    """Patients, numbered; first those of records with six symptoms of their own, up to three patients each."""
    rng = random.Random(SEED)
    words = tomllib.loads(WORDINGS.read_text(encoding="utf-8"))
    diseases = {name: d for name, d in read_diseases(data).items() if said(d) and not TRUNCATED.search(name)}
    under = index(diseases)
    names = sorted(name for name, d in diseases.items() if askable(d) and len(symptoms(d)) >= FEWEST_SYMPTOMS)
    rng.shuffle(names)
    names.sort(key=lambda name: len(own_symptoms(diseases[name])) < FEWEST_SYMPTOMS)
    made = 0
    for name in names:
        alone = len(own_symptoms(diseases[name])) >= FEWEST_SYMPTOMS
        pairs = showable(diseases[name], under, rng)[: MOST_EACH if alone else 1]
        for shown in pairs:
            made += 1
            yield {"id": f"s{made:03d}", **patient(diseases[name], shown, diseases, under, words, rng)}
            if made == PATIENTS:
                return
    raise SystemExit(f"{data}: only {made} records make a patient, {PATIENTS} expected")


def own_symptoms(disease: Disease) -> tuple[str, ...]:
    """The symptoms that the record in cmekg.jsonl lists itself."""
    own = disease.lists["相关症状"].kept if "相关症状" in disease.lists else ()
    return tuple(symptom for symptom in symptoms(disease) if symptom in own)


def symptoms(disease: Disease) -> tuple[str, ...]:
    """Symptoms of all rows of the name, of 2 to 10 characters, none of which names the disease or holds another."""
    own = disease.lists["相关症状"].kept if "相关症状" in disease.lists else ()
    names = dict.fromkeys((*own, *disease.also.get("相关症状", ())))
    fit = [s for s in names if 2 <= len(s) <= 10 and s not in disease.name and disease.name not in s]
    return tuple(s for s in fit if not any(s != other and s in other for other in fit))


def index(diseases: dict[str, Disease]) -> dict[str, set[str]]:
    """Symptom -> diseases whose record, or another row of the name, lists it."""
    under: dict[str, set[str]] = defaultdict(set)
    for name, disease in diseases.items():
        for symptom in said(disease):
            under[symptom].add(name)
    return under


def said(disease: Disease) -> set[str]:
    """Every symptom that a row of the name lists, cleaned."""
    own = disease.lists["相关症状"].kept if "相关症状" in disease.lists else ()
    return {*own, *disease.also.get("相关症状", ())}


def showable(disease: Disease, under: dict[str, set[str]], rng: random.Random) -> list[tuple[str, str]]:
    """Pairs of own symptoms, in random order, that leave both the disease and some rivals possible."""
    own = own_symptoms(disease)
    pairs = [(a, b) for i, a in enumerate(own) for b in own[i + 1 :]]
    rng.shuffle(pairs)
    found: list[tuple[str, str]] = []
    for shown in pairs:
        rivals = rivals_of(disease, shown, under)
        usual = all(LEAST_DISEASES <= len(under[symptom]) <= MOST_DISEASES for symptom in shown)
        hidden = [symptom for symptom in symptoms(disease) if symptom not in shown]
        if usual and FEWEST_RIVALS <= len(rivals) <= MOST_RIVALS and separable(hidden, rivals, under):
            found.append(shown)
    return found


def rivals_of(disease: Disease, shown: tuple[str, str], under: dict[str, set[str]]) -> set[str]:
    """Other diseases with both symptoms."""
    return (under[shown[0]] & under[shown[1]]) - {disease.name}


def patient(
    disease: Disease,
    shown: tuple[str, str],
    diseases: dict[str, Disease],
    under: dict[str, set[str]],
    words: dict[str, Any],
    rng: random.Random,
) -> dict[str, Any]:
    """The row of a patient who shows these symptoms."""
    rivals = rivals_of(disease, shown, under)
    denied = denials(disease, diseases, rivals)
    hidden = [symptom for symptom in symptoms(disease) if symptom not in shown]
    rng.shuffle(hidden)
    return {
        "disease": disease.name,
        "aliases": list(disease.aliases),
        "own_symptoms": len(own_symptoms(disease)),
        "shown": list(shown),
        "hidden": hidden,
        "denied": denied,
        "rivals": sorted(rivals),
        "opening": rng.choice(words["opening"]).format(s=rng.choice(("、", "，还", "和")).join(shown)),
        "answers": {symptom: rng.choice(words["yes"]).format(o=symptom) for symptom in (*shown, *hidden)}
        | {symptom: rng.choice(words["no"]).format(o=symptom) for symptom in denied},
        "unknown": rng.choice(words["unknown"]),
        "volunteers": [rng.choice(words["volunteer"]).format(o=symptom) for symptom in hidden],
        "nothing_more": rng.choice(words["nothing_more"]),
    }


def separable(hidden: list[str], rivals: set[str], under: dict[str, set[str]]) -> bool:
    """Whether the hidden symptoms together tell the disease from each rival, so that asking can pay."""
    return not set.intersection(rivals, *(under[s] for s in hidden)) and any(len(under[s]) > 1 for s in hidden)


def denials(disease: Disease, diseases: dict[str, Disease], rivals: set[str]) -> list[str]:
    """The rivals' symptoms that no row of the disease lists nor comes near, the most frequent first."""
    own = said(disease) | set(disease.lists["相关症状"].ignored if "相关症状" in disease.lists else ())
    counts: dict[str, int] = defaultdict(int)
    for name in rivals:
        for symptom in symptoms(diseases[name]):
            if not any(symptom in known or known in symptom for known in own):
                counts[symptom] += 1
    return sorted(counts, key=lambda symptom: (-counts[symptom], symptom))[:DENIED]


if __name__ == "__main__":
    run(__doc__, make)

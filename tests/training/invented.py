"""Facts about diseases that do not exist, and open text of the same kind, to see what a tiny model learns.

Names are three characters out of `CHARACTERS`, which stand in no frame of a question, a prompt or an answer. So nothing
about them can be known but by reading, and no name is part of another one.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rag.vocabulary import RELATIONS, Relation

CHARACTERS = "岚岑芷沅湘澜漪琅玕瑶璞珩珏璟瑄琬琰峤嵘崧岱麓汀沚渚浔淅渭泾洛沛泗沂泸涪滇黔赣皖晋鄂闽粤旻昶晔晁"
_ASKED = {
    Relation.SYMPTOM: "symptom",
    Relation.DRUG: "drug",
    Relation.DEPARTMENT: "department",
    Relation.EXAMINATION: "examination",
    Relation.COMPLICATION: "disease",
}
"""What each disease has one of, and its type."""
_LINES = 12
"""Sentences of a document of open text."""


class Names:
    """Draws names; none twice."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._used: set[str] = set()

    def new(self) -> str:
        """One that has not been drawn before."""
        while (name := "".join(self.chance.sample(CHARACTERS, 3))) in self._used:
            pass
        self._used.add(name)
        return name

    def fact(self) -> str:
        """A sentence about a disease of which nothing else is said, as a fact stands in a prompt."""
        relation = self.chance.choice(list(_ASKED))
        return f"{self.new()}的{RELATIONS[relation].label}：{self.new()}"


def write_facts(path: Path, names: Names, subjects: int) -> list[str]:
    """A `facts.csv` about so many diseases; returns their names."""
    found = [names.new() for _ in range(subjects)]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["subject", "subject_type", "relation", "object", "object_type", "source", "grade"])
        for subject in found:
            for relation, kind in _ASKED.items():
                table.writerow([subject, "disease", relation.value, names.new(), kind, "editorial", "editorial"])
    return found


def open_texts(names: Names, count: int) -> Iterator[dict[str, Any]]:
    """For pre-training: documents that say few things often, in changing order."""
    for _ in range(count):
        facts = [names.fact() for _ in range(names.chance.randint(1, 3))]
        yield {"text": "。".join(_shuffled(names.chance, facts, _LINES // len(facts))) + "。"}


def open_dialogues(names: Names, count: int) -> Iterator[dict[str, Any]]:
    """For plain supervised training: something is to be said again."""
    for _ in range(count):
        text = "。".join(names.fact() for _ in range(names.chance.randint(1, 2))) + "。"
        yield {"messages": [{"role": "user", "content": f"复述：{text}"}, {"role": "assistant", "content": text}]}


def _shuffled(chance: random.Random, facts: Sequence[str], times: int) -> list[str]:
    return [fact for _ in range(times) for fact in chance.sample(facts, len(facts))]

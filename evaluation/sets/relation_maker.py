"""What relation questions are made of: diseases and drugs of the raw records, their gold answers, a seeded draw."""

from __future__ import annotations

import random
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from evaluation.sets.raw import LISTS, Disease, askable, read_diseases, read_drugs, read_rows

T = TypeVar("T")
WORDINGS = Path(__file__).with_name("relation_wordings.toml")
TREATMENT = {"治疗": ("治疗方案", "药物治疗")}
NO_POPULATION = ("所有", "无特", "任何", "暂无", "不详", "均可", "无明", "人群均")


@dataclass(slots=True)
class Maker:
    """The data, the wordings, a seeded random source, and what was asked already."""

    data: Path
    rng: random.Random
    diseases: dict[str, Disease] = field(init=False)
    drugs: dict[str, dict[str, str]] = field(init=False)
    literals: dict[str, dict[str, str]] = field(init=False)
    pool: list[Disease] = field(init=False)
    words: dict[str, Any] = field(init=False)
    asked: set[str] = field(default_factory=set)
    used: Counter[str] = field(default_factory=Counter)
    golds: dict[tuple[str, str], dict[str, list[str]] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.diseases = read_diseases(self.data)
        self.drugs = read_drugs(self.data)
        self.literals = agreed_literals(self.data)
        self.pool = sorted((d for d in self.diseases.values() if askable(d) and sound(d)), key=lambda d: d.name)
        self.words = tomllib.loads(WORDINGS.read_text(encoding="utf-8"))

    def having(self, *relations: str) -> Callable[[Disease], bool]:
        """Whether a disease's record answers all the relations."""
        return lambda disease: all(self.gold(disease, relation) for relation in relations)

    def gold(self, disease: Disease, relation: str) -> dict[str, list[str]] | None:
        """`gold`, `also` and `ignored` of a relation, or None where the record has nothing to answer with."""
        key = (disease.name, relation)
        if key not in self.golds:
            self.golds[key] = self.read_gold(disease, relation)
        return self.golds[key]

    def read_gold(self, disease: Disease, relation: str) -> dict[str, list[str]] | None:
        """As `gold`, from the record itself."""
        gold: list[str] = []
        also: list[str] = []
        ignored: list[str] = []
        for part in TREATMENT.get(relation, (relation,)):
            if part in LISTS:
                objects = disease.lists.get(part)
                gold += objects.kept if objects else ()
                ignored += objects.ignored if objects else ()
            else:
                value = self.literal(disease, part)
                gold += [value] if value else []
            also += disease.also.get(part, ())
        if not gold:
            return None
        return {"gold": gold, "also": sorted(set(also) - set(gold)), "ignored": ignored}

    def literal(self, disease: Disease, relation: str) -> str:
        """The text of a literal, empty where it is a placeholder, cut off, or contradicted by another row."""
        if relation in ("费用", "医保"):
            return self.literals[relation].get(disease.name, "")
        value = disease.literals.get(relation, "")
        bad = not value or "暂无" in value or "..." in value or len(value) > 40 or value.startswith("根据不同")
        bad = bad or (relation == "易感人群" and any(sign in value for sign in NO_POPULATION))
        bad = bad or (relation in ("治愈率", "治疗周期") and not any(c.isdigit() or c in "终身一二三半" for c in value))
        bad = bad or (relation == "传染性" and contradicted(disease))
        return "" if bad else value

    def draw(self, fits: Callable[[Disease], bool], *, fresh: bool = True) -> Disease:
        """A disease that fits; one not asked about before where there is one."""
        fitting = [d for d in self.pool if fits(d)]
        least = min((self.used[d.name] for d in fitting), default=0)
        chosen = self.pick([d for d in fitting if not fresh or self.used[d.name] == least])
        self.used[chosen.name] += 1
        return chosen

    def pick(self, options: Sequence[T]) -> T:
        """One of the options by the seeded source; none means that the folder is too small."""
        if not options:
            raise SystemExit(f"{self.data}: too few records, none answers the next question")
        return self.rng.choice(options)

    def row(self, kind: str, question: str, **values: object) -> dict[str, Any] | None:
        """A row, or None where the same question was made before."""
        if question in self.asked:
            return None
        self.asked.add(question)
        return {"kind": kind, "question": question, **values}


def sound(disease: Disease) -> bool:
    """Whether the record's cells stand in their own columns (no sums of money or statistics among its lists)."""
    return not any("收费" in v or "发病" in v or "三甲" in v for o in disease.lists.values() for v in o.ignored)


def contradicted(disease: Disease) -> bool:
    """Whether rows of one name say both that it spreads and that it does not."""
    sayings = {disease.literals.get("传染性", ""), *disease.also.get("传染性", ())} - {""}
    harmless = {s for s in sayings if s.startswith(("无", "非", "不"))}
    return bool(harmless) and harmless != sayings


def agreed_literals(data: Path) -> dict[str, dict[str, str]]:
    """费用 and 医保 from disease.csv, of the names whose rows agree."""
    found: dict[str, dict[str, str]] = {"费用": {}, "医保": {}}
    for name, rows in read_rows(data).items():
        for relation, column in (("费用", "money"), ("医保", "insurance")):
            values = {row[column] for row in rows} - {""}
            value = values.pop() if len(values) == 1 else ""
            if value and "暂无" not in value and (relation == "医保" or any(c.isdigit() for c in value)):
                found[relation][name] = value
    return found


def own(disease: Disease, relation: str) -> tuple[str, ...]:
    """A relation's objects of two characters or more."""
    return tuple(v for v in disease.lists[relation].kept if len(v) >= 2) if relation in disease.lists else ()

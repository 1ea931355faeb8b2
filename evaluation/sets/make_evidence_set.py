"""Resolve the labelled evidence of evidence_questions.csv: `python evaluation/sets/make_evidence_set.py DATA > OUT`.

DATA holds kg/cmekg.jsonl, kg/disease.csv, kg/drug.json, literature/pubmedqa_dev.json and literature/csl*.jsonl. A label
that names nothing in the data stops the script. README.md states the row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.sets.raw import (
    Disease,
    read_abstracts,
    read_articles,
    read_diseases,
    read_drugs,
    run,
)

QUESTIONS = Path(__file__).with_name("evidence_questions.csv")


@dataclass(frozen=True, slots=True)
class Sources:
    """All that a label can name."""

    diseases: dict[str, Disease]
    drugs: dict[str, dict[str, str]]
    articles: dict[str, dict[str, Any]]
    abstracts: dict[str, str]

    def resolve(self, label: str) -> dict[str, Any]:
        """What a label stands for.

        `fact:disease|relation`, `drug:name|field`, `pmid:number` or `csl:digest`. Raises KeyError if it is not there.
        """
        kind, _, rest = label.partition(":")
        name, _, part = rest.partition("|")
        if kind == "fact":
            return {"kind": "fact", "entity": name, "relation": part, **self.fact(name, part)}
        if kind == "drug":
            return {"kind": "monograph", "entity": name, "field": part, "text": self.drugs[name][part]}
        if kind == "pmid":
            return {"kind": "article", "pmid": rest, "text": self.articles[rest]["LONG_ANSWER"]}
        if kind == "csl":
            return {"kind": "abstract", "digest": rest, "text": self.abstracts[rest]}
        raise KeyError(label)

    def fact(self, name: str, relation: str) -> dict[str, Any]:
        """The objects of a list, or the text of a literal as the only object."""
        disease = self.diseases[name]
        also = list(disease.also.get(relation, ()))
        if relation in disease.lists:
            objects = disease.lists[relation]
            return {"objects": list(objects.kept), "also": also, "ignored": list(objects.ignored)}
        return {"objects": [disease.literals[relation]], "also": also, "ignored": []}

    def alike(self, terms: list[str], taken: set[str]) -> list[str]:
        """Digests of other abstracts that hold all the terms: they may be relevant too."""
        return sorted(
            key for key, text in self.abstracts.items() if key not in taken and all(term in text for term in terms)
        )


def make(data: Path) -> Iterator[dict[str, Any]]:
    """The questions with their evidence in full."""
    sources = Sources(read_diseases(data), read_drugs(data), read_articles(data), read_abstracts(data))
    with QUESTIONS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            labels = row["evidence"].split(";")
            try:
                evidence = [sources.resolve(label) for label in labels]
            except KeyError as missing:
                raise SystemExit(f"{row['id']}: the data has no {missing} of {row['evidence']}") from None
            taken = {item["digest"] for item in evidence if item["kind"] == "abstract"}
            possibly = sources.alike(row["terms"].split(";"), taken) if row["terms"] else []
            yield {
                "id": row["id"],
                "kind": row["kind"],
                "question": row["question"],
                "evidence": evidence,
                "possibly": possibly,
            }


if __name__ == "__main__":
    run(__doc__, make)

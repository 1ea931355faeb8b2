"""What is ingested to measure ingestion: the files of a data folder or the packaged sample; and one changed record."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rag.errors import NotFoundError

SAMPLE = Path(__file__).parents[2] / "kg_loader" / "sample"
_REAL = ("kg/cmekg.jsonl", "kg/drug.json", "literature/pubmedqa_dev.json")
_MARK = "专为测速而改的症状"


@dataclass(frozen=True)
class Corpus:
    """Files, one data set each, and a way to write a copy of the first of them in which one record is different.

    `expected` is what `kb diff` must then say: kind -> (gained, lost).
    """

    name: str
    files: tuple[Path, ...]
    change: Callable[[Path, Path], None]
    expected: dict[str, tuple[int, int]]


def corpus(data: Path | None) -> Corpus:
    """The graph, drug and literature files under `data`; without it the sample. Raises NotFoundError."""
    if data is None:
        names = ("facts.csv", "aliases.csv", "do_not_merge.csv", "passages.jsonl")
        return Corpus("the packaged sample", tuple(SAMPLE / name for name in names), _change_csv, _ONE_SYMPTOM)
    files = [data / name for name in _REAL]
    if missing := [path for path in files if not path.is_file()]:
        raise NotFoundError(f"{missing[0]}: no such file; expected a data folder with {', '.join(_REAL)}")
    abstracts = sorted((data / "literature").glob("csl*_abstracts_*.jsonl"))
    return Corpus("the data files", (*files, *abstracts), _change_record, _ONE_SYMPTOM)


def graph_file(data: Path | None) -> Path:
    """One file of facts: the disease table under `data`, without it that of the sample. Raises NotFoundError."""
    path = SAMPLE / "facts.csv" if data is None else data / "kg" / "disease.csv"
    if not path.is_file():
        raise NotFoundError(f"{path}: no such file; expected a data folder with kg/disease.csv")
    return path


_ONE_SYMPTOM = {"entity": (1, 0), "fact": (1, 1)}
"""One symptom out, which other diseases have too, and one in that is new."""


def _change_record(source: Path, target: Path) -> None:
    """Put another name in the place of the first symptom of a record that other records list too."""
    lines = source.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    records = [json.loads(line) for line in lines]
    listed: dict[str, int] = {}
    for record in records:
        for name in set(_symptoms(record)):
            listed[name] = listed.get(name, 0) + 1
    for number, record in enumerate(records):
        symptoms = _symptoms(record)
        if len(set(symptoms)) > 3 and listed[symptoms[0]] > 20:
            record[_KEY] = [_MARK, *(name for name in symptoms if name != symptoms[0])]
            lines[number] = json.dumps(record, ensure_ascii=False) + "\n"
            target.write_text("".join(lines), encoding="utf-8")
            return
    raise NotFoundError(f"{source}: no record has a symptom that 20 others list too; expected the CMeKG shape")


_KEY = "相关症状"


def _symptoms(record: dict[str, object]) -> list[str]:
    found = record.get(_KEY)
    return [str(name) for name in found] if isinstance(found, list) else []


def _change_csv(source: Path, target: Path) -> None:
    """Put another name in the place of a symptom that other diseases have too."""
    with source.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    listed = [row["object"] for row in rows if row["relation"] == "has_symptom"]
    row = next(row for row in rows if row["relation"] == "has_symptom" and listed.count(row["object"]) > 1)
    row["object"] = _MARK
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

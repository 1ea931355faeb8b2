"""`disease.csv`: a row a disease, its lists in single cells. Read as the 中心词 records that were once made from it.

Same source and lineage as `cmekg`, so that a fact found in both files is one fact and never two witnesses. Rows of one
name that contradict each other stay separate facts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from kg_loader.csv_reading import csv_rows
from kg_loader.reading import Row
from kg_loader.sources.cmekg import CENTRE, SOURCE, read_records
from kg_loader.sources.format import Facts, Format, Item, ReadContext, head_columns
from rag.domain import Rejected

_LISTS = {
    "alias": "别名",
    "part": "发病部位",
    "department": "所属科室",
    "checklist": "检查",
    "symptom": "相关症状",
    "complication": "并发症",
    "treatment": "治疗方案",
    "drug": "药物治疗",
}
_TEXTS = {
    "age": "易感人群",
    "infection": "传染性",
    "insurance": "医保",
    "period": "治疗周期",
    "rate": "治愈率",
    "money": "费用",
}
_MORE = re.compile(r"[\[［【](?:详细|更多|查看全部)[\]］】]?\s*$")
_LINK_ENDS = tuple("[［【细多部]］】")
"""How `_MORE` ends in a trimmed cell."""
_BETWEEN = re.compile(r"[,，;；|\s]+")
_ALSO_BETWEEN = re.compile(r"[,，;；、|\s]+")
_DOTS = re.compile(r"^(?:\.{2,}|…+)$")
_SPLIT_APART = re.compile(r"[(（\[［]|\.{2}|…")
"""Without any of these no name was cut in two."""


def guess(path: Path, head: bytes) -> bool:
    """By four of its column names."""
    return {"name", "checklist", "symptom", "complication"} <= head_columns(head)


def read(path: Path, context: ReadContext) -> Iterator[Item | Facts]:
    """What `cmekg` would give for the same disease."""
    return read_records(path, context.source or SOURCE, lambda: _rows(path, context.encoding))


def _rows(path: Path, encoding: str | None) -> Iterator[Row | Rejected]:
    optional = [*_LISTS, *_TEXTS]
    for row in csv_rows(path, encoding, required=("name",), optional=optional):
        yield row if isinstance(row, Rejected) else Row(row.number, _record(row.value))


def _record(cells: Mapping[str, str]) -> dict[str, object]:
    record: dict[str, object] = {CENTRE: cells["name"]}
    for column, key in _LISTS.items():
        if (cell := cells.get(column)) and (listed := _listed(column, cell)):
            record[key] = listed
    for column, key in _TEXTS.items():
        if (cell := cells.get(column)) and (text := _whole(cell).strip(" \u3000;；")):
            record[key] = text
    return record


def _whole(cell: str) -> str:
    """The cell without the link to the rest of its page."""
    return _MORE.sub("", cell) if cell.endswith(_LINK_ENDS) else cell


def _listed(column: str, cell: str) -> list[str]:
    """The items of a cell. What stands in brackets belongs to a name; 、 divides treatments and parts only."""
    text = _whole(cell).strip()
    if not text:
        return []
    between = _ALSO_BETWEEN if column in ("treatment", "part") else _BETWEEN
    parts = [part for part in between.split(text) if part]
    if not _SPLIT_APART.search(text):
        return parts
    names: list[str] = []
    for part in parts:
        if names and (_DOTS.match(part) or part[0] in "(（" or _open(names[-1])):
            names[-1] += part if _DOTS.match(part) else f" {part}"
        else:
            names.append(part)
    return names


def _open(text: str) -> bool:
    return sum(text.count(mark) for mark in "(（[［") > sum(text.count(mark) for mark in ")）]］")


FORMAT = Format("disease-csv", guess, read)

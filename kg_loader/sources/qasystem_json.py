"""Disease JSON in the shape of QASystemOnMedicalKG, one object a line: read as 中心词 records with its own source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kg_loader.json_reading import json_rows
from kg_loader.reading import Row, reject
from kg_loader.sources.cmekg import CENTRE, read_records
from kg_loader.sources.format import Facts, Format, Item, ReadContext, head_keys
from rag.domain import Rejected, Source
from rag.vocabulary import Grade

_SOURCE = Source(title="中文疾病百科记录", kind="knowledge-graph", grade=Grade.COMPILED, lineage="QASystemOnMedicalKG")
_KEYS = {
    "name": CENTRE,
    "alias": "别名",
    "desc": "概述",
    "prevent": "预防",
    "cause": "病因",
    "symptom": "相关症状",
    "acompany": "并发症",
    "cure_department": "所属科室",
    "cure_way": "治疗方案",
    "check": "检查",
    "common_drug": "药物治疗",
    "recommand_drug": "药物治疗",
    "do_eat": "宜吃",
    "recommand_eat": "宜吃",
    "not_eat": "忌吃",
    "easy_get": "易感人群",
    "get_way": "传染性",
    "cure_lasttime": "治疗周期",
    "cured_prob": "治愈率",
    "cost_money": "费用",
    "yibao_status": "医保",
}
_NOT_READ = frozenset({"_id", "category", "get_prob", "drug_detail"})
"""An id, a path in the site's menu, an incidence without its population, makers of drugs."""
_INSURED = {"是": "医保疾病", "否": "非医保疾病"}


def guess(path: Path, head: bytes) -> bool:
    """By its own spellings."""
    return bool({"acompany", "cure_department", "cure_way", "recommand_drug", "yibao_status"} & head_keys(head))


def read(path: Path, context: ReadContext) -> Iterator[Item | Facts]:
    """Source, then for each record its entity, aliases, facts and passages."""
    yield from _unknown_keys(path, context.encoding)
    yield from read_records(path, context.source or _SOURCE, lambda: _rows(path, context.encoding))


def _unknown_keys(path: Path, encoding: str | None) -> Iterator[Rejected]:
    """Each unknown key once, at the line where it first stands: it is left out wherever it stands."""
    seen = _NOT_READ | _KEYS.keys()
    for row in json_rows(path, encoding):
        if isinstance(row, Row) and isinstance(row.value, dict):
            for key in row.value.keys() - seen:
                yield reject(path, row.number, f"unknown key {key[:40]!r}", row.value[key])
            seen = seen | row.value.keys() if len(seen) < 1_000 else seen


def _rows(path: Path, encoding: str | None) -> Iterator[Row | Rejected]:
    for row in json_rows(path, encoding):
        is_record = isinstance(row, Row) and isinstance(row.value, dict)
        yield Row(row.number, _record(row.value)) if is_record and isinstance(row, Row) else row


def _record(value: Mapping[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for key, name in _KEYS.items():
        found = value.get(key)
        if found is None or found in ("", []):
            continue
        if isinstance(found, str) and key == "yibao_status":
            found = _INSURED.get(found.strip(), found)
        record[name] = [*_listed(record[name]), *_listed(found)] if name in record else found
    return record


def _listed(value: object) -> list[object]:
    """Two keys may state one thing, each as a list or as a text."""
    return value if isinstance(value, list) else [value]


FORMAT = Format("qasystem-json", guess, read)

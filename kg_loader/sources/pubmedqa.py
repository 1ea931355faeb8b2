"""PubMedQA: one object keyed by PMID; LONG_ANSWER is the conclusion of the abstract, QUESTION the article's title."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kg_loader.json_reading import json_members
from kg_loader.reading import Row
from kg_loader.sections import NO_CONCLUSION
from kg_loader.sources.format import Format, Item, ReadContext, RowError, each_row, head_keys
from rag.domain import Passage, PassageKind, Skipped, Source
from rag.text import clean
from rag.vocabulary import Grade

_INDEXING = re.compile(r"\s*(?:Medical Subject Headings|MeSH terms?|Key ?words)\b[^.]*:.*$", re.IGNORECASE | re.DOTALL)
_PMID = re.compile(r"\d{1,9}")


def guess(path: Path, head: bytes) -> bool:
    """By its two telling keys."""
    return {"QUESTION", "LONG_ANSWER"} <= head_keys(head)


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Source and conclusion of each article."""
    return each_row(path, json_members(path, context.encoding), lambda row: _records(row, context))


def _records(row: Row, context: ReadContext) -> list[Item]:
    pmid, article = row.value
    if not _PMID.fullmatch(pmid):
        raise RowError("the key is not a PMID")
    if not isinstance(article, dict):
        raise RowError("not a JSON object")
    question, answer = (_text(article, key) for key in ("QUESTION", "LONG_ANSWER"))
    conclusion = _INDEXING.sub("", answer)
    if not conclusion:
        return [Skipped(NO_CONCLUSION)]
    source = context.source or Source(
        title=question, kind="journal-article", grade=Grade.STUDY, year=_year(article), pmid=pmid, lineage="PubMed"
    )
    passage = Passage(
        text=conclusion,
        kind=PassageKind.CONCLUSION,
        source=source.id,
        question=question,
        locator="CONCLUSION",
    )
    return [source, passage]


def _text(article: dict[str, Any], key: str) -> str:
    value = article.get(key)
    if not isinstance(value, str):
        raise RowError(f"{key} is missing or not a text")
    return clean(value)


def _year(article: dict[str, Any]) -> int | None:
    written = str(article.get("YEAR") or "")
    return int(written) if re.fullmatch(r"[12]\d{3}", written) else None


FORMAT = Format("pubmedqa", guess, read)

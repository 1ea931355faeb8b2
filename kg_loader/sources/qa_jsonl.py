"""Question-answer pairs, `{"question(s)": …, "answer(s)": …}` a line: the answer is the passage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kg_loader.json_reading import json_rows
from kg_loader.sources.format import Format, Item, ReadContext, RowError, each_row, head_keys
from kg_loader.sources.naming import PLACEHOLDER
from rag.domain import Passage, PassageKind, Skipped, Source
from rag.text import clean
from rag.vocabulary import Grade

_QUESTION = ("questions", "question")
_ANSWER = ("answers", "answer")


def guess(path: Path, head: bytes) -> bool:
    """By one key of each pair."""
    keys = head_keys(head)
    return any(key in keys for key in _QUESTION) and any(key in keys for key in _ANSWER)


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """One passage of kind `qa` a line."""
    source = context.source or qa_source(context.dataset)
    yield source
    yield from each_row(path, json_rows(path, context.encoding), lambda row: _pair(source, row.value))


def _pair(source: Source, value: object) -> Iterator[Item]:
    question, answer = _text(value, _QUESTION), _text(value, _ANSWER)
    yield qa_passage(question, answer, source) if answer and question else Skipped(PLACEHOLDER)


def qa_source(dataset: str) -> Source:
    """The source of pairs that name none."""
    return Source(title=f"问答记录（{dataset}）", kind="qa", grade=Grade.QA)


def qa_passage(question: str, answer: str, source: Source, locator: str | None = None) -> Passage:
    """One pair as a passage."""
    return Passage(text=answer, kind=PassageKind.QA, source=source.id, question=question, locator=locator)


def _text(row: object, keys: tuple[str, ...]) -> str:
    if not isinstance(row, dict):
        raise RowError("not a JSON object")
    value = next((row[key] for key in keys if key in row), None)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
        if isinstance(value, list) and value:  # Huatuo-26M: the ways in which one question was asked
            value = value[0]
    if not isinstance(value, str):
        raise RowError(f"{keys[1]} is missing or not one text")
    return clean(value)


FORMAT = Format("qa-jsonl", guess, read)

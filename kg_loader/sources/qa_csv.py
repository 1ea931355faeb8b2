"""Question-answer tables, `department,title,ask,answer` or `question,answer`: the answer is the passage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from kg_loader.csv_reading import csv_rows
from kg_loader.sources.cells import text
from kg_loader.sources.format import Format, Item, ReadContext, head_columns
from kg_loader.sources.naming import DUPLICATE, PLACEHOLDER, fault
from kg_loader.sources.qa_jsonl import qa_passage, qa_source, says_nothing
from rag.domain import Rejected, Skipped
from rag.text import normalise
from rag.vocabulary import EntityType

_CALLED = {
    "科室": "department", "标题": "title", "提问": "ask", "问诊": "ask", "问题描述": "ask", "问题": "question",
    "回答": "answer", "答案": "answer", "答复": "answer", "questions": "question", "answers": "answer",
}  # fmt: skip
_OPTIONAL = ("department", "title", "ask", "question", "label", "id")
_SHORT = 6


def guess(path: Path, head: bytes) -> bool:
    """By an answer and something asked."""
    columns = {_CALLED.get(name, name) for name in head_columns(head)}
    return "answer" in columns and bool({"title", "ask", "question"} & columns)


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """One passage of kind `qa` a row, asked by the title, or by the long question where there is no title."""
    source = context.source or qa_source(context.dataset)
    yield source
    for row in csv_rows(path, context.encoding, required=("answer",), optional=_OPTIONAL, called=_CALLED):
        if isinstance(row, Rejected):
            yield row
            continue
        question, answer = _question(row.value), text(row.value, "answer")
        if not question or not answer or says_nothing(answer) or fault(answer, EntityType.TREATMENT) == PLACEHOLDER:
            yield Skipped(PLACEHOLDER)
        elif normalise(question) == normalise(answer):
            yield Skipped(DUPLICATE)
        else:
            yield qa_passage(question, answer, source, locator=text(row.value, "department"))


def _question(row: Mapping[str, str]) -> str | None:
    """The title; with the long question where the title alone says little, and without 无 and the like."""
    title, ask = text(row, "title") or text(row, "question"), text(row, "ask")
    if ask and fault(ask[:20], EntityType.TREATMENT) == PLACEHOLDER and len(ask) < _SHORT:
        ask = None
    if title and ask and len(title) < _SHORT and title not in ask:
        return f"{title} {ask}"
    return title if title and len(title) >= _SHORT else ask or title


FORMAT = Format("qa-csv", guess, read)

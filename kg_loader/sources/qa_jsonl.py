"""Question-answer pairs, `{"question(s)": …, "answer(s)": …}` a line: the answer is the passage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kg_loader.json_reading import json_rows
from kg_loader.sources.format import Format, Item, ReadContext, RowError, each_row, head_keys
from kg_loader.sources.naming import PLACEHOLDER
from rag.domain import Passage, PassageKind, Skipped, Source
from rag.text import clean
from rag.vocabulary import Grade

_ADDRESS = re.compile(r"https?://\S+")
_QUESTION = ("questions", "question")
_ANSWER = ("answers", "answer")


def guess(path: Path, head: bytes) -> bool:
    """By one key of each pair."""
    keys = head_keys(head)
    return any(key in keys for key in _QUESTION) and any(key in keys for key in _ANSWER)


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """One passage of kind `qa` an answer."""
    source = context.source or qa_source(context.dataset)
    yield source
    yield from each_row(path, json_rows(path, context.encoding), lambda row: _pair(source, row.value))


def _pair(source: Source, value: object) -> Iterator[Item]:
    """The first of the ways in which it was asked, with each of its answers."""
    asked, answers = _texts(value, _QUESTION), _texts(value, _ANSWER)
    for answer in answers:
        yield Skipped(PLACEHOLDER) if not asked[0] or says_nothing(answer) else qa_passage(asked[0], answer, source)


def says_nothing(answer: str) -> bool:
    """True for no answer, and for the address of a page in place of one."""
    return not answer or _ADDRESS.fullmatch(answer) is not None


def qa_source(dataset: str) -> Source:
    """The source of pairs that name none."""
    return Source(title=f"问答记录（{dataset}）", kind="qa", grade=Grade.QA)


def qa_passage(question: str, answer: str, source: Source, locator: str | None = None) -> Passage:
    """One pair as a passage."""
    return Passage(text=answer, kind=PassageKind.QA, source=source.id, question=question, locator=locator)


def _texts(row: object, keys: tuple[str, ...]) -> list[str]:
    """One or more; Huatuo-26M has the ways of asking one question as a list in a list."""
    if not isinstance(row, dict):
        raise RowError("not a JSON object")
    value = next((row[key] for key in keys if key in row), None)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    texts = value if isinstance(value, list) else [value]
    if not texts or not {str}.issuperset(map(type, texts)):
        raise RowError(f"{keys[1]} is missing or no text")
    return [clean(str(text)) for text in texts]


FORMAT = Format("qa-jsonl", guess, read)

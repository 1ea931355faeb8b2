"""Whether rows hold what a model is judged on: by text (the same, contained, overlapping) and by date.

Texts are compared normalised, without spaces and punctuation; overlap is the share of an item's 8-character sequences
that one row holds.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from finetune.data.records import Record, read_records
from finetune.data.registry import Dataset, find
from finetune.data.rows import AnyRow, texts_of
from finetune.pairs import QUESTION_KEYS
from rag.errors import DataError
from rag.text import normalise

GRAM = 8
SHORTEST = 6
"""Shorter items would be found in unrelated rows."""
OVERLAP = 0.8
_ASKED = (*QUESTION_KEYS, "prompt", "instruction", "text", "text1", "text2")
_BETWEEN = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Item:
    """A text of an evaluation set, as compared."""

    evaluation: str
    number: int
    text: str


@dataclass(frozen=True)
class Leak:
    """A row that holds an item; `kind` is same, contained or overlap."""

    source: str
    number: int
    evaluation: str
    item: int
    kind: str
    share: float


@dataclass(frozen=True)
class EvaluationSet:
    """What a model is judged on."""

    name: str
    collected: datetime.date | None
    items: Sequence[Item]


def read_evaluation_set(name: str, registry: Path | None) -> EvaluationSet:
    """A name of the registry or a file in any shape: its questions, or all its texts where no column is one.

    Raises what the registry and the readers raise, DataError for a set without texts.
    """
    dataset = find(name, registry)
    if dataset.path is None:
        raise DataError(f"the evaluation set {name} is on the hub; download it and name the file")
    items = [
        Item(dataset.name, record.number, text)
        for record in read_records(dataset.path)
        for text in dict.fromkeys(map(comparable, _asked(record)))
        if len(text) >= SHORTEST
    ]
    if not items:
        raise DataError(f"{dataset.path} holds no text of {SHORTEST} characters or more to look for")
    return EvaluationSet(dataset.name, dataset.collected, items)


def comparable(text: str) -> str:
    """Normalised, letters and digits only."""
    return _BETWEEN.sub("", normalise(text))


class Leaks:
    """Finds items in rows."""

    def __init__(self, sets: Iterable[EvaluationSet]) -> None:
        self._items = [item for one in sets for item in one.items]
        self._same: dict[str, list[int]] = {}
        self._grams: dict[str, list[int]] = {}
        self._sizes: list[int] = []
        for number, item in enumerate(self._items):
            self._same.setdefault(item.text, []).append(number)
            grams = _grams(item.text)
            self._sizes.append(len(grams))
            for gram in grams:
                self._grams.setdefault(gram, []).append(number)

    def of(self, row: AnyRow) -> Iterator[Leak]:
        """Every item that the row holds, in the strongest way."""
        found: dict[int, tuple[float, str]] = {}
        for text in map(comparable, texts_of(row)):
            for number, leak in self._in(text):
                found[number] = max(found.get(number, (0.0, "")), leak)
        for number, (share, kind) in found.items():
            item = self._items[number]
            yield Leak(row.source, row.number, item.evaluation, item.number, kind, round(share, 3))

    def _in(self, text: str) -> Iterator[tuple[int, tuple[float, str]]]:
        for number in self._same.get(text, ()):
            yield number, (1.0, "same")
        hits = Counter(number for gram in _grams(text) for number in self._grams.get(gram, ()))
        for number, count in hits.items():
            share = count / self._sizes[number]
            if self._items[number].text in text:
                yield number, (1.0, "contained")
            elif share >= OVERLAP:
                yield number, (share, "overlap")


def late(dataset: Dataset, sets: Iterable[EvaluationSet]) -> Mapping[str, str]:
    """What the dates say, by evaluation set: rows that were collected after it was published may quote it."""
    found = {}
    for one in sets:
        if dataset.collected is None or one.collected is None:
            missing = dataset.name if dataset.collected is None else one.name
            found[one.name] = f"not known: the registry gives {missing} no `collected`"
        elif dataset.collected > one.collected:
            found[one.name] = f"collected {dataset.collected}, after {one.name} ({one.collected}): it may quote it"
    return found


def _grams(text: str) -> set[str]:
    """Its 8-character sequences; a shorter text has none and is found only where it is the same."""
    return {text[start : start + GRAM] for start in range(len(text) - GRAM + 1)}


def _asked(record: Record) -> Iterator[str]:
    """The columns that ask, else every text."""
    value = record.value
    if isinstance(value, dict):
        named = {str(key).casefold(): inner for key, inner in value.items()}
        chosen = [named[key] for key in _ASKED if isinstance(named.get(key), str)]
        yield from chosen or (text for inner in value.values() for text in _texts(inner))
    else:
        yield from _texts(value)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)

"""Data sets looked at before a run: checksum, rows by sort, what would not go in whole, what leaks from judging."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finetune.data.config import DataConfig
from finetune.data.encode import Encoder, Losses
from finetune.data.formats import detected
from finetune.data.gathering import gather
from finetune.data.leakage import EvaluationSet, Leak, Leaks, late, read_evaluation_set
from finetune.data.loading import Loaded
from finetune.data.preparing import limits
from finetune.data.records import read_records
from finetune.data.registry import Dataset
from finetune.data.rendering import Renderer
from finetune.data.rows import AnyRow, Preference, Text
from finetune.data.statistics import texts_of


@dataclass(frozen=True)
class CheckedSet:
    """One data set. `checksum` is agrees or none (another one is an error); `sorts` counts rows by what they are."""

    name: str
    place: str
    form: str
    licence: str
    collected: str
    sha256: str
    checksum: str
    sorts: Mapping[str, int]
    dates: Mapping[str, str]
    """What its date says, by evaluation set."""


@dataclass(frozen=True)
class Checked:
    """All of them; `losses` lists every row that is cut or left out, `leaks` every item that a row holds."""

    sets: Sequence[CheckedSet]
    losses: Losses
    leaks: Sequence[Leak]
    items: int
    """Texts of the evaluation sets that were looked for."""


def check(config: DataConfig, tokenizer: Any, against: Sequence[str] = ()) -> Checked:  # noqa: ANN401
    """Raises what `gather` and `read_evaluation_set` raise: a wrong checksum, an unknown column, an empty file."""
    judged = [read_evaluation_set(name, config.registry) for name in against]
    rows = gather(config)
    every = [row for one in rows.loaded for row in one.rows]
    encoder = Encoder(tokenizer, Renderer(tokenizer, config.template), limits(config), losses=rows.losses)
    for _ in encoder.encode(text for row in every for text in texts_of(row)):
        pass
    return Checked(
        [_checked(one, judged) for one in rows.loaded],
        rows.losses,
        list(_leaks(every, judged)),
        sum(len(one.items) for one in judged),
    )


def _leaks(rows: Sequence[AnyRow], judged: Sequence[EvaluationSet]) -> Iterator[Leak]:
    if judged:
        leaks = Leaks(judged)
        for row in rows:
            yield from leaks.of(row)


def _checked(one: Loaded, judged: Sequence[EvaluationSet]) -> CheckedSet:
    dataset = one.dataset
    return CheckedSet(
        dataset.name,
        str(dataset.path or f"hub {dataset.hub}"),
        _form(dataset),
        dataset.licence,
        str(dataset.collected or ""),
        one.sha256,
        "agrees" if dataset.sha256 or dataset.sha1 else "none",
        dict(sorted(Counter(map(_sort, one.rows)).items())),
        late(dataset, judged),
    )


def _form(dataset: Dataset) -> str:
    """As the registry names it, else that of the first record."""
    if dataset.form != "auto" or dataset.path is None:
        return dataset.form
    return detected(next(read_records(dataset.path)))


def _sort(row: AnyRow) -> str:
    if isinstance(row, Text):
        return "texts"
    if isinstance(row, Preference):
        return "preferences"
    number = len(row.answers)
    return f"dialogues of {number} answer{'s' * (number > 1)}"

"""Rows as tokens, made up for the tests of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from finetune.examples import Examples, Pack


@dataclass(frozen=True)
class Row:
    input_ids: NDArray[np.int32]
    supervised: NDArray[np.bool_]
    row: int


def rows(number: int, *, vocabulary: int = 300, seed: int = 0, longest: int = 40) -> list[Row]:
    """Repeating sequences, so that there is something to learn; the first third of each is not supervised."""
    random = np.random.default_rng(seed)
    made = []
    for row in range(number):
        length = int(random.integers(8, longest))
        ids = (int(random.integers(10, 60)) + np.arange(length) % 7).astype(np.int32) % vocabulary
        made.append(Row(ids, np.arange(length) >= max(1, length // 3), row))
    return made


def packed(documents: Sequence[Row], size: int = 100) -> list[list[Row]]:
    packs: list[list[Row]] = [[]]
    for document in documents:
        if packs[-1] and sum(len(d.input_ids) for d in packs[-1]) + len(document.input_ids) > size:
            packs.append([])
        packs[-1].append(document)
    return packs


def collate(packs: Sequence[Pack]) -> dict[str, Any]:
    documents = [document for pack in packs for document in pack]
    labels = [np.where(d.supervised, d.input_ids, -100) for d in documents]
    for label in labels:
        label[0] = -100
    joined = torch.from_numpy(np.concatenate(labels).astype(np.int64))
    lengths = [len(d.input_ids) for d in documents]
    return {
        "input_ids": torch.from_numpy(np.concatenate([d.input_ids for d in documents]).astype(np.int64))[None],
        "labels": joined[None],
        "position_ids": torch.cat([torch.arange(n) for n in lengths])[None],
        "cu_seq_lens": torch.tensor([0, *np.cumsum(lengths)], dtype=torch.int32),
        "max_length": max(lengths),
        "logits_to_keep": torch.nonzero(joined != -100)[:, 0] - 1,
        "rows": [d.row for d in documents],
    }


def examples(number: int = 40, *, held_out: int = 0, **given: int) -> Examples:
    made = rows(number + held_out, **given)
    return Examples(packed(made[:number]), packed(made[number:]) if held_out else [], collate, ordered=False)

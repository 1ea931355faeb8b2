"""Rows as tokens, made up for the tests of the engine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from finetune.data.encode import Encoded
from finetune.data.prepared import Prepared


def rows(number: int, *, vocabulary: int = 300, seed: int = 0, longest: int = 40) -> list[Encoded]:
    """Repeating sequences, so that there is something to learn; the first third of each is not supervised."""
    random = np.random.default_rng(seed)
    made = []
    for row in range(number):
        length = int(random.integers(8, longest))
        ids = (int(random.integers(10, 60)) + np.arange(length) % 7).astype(np.int32) % vocabulary
        made.append(Encoded(ids, np.arange(length) >= length // 3, row))
    return made


def packed(documents: Sequence[Encoded], size: int = 100) -> list[list[Encoded]]:
    packs: list[list[Encoded]] = [[]]
    for document in documents:
        if packs[-1] and sum(len(d.input_ids) for d in packs[-1]) + len(document.input_ids) > size:
            packs.append([])
        packs[-1].append(document)
    return packs


def examples(number: int = 40, *, held_out: int = 0, **given: int) -> Prepared:
    made = rows(number + held_out, **given)
    return Prepared(packed(made[:number]), packed(made[number:]) if held_out else [])

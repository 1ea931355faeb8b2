"""Rows as tokens, made up for the tests of the engine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from finetune.examples import Examples
from finetune.packs import Tokens, collate


def rows(number: int, *, vocabulary: int = 300, seed: int = 0, longest: int = 40) -> list[Tokens]:
    """Repeating sequences, so that there is something to learn; the first third of each is not supervised."""
    random = np.random.default_rng(seed)
    made = []
    for row in range(number):
        length = int(random.integers(8, longest))
        ids = (int(random.integers(10, 60)) + np.arange(length) % 7).astype(np.int32) % vocabulary
        made.append(Tokens(ids, np.arange(length) >= length // 3, row))
    return made


def packed(documents: Sequence[Tokens], size: int = 100) -> list[list[Tokens]]:
    packs: list[list[Tokens]] = [[]]
    for document in documents:
        if packs[-1] and sum(len(d.input_ids) for d in packs[-1]) + len(document.input_ids) > size:
            packs.append([])
        packs[-1].append(document)
    return packs


def examples(number: int = 40, *, held_out: int = 0, **given: int) -> Examples:
    made = rows(number + held_out, **given)
    return Examples(packed(made[:number]), packed(made[number:]) if held_out else [], collate)

"""Texts as bags of token rows, and a batch of them as one dense table: what the numpy trainers share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Bag = tuple[Rows, Floats]
"""Row numbers and weights of a text's known tokens, each token once."""


def key(words: Sequence[str]) -> str:
    """A text as one string, so that equal texts can be found."""
    return "\x1f".join(words)


def bag(words: Sequence[str], row_of: Mapping[str, int], count_exponent: float) -> Bag:
    """The known tokens of a text, in order of appearance, each weighing count ** count_exponent."""
    counts = Counter(row for word in words if (row := row_of.get(word)) is not None)
    rows = np.fromiter(counts.keys(), np.int64, len(counts))
    weights = np.fromiter(counts.values(), np.float32, len(counts)) ** np.float32(count_exponent)
    return rows, weights


def table(bags: Sequence[Bag], factors: Floats | None = None) -> tuple[Rows, Floats]:
    """The rows used by a batch, sorted, and its weights (texts, rows used); `factors` multiply entry by entry.

    Dense on purpose: with only the batch's own tokens as columns, one BLAS product beats gathering rows.
    """
    used, columns = np.unique(np.concatenate([rows for rows, _ in bags]), return_inverse=True)
    owner = np.repeat(np.arange(len(bags)), [len(rows) for rows, _ in bags])
    weights = np.concatenate([weights for _, weights in bags])
    filled = np.zeros((len(bags), len(used)), np.float32)
    filled[owner, columns] = weights if factors is None else weights * factors
    return used, filled


def softmax(logits: Floats, *, axis: int) -> Floats:
    """Shares that sum to 1 along `axis`."""
    raised: Floats = np.exp(logits - logits.max(axis=axis, keepdims=True))
    shares: Floats = raised / raised.sum(axis=axis, keepdims=True)
    return shares


def mask_equal(logits: Floats, groups: Rows) -> None:
    """In place: no text is a negative of another with the same answer."""
    logits[(groups[:, None] == groups[None, :]) & ~np.eye(len(groups), dtype=bool)] = -1e9

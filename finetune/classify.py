"""Train a linear classifier of short texts (scikit-learn's logistic regression) for `rag.classifier`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.classifier import Classifier, Shape, features
from rag.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SHAPE = Shape()
FEWEST = 5
"""Texts that each label needs."""
_SMOOTHING = 0.3


def train(
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    strength: float,
    shape: Shape = SHAPE,
    balanced: bool = True,
    rarest: int = 1,
    bayes: float = 0.0,
    tolerance: float = 1e-4,
    contexts: Sequence[Sequence[str]] | None = None,
    weights: Sequence[float] | None = None,
    fine: bool = False,
) -> Classifier:
    """Fit one weight per bucket and label; `balanced`: labels count equally however many texts they have.

    Buckets of fewer than `rarest` texts are left out of the vectors; most n-grams occur once. With 1 even those of no
    text count for the length, so that a text in other words is told with less certainty. `strength` is the inverse of
    the L2 penalty. `bayes`: so much of the weights of complement naive Bayes (Rennie et al. 2003) is added to those
    of the regression, which helps where texts are few for the n-grams they hold. `tolerance`: gradient at which the
    regression stops; where texts are many and the penalty is weak, a smaller one takes the chance out of where.
    `contexts`: those of each text. `weights`: how much each text counts.
    `fine`: 16 bits a weight, not 8; beside a few large weights the many small ones get no step of eight.

    Raises DataError where a label has fewer than `FEWEST` texts or there is only one, MissingExtraError without
    scikit-learn.
    """
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.naive_bayes import ComplementNB
    except ImportError as error:
        raise MissingExtraError("training needs scikit-learn; install it with `pip install 'yiwen[train]'`") from error
    names = sorted(set(labels))
    few = [name for name in names if labels.count(name) < FEWEST]
    if few or len(names) < 2:
        raise DataError(f"{', '.join(few) or 'the file'}: each of at least 2 labels needs {FEWEST} texts or more")
    counts = _matrix(texts, shape, contexts or [()] * len(texts))
    idf = _idf(counts)
    held = np.bincount(counts.indices, minlength=shape.buckets)
    if rarest > 1:
        idf[held < rarest] = 0
    common = np.flatnonzero(held >= rarest)
    rows = _scaled(counts, idf)[:, common]
    weight = "balanced" if balanced else None
    regression = LogisticRegression(C=strength, class_weight=weight, max_iter=3000, tol=tolerance)
    fitted = regression.fit(rows, list(labels), sample_weight=weights)
    matrix, bias = fitted.coef_.T, fitted.intercept_
    if len(names) == 2:  # scikit-learn keeps one column: the log-odds of the second label
        matrix, bias = np.hstack([-matrix, matrix]) / 2, np.concatenate([-bias, bias]) / 2
    if bayes:
        matrix = matrix + bayes * ComplementNB(alpha=_SMOOTHING).fit(rows, list(labels)).feature_log_prob_.T
    matrix = _spread(matrix, common, shape.buckets)
    kept = np.int16 if fine else np.int8
    scale = np.maximum(np.abs(matrix).max(axis=0), 1e-9) / np.iinfo(kept).max
    steps = np.rint(matrix / scale).astype(kept)
    return Classifier(tuple(names), shape, idf, steps, scale.astype(np.float32), bias.astype(np.float32))


def _spread(weights: NDArray[np.float64], rows: NDArray[np.int64], buckets: int) -> NDArray[np.float64]:
    """`weights` in their `rows` of a matrix of all buckets, zero elsewhere."""
    spread = np.zeros((buckets, weights.shape[1]))
    spread[rows] = weights
    return spread


def _matrix(texts: Sequence[str], shape: Shape, contexts: Sequence[Sequence[str]]) -> csr_matrix:
    from scipy.sparse import csr_matrix

    found = [features(text, shape, known) for text, known in zip(texts, contexts, strict=True)]
    offsets = np.cumsum([0, *map(len, found)])
    columns = np.fromiter((bucket for row in found for bucket in row), dtype=np.int32, count=int(offsets[-1]))
    values = np.fromiter((value for row in found for value in row.values()), dtype=np.float32, count=int(offsets[-1]))
    return csr_matrix((values, columns, offsets), shape=(len(texts), shape.buckets))


def _idf(counts: csr_matrix) -> NDArray[np.float32]:
    """ln((1 + N) / (1 + df)) + 1, as `TfidfTransformer` has it."""
    held = np.bincount(counts.indices, minlength=counts.shape[1])
    idf: NDArray[np.float32] = (np.log((1 + counts.shape[0]) / (1 + held)) + 1).astype(np.float32)
    return idf


def _scaled(counts: csr_matrix, idf: NDArray[np.float32]) -> csr_matrix:
    from sklearn.preprocessing import normalize

    return normalize(counts.multiply(idf).tocsr())

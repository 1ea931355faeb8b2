"""A diagnosis as somebody wrote it -> the names of a term list that it means: `右乳腺癌IV期` -> 乳腺恶性肿瘤, 癌.

First candidates, then a judgement of each. Candidates are the names nearest in pairs of characters, for the whole text
and for its parts, and the names that were given to the nearest examples. A logistic model over a dozen features of text
and candidate, fitted on the examples, says how likely each is; those above a threshold are the answer, at least the
best one. No model is stored: fitting the weights on some thousand examples takes seconds.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import add

import numpy as np
from numpy.typing import NDArray

from rag.errors import UsageError
from rag.linking.features import compatible
from rag.linking.spelling import folded
from rag.text import normalise

Floats = NDArray[np.float64]
_PART_END = re.compile(r"[,，;；、.。+＋/\s()（）:：?？]+|伴有?|合并|并发|及|和(?!解)|并(?!发)|术后")
_SAME = {"癌": "恶性肿瘤", "ca": "恶性肿瘤", "心衰": "心力衰竭", "冠心病": "冠状动脉粥样硬化性心脏病", "肾衰": "肾衰竭"}
_NEAREST = 20
_NEIGHBOURS = 30
FEATURES = 32
"""Of a text and a candidate."""


@dataclass(frozen=True)
class Example:
    """A diagnosis and the names that it was given."""

    text: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Named:
    """A name of the list with how likely it is meant, 0 to 1."""

    name: str
    probability: float


def plain(text: str) -> str:
    """One spelling for what a term list and clinicians write differently."""
    spelt, _ = folded(normalise(text))
    for word, into in _SAME.items():
        spelt = spelt.replace(word, into)
    return spelt


def parts(text: str) -> list[str]:
    """The whole of plain `text` and, where it enumerates, each item."""
    items = [item for item in _PART_END.split(text) if len(item) > 1]
    return list(dict.fromkeys([text, *items]))


class Grams:
    """Cosine between texts by their characters and pairs of characters, weighted by rarity; a row for each text."""

    def __init__(self, texts: Sequence[str]) -> None:
        counted = [Counter(_grams(text)) for text in texts]
        frequency = Counter(gram for counts in counted for gram in counts)
        self._rarity = {gram: math.log(1 + len(texts) / count) for gram, count in frequency.items()}
        postings: dict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
        for row, counts in enumerate(counted):
            weights = self._weights(counts)
            for gram, weight in weights.items():
                rows, values = postings[gram]
                rows.append(row)
                values.append(weight)
        self._postings = {
            gram: (np.array(rows, dtype=np.int32), np.array(values)) for gram, (rows, values) in postings.items()
        }
        self._size = len(texts)

    def _weights(self, counts: Mapping[str, int]) -> dict[str, float]:
        raw = {gram: math.sqrt(n) * self._rarity.get(gram, 0.0) for gram, n in counts.items()}
        norm = math.sqrt(sum(value * value for value in raw.values())) or 1.0
        return {gram: value / norm for gram, value in raw.items() if value}

    def nearest(self, text: str, limit: int) -> list[tuple[int, float]]:
        """(row, cosine) of the `limit` nearest texts, best first; fewer where nothing is shared."""
        weights = self._weights(Counter(_grams(text)))
        hit = [(self._postings[gram], weight) for gram, weight in weights.items() if gram in self._postings]
        if not hit:
            return []
        rows = np.concatenate([found[0] for found, _ in hit])
        values = np.concatenate([found[1] * weight for found, weight in hit])
        scores = np.bincount(rows, weights=values, minlength=self._size)
        best = np.argpartition(-scores, min(limit, self._size - 1))[:limit]
        best = best[np.lexsort((best, -scores[best]))]
        return [(int(row), float(scores[row])) for row in best if scores[row] > 0]


def _grams(text: str) -> Iterable[str]:
    yield from text
    yield from map(add, text, text[1:])


# ---------------------------------------------------------------- candidates and their features


@dataclass(frozen=True)
class TermList:
    """The names of a list, indexed once, and examples of diagnoses with their names."""

    names: tuple[str, ...]
    examples: tuple[Example, ...]
    _found: dict[str, tuple[list[tuple[int, float]], list[tuple[int, float]]]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not self.names or not self.examples:
            raise UsageError(
                f"{len(self.names)} names and {len(self.examples)} examples; expected at least one of each"
            )

    @cached_property
    def _plain(self) -> list[str]:
        return [plain(name) for name in self.names]

    @cached_property
    def _by_name(self) -> Grams:
        return Grams(self._plain)

    @cached_property
    def _by_example(self) -> Grams:
        return Grams([plain(example.text) for example in self.examples])

    @cached_property
    def _row(self) -> Mapping[str, int]:
        return {name: row for row, name in enumerate(self.names)}

    def _near(self, part: str) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """Rows of names and of examples near one part; the same for every fold, so kept."""
        if part not in self._found:
            self._found[part] = (
                self._by_name.nearest(part, _NEAREST),
                self._by_example.nearest(part, 3 * _NEIGHBOURS),
            )
        return self._found[part]

    def nearest(self, text: str, allowed: Collection[int]) -> tuple[str, int | None]:
        """The nearest name, and the row of the nearest example of `allowed`, of the whole text."""
        names, examples = self._near(plain(text))
        row = next((row for row, _ in examples if row in allowed), None)
        return (self.names[names[0][0]] if names else self.names[0]), row

    def candidates(self, text: str, allowed: Collection[int] | None = None) -> tuple[list[str], Floats]:
        """Names that may be meant and a row of features for each; only examples in `allowed` (None: all) are used.

        An example whose text is the same diagnosis counts like any other: leave it out of `allowed` when fitting.
        """
        whole = plain(text)
        pieces = parts(whole)
        nearest: dict[str, float] = {}
        top: set[str] = set()
        votes: dict[str, float] = defaultdict(float)
        closest: dict[str, float] = {}
        for piece in pieces:
            names, examples = self._near(piece)
            for place, (row, score) in enumerate(names):
                name = self.names[row]
                nearest[name] = max(nearest.get(name, 0.0), score)
                if place == 0:
                    top.add(name)
            usable = [(row, score) for row, score in examples if allowed is None or row in allowed][:_NEIGHBOURS]
            for row, score in usable:
                for name in self.examples[row].names:
                    votes[name] += score**4
                    closest[name] = max(closest.get(name, 0.0), score / len(self.examples[row].names) ** 0.2)
        found = sorted(nearest.keys() | closest.keys())
        total = sum(votes.values()) or 1.0
        first = max(closest.values(), default=0.0)
        best = max(nearest.values(), default=0.0)
        rows = [
            _features(
                whole, pieces, plain(name),
                near=nearest.get(name, 0.0), best=best, top=name in top,
                vote=votes.get(name, 0.0) / total, closest=closest.get(name, 0.0), first=first,
                listed=name in self._row,
            )
            for name in found
        ]  # fmt: skip
        return found, np.array(rows, dtype=np.float64).reshape(len(found), FEATURES)


def _features(
    whole: str, pieces: Sequence[str], name: str, *, near: float, best: float, top: bool, vote: float,
    closest: float, first: float, listed: bool,
) -> list[float]:  # fmt: skip
    characters = set(name)
    covered = sum(char in whole for char in name) / len(name)
    explained = sum(char in characters for char in whole) / len(whole)
    pairs = set(map(add, name, name[1:]))
    shared = sum(pair in whole for pair in pairs) / len(pairs) if pairs else covered
    within = float(name in whole)
    fits = float(compatible(whole, name, strict=False))
    agrees = float(compatible(whole, name))
    only = float(len(pieces) == 1)
    return [
        1.0, near, near * near, near - best, float(top), vote, vote * vote, closest, closest**4, closest - first,
        float(closest == first and first > 0), covered, covered**3, explained, explained * covered, shared, shared**3,
        within, within * min(len(name), 8) / 8, float(name in pieces), fits, agrees, only * near, only * vote,
        float(closest > 0) * near, float(listed), min(len(name), 20) / 20, vote * near, first * float(closest == 0),
        1 / len(pieces), shared * vote, shared * near,
    ]  # fmt: skip


# ---------------------------------------------------------------- the judgement


@dataclass(frozen=True)
class Judge:
    """Weights of the features after scaling, and the probability from which on a name is taken."""

    mean: Floats
    scale: Floats
    weights: Floats
    threshold: float = 0.5

    def probabilities(self, features: Floats) -> Floats:
        """(n, features) -> (n,)."""
        scaled = (features - self.mean) / self.scale
        result: Floats = 1 / (1 + np.exp(-np.clip(scaled @ self.weights[1:] + self.weights[0], -30, 30)))
        return result

    def chosen(self, names: Sequence[str], features: Floats) -> list[Named]:
        """Names above the threshold, at least the best one, best first."""
        if not names:
            return []
        scores = self.probabilities(features)
        order = np.lexsort((np.arange(len(names)), -scores))
        kept = [int(row) for row in order if scores[row] >= self.threshold] or [int(order[0])]
        return [Named(names[row], float(scores[row])) for row in kept]


def fit(features: Floats, right: Floats, *, ridge: float = 1.0, rounds: int = 25) -> Judge:
    """Logistic regression with a ridge, by Newton's method; `right` is 1 where the candidate is meant, else 0."""
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale[scale == 0] = 1.0
    rows = np.hstack([np.ones((len(features), 1)), (features - mean) / scale])
    penalty = np.full(rows.shape[1], ridge)
    penalty[0] = 1e-6
    weights = np.zeros(rows.shape[1])
    for _ in range(rounds):
        probability = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (probability - right) + penalty * weights
        curve = (rows * (probability * (1 - probability))[:, None]).T @ rows + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-6:
            break
    return Judge(mean, scale, weights)

"""How likely a passage found answers the question, 0 to 1: a logistic sum of a few signals of the search. Pure.

Shares of the best hit say nothing of whether the best hit is any good. How much the question's rare words weigh in a
passage does: BM25, divided by the logarithm of the number of passages so that it means about the same in a small
knowledge base. The weights are fitted (`yiwen eval evidence --fit`) and stand in the tuning.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

FEWEST = 50
Hits = Sequence[tuple[str, float]]
SIGNALS: Mapping[str, tuple[str, ...]] = {
    "own": ("words", "first"),
    "across": ("names", "rank", "first", "own_words"),
}
"""Signals of a passage in the question's language, and of one in the other language."""


def signals(arms: Mapping[str, Hits], passages: int) -> dict[str, tuple[str, tuple[float, ...]]]:
    """For each passage found: `own` or `across`, and the values of `SIGNALS` in order.

    `words` and `names` are BM25 of the question's words and of the names in it, `own_words` the best of the former;
    `first` is 1 for the best of its language, `rank` its score among the other language. `passages`: how many are held.
    """
    unit = math.log1p(max(1, passages))
    words, names = dict(arms.get("sparse", ())), dict(arms.get("names", ()))
    other = dict(arms.get("graph", ()))
    best_words, best_other = max(words.values(), default=0.0), max(other.values(), default=0.0)
    found: dict[str, tuple[str, tuple[float, ...]]] = {}
    for key, score in words.items():
        found[key] = ("own", (score / unit, float(score == best_words)))
    for key, score in other.items():
        found.setdefault(
            key, ("across", (names.get(key, 0.0) / unit, score, float(score == best_other), best_words / unit))
        )
    return found


def supports(
    arms: Mapping[str, Hits], passages: int, weights: Mapping[str, float], of: Iterable[str]
) -> dict[str, float]:
    """How likely each passage `of` those found answers the question; `weights` hold `support.own.words` and so on.

    Nothing is told of fewer than `FEWEST` passages: how rare a word is cannot be known from them.
    """
    if passages < FEWEST:
        return {}
    found = signals(arms, passages)
    return {key: likely(*found[key], weights) for key in of if key in found}


def likely(side: str, values: Iterable[float], weights: Mapping[str, float]) -> float:
    """The logistic of the weighted sum."""
    total = weights[f"support.{side}.bias"]
    for name, value in zip(SIGNALS[side], values, strict=True):
        total += weights[f"support.{side}.{name}"] * value
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))

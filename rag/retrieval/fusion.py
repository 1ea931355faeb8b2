"""Several ranked lists become one: a weighted sum of scores, each a share of its arm's best.

Scores of different arms (BM25, cosine, sums of idf) share no scale. Dividing by the best score of the same query puts
them on [0, 1] and keeps the distances between hits, which ranks alone throw away. The weights come from a `Tuning`,
fitted per language on development questions, never set by hand.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from rag.errors import ConfigurationError
from rag.text import Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")
WEIGHTS = ("sparse", "dense", "graph", "concepts")
"""Weights of the arms; `concepts` is what a mentioned entity is worth inside the sparse arm, in words."""

_FORMAT = 1


def fuse(
    arms: Mapping[str, Sequence[tuple[str, float]]], weights: Mapping[str, float]
) -> list[tuple[str, float, dict[str, float]]]:
    """(id, fused score, normalised score per arm that found it), best first, equal scores by id.

    `arms` holds (id, score) lists, higher is better, in any order; of an id listed twice the better score counts.
    An arm with weight 0, or none in `weights`, adds no ids. Scores of 0 and below count as not found.
    """
    parts: dict[str, dict[str, float]] = {}
    for arm, hits in arms.items():
        if weights.get(arm, 0.0) > 0:
            for name, share in _shares(hits).items():
                parts.setdefault(name, {})[arm] = share
    total = [(name, sum(weights[arm] * share for arm, share in by.items()), by) for name, by in parts.items()]
    return sorted(total, key=lambda hit: (-hit[1], hit[0]))


Fused = list[tuple[str, float, dict[str, float]]]


def fuse_languages(arms: Mapping[str, Sequence[tuple[str, float]]], weights: Mapping[str, float]) -> Fused:
    """Like `fuse`, with the arm `graph` (passages in the other language) merged in by rank.

    Words in one language and entity names in another give scores that no weight makes comparable, so the n-th passage
    of the other language gets `weights["graph"]` times the score of the n-th in the question's own.
    """
    shares = _shares(arms.get("graph", ()))
    fused = fuse({name: hits for name, hits in arms.items() if name != "graph"}, weights)
    own = [hit for hit in fused if hit[0] not in shares]
    other: Fused = []
    for place, name in enumerate(sorted(shares, key=lambda name: (-shares[name], name))):
        matched = own[min(place, len(own) - 1)][1] if own else shares[name]
        other.append((name, weights.get("graph", 0.0) * matched, {"graph": shares[name]}))
    return sorted([*own, *(hit for hit in other if hit[1] > 0)], key=lambda hit: (-hit[1], hit[0]))


def in_new_order(hits: Fused, read: Mapping[str, float], weight: float) -> Fused:
    """Those of `hits` that a reranker `read`, by their share of the best score plus `weight` times what it gave them.

    What it gave is noted as the arm `rerank`; the scores stay.
    """
    shares = _shares([(name, score) for name, score, _ in hits])
    noted = [(name, score, {**parts, "rerank": read[name]}) for name, score, parts in hits if name in read]
    return sorted(noted, key=lambda hit: (-(shares[hit[0]] + weight * read[hit[0]]), hit[0]))


def _shares(hits: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Each score as a share of the best one."""
    best: dict[str, float] = {}
    for name, score in hits:
        if score > best.get(name, 0.0):
            best[name] = score
    top = max(best.values(), default=1.0)
    return {name: score / top for name, score in best.items()}


@dataclass(frozen=True)
class Tuning:
    """What is fitted on development questions: weights[language][arm], and thresholds by name."""

    weights: Mapping[str, Mapping[str, float]]
    thresholds: Mapping[str, float]

    def __post_init__(self) -> None:
        """Refuse what cannot be fused with; freeze the tables."""
        if set(self.weights) != set(LANGUAGES):
            raise ConfigurationError(f"tuning: weights for {sorted(self.weights)}; expected {sorted(LANGUAGES)}")
        for language, table in self.weights.items():
            if set(table) != set(WEIGHTS):
                raise ConfigurationError(f"tuning: arms {sorted(table)} for {language}; expected {sorted(WEIGHTS)}")
            _require_numbers(f"weights.{language}", table, lowest=0.0)
        _require_numbers("thresholds", self.thresholds, lowest=-math.inf)
        frozen = {language: MappingProxyType(dict(table)) for language, table in self.weights.items()}
        object.__setattr__(self, "weights", MappingProxyType(frozen))
        object.__setattr__(self, "thresholds", MappingProxyType(dict(self.thresholds)))

    @property
    def name(self) -> str:
        """The first 16 hex digits of SHA-256 over `to_json()`; a file of weights is called `{name}.json`."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, one trailing newline; equal tunings give equal text."""
        content = {
            "format": _FORMAT,
            "thresholds": dict(self.thresholds),
            "weights": {language: dict(table) for language, table in self.weights.items()},
        }
        return json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Tuning:
        """Read what `to_json` wrote. Unknown or missing keys, arms, languages and non-numbers: ConfigurationError."""
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise ConfigurationError(f"tuning: not JSON ({error}); write it with `yiwen eval tune`") from error
        if not isinstance(content, dict) or set(content) != {"format", "thresholds", "weights"}:
            raise ConfigurationError('tuning: expected an object with exactly "format", "thresholds" and "weights"')
        if content["format"] != _FORMAT:
            raise ConfigurationError(f"tuning: format {content['format']!r}; this program reads format {_FORMAT}")
        weights = _require_table("weights", content["weights"])
        return cls(
            weights={name: _floats(f"weights.{name}", table) for name, table in weights.items()},
            thresholds=_floats("thresholds", content["thresholds"]),
        )


@lru_cache(maxsize=1)
def default_tuning() -> Tuning:
    """The packaged weights (`rag/retrieval/tuning.json`)."""
    return Tuning.from_json(resources.files("rag.retrieval").joinpath("tuning.json").read_text(encoding="utf-8"))


def _require_table(name: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ConfigurationError(f"tuning: {name} is {value!r}; expected an object")
    return value


def _floats(name: str, value: object) -> dict[str, float]:
    table: dict[str, float] = {}
    for key, number in _require_table(name, value).items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ConfigurationError(f"tuning: {name}.{key} is {number!r}; expected a number")
        table[key] = float(number)
    return table


def _require_numbers(name: str, table: Mapping[str, float], *, lowest: float) -> None:
    for key, number in table.items():
        if not math.isfinite(number) or number < lowest:
            raise ConfigurationError(f"tuning: {name}.{key} is {number!r}; expected a finite number, at least {lowest}")

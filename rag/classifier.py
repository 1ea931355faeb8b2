"""A linear classifier over character n-grams: what a small model knows about a short text, without any library.

A text becomes the n-grams (1 to `longest` characters) of its normalised form, each hashed into one of `buckets`
numbers; the vector of 1 + ln(count), weighted by idf and brought to length 1, is multiplied by a matrix of weights.
What else is known of the text as a whole may be given as `contexts`: under each, the short n-grams count once more, so
that the same words weigh otherwise where they are asked about in general or told of the past (Daumé 2007).
`finetune/classify.py` makes such models with scikit-learn through the very `features` used here.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from rag.errors import ConfigurationError
from rag.text import normalise

_FORMAT = "yiwen-classifier-1"
_EDGE = "\x02"
_LONGEST_TEXT = 600
"""Characters that are looked at; a classifier of short texts learns nothing from more."""
_LONGEST_IN_CONTEXT = 3


@dataclass(frozen=True)
class Shape:
    """How a text becomes a vector."""

    buckets: int = 1 << 14
    longest: int = 3


def features(text: str, shape: Shape, contexts: Sequence[str] = ()) -> dict[int, float]:
    """Bucket -> 1 + ln(count of its n-grams) for a text; without idf, not brought to length 1."""
    marked = f"{_EDGE}{normalise(text)[:_LONGEST_TEXT]}{_EDGE}"
    grams = [marked[i : i + n] for n in range(1, shape.longest + 1) for i in range(len(marked) - n + 1)]
    encoded = [gram.encode("utf-8", "replace") for gram in grams]
    hashes = [zlib.crc32(gram) for gram in encoded]
    short = encoded[: sum(len(marked) - n + 1 for n in range(1, min(shape.longest, _LONGEST_IN_CONTEXT) + 1))]
    for context in contexts:
        begun = zlib.crc32(f"{context}{_EDGE}".encode())
        hashes += [zlib.crc32(gram, begun) for gram in short]
    counts = Counter(found % shape.buckets for found in hashes)
    return {bucket: 1.0 + log(count) for bucket, count in counts.items()}


@dataclass(frozen=True)
class Classifier:
    """`weights` is int8 or int16 (buckets, labels), `scale` what one step of it is worth per label; `bias` (labels,).

    `notes` travel with the model: what its user has to know to read its labels.
    """

    labels: tuple[str, ...]
    shape: Shape
    idf: NDArray[np.float32]
    weights: NDArray[np.int8] | NDArray[np.int16]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    notes: Mapping[str, str] = field(default_factory=dict)

    def probabilities(self, text: str, contexts: Sequence[str] = ()) -> dict[str, float]:
        """A probability for each label; they add up to 1."""
        found = features(text, self.shape, contexts)
        rows = np.fromiter(found, dtype=np.int64, count=len(found))
        values = np.fromiter(found.values(), dtype=np.float32, count=len(found)) * self.idf[rows]
        length = float(np.linalg.norm(values))
        scores = self.bias + (values / (length or 1.0)) @ self.weights[rows].astype(np.float32) * self.scale
        shares = np.exp(scores - scores.max())
        return dict(zip(self.labels, map(float, shares / shares.sum()), strict=True))

    def save(self, path: Path) -> None:
        """Write the model as one safetensors file."""
        about = {"format": _FORMAT, "labels": json.dumps(self.labels, ensure_ascii=False)}
        about |= {"buckets": str(self.shape.buckets), "longest": str(self.shape.longest)}
        about |= {"notes": json.dumps(dict(self.notes), ensure_ascii=False)} if self.notes else {}
        save_file({"idf": self.idf, "weights": self.weights, "scale": self.scale, "bias": self.bias}, path, about)

    @classmethod
    def load(cls, path: Path) -> Classifier:
        """Read what `save` wrote. Raises ConfigurationError for anything else."""
        try:
            with safe_open(path, framework="numpy") as file:
                about = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in ("idf", "weights", "scale", "bias")}
            if about.get("format") != _FORMAT:
                raise ValueError(f"format {about.get('format')!r}, this program reads {_FORMAT!r}")
            labels = tuple(map(str, json.loads(about["labels"])))
            shape = Shape(int(about["buckets"]), int(about["longest"]))
            notes = {str(key): str(value) for key, value in json.loads(about.get("notes", "{}")).items()}
        except (OSError, SafetensorError, ValueError, KeyError, AttributeError) as error:
            raise ConfigurationError(f"{path}: no classifier ({error}); train one with `yiwen train intent`") from error
        if arrays["weights"].shape != (shape.buckets, len(labels)):
            raise ConfigurationError(f"{path}: its weights do not fit its labels; train it again")
        return cls(labels, shape, **arrays, notes=notes)

"""A static embedding: one vector per token of `rag.text.tokens`, a text is their normalised weighted sum. numpy only.

A folder holds `config.json`, `vocabulary.txt` (one token a line, line i names row i) and `vectors.safetensors` with
`vectors` int8 (tokens, dimension) and `scales` float32 (tokens,): row i is `vectors[i] * scales[i]`, its weight
already folded in. A token that occurs n times counts n ** count_exponent. This module alone reads and writes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from rag.errors import DataError, NotFoundError
from rag.text import SAME_TOKENS, TEXT_VERSION, tokens

Floats = NDArray[np.float32]
_FORMAT = 1
_FILES = ("config.json", "vocabulary.txt", "vectors.safetensors")
_BATCH_TOKENS = 8192
"""Rows gathered at once: 8 MiB at 256 dimensions, so memory stays small whatever is encoded."""


@dataclass(frozen=True)
class StaticModel:
    """Tokens and their float32 rows (tokens, dimension), how counts weigh, and how it was made (`recipe`)."""

    vocabulary: tuple[str, ...]
    rows: Floats
    count_exponent: float
    recipe: Mapping[str, Any]

    def save(self, folder: Path) -> str:
        """Write the folder, rows as int8 with one scale each; returns its identity. Overwrites an older model."""
        scales = np.maximum(np.abs(self.rows).max(axis=1), 1e-12).astype(np.float32) / np.float32(127)
        vectors = np.rint(self.rows / scales[:, None]).astype(np.int8)
        vocabulary = "".join(f"{token}\n" for token in self.vocabulary).encode()
        matrix = save_tensors({"vectors": vectors, "scales": scales})
        identity = _identity(vocabulary, matrix, self.count_exponent, TEXT_VERSION)
        config = {
            "format": _FORMAT,
            "identity": identity,
            "dimension": int(self.rows.shape[1]),
            "text_version": TEXT_VERSION,
            "count_exponent": self.count_exponent,
            "recipe": dict(self.recipe),
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "vocabulary.txt").write_bytes(vocabulary)
        (folder / "vectors.safetensors").write_bytes(matrix)
        (folder / "config.json").write_text(json.dumps(config, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return identity


class StaticEmbedder:
    """Implements `rag.ports.Embedder`; safe to share between threads."""

    def __init__(self, vocabulary: Sequence[str], rows: Floats, *, count_exponent: float, identity: str) -> None:
        """`rows` (tokens, dimension) belongs to `vocabulary` line by line."""
        self.identity = identity
        self.dimension = int(rows.shape[1])
        self._row_of = {token: row for row, token in enumerate(vocabulary)}
        self._rows = rows
        self._exponent = count_exponent

    @classmethod
    def load(cls, folder: Path | None = None) -> StaticEmbedder:
        """Read a folder, the packaged one if None. NotFoundError: a file is missing; DataError: it does not fit."""
        files = _read(folder)
        config = _config(files["config.json"], folder)
        vocabulary = files["vocabulary.txt"].decode("utf-8", errors="replace").splitlines()
        vectors, scales = _matrix(files["vectors.safetensors"], folder)
        identity = _identity(
            files["vocabulary.txt"], files["vectors.safetensors"], config["count_exponent"], config["text_version"]
        )
        if identity != config["identity"] or vectors.shape != (len(vocabulary), config["dimension"]):
            raise _broken(folder, f"its files are {identity}, its config.json describes {config['identity']}")
        rows = vectors.astype(np.float32) * scales[:, None]
        return cls(vocabulary, rows, count_exponent=config["count_exponent"], identity=identity)

    def encode(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Floats:
        """(n, dimension), rows of length 1, zeros for a text without known tokens; queries and passages alike."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        batch: list[list[int]] = []
        start = waiting = 0
        for end, text in enumerate(texts, start=1):
            batch.append([row for token in tokens(text) if (row := self._row_of.get(token)) is not None])
            waiting += len(batch[-1])
            if waiting >= _BATCH_TOKENS or end == len(texts):
                self._pool(batch, vectors[start:end])
                batch, start, waiting = [], end, 0
        return vectors

    def _pool(self, batch: Sequence[Sequence[int]], out: Floats) -> None:
        """Write the normalised weighted sums of each text's rows into `out` (len(batch), dimension)."""
        vocabulary = len(self._rows)
        owner = np.repeat(np.arange(len(batch)), [len(ids) for ids in batch])
        ids = np.fromiter((row for ids in batch for row in ids), dtype=np.int64, count=len(owner))
        keys, counts = np.unique(owner * vocabulary + ids, return_counts=True)
        if not len(keys):
            return
        weighted = self._rows[keys % vocabulary]
        if self._exponent != 0:
            weighted *= (counts**self._exponent).astype(np.float32)[:, None]
        texts, first = np.unique(keys // vocabulary, return_index=True)
        sums = np.add.reduceat(weighted, first, axis=0)
        out[texts] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)


def _read(folder: Path | None) -> dict[str, bytes]:
    """The bytes of every file of the folder."""
    root = resources.files("rag.embedders").joinpath("assets") if folder is None else folder
    try:
        return {name: root.joinpath(name).read_bytes() for name in _FILES}
    except OSError as error:
        raise NotFoundError(
            f"static embedding {root}: {error.strerror} ({error.filename}); expected the files {', '.join(_FILES)}, "
            "as `yiwen train embed` writes them"
        ) from error


def _config(content: bytes, folder: Path | None) -> dict[str, Any]:
    """The configuration, checked against this program."""
    try:
        config = json.loads(content)
    except ValueError as error:
        raise _broken(folder, f"config.json is not JSON ({error})") from error
    wanted = {"identity": str, "dimension": int, "text_version": int, "count_exponent": int | float}
    if not isinstance(config, dict) or config.get("format") != _FORMAT:
        raise _broken(folder, f"config.json is not of format {_FORMAT}")
    wrong = [key for key, kind in wanted.items() if not isinstance(config.get(key), kind)]
    if wrong:
        raise _broken(folder, f"config.json lacks a proper {', '.join(wrong)}")
    if config["text_version"] not in SAME_TOKENS:
        raise _broken(folder, f"made for text version {config['text_version']}, this program has {TEXT_VERSION}")
    return config


def _matrix(content: bytes, folder: Path | None) -> tuple[NDArray[np.int8], Floats]:
    """`vectors` and `scales` of the matrix file."""
    try:
        tensors = load_tensors(content)
    except SafetensorError as error:
        raise _broken(folder, f"vectors.safetensors cannot be read ({error})") from error
    vectors, scales = tensors.get("vectors"), tensors.get("scales")
    if vectors is None or scales is None or vectors.dtype != np.int8 or scales.shape != vectors.shape[:1]:
        raise _broken(folder, "vectors.safetensors must hold int8 `vectors` (n, d) and float32 `scales` (n,)")
    return vectors, scales


def _identity(vocabulary: bytes, matrix: bytes, count_exponent: float, text_version: int) -> str:
    """`static-` and 16 hex digits over everything that decides a vector."""
    digest = hashlib.blake2b(digest_size=8)
    for part in (vocabulary, matrix, json.dumps([_FORMAT, text_version, float(count_exponent)]).encode()):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return f"static-{digest.hexdigest()}"


def _broken(folder: Path | None, what: str) -> DataError:
    name = "the packaged static embedding" if folder is None else f"static embedding {folder}"
    return DataError(f"{name}: {what}; make it anew with `yiwen train embed` or reinstall")

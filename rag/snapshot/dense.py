"""The vector index of a snapshot: `vectors.npy` (float16, a row a passage in order of id) and `dense.faiss`.

Rows of the index are rows of the matrix. Up to 200,000 vectors an 8-bit scan is exact enough (recall@10 0.999) and
needs no training worth the name; above, inverted lists; HNSW by setting. One thread a query: splitting a single scan
costs more than it saves, requests run in parallel instead.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from rag.errors import MissingExtraError
from rag.ports import Embedder
from rag.snapshot.derive import indexed_text
from rag.snapshot.files import as_os_error
from rag.snapshot.layout import DENSE, VECTORS

if TYPE_CHECKING:
    import faiss

SCAN_LIMIT = 200_000
_BATCH = 1024
_TRAINING_ROWS = 100_000
_ROWS_PER_LIST = 39
"""FAISS wants this many training vectors for every inverted list."""
_EFFORT = 64
"""Lists, or nodes of the graph, that a query visits."""


def _faiss() -> ModuleType:
    try:
        import faiss
    except ImportError as error:
        raise MissingExtraError(
            "the vector index needs FAISS: install `yiwen[cpu]` (faiss-cpu) or `yiwen[gpu]` (faiss-gpu)"
        ) from error
    faiss.omp_set_num_threads(1)
    return faiss


# ---------------------------------------------------------------- building


def vector_keys(connection: sqlite3.Connection) -> list[int]:
    """The hash of each passage's embedded text, in the order of the matrix."""
    return [key for (key,) in connection.execute("SELECT vector FROM indexed ORDER BY passage")]


def write_vectors(
    folder: Path,
    connection: sqlite3.Connection,
    embedder: Embedder,
    fields: Sequence[str],
    *,
    known: dict[int, int],
    old: NDArray[np.float16] | None,
    progress: Callable[[int, int], None],
) -> int:
    """Write the matrix; rows of `old` are reused where `known` has their text's hash. How many were computed anew."""
    keys = vector_keys(connection)
    matrix = open_memmap(folder / VECTORS, mode="w+", dtype=np.float16, shape=(len(keys), embedder.dimension))
    fresh: list[int] = []
    for row, key in enumerate(keys):
        place = known.get(key)
        if place is None or old is None:
            fresh.append(row)
        else:
            matrix[row] = old[place]
    for start, rows, texts in _texts(connection, fields, fresh):
        matrix[rows] = embedder.encode(texts, kind="passage").astype(np.float16)
        progress(start + len(rows), len(fresh))
    matrix.flush()
    return len(fresh)


def _texts(
    connection: sqlite3.Connection, fields: Sequence[str], wanted: Sequence[int]
) -> Iterator[tuple[int, list[int], list[str]]]:
    """(how many came before, rows, their texts) in batches, reading passages in the order of the matrix."""
    chosen = set(wanted)
    rows: list[int] = []
    texts: list[str] = []
    done = 0
    for row, parts in enumerate(connection.execute("SELECT title, question, text FROM passage ORDER BY pk")):
        if row in chosen:
            rows.append(row)
            texts.append(indexed_text(fields, *parts))
        if len(rows) == _BATCH:
            yield done, rows, texts
            done, rows, texts = done + len(rows), [], []
    if rows:
        yield done, rows, texts


def kind_for(setting: str, count: int) -> str:
    """The index that a setting of `auto`, `sq8`, `ivf` or `hnsw` means for `count` vectors."""
    return ("sq8" if count <= SCAN_LIMIT else "ivf") if setting == "auto" else setting


def write_index(folder: Path, kind: str) -> None:
    """Build `dense.faiss` from the matrix in `folder`."""
    library = _faiss()
    matrix = load_vectors(folder)
    index = _empty_index(library, kind, matrix)
    for start in range(0, len(matrix), _BATCH * 16):
        index.add(np.ascontiguousarray(matrix[start : start + _BATCH * 16], dtype=np.float32))
    try:
        library.write_index(index, str(folder / DENSE))
    except RuntimeError as error:
        raise as_os_error(error, folder / DENSE) from error


def _empty_index(library: ModuleType, kind: str, matrix: NDArray[np.float16]) -> faiss.Index:
    count, dimension = matrix.shape
    inner_product = library.METRIC_INNER_PRODUCT
    lists = max(1, min(int(4 * np.sqrt(count)), count // _ROWS_PER_LIST))
    recipe = {"sq8": "SQ8", "ivf": f"IVF{lists},SQ8", "hnsw": "HNSW32,SQ8"}[kind]
    index: faiss.Index = library.index_factory(dimension, recipe, inner_product)
    step = max(1, count // _TRAINING_ROWS)
    sample = np.ascontiguousarray(matrix[::step], dtype=np.float32)
    if count == 0:
        sample = np.zeros((lists, dimension), dtype=np.float32)
    index.train(sample)
    return index


def load_vectors(folder: Path) -> NDArray[np.float16]:
    """The matrix of a snapshot, mapped, read only; (passages, dimension)."""
    matrix: NDArray[np.float16] = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
    return matrix


# ---------------------------------------------------------------- reading


class DenseIndex:
    """`dense.faiss` in memory. Its checksum must have been compared before: FAISS trusts what it reads."""

    def __init__(self, path: Path) -> None:
        self._index: faiss.Index = _faiss().read_index(str(path))
        if hasattr(self._index, "nprobe"):
            self._index.nprobe = _EFFORT
        if hasattr(self._index, "hnsw"):
            self._index.hnsw.efSearch = _EFFORT

    @property
    def count(self) -> int:
        """Vectors held."""
        return int(self._index.ntotal)

    def search(self, vector: NDArray[np.float32], limit: int) -> list[tuple[int, float]]:
        """(row, inner product), best first, ties by row; `vector` has shape (dimension,)."""
        scores, rows = self._index.search(np.ascontiguousarray(vector, dtype=np.float32)[None, :], limit)
        found = [(int(row), float(score)) for row, score in zip(rows[0], scores[0], strict=True) if row >= 0]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

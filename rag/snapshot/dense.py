"""The vector index of a snapshot, `dense.faiss`; its rows are those of `vectors.npy`.

Up to 200,000 vectors an 8-bit scan is exact enough (recall@10 0.999) and needs no training worth the name; above,
inverted lists. By setting, `hnsw`: the same lists, found by the HNSW graph of their centres, with codes of one bit a
dimension (product quantisation, Jegou et al. 2011; scanned in registers, Andre et al. 2017). How many lists a query
visits is measured when the index is built, on the vectors themselves, and kept in its file. One thread a query:
splitting a single scan costs more than it saves, requests run in parallel instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import MissingExtraError
from rag.snapshot.files import as_os_error
from rag.snapshot.layout import DENSE
from rag.snapshot.vectors import Matrix, mapped

if TYPE_CHECKING:
    import faiss

SCAN_LIMIT = 200_000
RECALL = 0.995
"""Share of the true ten nearest that a built index must find, measured on `_PROBES` queries."""
_NEAREST = 10
_PROBES = 512
_CLOSE = 0.002
"""Where no effort reaches `RECALL`, this close to the best is enough."""
_CANDIDATES, _CODED_CANDIDATES = 2, 10
"""Rows that lists find for each row asked for, of rounded vectors and of codes: the true order comes afterwards."""
_EFFORTS = (8, 12, 16, 24, 32, 40, 48, 64, 96, 128, 192, 256, 384, 512)
"""Lists that a query may visit."""
_CODED_FROM = 1_000
"""Fewer vectors do not teach a quantiser."""
_PER_CODE = 4
"""Dimensions that a code of 4 bits stands for."""
_TRAINING_BYTES = 16 << 20
_ROWS_PER_LIST = 39
"""FAISS wants this many training vectors for every inverted list."""
_ASSIGNING = 64
"""Effort of finding the list that a vector belongs to."""
_AT_ONCE = 2_048
"""Vectors whose products with all probes are held at once: some 30 MB."""
_DISPLACED = 0.3
"""How far a probe lies from a passage."""

_LISTED = ("ivf", "hnsw")
Floats = NDArray[np.float32]


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


def kind_for(setting: str, count: int) -> str:
    """The index that a setting of `auto`, `sq8`, `ivf` or `hnsw` means for `count` vectors."""
    return ("sq8" if count <= SCAN_LIMIT else "ivf") if setting == "auto" else setting


def write_index(folder: Path, kind: str) -> None:
    """Build `dense.faiss` from the matrix in `folder`. `kind` is one of `kind_for`, or `flat`, the yardstick."""
    library = _faiss()
    matrix = Matrix(folder)
    index = _trained(library, kind, matrix)
    for block in matrix.blocks():
        index.add(block)
    if kind in _LISTED and index.ntotal > _NEAREST:
        _set_effort(library, index, matrix)
    try:
        library.write_index(index, str(folder / DENSE))
    except RuntimeError as error:
        raise as_os_error(error, folder / DENSE) from error


def _trained(library: ModuleType, kind: str, matrix: Matrix) -> faiss.Index:
    """An index without vectors that has seen a sample of them."""
    count, dimension = matrix.shape
    lists = max(1, min(int(4 * np.sqrt(count)), count // _ROWS_PER_LIST))
    codes = _codes(dimension) if kind == "hnsw" and count >= _CODED_FROM else "SQ8"
    recipe = {"flat": "Flat", "sq8": "SQ8"}.get(kind, f"IVF{lists}_HNSW32,{codes}")
    index: Any = library.index_factory(dimension, recipe, library.METRIC_INNER_PRODUCT)
    if kind in _LISTED:
        library.downcast_index(index.quantizer).hnsw.efSearch = _ASSIGNING
        sample = _sample(matrix, lists * _ROWS_PER_LIST, lists)
        # the centres first: training all at once holds the sample of them three times
        index.train_q1(len(sample), library.swig_ptr(sample), False, index.metric_type)
        del sample
    index.train(_sample(matrix, _TRAINING_BYTES // (4 * dimension), lists))
    trained: faiss.Index = index
    return trained


def _sample(matrix: Matrix, wanted: int, least: int) -> Floats:
    """About `wanted` vectors, evenly spread and held once; `least` zeros where there are none."""
    count, dimension = matrix.shape
    if not count:
        return np.zeros((least, dimension), dtype=np.float32)
    step = max(1, count // wanted)
    sample = np.empty((-(-count // step), dimension), dtype=np.float32)
    filled = 0
    for block in matrix.blocks(step):
        sample[filled : filled + len(block)] = block
        filled += len(block)
    return sample


def _codes(dimension: int) -> str:
    """One code of 4 bits for four dimensions, or the next more that divide evenly."""
    return f"PQ{next(n for n in range(max(1, dimension // _PER_CODE), 0, -1) if dimension % n == 0)}x4fs"


# ---------------------------------------------------------------- effort


def _set_effort(library: ModuleType, index: faiss.Index, matrix: Matrix) -> None:
    """The least effort that finds `RECALL` of the true neighbours, or all that this index can ever find."""
    queries = _probes(matrix)
    truth = exact(queries, matrix.blocks(), _NEAREST)
    recalls = []
    for effort in _EFFORTS:
        _visit(library, index, effort)
        recalls.append(recall(index.search(queries, _NEAREST * _candidates(index))[1], truth))
        if recalls[-1] >= RECALL:
            return
    enough = next(n for n, found in enumerate(recalls) if found >= max(recalls) - _CLOSE)
    _visit(library, index, _EFFORTS[enough])


def _visit(library: ModuleType, index: faiss.Index, effort: int) -> None:
    chosen: Any = index  # FAISS does not declare what only some indexes have
    chosen.nprobe = min(effort, chosen.nlist)
    library.downcast_index(chosen.quantizer).hnsw.efSearch = max(chosen.nprobe, 16)


def _candidates(index: faiss.Index) -> int:
    return _CODED_CANDIDATES if hasattr(index, "pq") else _CANDIDATES


def _probes(matrix: Matrix) -> Floats:
    """Queries near passages: half of them lie in the direction of another passage, half in any direction."""
    count = matrix.shape[0]
    places = np.linspace(0, count - 1, num=min(count, 2 * _PROBES), dtype=np.int64)
    chosen = np.random.default_rng(0).permutation(matrix.rows(places).astype(np.float32))
    half = len(chosen) // 2
    away = chosen[half : 2 * half]
    away[::2] = np.random.default_rng(1).standard_normal(away[::2].shape, dtype=np.float32) / np.sqrt(away.shape[1])
    mixed = chosen[:half] + np.float32(_DISPLACED) * away
    return np.ascontiguousarray(mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12))


def exact(queries: Floats, blocks: Iterator[Floats], limit: int) -> NDArray[np.int64]:
    """Rows of the `limit` largest inner products of each query, (queries, limit), best first."""
    best = np.full((len(queries), limit), -np.inf, dtype=np.float32)
    rows = np.full((len(queries), limit), -1, dtype=np.int64)
    start = 0
    for part in (block[first : first + _AT_ONCE] for block in blocks for first in range(0, len(block), _AT_ONCE)):
        scores = np.concatenate([best, queries @ part.T], axis=1)
        chosen = np.argpartition(scores, -limit, axis=1)[:, -limit:]
        before = np.take_along_axis(rows, np.minimum(chosen, limit - 1), axis=1)
        rows = np.where(chosen < limit, before, chosen - limit + start)
        best = np.take_along_axis(scores, chosen, axis=1)
        start += len(part)
    return np.take_along_axis(rows, np.argsort(-best, axis=1), axis=1)


def recall(found: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """The mean share of each row of `truth` that the same row of `found` holds."""
    shares = [len(np.intersect1d(mine, true)) / len(true) for mine, true in zip(found, truth, strict=True)]
    return float(np.mean(shares))


# ---------------------------------------------------------------- reading


class DenseIndex:
    """`dense.faiss` of a folder in memory. Its checksum must have been compared before: FAISS trusts what it reads.

    Where it holds inverted lists, its candidates are scored anew from the matrix, which stays on the disk.
    """

    def __init__(self, folder: Path) -> None:
        self._index: faiss.Index = _faiss().read_index(str(folder / DENSE))
        self._exact = mapped(folder) if self.effort else None

    @property
    def count(self) -> int:
        """Vectors held."""
        return int(self._index.ntotal)

    @property
    def effort(self) -> int:
        """Lists that a query visits; 0 where it sees every vector."""
        return int(self._index.nprobe) if hasattr(self._index, "nprobe") else 0

    def search(self, vector: Floats, limit: int) -> list[tuple[int, float]]:
        """(row, inner product), best first, ties by row; `vector` has shape (dimension,)."""
        if self.count == 0:
            return []
        wanted = limit if self._exact is None else min(limit * _candidates(self._index), self.count)
        scores, rows = self._index.search(np.ascontiguousarray(vector, dtype=np.float32)[None, :], wanted)
        places, values = rows[0][rows[0] >= 0], scores[0][rows[0] >= 0]
        if self._exact is not None:
            values = self._exact[places].astype(np.float32) @ vector
        found = zip(places.tolist(), values.tolist(), strict=True)
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:limit]

"""Vector search against a flat scan: `python -m evaluation.speed.vectors COUNT ROUNDS KIND...` prints a JSON document.

Made vectors: 2,000 clusters in 512 dimensions, each spread over 48 of them, every length 1; a query is a noisy copy of
one. The indexes are built and searched by the code that serves; the flat scan is FAISS's `IndexFlatIP` on the same
rows, one thread, the same queries in turn.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from evaluation.speed.figures import percentile
from rag.snapshot.dense import DenseIndex, Floats, exact, kind_for, recall, write_index
from rag.snapshot.layout import DENSE, VECTORS
from rag.snapshot.vectors import Matrix

DIMENSION = 512
_CLUSTERS, _SPREAD, _BASES = 2_000, 48, 8
_NOISE = 0.3
"""Length of what is added to a vector of length 1 to make a query of it."""
_QUERIES, _TIMED, _NEAREST = 500, 100, 10
_BLOCK = 20_000


def measure(count: int, kinds: list[str], rounds: int) -> dict[str, Any]:
    """Per kind: seconds to build, bytes, recall@10, milliseconds a query in each round; `flat` the same."""
    with tempfile.TemporaryDirectory(prefix="yiwen-vectors-") as name:
        folder = Path(name)
        write_made(folder, count)
        matrix = Matrix(folder)
        queries = made_queries(matrix)
        truth = exact(queries, matrix.blocks(), _NEAREST)
        found: dict[str, Any] = {"count": count}
        flat, _ = _built(folder, "flat")
        for kind in kinds:
            index, found[kind] = _built(folder, kind_for(kind, count))
            rows = [[row for row, _ in index.search(query, _NEAREST)] for query in queries]
            found[kind]["recall"] = recall(np.array(rows), truth)
            times = [_in_turn(flat, index, queries[:_TIMED]) for _ in range(rounds)]
            found[kind]["flat_ms"], found[kind]["ms"] = zip(*times, strict=True)
        return found


def write_made(folder: Path, count: int) -> None:
    """Write `vectors.npy` with `count` made vectors."""
    rng = np.random.default_rng(7)
    centres = _unit(rng.standard_normal((_CLUSTERS, DIMENSION), dtype=np.float32))
    bases = rng.standard_normal((_BASES, _SPREAD, DIMENSION), dtype=np.float32) / np.float32(np.sqrt(DIMENSION))
    with (folder / VECTORS).open("wb") as file:
        npy.write_array_header_1_0(file, {"descr": "<f2", "fortran_order": False, "shape": (count, DIMENSION)})
        for start in range(0, count, _BLOCK):
            clusters = rng.integers(0, _CLUSTERS, min(_BLOCK, count - start))
            spread = rng.standard_normal((len(clusters), _SPREAD), dtype=np.float32) / np.float32(np.sqrt(_SPREAD))
            rows = centres[clusters]
            for base in range(_BASES):
                mine = clusters % _BASES == base
                rows[mine] += spread[mine] @ bases[base]
            file.write(_unit(rows).astype(np.float16).tobytes())


def made_queries(matrix: Matrix) -> Floats:
    """Noisy copies of rows all over the matrix."""
    rng = np.random.default_rng(8)
    rows = matrix.rows(np.sort(rng.integers(0, matrix.shape[0], _QUERIES))).astype(np.float32)
    noise = _unit(rng.standard_normal(rows.shape, dtype=np.float32))
    return _unit(rng.permutation(rows + np.float32(_NOISE) * noise))


def _unit(rows: Floats) -> Floats:
    found: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def _built(folder: Path, kind: str) -> tuple[DenseIndex, dict[str, Any]]:
    begin = time.perf_counter()
    write_index(folder, kind)
    seconds = time.perf_counter() - begin
    index = DenseIndex(folder)
    return index, {"kind": kind, "build_s": seconds, "bytes": (folder / DENSE).stat().st_size, "effort": index.effort}


def _in_turn(flat: DenseIndex, index: DenseIndex, queries: Floats) -> tuple[float, float]:
    """Median milliseconds of a query on both; each query first on one, then on the other."""
    taken: tuple[list[float], list[float]] = ([], [])
    for query in queries:
        for side, searched in zip(taken, (flat, index), strict=True):
            side.append(_milliseconds(searched, query))
    return percentile(taken[0], 0.5), percentile(taken[1], 0.5)


def _milliseconds(index: DenseIndex, query: Floats) -> float:
    begin = time.perf_counter()
    index.search(query, _NEAREST)
    return (time.perf_counter() - begin) * 1000


if __name__ == "__main__":
    size, times, *names = sys.argv[1:]
    sys.stdout.write(json.dumps(measure(int(size), names, int(times))))

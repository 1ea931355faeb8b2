"""The vector index: what it finds against brute force, and the file of vectors that it is built from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation.speed.vectors import write_made
from rag.snapshot import Library
from rag.snapshot.dense import DenseIndex, exact, kind_for, recall, write_index
from rag.snapshot.vectors import Column, Keys, Matrix, Old
from tests.kb import BOOK, HashEmbedder, generated, opened, publish


def keys(*values: int) -> Keys:
    return np.array(values, dtype=np.int64)


def split(rows: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [rows[:7], rows[7:8], rows[8:]]


def test_exact_is_brute_force_whatever_the_blocks() -> None:
    rng = np.random.default_rng(1)
    rows, queries = rng.standard_normal((50, 8), np.float32), rng.standard_normal((5, 8), np.float32)
    truth = np.argsort(-(queries @ rows.T), axis=1)[:, :10]
    assert np.array_equal(exact(queries, iter(split(rows)), 10), truth)
    assert recall(truth, truth) == 1.0
    assert recall(truth[:, :5], truth) == 0.5


def test_more_is_asked_for_than_there_is() -> None:
    rows = np.eye(3, dtype=np.float32)
    assert sorted(exact(rows[:1], iter([rows]), 5)[0].tolist()) == [-1, -1, 0, 1, 2]


@pytest.mark.parametrize("kind", ["ivf", "hnsw"])
def test_an_index_with_an_effort_finds_the_neighbours(tmp_path: Path, kind: str) -> None:
    write_made(tmp_path, 5_000)
    write_index(tmp_path, kind)
    index, matrix = DenseIndex(tmp_path), Matrix(tmp_path)
    assert index.count == 5_000
    assert index.effort >= 8
    queries = matrix.rows(np.arange(0, 5_000, 50)).astype(np.float32)
    queries += np.float32(0.01) * np.random.default_rng(0).standard_normal(queries.shape, np.float32)
    truth = exact(queries, matrix.blocks(), 10)
    found = [index.search(query, 10) for query in queries]
    assert recall(np.array([[row for row, _ in hits] for hits in found]), truth) >= 0.97
    row, score = found[0][0]
    assert score == pytest.approx(float(matrix.rows(keys(row)).astype(np.float32)[0] @ queries[0]), abs=1e-4)


@pytest.mark.parametrize("kind", ["sq8", "ivf", "hnsw"])
def test_any_kind_serves_any_number_of_passages(tmp_path: Path, kind: str) -> None:
    library = Library(tmp_path)
    for size in (0, 1, 60):
        publish(library, {"a": [BOOK, *generated(1, size)]}, embedder=HashEmbedder(), dense_index=kind)
        assert len(opened(library).search_dense(np.ones(16, np.float32), limit=5)) == min(size, 5)


def test_a_scan_up_to_its_limit_then_lists() -> None:
    assert [kind_for("auto", 200_000), kind_for("auto", 200_001), kind_for("hnsw", 5)] == ["sq8", "ivf", "hnsw"]


def test_rows_are_read_in_blocks_and_by_number(tmp_path: Path) -> None:
    write_made(tmp_path, 9_000)  # more than one block
    matrix = Matrix(tmp_path)
    whole = np.load(tmp_path / "vectors.npy")
    assert np.array_equal(np.concatenate([*matrix.blocks()]), whole.astype(np.float32))
    assert np.array_equal(np.concatenate([*matrix.blocks(7)]), whole[::7].astype(np.float32))
    assert np.array_equal(matrix.rows(keys(3, 8_999, 3)), whole[[3, 8_999, 3]])


def test_vectors_and_documents_are_known_again_by_their_hash(tmp_path: Path) -> None:
    write_made(tmp_path, 4)
    before = Column(keys(10, 20, 30, 40), keys(5, 3, 9, 3))
    now = Column(keys(10, 25, 30), keys(9, 4, 9))
    assert Old(Matrix(tmp_path), before).places(now.hashes).tolist() == [2, -1, 2]
    assert now.beyond(before).tolist() == [10, 25]
    assert before.beyond(now).tolist() == [10, 20, 40]
    empty = Column(keys(), keys())
    assert now.beyond(empty).tolist() == [10, 25, 30]
    assert empty.beyond(now).tolist() == []
    assert Old(Matrix(tmp_path), empty).places(now.hashes).tolist() == [-1, -1, -1]

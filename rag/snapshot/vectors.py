"""`vectors.npy`: float16, a row a passage in order of its key, written and read in blocks.

Plain reads and writes instead of a map of the whole file: memory stays that of a block, and a full disk is an error
instead of a signal that ends the process.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from rag.ports import Embedder
from rag.snapshot.derive import indexed_text
from rag.snapshot.layout import VECTORS

Keys = NDArray[np.int64]
_ROWS = 1024
"""Passages embedded at once."""
_BLOCK_BYTES = 16 << 20
"""float32 values handled at once."""


@dataclass(frozen=True)
class Column:
    """Per passage, in the order of the matrix: its key, and the hash of what an index holds about it."""

    passages: Keys
    hashes: Keys

    def beyond(self, other: Column) -> Keys:
        """Passages that `other` lacks or has with another hash."""
        if not len(other.passages):
            return self.passages
        at = np.minimum(np.searchsorted(other.passages, self.passages), len(other.passages) - 1)
        same = (other.passages[at] == self.passages) & (other.hashes[at] == self.hashes)
        found: Keys = self.passages[~same]
        return found


def read_column(connection: sqlite3.Connection, name: str) -> Column:
    """`vector` or `document` of the table `indexed`; 16 bytes a passage."""
    count = int(connection.execute("SELECT count(*) FROM indexed").fetchone()[0])
    rows = connection.execute(f"SELECT passage, {name} FROM indexed ORDER BY passage")
    pairs = np.fromiter(rows, dtype=np.dtype((np.int64, 2)), count=count)
    return Column(np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1]))


class Matrix:
    """The matrix of one folder: (passages, dimension)."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / VECTORS
        with self._path.open("rb") as file:
            npy.read_magic(file)
            self.shape, _, self._type = npy.read_array_header_1_0(file)
            self._start = file.tell()

    def rows(self, places: Keys) -> NDArray[np.float16]:
        """Rows by number; the map that serves them is gone afterwards."""
        return np.array(mapped(self._path.parent)[places])

    def blocks(self, step: int = 1) -> Iterator[NDArray[np.float32]]:
        """Every `step`-th row, in order, some at a time."""
        count, dimension = self.shape
        height = max(step, _BLOCK_BYTES // (4 * dimension) // step * step)
        with self._path.open("rb") as file:
            file.seek(self._start)
            for start in range(0, count, height):
                rows = min(height, count - start)
                block = np.fromfile(file, dtype=self._type, count=rows * dimension).reshape(rows, dimension)
                yield np.ascontiguousarray(block[::step], dtype=np.float32)


def mapped(folder: Path) -> NDArray[np.float16]:
    """The matrix of a sealed folder as a map: what is touched counts as memory until the map is gone."""
    found: NDArray[np.float16] = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
    return found


@dataclass(frozen=True)
class Old:
    """The vectors of the version before and what text each belongs to."""

    matrix: Matrix
    column: Column

    def places(self, hashes: Keys) -> Keys:
        """The row that holds the vector of each text, -1 where there is none."""
        if not len(self.column.hashes):
            return np.full(len(hashes), -1, dtype=np.int64)
        order = np.argsort(self.column.hashes, kind="stable")
        ordered = self.column.hashes[order]
        at = np.minimum(np.searchsorted(ordered, hashes), len(ordered) - 1)
        places: Keys = np.where(ordered[at] == hashes, order[at], -1)
        return places


def write_vectors(
    folder: Path,
    connection: sqlite3.Connection,
    embedder: Embedder,
    fields: Sequence[str],
    *,
    column: Column,
    old: Old | None,
    progress: Callable[[int, int], None],
) -> int:
    """Write the matrix for `column`; vectors of texts that `old` knows are taken over. How many were computed anew."""
    count = len(column.passages)
    places = old.places(column.hashes) if old else np.full(count, -1, dtype=np.int64)
    total, done = int((places < 0).sum()), 0
    with (folder / VECTORS).open("wb") as file:
        header = {"descr": "<f2", "fortran_order": False, "shape": (count, embedder.dimension)}
        npy.write_array_header_1_0(file, header)
        for start in range(0, count, _ROWS):
            part = places[start : start + _ROWS]
            known, fresh = np.flatnonzero(part >= 0), np.flatnonzero(part < 0)
            block = np.zeros((len(part), embedder.dimension), dtype=np.float16)
            if old and len(known):
                block[known] = old.matrix.rows(part[known])
            if len(fresh):
                texts = _texts(connection, fields, column.passages[start : start + _ROWS][fresh])
                block[fresh] = embedder.encode(texts, kind="passage").astype(np.float16)
                done += len(fresh)
                progress(done, total)
            file.write(block.tobytes())
    return total


def _texts(connection: sqlite3.Connection, fields: Sequence[str], passages: Keys) -> list[str]:
    """What is embedded of passages given by key, in their order."""
    sql = "SELECT p.title, p.question, p.text FROM json_each(?) j CROSS JOIN passage p ON p.pk = j.value ORDER BY j.key"
    return [indexed_text(fields, *parts) for parts in connection.execute(sql, (json.dumps(passages.tolist()),))]

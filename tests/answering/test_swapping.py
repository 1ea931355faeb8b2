"""Real versions swapped again and again: what was let go of is gone, files and memory alike."""

from __future__ import annotations

import gc
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from kg_loader.versions import activate
from rag.editions import KEPT_OPEN, Editions
from rag.snapshot import Library, Snapshot
from rag.wiring import open_editions
from tests.kb import disease, publish, settings_for, small_kb

_VERSIONS, _SWAPS, _THREADS = KEPT_OPEN + 2, 40, 4


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """`_VERSIONS` versions."""
    library = Library(tmp_path)
    for number in range(_VERSIONS):
        publish(library, {f"a{number}": small_kb()})
    return library


def test_swaps_leave_nothing_open(library: Library) -> None:
    editions = open_editions(settings_for(library.data_dir))
    held = {}
    with ThreadPoolExecutor(_THREADS) as threads:
        for swap in range(_SWAPS):
            activate(library, swap % _VERSIONS + 1)
            editions.refresh()
            _read_in_every_thread(editions, threads)
            if swap in (_VERSIONS, _SWAPS - 1):  # once all were open, and at the end: every object is looked at
                held[swap] = _open_files(library), _snapshots(library)
    assert held[_SWAPS - 1] == held[_VERSIONS]
    assert held[_SWAPS - 1][1] == KEPT_OPEN


def test_no_thread_maps_the_records(library: Library) -> None:
    editions = open_editions(settings_for(library.data_dir))
    with ThreadPoolExecutor(_THREADS) as threads:
        _read_in_every_thread(editions, threads)
        maps = Path("/proc/self/maps").read_text(encoding="utf-8")
    assert not any(f"{library.snapshots}" in line and "records.sqlite" in line for line in maps.splitlines())


def _read_in_every_thread(editions: Editions, threads: ThreadPoolExecutor) -> None:
    together = Barrier(_THREADS)

    def read(_: int) -> None:
        together.wait(timeout=10)
        assert editions.current().kb.entities([disease("甲病")])

    list(threads.map(read, range(_THREADS)))


def _open_files(library: Library) -> Counter[str]:
    """Files of snapshots that this process holds open, by name."""
    opened = [os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")]
    return Counter(Path(path).name for path in opened if path.startswith(str(library.snapshots)))


def _snapshots(library: Library) -> int:
    return sum(isinstance(one, Snapshot) and one.folder.is_relative_to(library.snapshots) for one in gc.get_objects())

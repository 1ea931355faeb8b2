"""The packer: no row lost or cut, order kept, packs full."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.data.packing import WINDOW, fill, pack
from rag.errors import DataError


@given(st.lists(st.integers(1, 100), max_size=300), st.integers(1, 12))
def test_every_row_once_in_order_and_within_the_pack(lengths: list[int], window: int) -> None:
    packs = pack(lengths, 100, window=window)
    assert sorted(row for one in packs for row in one) == list(range(len(lengths)))
    assert all(sum(lengths[row] for row in one) <= 100 for one in packs)
    assert all(one == sorted(one) for one in packs)
    assert [one[0] for one in packs] == sorted(one[0] for one in packs)
    place = {row: number for number, one in enumerate(packs) for row in one}
    latest = -1
    for row in range(len(lengths)):
        assert place[row] > latest - window
        latest = max(latest, place[row])


@pytest.mark.parametrize(("capacity", "least"), [(2048, 0.97), (4096, 0.985), (8192, 0.99), (16384, 0.994)])
def test_packs_are_full_at_lengths_like_those_of_a_consultation(capacity: int, least: float) -> None:
    lengths = np.random.default_rng(0).lognormal(5.3, 0.35, 8658).clip(20, 716).astype(int).tolist()
    assert fill(pack(lengths, capacity), lengths, capacity) >= least


def test_packs_of_long_dialogues_are_full_too() -> None:
    lengths = np.random.default_rng(1).integers(16, 1024, 20000).tolist()
    assert fill(pack(lengths, 8192, window=WINDOW), lengths, 8192) >= 0.99


def test_a_row_longer_than_a_pack_is_named() -> None:
    with pytest.raises(DataError, match=r"row 1 has 11 tokens, a pack 10; lower data\.cutoff"):
        pack([3, 11], 10)


def test_no_rows_no_packs() -> None:
    assert pack([], 10) == []
    assert fill([], [], 10) == 0

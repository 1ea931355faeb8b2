"""Small versions of the long measurements, which `yiwen bench --part` and the long tests run in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.speed import big, retrieving, swaps, vectors
from evaluation.speed.corpora import SAMPLE
from evaluation.speed.process import memory_mb
from rag.snapshot import Library, open_snapshot

pytestmark = pytest.mark.timeout(300)  # processes of their own, on a machine that may be busy


def test_the_default_index_is_as_good_as_a_flat_scan_and_no_slower() -> None:
    found = vectors.measure(60_000, ["auto"], rounds=2)["auto"]
    assert found["kind"] == "sq8"
    assert found["recall"] >= 0.99
    assert min(ours / flat for ours, flat in zip(found["ms"], found["flat_ms"], strict=True)) <= 1.0


@pytest.mark.long
def test_the_default_index_at_100_000_vectors() -> None:
    found = vectors.measure(100_000, ["auto"], rounds=5)["auto"]
    assert found["recall"] >= 0.99
    assert min(ours / flat for ours, flat in zip(found["ms"], found["flat_ms"], strict=True)) <= 0.7


@pytest.mark.parametrize("megabytes", [3, pytest.param(120, marks=pytest.mark.long)])
def test_memory_keeps_its_limits_and_a_killed_ingestion_goes_on(megabytes: int) -> None:
    if memory_mb(1, "RssAnon") is None and memory_mb(1, "VmRSS") is None:
        pytest.skip("this system does not tell the memory of a process")
    found = big.measure(megabytes)
    assert found["loaded"]["passage"] == found["lines"]
    assert found["resumed_after_last_commit"]
    assert 0 < found["peaks_mb"]["staging"] <= 300
    assert 0 < found["peaks_mb"]["seal"] <= 300 + 1.3 * found["dense_mb"]


@pytest.mark.seconds
def test_retrieval_among_many_passages_keeps_its_time() -> None:
    found = retrieving.measure([SAMPLE / "facts.csv", SAMPLE / "passages.jsonl"], 1_000)
    assert found["passages"] == 1_000
    assert found["cpu_p50"] <= 25
    assert {"search_sparse", "search_dense", "encode"} <= set(found["parts_p99"])
    assert found["cpu_p99"] <= 2 * sum(found["parts_p99"].values())


@pytest.mark.seconds
def test_swaps_under_load_mix_nothing_and_fail_nobody() -> None:
    found = swaps.measure([SAMPLE / "facts.csv", SAMPLE / "passages.jsonl"], seconds=1.0, swaps=6)
    assert found["errors"] == []
    assert found["not in their version"] == []
    assert found["citations"] > 100
    assert len(found["forward_s"]) == len(found["back_s"]) == 3
    assert max(found["forward_s"] + found["back_s"]) < 30.0, "every version that was activated answered"


def test_a_citation_of_another_version_would_be_noticed(tmp_path: Path) -> None:
    swaps.publish_versions(tmp_path, [SAMPLE / "facts.csv"])
    library = Library(tmp_path)
    assert len(library.folders()) == swaps.VERSIONS
    first, second = (open_snapshot(library.snapshot_folder(version)) for version in (1, 2))
    fact = next(iter(first.scan("fact")))
    identifier, text = (one := next(iter(first.evidence([fact.id]).values()))).id, one.text  # type: ignore[union-attr]
    assert second.evidence([identifier]) == {}
    assert swaps.not_in_their_version(library, {(1, identifier, text[:4], 0)}) == []
    assert swaps.not_in_their_version(library, {(2, identifier, text[:4], 0)}) == [f"{identifier} in version 2"]
    assert swaps.not_in_their_version(library, {(1, identifier, text[:4], 1)}) == [f"{identifier} in version 1"]

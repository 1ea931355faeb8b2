"""Comparing, going back, pruning, rebuilding."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg_loader import versions
from rag.errors import ConflictError, NotFoundError, NotReadyError
from rag.snapshot import Library
from rag.text import tokens
from tests.kb import BOOK, HashEmbedder, generated, has_symptom, opened, publish, settings_for, small_kb


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library(tmp_path)
    publish(library, {"small": small_kb()})
    publish(library, {"more": [BOOK, has_symptom("丙病", "头晕")]})
    return library


def test_info_names_the_current_version(library: Library) -> None:
    found = versions.info(library)
    assert (found.pointer.version, found.manifest.version, found.versions) == (2, 2, (1, 2))
    assert found.manifest.counts["fact"] == 6
    assert found.size_bytes > 0


def test_before_the_first_version(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match="publish one with `yiwen ingest FILE`"):
        versions.info(Library(tmp_path))


def test_diff_counts_and_shows_both_ways(library: Library) -> None:
    forward, backward = versions.diff(library, 1, 2), versions.diff(library, 2, 1)
    assert (forward["fact"].added, forward["fact"].removed) == (1, 0)
    assert forward["fact"].added_samples == ("disease:丙病 has_symptom symptom:头晕",)
    assert forward["entity"].added_samples == ("disease:丙病 丙病",)
    assert forward["dataset"].added_samples == ("more",)
    assert forward["passage"] == backward["passage"]
    assert backward["fact"].removed_samples == forward["fact"].added_samples
    with pytest.raises(NotFoundError, match="expected one of: 1, 2"):
        versions.diff(library, 1, 5)


def test_going_back_and_the_next_ingestion_starts_from_there(library: Library) -> None:
    pointer = versions.activate(library, 1)
    assert (pointer.revision, pointer.version) == (3, 1)
    assert versions.activate(library, 1) == pointer, "already there"
    assert opened(library).manifest.counts["fact"] == 5
    report = publish(library, {"other": [BOOK]})
    assert report.version == 3
    assert opened(library).manifest.parent == 1
    assert opened(library).manifest.datasets == ("other", "small")


def test_going_back_with_a_revision_that_is_gone(library: Library) -> None:
    with pytest.raises(ConflictError, match="at revision 2, expected 1"):
        versions.activate(library, 1, expected=1)


def test_a_version_published_meanwhile_stops_a_paused_writer(library: Library) -> None:
    def interfere(point: str) -> None:
        if point == "seal.renamed":
            versions.activate(library, 1)

    with pytest.raises(ConflictError, match="another command published in between"):
        publish(library, {"late": generated(1, 3)}, reached=interfere)
    pointer = library.pointer()
    assert pointer is not None
    assert pointer.version == 1


def test_prune_spares_the_newest_and_the_current(library: Library) -> None:
    for seed in range(3):
        publish(library, {"x": generated(seed, 2)})
    versions.activate(library, 2)
    pruned = versions.prune(library, settings_for(library.data_dir, keep_versions=2))
    assert (pruned.removed, pruned.kept) == ((1, 3), (2, 4, 5))
    assert publish(library, {"y": [BOOK]}).version == 6


def test_reindex_keeps_the_records_and_changes_the_indexes(library: Library) -> None:
    before = opened(library)
    assert before.search_sparse(tokens("good"), concepts=[], limit=3) != []
    settings = settings_for(library.data_dir)
    manifest = versions.reindex(library, settings, embedder=HashEmbedder(), indexed_fields=["text"])
    after = opened(library)
    assert manifest.version == after.version == 3
    assert after.digest == before.digest
    assert (after.manifest.embedder, after.manifest.indexed_fields) == ("hash-16", ("text",))
    assert after.index_sizes == {"sparse": 2, "dense": 2}
    assert after.search_sparse(tokens("good"), concepts=[], limit=3) == []
    assert publish(library, {"more": [BOOK, has_symptom("丙病", "头晕")]}, embedder=HashEmbedder()).unchanged

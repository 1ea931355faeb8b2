"""Withdrawing, restoring and retractions, on versions in a folder and through the product's own pipeline."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kg_loader.curation import restore, withdraw
from kg_loader.export import lines
from kg_loader.ingest import ingest
from kg_loader.verify import verify
from kg_loader.versions import activate, diff, prune
from rag.domain import Passage, PassageKind, Record, Retraction, Source
from rag.errors import ConflictError, CorruptSnapshotError, NotFoundError, StorageError, UsageError
from rag.pipeline import Options
from rag.register import EntryKind
from rag.snapshot import Library
from rag.vocabulary import Grade
from rag.wiring import build
from tests.kb import BOOK, TRIAL, disease, has_symptom, opened, publish, settings_for, small_kb
from tests.sources.pubmed_files import article, pubmed_file

PAPER = Source("甲病的随访", "journal-article", Grade.TRIAL, doi="10.1000/Rest.1", pmid="77")
FINDING = Passage(
    "甲病患者静养后头晕减轻。", PassageKind.CONCLUSION, PAPER.id, title="甲病的随访", about=disease("甲病")
)
QUESTION = "静养能减轻甲病的头晕吗"


@pytest.fixture
def library(data_dir: Path) -> Library:
    library = Library(data_dir)
    publish(library, {"small": small_kb()})
    publish(library, {"papers": [PAPER, FINDING]})
    return library


def cited(library: Library, question: str = QUESTION, version: int | None = None) -> set[str]:
    answer = build(settings_for(library.data_dir)).ask(question, Options(kb_version=version, detail="full"))
    return {citation.evidence_id for citation in answer.citations}


@pytest.mark.parametrize("key", [FINDING.id, PAPER.id, "pmid:0077", "doi:10.1000/REST.1"])
def test_a_running_pipeline_stops_citing_at_once_and_begins_again(library: Library, key: str) -> None:
    pipeline = build(settings_for(library.data_dir))
    assert FINDING.id in {c.evidence_id for c in pipeline.ask(QUESTION).citations}
    done = withdraw(library, key, " 数据\n有误 ")
    assert (done.entry.kind, done.entry.reason, done.facts, done.passages) == (EntryKind.WITHDRAWN, "数据 有误", 0, 1)
    assert FINDING.id not in {c.evidence_id for c in pipeline.ask(QUESTION).citations}
    assert FINDING.id in opened(library).evidence([FINDING.id]), "it is kept"
    back = restore(library, key)
    assert back.revision == done.revision + 1
    assert FINDING.id in {c.evidence_id for c in pipeline.ask(QUESTION).citations}


def test_what_a_source_states_is_counted(library: Library) -> None:
    done = withdraw(library, BOOK.id, "x")
    assert (done.facts, done.passages) == (4, 0)
    assert cited(library, "甲病有哪些症状") <= {has_symptom("甲病", "头晕", TRIAL).id, FINDING.id}


def test_what_cannot_be_withdrawn(library: Library) -> None:
    for key in ("p:0000000000000000", "f:0000000000000000", "s:0000000000000000", "pmid:1234", "nonsense"):
        with pytest.raises(NotFoundError):
            withdraw(library, key, "x")
    for reason in ("", " \n", "x" * 501):
        with pytest.raises(UsageError, match="say in 1 to 500 why"):
            withdraw(library, FINDING.id, reason)
    withdraw(library, FINDING.id, "x")
    with pytest.raises(ConflictError, match="withdrawn already"):
        withdraw(library, FINDING.id, "y")


def test_what_cannot_be_restored(library: Library) -> None:
    with pytest.raises(ConflictError, match="neither withdrawn nor retracted"):
        restore(library, FINDING.id)
    with pytest.raises(NotFoundError):
        restore(library, "p:0000000000000000")
    withdraw(library, "pmid:77", "x")
    for key in (FINDING.id, PAPER.id):
        with pytest.raises(ConflictError, match="withdrawn through pmid:77; restore that one"):
            restore(library, key)


def test_an_id_of_an_older_version_can_be_withdrawn_and_stays_so(library: Library) -> None:
    publish(library, {"papers": [PAPER]})
    assert FINDING.id not in opened(library).evidence([FINDING.id])
    withdraw(library, FINDING.id, "x")
    activate(library, 2)
    assert FINDING.id not in cited(library)
    publish(library, {"papers": [PAPER, FINDING], "again": [PAPER, FINDING]})
    assert FINDING.id not in cited(library), "ingesting it again changes nothing"
    prune(library, settings_for(library.data_dir, keep_versions=2))
    assert library.register.read().entries.keys() == {FINDING.id}
    restore(library, FINDING.id)
    assert FINDING.id in cited(library)


def test_a_damaged_register_stops_writers_before_they_begin(library: Library) -> None:
    withdraw(library, FINDING.id, "x")
    library.register.path.write_bytes(b"{}")
    before = library.pointer()
    for use in (
        lambda: publish(library, {"x": [BOOK]}),
        lambda: withdraw(library, PAPER.id, "x"),
        lambda: restore(library, FINDING.id),
        lambda: build(settings_for(library.data_dir)).ask(QUESTION),
    ):
        with pytest.raises(CorruptSnapshotError, match=re.escape(str(library.register.path))):
            use()
    assert library.pointer() == before
    assert not library.staging.exists()


# ---------------------------------------------------------------- retractions


@pytest.mark.parametrize("target", ["pmid:77", "doi:10.1000/rest.1", PAPER.id, FINDING.id])
def test_a_retraction_takes_effect_in_every_version_when_its_record_is_ingested(library: Library, target: str) -> None:
    pipeline = build(settings_for(library.data_dir))
    assert FINDING.id in {c.evidence_id for c in pipeline.ask(QUESTION).citations}
    publish(library, {"notices": [Retraction(target, "notice pmid:99")]})
    entry = library.register.read().entries[target]
    assert (entry.kind, entry.reason) == (EntryKind.RETRACTED, "stated by notice pmid:99")
    for version in (None, 2, 3):
        assert FINDING.id not in cited(library, version=version)
    assert FINDING.id not in {c.evidence_id for c in pipeline.ask(QUESTION).citations}


def test_a_version_that_was_never_current_brings_its_retractions_when_it_is_activated(library: Library) -> None:
    """Its command ended between sealing and publishing; later it is activated by number."""

    def full(point: str) -> None:
        if point == "seal.renamed":
            raise OSError(28, "No space left on device")

    with pytest.raises(StorageError):
        publish(library, {"notices": [Retraction("pmid:77", "notice pmid:99")]}, reached=full)
    assert library.register.read().entries == {}
    activate(library, 3)
    assert library.register.read().entries["pmid:77"].kind is EntryKind.RETRACTED
    assert FINDING.id not in cited(library)
    restore(library, "pmid:77")
    activate(library, 2)
    activate(library, 3)
    assert FINDING.id in cited(library), "what was restored stays restored"


def test_it_stays_without_its_data_set_and_after_going_back(library: Library) -> None:
    publish(library, {"notices": [Retraction("pmid:77", "notice pmid:99")]})
    activate(library, 2)
    publish(library, {"other": [BOOK]})
    assert FINDING.id not in cited(library)


def test_what_was_restored_is_not_retracted_again_by_the_same_record(library: Library) -> None:
    notice: list[Record] = [Retraction("pmid:77", "notice pmid:99")]
    publish(library, {"notices": notice})
    restore(library, "pmid:77")
    publish(library, {"other": [BOOK]})
    publish(library, {"again": notice})
    assert FINDING.id in cited(library)


def test_a_retraction_is_a_record_like_any_other(library: Library) -> None:
    report = publish(library, {"notices": [Retraction("pmid:77", "notice pmid:99"), Retraction("bad", "x")]})
    assert (report.loaded_by_kind, report.added) == ({"retraction": 1}, {"retraction": 1})
    assert report.rejected == {"a retraction names no PMID, DOI or id": 1}
    assert verify(library, 3).ok
    assert opened(library).manifest.counts["retraction"] == 1
    rows = [row for row in lines(library.snapshot_folder(3)) if row["kind"] == "retraction"]
    assert rows == [{"kind": "retraction", "datasets": ["notices"], "target": "pmid:77", "stated_by": "notice pmid:99"}]
    assert diff(library, 2, 3)["retraction"].added_samples == ("pmid:77 (notice pmid:99)",)
    assert publish(library, {"notices": []}).removed == {"retraction": 1}


def test_a_crash_between_register_and_pointer_is_finished_by_the_same_command(library: Library) -> None:
    def crash(point: str) -> None:
        if point == "register.merged":
            raise KeyboardInterrupt

    notice: list[Record] = [Retraction("pmid:77", "notice pmid:99")]
    with pytest.raises(KeyboardInterrupt):
        publish(library, {"notices": notice}, reached=crash)
    assert library.pointer().version == 2  # type: ignore[union-attr]
    assert FINDING.id not in cited(library), "known early, never late"
    revision = library.register.read().revision
    assert publish(library, {"notices": notice}).version == 3
    assert library.register.read().revision == revision


NOTICE = (
    '<CommentsCorrectionsList><CommentsCorrections RefType="RetractionOf"><PMID>4</PMID></CommentsCorrections>'
    "</CommentsCorrectionsList>"
)


def test_a_notice_in_a_later_file_of_another_data_set(data_dir: Path, tmp_path: Path) -> None:
    library, settings = Library(data_dir), settings_for(data_dir)
    articles = pubmed_file(tmp_path / "a.xml", article(4), article(6, title="Light for headache."))
    ingest(library, [articles], settings=settings)
    pipeline = build(settings)
    question = "Does resting in the dark ease headache?"
    assert {e.source.pmid for e in pipeline.search(question)[1]} == {"4", "6"}
    notice = article(5, types=("Retraction of Publication",), in_citation=NOTICE)
    ingest(library, [pubmed_file(tmp_path / "b.xml", notice)], settings=settings)
    assert library.register.read().entries.keys() == {"pmid:4"}
    assert {e.source.pmid for e in pipeline.search(question)[1]} == {"6"}
    assert {e.source.pmid for e in build(settings).search(question, kb_version=1)[1]} == {"6"}
    assert opened(library).manifest.counts["passage"] == 2, "the article is kept"

"""Erasing: no byte of it is left below the data folder, versions stay whole, and it does not come back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from kg_loader.cleaning import Text
from kg_loader.curation import withdraw
from kg_loader.erasure import erase, extent, resume
from kg_loader.ingest import ingest
from kg_loader.jobs.files import Uploads
from kg_loader.jobs.job import JobFile, Order, State
from kg_loader.jobs.table import JobTable
from kg_loader.jobs.worker import Pace, Worker
from kg_loader.traces import Wanted
from kg_loader.verify import verify
from kg_loader.versions import activate, prune
from rag.domain import EDITOR, Fact, GraphFact, Literal, Passage, PassageKind, Pointer, Qualifiers, Record, Source
from rag.errors import ConflictError, CorruptSnapshotError, ErasedError, LockedError, NotFoundError, UsageError
from rag.graph.drawn import DrawnFacts
from rag.pipeline import Options
from rag.ports import KnowledgeBase
from rag.register import EntryKind
from rag.snapshot import Library
from rag.snapshot.records import Records
from rag.snapshot.sparse import SparseIndex, has_leftovers
from rag.snapshot.vectors import mapped
from rag.state import open_state
from rag.text import tokens
from rag.vocabulary import GRADE_RANK, EntityType, Grade, Relation
from rag.wiring import build
from tests.kb import (
    BOOK,
    HashEmbedder,
    disease,
    entity,
    generated,
    has_symptom,
    opened,
    publish,
    settings_for,
    small_kb,
)

LETTER = Source("关于魑魅病的来信", "letter", Grade.EDITORIAL, year=2020)
SECRET = Passage(
    "患者魍魉某某，电话一三九零零，Quokkazyx wrote that resting helped.",
    PassageKind.CONCLUSION,
    LETTER.id,
    title="一封来信",
)
OTHER = Passage("魑魅病患者宜静养。", PassageKind.CONCLUSION, LETTER.id, title="一封来信")
CURE = Fact(disease("魑魅病"), Relation.CURE_RATE, Literal("百分之九十九又半", "cure_rate"), LETTER.id)
NEEDLES = ("魍魉某某", "一三九零零", "Quokkazyx", "quokkazyx")


EVERYTHING: tuple[Record, ...] = (LETTER, SECRET, OTHER, CURE, entity(EntityType.DISEASE, "魑魅病"))


def three_versions(folder: Path, embedder: HashEmbedder | None) -> Library:
    """Version 1 holds the secret, 2 has dropped it and links the word index of 1, 3 holds it again."""
    library = Library(folder)
    publish(library, {"big": generated(1, 100), "letters": EVERYTHING}, embedder=embedder)
    publish(library, {"letters": [LETTER, OTHER, CURE]}, embedder=embedder)
    publish(library, {"letters": EVERYTHING}, embedder=embedder)
    return library


@pytest.fixture
def library(data_dir: Path) -> Library:
    return three_versions(data_dir, HashEmbedder())


@pytest.fixture
def plain(data_dir: Path) -> Library:
    """Without vectors, so that the pipeline of the product needs no model."""
    return three_versions(data_dir, None)


def holding(folder: Path, needles: Sequence[str]) -> set[str]:
    """Files below `folder` in which one of the needles stands in UTF-8."""
    wanted = [needle.encode() for needle in needles]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix() for path in files if any(one in path.read_bytes() for one in wanted)}


def leftover_terms(folder: Path) -> int:
    """How many documents of the word index hold a word of the secret, those that are marked as deleted included."""
    return int(SparseIndex(folder / "sparse")._searcher.doc_freq("text", "quokkazyx"))


def run(library: Library, key: str) -> None:
    erase(library, settings_for(library.data_dir), key, "本人要求")


def test_no_byte_of_a_passage_is_left(library: Library) -> None:
    before = {name.split("/")[2][:6] for name in holding(library.data_dir, NEEDLES)}
    assert before == {"000001", "000003"}
    assert [leftover_terms(folder) for folder in library.folders().values()] == [1, 1, 2], "marked, yet there"
    done = erase(library, settings_for(library.data_dir), SECRET.id, "本人要求")
    assert done.versions == (1, 2, 3)
    assert done.left == ()
    assert holding(library.data_dir, NEEDLES) == set()
    for version, folder in library.folders().items():
        assert verify(library, version).ok
        assert (leftover_terms(folder), has_leftovers(folder / "sparse")) == (0, False)
        snapshot = opened(library, version)
        assert snapshot.index_sizes == {"sparse": 101, "dense": 101}
        assert OTHER.id in snapshot.evidence([OTHER.id, SECRET.id])
        assert SECRET.id not in snapshot.evidence([SECRET.id])
        assert snapshot.search_sparse(tokens("quokkazyx"), concepts=[], limit=5) == []
    assert len(library.all_folders()) == 3


def test_versions_keep_their_numbers_and_the_pointer_follows(library: Library) -> None:
    digests = {m.version: m.digest for m in library.versions()}
    revision = library.pointer().revision  # type: ignore[union-attr]
    run(library, SECRET.id)
    after = {m.version: m for m in library.versions()}
    assert [version for version in after if after[version].digest != digests[version]] == [1, 3]
    assert {m.erasures for m in after.values()} == {1}
    pointer = library.pointer()
    assert pointer is not None
    assert (pointer.version, pointer.revision) == (3, revision + 1)
    assert pointer.snapshot == library.snapshot_folder(3).name
    activate(library, 1)
    assert publish(library, {"new": [BOOK]}, embedder=HashEmbedder()).version == 4


def test_vectors_stay_with_their_passages(library: Library) -> None:
    before = dict(vectors(library.snapshot_folder(3)))
    run(library, SECRET.id)
    after = dict(vectors(library.snapshot_folder(3)))
    assert after.keys() == before.keys() - {int(SECRET.id[2:], 16) - (1 << 63)}
    assert all(after[key] == before[key] for key in after)
    vector = HashEmbedder().encode([OTHER.text], kind="query")[0]
    assert OTHER.id in [key for key, _ in opened(library).search_dense(vector, limit=5)]


def vectors(folder: Path) -> Iterator[tuple[int, bytes]]:
    """Each passage with the bytes of its vector."""
    yield from zip(Records(folder / "records.sqlite").passage_keys(), map(bytes, mapped(folder)), strict=True)


def test_only_the_current_version_held_it(data_dir: Path) -> None:
    library = Library(data_dir)
    publish(library, {"big": generated(1, 20)}, embedder=HashEmbedder())
    publish(library, {"letters": [LETTER, SECRET]}, embedder=HashEmbedder())
    first = library.snapshot_folder(1)
    run(library, SECRET.id)
    assert library.snapshot_folder(1) == first
    assert holding(data_dir, NEEDLES) == set()


def test_a_source_goes_with_what_leans_on_it_and_the_names_only_it_used(library: Library) -> None:
    found = extent(library, LETTER.id)
    assert (found.facts, found.passages, found.versions) == (1, 2, (1, 2, 3))
    run(library, LETTER.id)
    assert holding(library.data_dir, (*NEEDLES, "魑魅", "百分之九十九又半")) == set()
    for key in (LETTER.id, SECRET.id, OTHER.id, CURE.id):
        with pytest.raises(ErasedError, match="本人要求"):
            library.register.read().require_kept(key)
    assert opened(library).entities([disease("魑魅病")]) == {}


def test_a_fact_goes_and_what_others_use_stays(library: Library) -> None:
    run(library, CURE.id)
    assert holding(library.data_dir, ("百分之九十九又半",)) == set()
    assert SECRET.id in opened(library).evidence([SECRET.id])
    assert "魑魅病" in str(opened(library).sources([LETTER.id]))


def test_names_that_another_data_set_states_stay(data_dir: Path) -> None:
    library = Library(data_dir)
    publish(library, {"a": [BOOK, entity(EntityType.DISEASE, "子病"), has_symptom("子病", "子症")]})
    publish(library, {"list": [entity(EntityType.DISEASE, "子病")]})
    run(library, has_symptom("子病", "子症").id)
    assert opened(library).entities([disease("子病")])
    assert holding(data_dir, ("子症",)) == set()


def test_the_same_content_is_skipped_when_it_comes_again(library: Library) -> None:
    run(library, LETTER.id)
    again: list[Record] = [LETTER, SECRET, OTHER, CURE, entity(EntityType.DISEASE, "魑魅病")]
    fresh = Passage("另一封来信说法不同。", PassageKind.CONCLUSION, LETTER.id)
    report = publish(library, {"again": [*again, fresh]}, embedder=HashEmbedder())
    assert report.skipped == {"erased": 6}, "also what newly leans on an erased source"
    assert report.rejected == {}
    assert holding(library.data_dir, NEEDLES) == set()


def test_it_is_answered_with_a_tombstone_from_then_on(plain: Library) -> None:
    library = plain
    pipeline = build(settings_for(library.data_dir))
    question = "魑魅病患者来信说了什么"
    assert SECRET.id in {e.id for e in pipeline.search(question, top_k=20)[1]}
    run(library, SECRET.id)
    assert SECRET.id not in {e.id for e in pipeline.search(question, top_k=20)[1]}
    entry = library.register.read().entries[SECRET.id]
    assert (entry.kind, entry.reason, entry.done) == (EntryKind.ERASED, "本人要求", True)
    assert not {"魍", "来信"} & set(library.register.path.read_text(encoding="utf-8"))
    for use in (lambda: run(library, SECRET.id), lambda: withdraw(library, SECRET.id, "x")):
        with pytest.raises(ErasedError):
            use()


def test_an_open_service_lets_go_of_the_old_snapshots(plain: Library) -> None:
    library = plain
    pipeline = build(settings_for(library.data_dir))
    before: list[KnowledgeBase] = [pipeline.editions.at(version).kb for version in (1, 2, 3)]
    run(library, SECRET.id)
    answer = pipeline.ask("病1号7有什么症状")
    assert answer.citations
    assert pipeline.editions.current().kb not in before
    assert not any(edition.kb in before for edition in pipeline.editions._open.values())
    assert pipeline.ask("病1号7有什么症状", Options(kb_version=1)).kb_version == 1


def test_what_was_withdrawn_before_leaves_only_its_tombstone(library: Library) -> None:
    withdraw(library, SECRET.id, "先撤下")
    run(library, SECRET.id)
    assert [entry.kind for entry in library.register.read().entries.values()] == [EntryKind.ERASED]


def test_pruning_keeps_tombstones(library: Library) -> None:
    run(library, SECRET.id)
    publish(library, {"new": [BOOK]}, embedder=HashEmbedder())
    prune(library, settings_for(library.data_dir, keep_versions=2))
    with pytest.raises(ErasedError):
        library.register.read().require_kept(SECRET.id)
    assert publish(library, {"x": [LETTER, SECRET]}, embedder=HashEmbedder()).skipped == {"erased": 1}


# ---------------------------------------------------------------- files beside the versions


def test_rejected_rows_downloads_and_staged_work_are_cleaned(library: Library, tmp_path: Path) -> None:
    broken = {"text": SECRET.text, "kind": "no such kind", "source": "x"}
    harmless = {"text": "别的一段话，与此无关。", "kind": "no such kind", "source": "x"}
    path = tmp_path / "p.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (broken, harmless)), encoding="utf-8")  # with \u escapes
    report = ingest(library, [path], format="passages", settings=settings_for(library.data_dir), max_rejects=10)
    assert report.rejects_file is not None
    assert len(report.rejects_file.read_bytes().splitlines()) == 2
    fetched = library.data_dir / "fetched"
    fetched.mkdir()
    (fetched / "with.xml").write_text(f"<a>{'x' * 9000}{SECRET.text}</a>", encoding="utf-8")
    (fetched / "without.xml").write_text("<a>别的</a>", encoding="utf-8")
    uploads = library.data_dir / "uploads" / "1"
    uploads.mkdir(parents=True)
    (uploads / "1.csv").write_bytes(f"text\n{SECRET.text}\n".encode("gb18030"))
    (uploads / "2.bin").write_bytes(bytes(range(256)) * 9)
    library.staging.mkdir()
    (library.staging / "records.sqlite").write_text(SECRET.text, encoding="utf-8")
    done = erase(library, settings_for(library.data_dir), SECRET.id, "x")
    assert (done.reject_rows, done.files) == (1, (str(fetched / "with.xml"), str(uploads / "1.csv")))
    (row,) = report.rejects_file.read_text(encoding="utf-8").splitlines()
    assert "与此无关" in json.loads(row)["raw"].encode().decode("unicode_escape", "ignore") + json.loads(row)["raw"]
    assert os.listdir(fetched) == ["without.xml"]
    assert not library.staging.exists()
    assert holding(library.data_dir, NEEDLES) == set()


def test_a_job_keeps_nothing_of_what_was_erased(library: Library, tmp_path: Path) -> None:
    """A row is refused with its own words in the reason; the table of jobs keeps the reasons."""
    settings = settings_for(library.data_dir)
    with closing(open_state(settings)) as database:
        jobs, uploads = JobTable(database), Uploads(library.data_dir)
        sent = uploads.receive("one") / "1.jsonl"
        rows = [{"text": "别的一段话，与此无关。", "kind": kind, "source": "x"} for kind in (SECRET.text, "别的一类")]
        sent.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        uploads.keep("one")
        file = JobFile(str(uploads.folder("one") / "1.jsonl"), "来信.jsonl", 1)
        order = Order((file,), format="passages", options={"max_rejects": 10}, upload="one")
        job = jobs.submit(order, "a test", "one")
        Worker(settings, jobs, Pace(look_s=0.1, beat_s=0.2, idle_s=0.1)).run(once=True)
        done = jobs.get(job.id)
        assert (done.state, sum(done.rejected.values())) == (State.DONE_WITH_REJECTS, 2)
        failed = jobs.submit(Order(()), "a test", "two")
        claimed = jobs.claim(failed, "here 1 x")
        assert claimed is not None
        jobs.finish(claimed, None, State.FAILED, error={"slug": "data", "detail": f"line 3: {SECRET.text}"})
        assert {name.partition("/")[0] for name in holding(library.data_dir, NEEDLES)} >= {
            "state.sqlite-wal", "uploads", "rejects",
        } or "state.sqlite" in holding(library.data_dir, NEEDLES)  # fmt: skip
        assert erase(library, settings, SECRET.id, "x").left == ()
        assert holding(library.data_dir, NEEDLES) == set(), "also while the service has the database open"
        after = jobs.get(job.id)
        assert sum(after.rejected.values()) == 2, "how many they were is known still"
        assert sum("别的一类" in reason for reason in after.rejected) == 1
        assert jobs.get(failed.id).error == {"slug": "data", "detail": "(erased)"}
    assert holding(library.data_dir, NEEDLES) == set()


def test_what_an_editor_drew_is_taken_from_every_file(library: Library) -> None:
    """A fact that is in Neo4j only, and was cited: its citation opens from a file of its own."""
    fact = Fact(disease("魑魅病"), Relation.CURE_RATE, Literal("百分之七十七又三", "cure_rate"), EDITOR.id)
    said = fact.object
    assert isinstance(said, Literal)
    drawn = DrawnFacts(library.data_dir)
    rank = GRADE_RANK[EDITOR.grade]
    shown = GraphFact(fact.id, fact.subject, "魑魅病", fact.relation, said, said.text, EDITOR.id, Qualifiers(), rank)
    drawn.keep([shown], 3)
    library.rejects.mkdir()
    row = {"dataset": "a", "file": "x", "line": 1, "reason": "r", "raw": f"魑魅病,cure_rate,{said.text}"}
    (library.rejects / "a.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    with closing(open_state(settings_for(library.data_dir))) as database:
        jobs = JobTable(database)
        failed = jobs.submit(Order(()), "a test")
        claimed = jobs.claim(failed, "here 1 x")
        assert claimed is not None
        jobs.finish(claimed, None, State.FAILED, error={"detail": f"魑魅病: {said.text}"})
    done = erase(library, settings_for(library.data_dir), fact.id, "x")
    assert (done.versions, done.reject_rows) == ((), 1)
    assert holding(library.data_dir, (said.text,)) == set()
    assert drawn.find(fact.id) is None
    with pytest.raises(ErasedError):
        run(library, fact.id)


def test_a_question_that_is_the_title_of_its_source_stays_with_it(data_dir: Path) -> None:
    library = Library(data_dir)
    study = Source("静养是否真能减轻头痛的程度呢？", "article", Grade.STUDY)
    answer = Passage("静养之后头痛大多减轻了。", PassageKind.CONCLUSION, study.id, question=study.title)
    publish(library, {"a": [study, answer]})
    assert erase(library, settings_for(data_dir), answer.id, "x").left == ()
    assert holding(data_dir, (study.title,)) != set()
    erase(library, settings_for(data_dir), study.id, "x")
    assert holding(data_dir, (study.title,)) == set()


def test_what_is_left_elsewhere_is_named(library: Library) -> None:
    note = library.data_dir / "note.txt"
    note.write_text(SECRET.text, encoding="utf-8")
    assert erase(library, settings_for(library.data_dir), SECRET.id, "x").left == (str(note),)


@pytest.mark.parametrize(
    ("parts", "text", "found"),
    [
        (("头痛患者经静养之后大多减轻，无一加重。",), '{"text": "头痛患者经静养之后大多减轻', True),
        (("头痛患者经静养之后大多减轻，无一加重。",), "头痛患者 经静养之后，大多减轻；", True),
        (("头痛患者经静养之后大多减轻，无一加重。",), "头痛患者大多减轻", False),
        (("甲病", "头晕"), "甲病,disease,has_symptom,头晕", True),
        (("甲病", "头晕"), "甲病,disease,has_symptom,恶寒", False),
        (("短句",), "这里有短句", True),
        (("Resting in the dark eased the headache of most people.",), "dark eased the headache of most peo", True),
        (("Resting in the dark eased the headache of most.",), "Resting in the dark was no help", False),
        (("Resting in the dark eased the headache of most.",), "resting  in the DARK eased the headache!", True),
    ],
)
def test_rows_are_known_by_a_good_part_of_the_text(parts: tuple[str, ...], text: str, found: bool) -> None:
    assert Wanted([Text(parts)]).text_in(text) is found


# ---------------------------------------------------------------- errors


def test_what_cannot_be_erased(library: Library) -> None:
    for key in ("p:0000000000000000", "nonsense"):
        with pytest.raises(NotFoundError):
            run(library, key)
    with pytest.raises(UsageError, match="erase its source"):
        run(library, "pmid:1")
    with pytest.raises(UsageError, match="erase the facts"):
        run(library, EDITOR.id)
    with pytest.raises(UsageError, match="say in 1 to 500 why"):
        erase(library, settings_for(library.data_dir), SECRET.id, " ")
    with library.writing(), pytest.raises(LockedError):
        run(Library(library.data_dir), SECRET.id)
    assert library.register.read().entries == {}


def test_a_damaged_version_stops_it_before_it_begins(library: Library) -> None:
    path = library.snapshot_folder(1) / "records.sqlite"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(CorruptSnapshotError):
        run(library, SECRET.id)
    assert library.register.read().entries == {}
    prune(library, settings_for(library.data_dir, keep_versions=2))
    run(library, SECRET.id)
    assert holding(library.data_dir, NEEDLES) == set()


def test_a_pointer_to_a_folder_that_was_replaced_is_refused(library: Library) -> None:
    """An activation that looked at the folder before the erasure replaced it."""
    old = library.snapshot_folder(1).name
    run(library, SECRET.id)
    revision = library.current_revision()
    with pytest.raises(ConflictError, match="was replaced"):
        library.flip(Pointer(revision + 1, 1, old), revision)
    assert activate(library, 1).snapshot == library.snapshot_folder(1).name


def test_nothing_to_resume(library: Library) -> None:
    assert resume(library, settings_for(library.data_dir)) == []
    run(library, small_key := CURE.id)
    assert library.register.read().entries.keys() == {small_key}
    assert resume(library, settings_for(library.data_dir)) == []
    publish(library, {"small": small_kb()}, embedder=HashEmbedder())

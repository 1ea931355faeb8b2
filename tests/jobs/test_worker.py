"""Runs of real ingestions in their own processes: what they end with, and what fails them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kg_loader.jobs.files import Uploads
from kg_loader.jobs.job import JobFile, Order, State
from kg_loader.jobs.table import JobTable
from kg_loader.jobs.worker import exit_code
from rag.settings import Settings
from rag.snapshot import Library
from tests.jobs.files import facts, order
from tests.jobs.working import CANCEL_S, HELD, QUICK, drained, stage_of, wait_for, working


def test_a_job_ends_with_the_report_of_the_ingestion(
    settings: Settings, jobs: JobTable, tmp_path: Path, digest: Callable[[Path], str]
) -> None:
    file = facts(tmp_path / "甲.csv")
    job = jobs.submit(order(file), "me")
    worker = drained(settings, jobs)
    done = jobs.get(job.id)
    assert done.state is State.DONE
    assert done.report is not None
    assert done.report["digest"] == digest(file)
    assert done.report["version"] == 1
    assert (done.worker, done.progress, done.error, done.attempts) == (None, None, None, 1)
    assert done.started is not None
    assert done.finished is not None
    assert done.created <= done.started <= done.finished
    assert exit_code(worker.ended) == 0


def test_broken_rows_are_counted_and_kept(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    job = jobs.submit(order(facts(tmp_path / "a.csv", broken=2)), "me")
    worker = drained(settings, jobs)
    done = jobs.get(job.id)
    assert done.state is State.DONE_WITH_REJECTS
    assert sum(done.rejected.values()) == 2
    assert done.rejects_file is not None
    assert len(Path(done.rejects_file).read_text(encoding="utf-8").splitlines()) == 2
    assert exit_code(worker.ended) == 7


def test_too_many_broken_rows_fail_with_their_reasons(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    job = jobs.submit(order(facts(tmp_path / "a.csv", broken=3), options={"max_rejects": 2}), "me")
    worker = drained(settings, jobs)
    done = jobs.get(job.id)
    assert (done.state, done.attempts, done.failures) == (State.FAILED, 1, 0)
    assert done.error is not None
    assert (done.error["slug"], done.error["exit_code"]) == ("too-many-rejects", 5)
    assert sum(done.rejected.values()) == 3
    assert done.rejects_file is not None
    assert Library(settings.data_dir).pointer() is None
    assert exit_code(worker.ended) == 1


def test_one_bad_file_among_good_ones_publishes_nothing(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("nothing,known\n1,2\n", encoding="utf-8")
    good = facts(tmp_path / "good.csv")
    first = jobs.submit(order(good, bad, format="facts-csv"), "me")
    second = jobs.submit(order(good), "me")
    drained(settings, jobs)
    failed = jobs.get(first.id)
    assert failed.state is State.FAILED
    assert failed.error is not None
    assert failed.error["slug"] == "invalid-data"
    assert "bad.csv: line 1" in failed.error["detail"]
    assert failed.attempts == 1, "bad data is not tried again"
    assert jobs.get(second.id).state is State.DONE, "the queue goes on"


def test_a_version_that_the_gate_refuses_is_not_tried_again(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    jobs.submit(order(facts(tmp_path / "a.csv", mark="旧"), dataset="d"), "me")
    drained(settings, jobs)
    questions = tmp_path / "questions.txt"
    questions.write_text("旧病0有什么症状？\n", encoding="utf-8")
    options = {"gate": "0%", "gate_file": str(questions)}
    job = jobs.submit(order(facts(tmp_path / "a.csv", mark="新"), dataset="d", options=options), "me")
    drained(settings, jobs)
    refused = jobs.get(job.id)
    assert (refused.state, refused.attempts) == (State.FAILED, 1)
    assert refused.error is not None
    assert (refused.error["slug"], refused.error["exit_code"]) == ("gate", 4)
    assert refused.error["gate"]["changed"]["any"] == 1
    pointer = Library(settings.data_dir).pointer()
    assert pointer is not None
    assert pointer.version == 1


@pytest.mark.parametrize(
    ("point", "stage"),
    [
        ("staging.opened", "loading"), ("staging.before_settle", "settling"), ("seal.copied", "records"),
        ("seal.audited", "audit"), ("seal.validated", "flushing"), ("seal.renamed", "flushing"),
        ("gate.asked", "asking"), ("flip.checked", "flipping"),
    ],
)  # fmt: skip
def test_a_job_says_what_it_is_doing(
    held_at: Callable[[str], Path], settings: Settings, jobs: JobTable, tmp_path: Path, point: str, stage: str
) -> None:
    options: dict[str, str] = {}
    if point == "gate.asked":
        questions = tmp_path / "questions.txt"
        questions.write_text("甲病0有什么症状？\n", encoding="utf-8")
        options = {"gate": "100%", "gate_file": str(questions)}
    job = jobs.submit(order(facts(tmp_path / "a.csv"), options=options), "me")
    marker = held_at(point)
    with working(settings, jobs, HELD):
        wait_for(marker.exists)
        wait_for(lambda: stage_of(jobs, job) == stage, 5.0)
        progress = jobs.get(job.id).progress
        assert progress is not None
        assert progress.file in (None, "a.csv"), "nothing but a file is told as one"


def test_a_job_names_the_file_that_it_reads_from_its_beginning(
    held_at: Callable[[str], Path], settings: Settings, jobs: JobTable, tmp_path: Path
) -> None:
    job = jobs.submit(order(facts(tmp_path / "a.csv"), facts(tmp_path / "b.csv", mark="乙")), "me")
    marker = held_at("staging.rows")
    with working(settings, jobs, HELD):
        wait_for(marker.exists)
        wait_for(lambda: "a.csv" in repr(jobs.get(job.id).progress), 5.0)


def test_a_table_is_read_by_its_map(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("药品,用于\n甲氧片,偏头痛\n", encoding="utf-8")
    table_map = (
        "header: 1\nsubject: {column: 药品, type: drug}\nfacts: [{relation: 适应证, column: 用于, type: disease}]\n"
        "source: {title: 目录, grade: reference}\n"
    )
    options = {"table_map": table_map}
    job = jobs.submit(order(table, options=options), "me")
    drained(settings, jobs)
    report = jobs.get(job.id).report
    assert report is not None
    assert report["loaded_by_kind"]["fact"] == 1


def test_a_preview_shows_rows_and_stores_nothing(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    file = facts(tmp_path / "a.csv", broken=1)
    job = jobs.submit(order(file, options={"preview": 2}), "me")
    drained(settings, jobs)
    done = jobs.get(job.id)
    assert done.state is State.DONE_WITH_REJECTS
    assert done.report is not None
    (shown,) = done.report["preview"]
    assert (len(shown["rows"]), len(shown["rejects"]), shown["format"]) == (2, 1, "facts-csv")
    assert shown["records"]["fact"] > 0
    assert list(done.rejected.values()) == [1]
    assert Library(settings.data_dir).pointer() is None


def test_a_file_that_vanished_is_named(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    file = facts(tmp_path / "a.csv")
    job = jobs.submit(order(file), "me")
    file.unlink()
    drained(settings, jobs)
    error = jobs.get(job.id).error
    assert error is not None
    assert (error["slug"], error["exit_code"]) == ("not-found", 3)
    assert str(file) in error["detail"]


def test_a_file_that_became_a_link_is_refused(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    file = facts(tmp_path / "a.csv")
    job = jobs.submit(order(file), "me")
    file.unlink()
    file.symlink_to(facts(tmp_path / "secret.csv"))
    drained(settings, jobs)
    error = jobs.get(job.id).error
    assert error is not None
    assert "link to elsewhere" in error["detail"]


def test_an_upload_is_read_under_the_name_it_was_sent_with(
    settings: Settings, jobs: JobTable, tmp_path: Path, digest: Callable[[Path], str]
) -> None:
    sent = facts(tmp_path / "心脏 病.csv", broken=1)
    uploads = Uploads(settings.data_dir)
    folder = uploads.receive("u1")
    (folder / "1.csv").write_bytes(sent.read_bytes())
    uploads.keep("u1")
    stored = uploads.folder("u1") / "1.csv"
    ordered = Order((JobFile(str(stored), sent.name, sent.stat().st_size, "x"),), upload="u1")
    job = jobs.submit(ordered, "me", "u1")
    drained(settings, jobs)
    done = jobs.get(job.id)
    assert done.report is not None
    assert done.rejects_file is not None
    assert done.report["digest"] == digest(sent)
    row = json.loads(Path(done.rejects_file).read_text(encoding="utf-8"))
    assert (row["file"], row["dataset"]) == (sent.name, "心脏 病")
    assert [path.name for path in uploads.root.iterdir()] == ["u1"], "temporary files are gone"


def test_the_lock_of_another_writer_is_waited_for(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    with Library(settings.data_dir).writing(), working(settings, jobs):
        job = jobs.submit(order(facts(tmp_path / "a.csv")), "me")
        wait_for(lambda: stage_of(jobs, job) == "waiting")
        cancelled = jobs.submit(order(facts(tmp_path / "b.csv")), "me")
        jobs.cancel(job.id)
        assert wait_for(lambda: jobs.get(job.id).ended) < CANCEL_S
        wait_for(lambda: stage_of(jobs, cancelled) == "waiting")
    assert jobs.get(cancelled.id).state is State.QUEUED
    drained(settings, jobs)
    assert jobs.get(cancelled.id).state is State.DONE


def test_a_neo4j_that_is_down_is_tried_again_and_then_given_up(
    settings: Settings, jobs: JobTable, tmp_path: Path
) -> None:
    down = settings.model_copy(update={"neo4j_uri": "bolt://127.0.0.1:9"})
    job = jobs.submit(order(facts(tmp_path / "a.csv")), "me")
    drained(down, jobs)
    failed = jobs.get(job.id)
    assert (failed.state, failed.attempts) == (State.FAILED, 1 + len(QUICK.retry_s))
    assert failed.error is not None
    assert failed.error["slug"] == "live-graph"
    assert failed.error["detail"].startswith("given up after 3 tries: Neo4j at bolt://127.0.0.1:9")
    assert jobs.retry(job.id).failures == 0
    drained(settings, jobs)
    assert jobs.get(job.id).state is State.DONE

"""`yiwen jobs` and `yiwen worker`, and the service with its worker, as an operator meets them."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kg_loader.jobs.job import REVIEW, Order
from kg_loader.jobs.table import JobTable
from rag.domain import Fact
from rag.snapshot import Library, open_snapshot
from rag.state import open_state
from tests.jobs.files import order
from tests.kb import settings_for
from tests.yiwen.conftest import ROW_A, ROW_B, Done, Yiwen, facts_file
from tests.yiwen.test_serve import running
from yiwen.client import Client, Job, ServiceError

BROKEN = "甲病,disease,has_nothing,头晕,symptom,editorial"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the children take from the environment too."""
    monkeypatch.setenv("YIWEN_TERMS", "false")
    monkeypatch.setenv("YIWEN_EMBEDDER", "none")


def submitted(yiwen: Yiwen, *arguments: object) -> str:
    done = yiwen("jobs", "submit", *arguments, "--json")
    assert done.code == 0, done.err
    return str(done.json["id"])


def test_a_job_from_the_queue_to_the_version(yiwen: Yiwen, tmp_path: Path) -> None:
    job = submitted(yiwen, facts_file(tmp_path / "a.csv", ROW_A), "--dataset", "d")
    assert yiwen("jobs", "show", job, "--json").json["state"] == "queued"
    assert yiwen("worker", "--once").code == 0
    shown = yiwen("jobs", "show", job, "--json").json
    assert (shown["state"], shown["report"]["version"], shown["dataset"]) == ("done", 1, "d")
    assert yiwen("kb", "versions", "--json").json["versions"][0]["datasets"] == ["d"]
    watched = yiwen("jobs", "watch", job)
    assert watched.code == 0
    assert "loaded    2 entities, 1 source, 1 fact" in watched.out
    assert "version   1 (added 4 records, removed 0), digest" in watched.out
    assert job in yiwen("jobs", "list").out
    assert yiwen("jobs", "delete", job).code == 0
    assert yiwen("jobs", "list").out.startswith("no jobs")


def test_a_preview_and_a_decision_are_shown(yiwen: Yiwen, data_dir: Path, tmp_path: Path) -> None:
    file = facts_file(tmp_path / "a.csv", ROW_A, BROKEN)
    assert yiwen("ingest", file).code == 7
    (fact,) = open_snapshot(Library(data_dir).snapshot_folder(1)).scan("fact")
    assert isinstance(fact, Fact)
    decision = {"verdict": "hold", "records": [fact.id], "reason": "wrong"}
    with closing(open_state(settings_for(data_dir))) as state:
        jobs = JobTable(state)
        preview = jobs.submit(order(file, options={"preview": 2}), "me").id
        held = jobs.submit(Order((), options=decision, kind=REVIEW), "me").id
    assert yiwen("worker", "--once").code == 7
    shown = yiwen("jobs", "show", preview).out
    assert "rejected  1 " in shown
    assert "preview   nothing was stored" in shown
    assert "version" not in shown
    shown = yiwen("jobs", "show", held).out
    assert f"held      {fact.id}" in shown
    assert "version   2, digest" in shown
    listed = yiwen("jobs", "list").out
    assert "preview, 1 rows rejected" in listed
    assert "version 2" in listed


def test_rejected_rows_end_with_seven(yiwen: Yiwen, tmp_path: Path) -> None:
    job = submitted(yiwen, facts_file(tmp_path / "a.csv", ROW_A, BROKEN))
    assert yiwen("jobs", "rejects", job).code == 3
    assert yiwen("worker", "--once").code == 7
    assert yiwen("jobs", "watch", job).code == 7
    (row,) = [json.loads(line) for line in yiwen("jobs", "rejects", job).out.splitlines()]
    assert row["line"] == 3
    assert yiwen("jobs", "list", "--state", "done_with_rejects", "--json").json["items"][0]["id"] == job


def test_a_failed_job_ends_with_the_code_of_its_error(yiwen: Yiwen, tmp_path: Path) -> None:
    file = facts_file(tmp_path / "a.csv", ROW_A)
    job = submitted(yiwen, file)
    file.unlink()
    assert yiwen("worker", "--once").code == 1
    watched = yiwen("jobs", "watch", job)
    assert watched.code == 3
    assert "error     not-found: " in watched.out
    facts_file(file, ROW_A)
    assert yiwen("jobs", "retry", job).code == 0
    assert yiwen("worker", "--once").code == 0
    (line,) = yiwen("jobs", "watch", job, "--json").out.splitlines()
    assert json.loads(line)["state"] == "done"


def test_a_queued_job_is_cancelled_at_once(yiwen: Yiwen, tmp_path: Path) -> None:
    job = submitted(yiwen, facts_file(tmp_path / "a.csv", ROW_A))
    assert yiwen("jobs", "cancel", job, "--json").json["state"] == "cancelled"
    assert yiwen("jobs", "watch", job).code == 1
    assert yiwen("worker", "--once").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("show", "nothing"), 3, "there is no job"),
        (("cancel", "nothing"), 3, "there is no job"),
        (("submit", "missing.csv"), 3, "no such file"),
        (("list", "--state", "asleep"), 2, "expected some of queued"),
    ],
)
def test_mistakes_are_one_line(yiwen: Yiwen, arguments: tuple[str, ...], code: int, says: str) -> None:
    done = yiwen("jobs", *arguments)
    assert done.code == code
    assert says in done.err


def test_a_format_that_does_not_exist_is_refused_before_it_is_queued(yiwen: Yiwen, tmp_path: Path) -> None:
    file = facts_file(tmp_path / "a.csv", ROW_A)
    done = yiwen("jobs", "submit", file, "--format", "xls")
    assert done.code == 2
    assert yiwen("jobs", "list", "--json").json == {"items": []}


def test_a_newer_table_and_a_lost_database_are_one_line(
    yiwen: Yiwen, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    assert yiwen("jobs", "list").code == 0
    with sqlite3.connect(data_dir / "state.sqlite") as connection:
        connection.execute("UPDATE state_schema SET version = 99")
    connection.close()
    for command in (("jobs", "list"), ("worker", "--once")):
        newer = yiwen(*command)
        assert newer.code == 2
        assert "newer" in newer.err
    monkeypatch.setenv("YIWEN_STATE_URL", "sqlite:////nowhere/s.sqlite")
    assert yiwen("jobs", "list").code == 6


def test_waiting_for_the_worker_of_another_process(yiwen: Yiwen, data_dir: Path, tmp_path: Path) -> None:
    worker = _worker(data_dir)
    try:
        done: Done = yiwen("jobs", "submit", facts_file(tmp_path / "a.csv", ROW_A), "--wait")
        assert done.code == 0
        assert "version   1 (added" in done.out
    finally:
        worker.terminate()
        assert worker.wait(10) == 0


def _worker(data_dir: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "yiwen", "--data-dir", str(data_dir), "worker"]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


# ---------------------------------------------------------------- beside the service


@pytest.fixture
def client(data_dir: Path) -> Iterator[Client]:
    with running("--data-dir", data_dir, "serve", "--port", 0) as (address, _, _), Client(address) as found:
        yield found


def ended(client: Client, job: Job, seconds: float = 30.0) -> Job:
    deadline = time.monotonic() + seconds
    while not (found := client.job(job.id)).ended:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def test_uploads_are_ingested_by_the_service(client: Client, data_dir: Path, tmp_path: Path) -> None:
    content = facts_file(tmp_path / "甲.csv", ROW_A, ROW_B, BROKEN).read_bytes()
    job = client.upload(("甲.csv", io.BytesIO(content)), key="k")
    assert client.upload(("甲.csv", io.BytesIO(content)), key="k").id == job.id
    done = ended(client, job)
    assert (done.state, done.rejects) == ("done_with_rejects", True)
    assert [(row["file"], row["line"]) for row in client.rejects(job.id)] == [("甲.csv", 4)]
    assert client.versions().current == 1
    assert client.versions().versions[0].datasets == ("甲",)
    assert [listed.id for listed in client.jobs(state="done_with_rejects").items] == [job.id]
    client.delete_job(job.id)
    with pytest.raises(ServiceError) as missing:
        client.job(job.id)
    assert missing.value.status == 404
    with pytest.raises(ServiceError) as refused:
        client.ingest(str(tmp_path / "甲.csv"))
    assert refused.value.status == 403


@pytest.mark.seconds
def test_cancelling_over_http_takes_effect_in_two_seconds(client: Client, data_dir: Path) -> None:
    with Library(data_dir).writing():
        job = client.upload(("a.csv", io.BytesIO(b"x" * 100)))
        while client.job(job.id).state != "running":
            time.sleep(0.05)
        assert client.cancel_job(job.id).state == "cancelling"
        begin = time.monotonic()
        assert ended(client, job).state == "cancelled"
        assert time.monotonic() - begin < 2
        assert client.retry_job(job.id).state == "queued"
        client.cancel_job(job.id)


def _workers(data_dir: Path) -> list[int]:
    """Process ids of workers whose settings name this folder; they hold its state database open."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            files = {os.readlink(handle) for handle in (process / "fd").iterdir()}
        except OSError:
            continue
        if b"kg_loader.jobs.beside" in command and str(data_dir / "state.sqlite") in files:
            found.append(int(process.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks for the worker in /proc")
@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGKILL])
def test_the_worker_ends_with_the_service_and_is_replaced_when_it_dies(
    data_dir: Path, tmp_path: Path, way: signal.Signals
) -> None:
    with running("--data-dir", data_dir, "serve", "--port", 0) as (address, process, _):
        first = _wait_for_worker(data_dir)
        os.kill(first, signal.SIGKILL)
        assert _wait_for_worker(data_dir, other_than=first) != first
        with Client(address) as client:
            content = facts_file(tmp_path / "a.csv", ROW_A).read_bytes()
            assert ended(client, client.upload(("a.csv", io.BytesIO(content)))).state == "done"
        process.send_signal(way)
        process.wait(15)
        deadline = time.monotonic() + 5
        while _workers(data_dir):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _wait_for_worker(data_dir: Path, other_than: int = 0) -> int:
    deadline = time.monotonic() + 15
    while True:
        found = [number for number in _workers(data_dir) if number != other_than]
        if found:
            return found[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_service_without_a_worker_leaves_jobs_queued(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, yiwen: Yiwen
) -> None:
    monkeypatch.setenv("YIWEN_WORKER", "false")
    content = facts_file(tmp_path / "a.csv", ROW_A).read_bytes()
    with running("--data-dir", data_dir, "serve", "--port", 0) as (address, _, _), Client(address) as client:
        job = client.upload(("a.csv", io.BytesIO(content)))
        assert client.job(job.id).state == "queued"
        assert yiwen("worker", "--once").code == 0
        assert client.job(job.id).state == "done"

"""`/v1/kb/jobs` over a real table; the jobs themselves are run in tests/jobs."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from api.schemas.jobs import JobOut, JobsOut
from kg_loader.jobs import keys
from kg_loader.jobs.job import State
from kg_loader.jobs.table import JobTable
from rag.settings import Settings
from rag.state import open_state
from tests.api.conftest import local_client
from tests.api.test_server import running
from tests.fakes import FakeLibrary, fake_pipeline
from tests.source_tree import ROOT

JOBS = "/v1/kb/jobs"
CSV = b"subject,subject_type,relation,object,object_type,source\n"
WORKER = "test 1 aa"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What lies there may be named by path."""
    folder = tmp_path / "import"
    folder.mkdir()
    (folder / "a.csv").write_bytes(CSV)
    return folder


@pytest.fixture
def settings(tmp_path: Path, folder: Path) -> Settings:
    data = tmp_path / "data"
    return Settings(data_dir=data, pointer_poll_s=0.05, jobs_folder=folder, upload_max_bytes=100_000)


@pytest.fixture
def table(settings: Settings) -> Iterator[JobTable]:
    database = open_state(settings)
    yield JobTable(database)
    database.close()


def upload(
    client: TestClient, *names: str, headers: Mapping[str, str] | None = None, fields: Mapping[str, str] | None = None
) -> Any:  # noqa: ANN401 - a response of whichever client Starlette uses
    files = [("file", (name, CSV, "text/csv")) for name in names or ("a.csv",)]
    return client.post(JOBS, files=files, data=fields, headers=headers)


def kept(settings: Settings) -> list[str]:
    root = settings.data_dir / "uploads"
    return sorted(path.name for path in root.iterdir()) if root.exists() else []


def ended(table: JobTable, job: str, state: State = State.DONE, **result: Any) -> None:  # noqa: ANN401 - columns
    claimed = table.claim(table.get(job), WORKER)
    assert claimed is not None
    assert table.finish(claimed, WORKER, state, **result)


def test_an_upload_becomes_a_job(client: TestClient, settings: Settings) -> None:
    done = upload(
        client, "疾病 表.CSV", fields={"dataset": "d", "format": "facts-csv", "append": "true", "max_rejects": "7"}
    )
    assert done.status_code == 202, done.text
    job = JobOut.model_validate(done.json())
    assert done.headers["location"] == f"{JOBS}/{job.id}"
    assert (job.state, job.dataset, job.append, job.options) == (State.QUEUED, "d", True, {"max_rejects": 7})
    (file,) = job.files
    assert (file.name, file.size, file.path) == ("疾病 表.CSV", len(CSV), None)
    assert file.sha256 == hashlib.sha256(CSV).hexdigest()
    assert kept(settings) == [job.id]
    assert [path.name for path in (settings.data_dir / "uploads" / job.id).iterdir()] == ["1.CSV"]
    assert client.get(f"{JOBS}/{job.id}").json() == done.json()


def test_a_preview_is_asked_for_with_a_number_of_rows(client: TestClient) -> None:
    assert upload(client, "a.csv", fields={"preview": "5"}).json()["options"] == {"preview": 5}
    assert upload(client, "a.csv", fields={"preview": "0"}).status_code == 422


def test_a_number_that_no_list_could_show_is_refused(client: TestClient) -> None:
    assert upload(client, "a.csv", fields={"max_rejects": str(2**70)}).status_code == 422
    assert upload(client, "a.csv", fields={"max_rejects": str(2**31 - 1)}).status_code == 202
    assert client.get(JOBS).status_code == 200


@pytest.mark.parametrize("limit", ["+3", " 3", "1_0", "3.0", "３", "", "x"])
def test_a_number_in_an_address_is_digits(client: TestClient, limit: str) -> None:
    assert client.get(JOBS, params={"limit": limit}).status_code == 422
    assert client.get(JOBS, params={"limit": "3"}).status_code == 200


def test_the_map_of_a_table_comes_as_a_field(client: TestClient, settings: Settings) -> None:
    columns = "subject: {column: 药品, type: drug}\nsource: {title: 目录, grade: reference}\n"
    done = upload(client, "table.csv", fields={"table_map": columns})
    assert done.status_code == 202, done.text
    assert done.json()["options"] == {"table_map": columns}
    wrong = upload(client, "table.csv", fields={"table_map": columns + "subjekt: x\n"})
    assert wrong.status_code == 422
    assert "line 3" in wrong.json()["detail"]
    assert kept(settings) == [done.json()["id"]]


@pytest.mark.parametrize(
    ("sent", "name", "stored"),
    [
        ("../../etc/passwd", "passwd", "1"),
        ("C:\\daten\\a.tar.gz", "a.tar.gz", "1.tar.gz"),
        ("..", "upload", "1"),
        (".hidden.csv", "hidden.csv", "1.csv"),
        ("x" * 500 + ".csv", "x" * 146 + ".csv", "1.csv"),
        ("a.c/v", "v", "1"),
        ("a\u202eb.csv", "a_b.csv", "1.csv"),
    ],
)
def test_names_lead_nowhere(client: TestClient, settings: Settings, sent: str, name: str, stored: str) -> None:
    job = upload(client, sent).json()
    assert job["files"][0]["name"] == name
    assert [path.name for path in (settings.data_dir / "uploads" / job["id"]).iterdir()] == [stored]


def test_several_files_are_one_job(client: TestClient) -> None:
    assert [file["name"] for file in upload(client, "a.csv", "b.csv").json()["files"]] == ["a.csv", "b.csv"]


@pytest.mark.parametrize(
    ("fields", "names"), [({"append": "perhaps"}, "append"), ({"max_rejects": "-1"}, "max_rejects"), ({"x": "1"}, "x")]
)
def test_wrong_fields_are_named_and_nothing_stays(
    client: TestClient, settings: Settings, fields: dict[str, str], names: str
) -> None:
    refused = upload(client, fields=fields)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid-request")
    assert refused.json()["errors"][0]["location"] == f"body.{names}"
    assert kept(settings) == []


@pytest.mark.parametrize("fields", [{"format": "xls"}, {"encoding": "klingon"}])
def test_formats_and_encodings_that_do_not_exist_are_refused_at_once(
    client: TestClient, settings: Settings, fields: dict[str, str]
) -> None:
    refused = upload(client, fields=fields)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/usage")
    assert kept(settings) == []


def test_a_form_without_a_file_is_refused(client: TestClient, settings: Settings) -> None:
    refused = client.post(JOBS, files={"dataset": (None, "d")})
    assert refused.status_code == 422
    assert "no file" in refused.json()["detail"]
    assert kept(settings) == []


BOUNDARY = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (BOUNDARY + CSV, 400, "cut short"),
        (BOUNDARY + CSV + b"\r\n--x\r\n", 400, "cut short"),
        (b"", 400, "cut short"),
        (b"nonsense", 400, "cannot be read"),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\nv\r\n--x--\r\n", 400, "no name"),
        (
            b'--x\r\nContent-Disposition: form-data; name="dataset"\r\n\r\n' + b"v" * 60_001 + b"\r\n--x--\r\n",
            400,
            "long",
        ),
        (b"--x\r\nContent-Disposition: " + b"v" * 9000 + b"\r\n\r\nv\r\n--x--\r\n", 400, "header"),
    ],
)
def test_forms_that_cannot_be_read_are_problems(
    client: TestClient, settings: Settings, body: bytes, status: int, says: str
) -> None:
    refused = client.post(JOBS, content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert says in refused.json()["detail"]
    assert kept(settings) == []


def test_a_form_without_a_boundary_and_other_types_are_refused(client: TestClient) -> None:
    assert client.post(JOBS, content=b"x", headers={"Content-Type": "multipart/form-data"}).status_code == 400
    assert client.post(JOBS, content=b"x", headers={"Content-Type": "text/csv"}).status_code == 415
    assert client.post("/ask", content=b"x", headers={"Content-Type": "multipart/form-data"}).status_code != 500


def _endless(boundary: bytes) -> Iterator[bytes]:
    yield boundary
    for _ in range(1000):
        yield b"x" * 1000


def test_uploads_are_counted_while_they_are_read(client: TestClient, settings: Settings) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    chunked = client.post(JOBS, content=_endless(BOUNDARY), headers=headers)
    announced = client.post(JOBS, content=BOUNDARY + b"x" * 200_000, headers=headers)
    for refused in (chunked, announced):
        assert refused.status_code == 413
        assert "100,000 bytes" in refused.json()["detail"]
    assert kept(settings) == []
    assert client.get(JOBS).json()["items"] == []


def test_other_routes_keep_their_limit(client: TestClient) -> None:
    large = b"x" * 70_000
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    assert client.post("/ask", content=large, headers=form).status_code == 413
    assert client.post(JOBS, content=large, headers={"Content-Type": "application/json"}).status_code == 413


def test_an_upload_that_is_broken_off_leaves_nothing(app: FastAPI, settings: Settings) -> None:
    with running(app) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            head = f"POST {JOBS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50000\r\n"
            connection.sendall(head.encode() + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n")
            connection.sendall(BOUNDARY + b"x" * 9000)
            _wait_for(lambda: kept(settings) != [])
        _wait_for(lambda: kept(settings) == [])
        assert httpx.get(f"{address}{JOBS}").json()["items"] == []


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from api.app import create_app
from rag.settings import Settings
from tests.api.conftest import local_client
from tests.fakes import FakeLibrary, fake_pipeline
library = FakeLibrary()
settings = Settings(data_dir=Path(sys.argv[1]))
with local_client(create_app(settings, fake_pipeline(library), library)) as client:
    client.get("/v1/kb/jobs")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    done = client.post("/v1/kb/jobs", files={"file": ("a.csv", b"x" * 1_000_000)})
    print(done.status_code, done.json()["type"], client.get("/v1/kb/jobs").json()["items"])
"""


def test_a_full_disk_is_a_problem_and_leaves_nothing(settings: Settings) -> None:
    arguments = [sys.executable, "-c", FULL_DISK, str(settings.data_dir)]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ})
    assert done.stdout.strip() == "507 /problems/storage []"
    assert kept(settings) == []


def test_files_in_the_folder_may_be_named(client: TestClient, folder: Path) -> None:
    for body in ({"path": str(folder / "a.csv")}, {"paths": ["a.csv"]}):
        done = client.post(JOBS, json={**body, "dataset": "d", "max_rejects": 0})
        assert done.status_code == 202, done.text
        assert done.json()["files"][0]["path"] == str(folder / "a.csv")
        assert done.json()["options"] == {"max_rejects": 0}


def test_other_files_are_forbidden(client: TestClient, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(CSV)
    (folder / "link.csv").symlink_to(secret)
    (folder / "inside.csv").symlink_to(folder / "a.csv")
    for path in (str(secret), "../secret.csv", "link.csv", "/etc/passwd", "a\0b", "/nowhere"):
        refused = client.post(JOBS, json={"path": path})
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden"), path
    assert client.post(JOBS, json={"path": "inside.csv"}).status_code == 202
    assert client.post(JOBS, json={"path": "missing.csv"}).status_code == 404
    assert client.post(JOBS, json={"path": "."}).status_code == 422
    for body in ({}, {"path": "a.csv", "paths": ["a.csv"]}, {"path": "a.csv", "x": 1}, {"path": 3}):
        assert client.post(JOBS, json=body).json()["type"] == "/problems/invalid-request"


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "a\\nb", "\\u202e"])
def test_texts_that_no_database_takes_are_refused(client: TestClient, text: str) -> None:
    json_type = {"Content-Type": "application/json"}
    for field in ("dataset", "format", "encoding"):
        refused = client.post(JOBS, content=f'{{"path": "a.csv", "{field}": "{text}"}}', headers=json_type)
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid-request")
    assert client.post(JOBS, content=f'{{"path": "{text}"}}', headers=json_type).status_code in (403, 404, 422)


def test_without_a_folder_no_path_is_accepted(settings: Settings, library: FakeLibrary, folder: Path) -> None:
    closed = settings.model_copy(update={"jobs_folder": None})
    with local_client(create_app(closed, fake_pipeline(library), library)) as client:
        refused = client.post(JOBS, json={"path": str(folder / "a.csv")})
    assert refused.status_code == 403
    assert "YIWEN_JOBS_FOLDER" in refused.json()["detail"]


def test_the_key_guards_every_route(settings: Settings, library: FakeLibrary) -> None:
    guarded = settings.model_copy(update={"api_key": SecretStr("k")})
    with local_client(create_app(guarded, fake_pipeline(library), library)) as client:
        job = upload(client, headers={"X-API-Key": "k"}).json()["id"]
        for method, path in (
            ("POST", JOBS), ("GET", JOBS), ("GET", f"{JOBS}/{job}"), ("GET", f"{JOBS}/{job}/rejects"),
            ("POST", f"{JOBS}/{job}/cancel"), ("POST", f"{JOBS}/{job}/retry"), ("DELETE", f"{JOBS}/{job}"),
        ):  # fmt: skip
            assert client.request(method, path).status_code == 401, path
    assert kept(settings) == [job]


def test_the_same_key_leads_to_the_same_job(client: TestClient, settings: Settings) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first = upload(client, headers=headers, fields={"dataset": "d"})
    again = upload(client, headers=headers, fields={"dataset": "d"})
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]
    assert kept(settings) == [first.json()["id"]]
    other = upload(client, headers=headers, fields={"dataset": "e"})
    assert (other.status_code, other.json()["type"]) == (422, "/problems/usage")
    assert upload(client, "b.csv", headers=headers, fields={"dataset": "d"}).status_code == 422
    assert kept(settings) == [first.json()["id"]]
    assert len(client.get(JOBS).json()["items"]) == 1


def test_a_key_in_flight_is_a_conflict_and_a_failed_request_frees_it(client: TestClient, table: JobTable) -> None:
    headers = {"Idempotency-Key": "k-2"}
    assert keys.reserve(table.database, "k-2") is None
    assert upload(client, headers=headers).status_code == 409
    keys.release(table.database, "k-2")
    assert upload(client, headers=headers, fields={"format": "nonsense"}).status_code == 422
    assert upload(client, headers=headers).status_code == 202
    for unusable in ("", "a b", "x" * 256):
        assert upload(client, headers={"Idempotency-Key": unusable}).status_code == 422


def test_lists_come_in_pages(client: TestClient) -> None:
    made = [upload(client).json()["id"] for _ in range(5)]
    first = JobsOut.model_validate(client.get(JOBS, params={"limit": 3}).json())
    second = JobsOut.model_validate(client.get(JOBS, params={"limit": 3, "cursor": first.next_cursor}).json())
    assert [job.id for job in (*first.items, *second.items)] == made[::-1]
    assert second.next_cursor is None
    assert client.get(JOBS, params={"state": "done"}).json()["items"] == []
    for wrong in ({"limit": 201}, {"limit": 0}, {"state": "asleep"}, {"cursor": "x"}):
        assert client.get(JOBS, params=wrong).status_code == 422
    assert len(client.get(JOBS, params={"cursor": "9" * 20}).json()["items"]) == 5


def test_cancelling_retrying_and_deleting(client: TestClient, settings: Settings, table: JobTable) -> None:
    job = upload(client).json()["id"]
    assert client.delete(f"{JOBS}/{job}").status_code == 409
    assert client.post(f"{JOBS}/{job}/retry").status_code == 409
    assert client.post(f"{JOBS}/{job}/cancel").json()["state"] == "cancelled"
    assert client.post(f"{JOBS}/{job}/retry").json()["state"] == "queued"
    ended(table, job)
    assert client.post(f"{JOBS}/{job}/cancel").status_code == 409
    assert client.delete(f"{JOBS}/{job}").status_code == 204
    assert client.get(f"{JOBS}/{job}").status_code == 404
    assert kept(settings) == []
    for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/retry"), ("DELETE", ""), ("GET", "/rejects")):
        assert client.request(method, f"{JOBS}/0123456789abcdef{path}").status_code == 404


def test_rejected_rows_can_be_downloaded(client: TestClient, table: JobTable, tmp_path: Path) -> None:
    row = {"file": "a.csv", "line": 3, "reason": "broken", "raw": "甲"}
    rejects = tmp_path / "rejects.jsonl"
    rejects.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    job = upload(client).json()["id"]
    assert client.get(f"{JOBS}/{job}/rejects").status_code == 404
    report = {"version": 1, "rejected": {"broken": 1}, "rejects_file": str(rejects)}
    ended(table, job, State.DONE_WITH_REJECTS, report=report, rejected={"broken": 1}, rejects_file=str(rejects))
    found = client.get(f"{JOBS}/{job}/rejects")
    assert found.headers["content-type"] == "application/x-ndjson"
    assert json.loads(found.text) == row
    shown = JobOut.model_validate(client.get(f"{JOBS}/{job}").json())
    assert (shown.rejects, shown.rejected) == (True, {"broken": 1})
    assert client.delete(f"{JOBS}/{job}").status_code == 204
    assert not rejects.exists()


def test_a_state_database_that_cannot_be_used_is_a_problem(
    settings: Settings, library: FakeLibrary, caplog: pytest.LogCaptureFixture
) -> None:
    lost = settings.model_copy(update={"state_url": SecretStr("sqlite:////nowhere/s.sqlite")})
    with local_client(create_app(lost, fake_pipeline(library), library)) as client:
        assert client.post("/ask", json={"question": "偏头痛有什么症状"}).status_code == 200
        refused = client.get(JOBS)
    assert (refused.status_code, refused.json()["type"]) == (507, "/problems/storage")
    assert "nowhere" not in refused.text
    assert "nowhere" in caplog.text

"""Withdrawing over HTTP: its effect, who may, and what went wrong."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from api.schemas.answers import SearchOut
from api.schemas.evidence import CuratedOut, EvidenceInFullOut, RegisterOut
from api.schemas.kb import DiffOut
from kg_loader.curation import restore, withdraw
from kg_loader.erasure import erase
from rag.errors import CorruptSnapshotError
from rag.register import Entry, EntryKind, Register
from rag.snapshot import Library
from tests.api.conftest import local_client
from tests.api.records import BOOK, CONCLUSION, SMALL, STUDY
from tests.api.test_server import serving
from tests.fakes import FakeLibrary, fake_pipeline
from tests.kb import publish, settings_for
from yiwen.client import Client, ServiceError

QUESTION = {"question": "布洛芬能缓解偏头痛吗"}


def found(client: TestClient) -> set[str]:
    response = client.post("/v1/search", json=QUESTION)
    SearchOut.model_validate(response.json())
    return {evidence["id"] for evidence in response.json()["evidence"]}


def cited(client: TestClient) -> set[str]:
    return {citation["evidence_id"] for citation in client.post("/ask", json=QUESTION).json()["citations"]}


def test_withdrawing_takes_effect_at_once_and_the_evidence_still_opens(client: TestClient) -> None:
    path = f"/v1/evidence/{CONCLUSION.id}"
    assert client.get(path).json()["withheld"] is None
    assert CONCLUSION.id in found(client) & cited(client)
    done = client.post(f"{path}/withdraw", json={"reason": "剂量有误"})
    CuratedOut.model_validate(done.json())
    assert (done.status_code, done.json()["kind"]) == (200, "withdrawn")
    assert CONCLUSION.id not in found(client) | cited(client)
    shown = client.get(path).json()
    EvidenceInFullOut.model_validate(shown)
    assert shown["withheld"] == {key: done.json()[key] for key in ("id", "kind", "reason", "when")}
    assert shown["text"] == CONCLUSION.text
    listed = client.get("/v1/kb/register").json()
    RegisterOut.model_validate(listed)
    assert [entry["id"] for entry in listed["entries"]] == [CONCLUSION.id]
    assert client.post(f"{path}/restore").status_code == 200
    assert CONCLUSION.id in found(client) & cited(client)


def test_evidence_of_a_withdrawn_source_says_so(client: TestClient) -> None:
    client.post(f"/v1/evidence/{STUDY.id}/withdraw", json={"reason": "x"})
    assert client.get(f"/v1/evidence/{CONCLUSION.id}").json()["withheld"]["id"] == STUDY.id


def test_an_entity_is_shown_without_withdrawn_facts(client: TestClient) -> None:
    before = client.get("/v1/entities/disease:偏头痛").json()
    fact = before["groups"][0]["facts"][0]["id"]
    client.post(f"/v1/evidence/{fact}/withdraw", json={"reason": "x"})
    after = client.get("/v1/entities/disease:偏头痛").json()
    assert after["counts"]["outgoing"] == before["counts"]["outgoing"] - 1
    assert fact not in str(after)


def test_erased_evidence_is_gone(client: TestClient, library: FakeLibrary) -> None:
    erased = Entry(STUDY.id, EntryKind.ERASED, "申请删除", "2026-01-01T00:00:00+00:00", (CONCLUSION.id,))
    library.register = library.register.with_erasure(erased)
    for call in (
        client.get(f"/v1/evidence/{CONCLUSION.id}"),
        client.post(f"/v1/evidence/{CONCLUSION.id}/withdraw", json={"reason": "x"}),
        client.post(f"/v1/evidence/{STUDY.id}/restore"),
    ):
        assert (call.status_code, call.json()["type"]) == (410, "/problems/erased")
    assert CONCLUSION.id not in found(client) | cited(client)


def test_problems(client: TestClient) -> None:
    path = f"/v1/evidence/{CONCLUSION.id}"
    assert client.post("/v1/evidence/p:0000000000000000/withdraw", json={"reason": "x"}).status_code == 404
    assert client.post(f"{path}/withdraw", json={}).status_code == 422
    assert client.post(f"{path}/withdraw", json={"reason": ""}).status_code == 422
    assert client.post(f"{path}/restore").status_code == 409
    client.post(f"{path}/withdraw", json={"reason": "x"})
    again = client.post(f"{path}/withdraw", json={"reason": "x"})
    assert (again.status_code, again.headers["content-type"]) == (409, "application/problem+json")


@pytest.mark.parametrize("action", ["withdraw", "restore"])
def test_only_the_holder_of_the_key_may(client: TestClient, app: FastAPI, library: FakeLibrary, action: str) -> None:
    path = f"/v1/evidence/{CONCLUSION.id}/{action}"
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("192.0.2.7", 50000)) as stranger:
        assert stranger.post(path, json={"reason": "x"}).status_code == 401
    settings = app.state.service.settings.model_copy(update={"api_key": SecretStr("right")})
    with local_client(create_app(settings, fake_pipeline(library), library)) as guarded:
        assert guarded.post(path, json={"reason": "x"}).status_code == 401
    assert library.register.entries == {}


def test_a_damaged_register_is_a_problem_not_an_answer(app: FastAPI, library: FakeLibrary) -> None:
    class Damaged(FakeLibrary):
        def decisions(self) -> Register:
            raise CorruptSnapshotError("/secret/path/register.json: it is damaged")

    damaged = Damaged()
    damaged.publish(SMALL)
    with local_client(create_app(app.state.service.settings, fake_pipeline(library), damaged)) as client:
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
        response = client.get(f"/v1/evidence/{CONCLUSION.id}")
    assert (response.status_code, response.json()["type"]) == (503, "/problems/corrupt-snapshot")
    assert "secret" not in response.text


def test_on_a_folder(tmp_path: Path) -> None:
    library = Library(tmp_path)
    publish(library, {"a": list(SMALL)})
    publish(library, {"a": list(SMALL[:-1])})
    with local_client(create_app(settings_for(tmp_path))) as client:
        changes = client.get("/v1/kb/diff", params={"a": 1, "b": 2})
        DiffOut.model_validate(changes.json())
        assert changes.json()["changes"]["passage"] == {
            "added": 0, "removed": 1, "added_samples": [], "removed_samples": [CONCLUSION.text]
        }  # fmt: skip
        assert client.get("/v1/kb/diff", params={"a": 1, "b": 9}).status_code == 404
        assert client.get("/v1/kb/diff", params={"a": 1}).status_code == 422
        done = client.post(f"/v1/evidence/{CONCLUSION.id}/withdraw", json={"reason": "x"})
        assert done.json()["current_version"] == {"facts": 0, "passages": 0}
        assert client.get(f"/v1/evidence/{CONCLUSION.id}").json()["withheld"]["reason"] == "x"
        assert library.register.read().entries.keys() == {CONCLUSION.id}
        client.post("/v1/kb/versions/1/activate")
        assert CONCLUSION.id not in found(client)
        client.post(f"/v1/evidence/{CONCLUSION.id}/restore")
        assert CONCLUSION.id in found(client)


def test_a_running_service_follows_while_it_is_asked(data_dir: Path) -> None:
    library = Library(data_dir)
    publish(library, {"small": list(SMALL)})
    publish(library, {"more": [BOOK]})
    problems: list[str] = []
    stop = threading.Event()

    def ask(address: str) -> None:
        with httpx.Client(base_url=address, timeout=10) as own:
            while not stop.is_set():
                response = own.post("/ask", json=QUESTION)
                if response.status_code != 200:
                    problems.append(response.text)

    with serving(data_dir) as process, Client(process.address) as client:
        askers = [threading.Thread(target=ask, args=(process.address,)) for _ in range(3)]
        for asker in askers:
            asker.start()

        def citations(version: int | None = None) -> set[str]:
            answer = client.ask(QUESTION["question"], kb_version=version)
            return {citation.evidence_id for citation in answer.citations}

        assert CONCLUSION.id in citations() & citations(1)
        withdraw(library, CONCLUSION.id, "x")  # as the command does, in another process
        assert CONCLUSION.id not in citations() | citations(1)
        restore(library, CONCLUSION.id)
        assert CONCLUSION.id in citations() & citations(1)
        client.evidence(CONCLUSION.id, kb_version=1)
        erase(library, settings_for(data_dir), CONCLUSION.id, "申请删除")
        assert CONCLUSION.id not in citations() | citations(1)
        with pytest.raises(ServiceError, match="申请删除") as gone:
            client.evidence(CONCLUSION.id)
        assert gone.value.status == 410
        _wait_until_let_go(process.child.pid)
        assert client.ask("偏头痛有什么症状").citations
        stop.set()
        for asker in askers:
            asker.join(10)
    assert problems == []


def _wait_until_let_go(process: int) -> None:
    """Within two seconds the service has no file open that was deleted."""
    end = time.monotonic() + 2
    while deleted := [link for fd in Path(f"/proc/{process}/fd").iterdir() if "(deleted)" in (link := _target(fd))]:
        assert time.monotonic() < end, deleted
        time.sleep(0.05)


def _target(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""

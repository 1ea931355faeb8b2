"""`/v1/kb/aliases` and `/v1/kb/reviews` over a real data folder; the worker publishes what was decided."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from api.schemas.jobs import JobOut
from api.schemas.reviews import AliasesOut
from kg_loader.jobs.job import State
from kg_loader.jobs.table import JobTable
from kg_loader.jobs.worker import Pace, Worker
from rag.domain import Alias, AliasKind, Entity, EntityId, Fact
from rag.settings import Settings
from rag.snapshot import Library
from rag.state import open_state
from rag.vocabulary import EntityType, Relation
from tests.api.conftest import local_client
from tests.api.test_server import serving
from tests.jobs.working import wait_for
from tests.kb import BOOK, publish, settings_for
from yiwen.client import Client, ServiceError

HERNIA = Entity(EntityId("disease:疝气"), EntityType.DISEASE, "疝气")
LUMP = Entity(EntityId("symptom:包块"), EntityType.SYMPTOM, "包块")
FACT = Fact(HERNIA.id, Relation.SYMPTOM, LUMP.id, BOOK.id)
EVERYDAY = Alias("突出", HERNIA.id, AliasKind.SYNONYM)
FINE = Alias("小肠气", HERNIA.id, AliasKind.SYNONYM)
QUESTION = {"question": "突出有什么症状"}
ALIASES, REVIEWS = "/v1/kb/aliases", "/v1/kb/reviews"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    publish(Library(tmp_path), {"book": [BOOK, HERNIA, LUMP, FACT, EVERYDAY, FINE]})
    return settings_for(tmp_path, pointer_poll_s=0.05)


@pytest.fixture
def table(settings: Settings) -> Iterator[JobTable]:
    database = open_state(settings)
    yield JobTable(database)
    database.close()


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with local_client(create_app(settings)) as client:
        yield client


def work(settings: Settings, table: JobTable) -> None:
    Worker(settings, table, Pace(look_s=0.1, beat_s=0.2, idle_s=0.1)).run(once=True)


def listed(client: TestClient, standing: str = "held") -> AliasesOut:
    return AliasesOut.model_validate(client.get(ALIASES, params={"standing": standing}).json())


def decided(client: TestClient, verdict: str, record: str, reason: str = "查过教科书", key: str = "") -> Any:  # noqa: ANN401 - a response of whichever client Starlette uses
    body = {"verdict": verdict, "records": [record], "reason": reason}
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(REVIEWS, json=body, headers=headers)


def test_a_held_alias_is_listed_with_the_reason_and_links_once_it_is_released(
    client: TestClient, settings: Settings, table: JobTable
) -> None:
    page = listed(client)
    (alias,) = page.items
    assert (alias.name, alias.entity.id, alias.datasets, page.kb_version) == ("突出", HERNIA.id, ["book"], 1)
    assert [(one.rule, one.severity) for one in alias.findings] == [("alias-everyday-word", "severe")]
    assert client.post("/v1/search", json=QUESTION).json()["entities"] == []

    submitted = decided(client, "release", alias.id)
    assert submitted.status_code == 202, submitted.text
    job = JobOut.model_validate(submitted.json())
    assert submitted.headers["location"] == f"/v1/kb/jobs/{job.id}"
    assert (job.state, job.kind, job.files) == (State.QUEUED, "review", [])
    work(settings, table)

    done = JobOut.model_validate(client.get(f"/v1/kb/jobs/{job.id}").json())
    assert (done.state, done.error) == (State.DONE, None)
    assert done.report is not None
    assert (done.report["version"], done.report["released"], done.report["in_quarantine"]) == (2, [alias.id], {})
    assert listed(client).items == []
    (released,) = listed(client, "released").items
    assert (released.id, [one.released for one in released.findings]) == (alias.id, [True])
    client.app.state.service.pipeline.editions.refresh()  # type: ignore[attr-defined]  # a TestClient says ASGI app
    assert [one["id"] for one in client.post("/v1/search", json=QUESTION).json()["entities"]] == [HERNIA.id]


def test_a_person_keeps_an_alias_held_and_lets_it_go_again(
    client: TestClient, settings: Settings, table: JobTable
) -> None:
    (alias,) = listed(client).items
    decided(client, "hold", alias.id, "不是病名")
    work(settings, table)
    (held,) = listed(client).items
    assert {one.rule: one.detail for one in held.findings}["editor"] == "不是病名"
    decided(client, "release", alias.id)
    work(settings, table)
    assert listed(client).items == []


def test_an_alias_in_use_can_be_held(client: TestClient, settings: Settings, table: JobTable) -> None:
    record = next(iter(listed(client).items)).id
    decided(client, "release", record)
    work(settings, table)
    decided(client, "hold", record, "还是不对")
    work(settings, table)
    assert [one.id for one in listed(client).items] == [record]


def test_a_decision_that_was_carried_out_already_changes_nothing(
    client: TestClient, settings: Settings, table: JobTable
) -> None:
    """Two people decide the same before either has happened; or a worker dies after publishing and before saying so."""
    (alias,) = listed(client).items
    jobs = [decided(client, "release", alias.id).json()["id"] for _ in range(2)]
    work(settings, table)
    reports = [client.get(f"/v1/kb/jobs/{job}").json()["report"] for job in jobs]
    assert [(one["version"], one["unchanged"]) for one in reports] == [(2, False), (2, True)]


def test_the_same_key_leads_to_the_same_job(client: TestClient) -> None:
    (alias,) = listed(client).items
    first, again = (decided(client, "release", alias.id, key="k1") for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]
    other = decided(client, "hold", alias.id, key="k1")
    assert (other.status_code, other.json()["type"]) == (422, "/problems/usage")


def test_a_refused_decision_leaves_its_key_free(client: TestClient) -> None:
    (alias,) = listed(client).items
    assert decided(client, "release", "a:0000000000000000", key="k2").status_code == 404
    assert decided(client, "release", alias.id, key="k2").status_code == 202


def test_problems(client: TestClient, table: JobTable) -> None:
    (alias,) = listed(client).items
    free = decided(client, "release", HERNIA.id)
    assert (free.status_code, free.headers["content-type"]) == (404, "application/problem+json")
    assert "nothing holds disease:疝气" in free.json()["detail"]
    for record, reason, status in (
        ("f:0000000000000000", "x", 404), ("nonsense", "x", 404), (alias.id, "", 422), (alias.id, " ", 422),
        (alias.id, "x" * 501, 422),
    ):  # fmt: skip
        assert decided(client, "hold", record, reason).status_code == status
    assert client.post(REVIEWS, json={"verdict": "release", "records": []}).status_code == 422
    assert client.post(REVIEWS, json={"verdict": "delete", "records": [alias.id]}).status_code == 422
    assert client.get(ALIASES, params={"standing": "lost"}).status_code == 422
    assert client.get(ALIASES, params={"kb_version": 9}).status_code == 404
    assert table.page(10)[0] == []


def test_only_the_holder_of_an_admin_key_decides(client: TestClient, settings: Settings) -> None:
    (alias,) = listed(client).items
    with TestClient(client.app, base_url="http://127.0.0.1:8000", client=("192.0.2.7", 50000)) as stranger:
        assert decided(stranger, "release", alias.id).status_code == 401
    guarded = settings.model_copy(update={"api_key": SecretStr("right")})
    with local_client(create_app(guarded)) as here:
        assert decided(here, "release", alias.id).status_code == 401
        assert listed(here).items[0].id == alias.id


def test_aliases_are_listed_page_by_page(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    words = ("突出", "老年人", "第三")
    publish(Library(folder), {"book": [BOOK, HERNIA, *(Alias(word, HERNIA.id, AliasKind.SYNONYM) for word in words)]})
    with local_client(create_app(settings_for(folder))) as client:
        first = client.get(ALIASES, params={"limit": 2}).json()
        rest = client.get(ALIASES, params={"limit": 2, "offset": first["next_offset"]}).json()
    assert (len(first["items"]), rest["next_offset"]) == (2, None)
    assert {one["name"] for one in (*first["items"], *rest["items"])} == set(words)


def test_the_worker_beside_the_service_carries_a_decision_out(tmp_path: Path) -> None:
    publish(Library(tmp_path), {"book": [BOOK, HERNIA, EVERYDAY]})
    with serving(tmp_path) as process, Client(process.address) as client:
        (alias,) = client.doubted_aliases().items
        job = client.release(alias.id, reason="查过", key="once")
        assert client.release(alias.id, reason="查过", key="once").id == job.id
        wait_for(lambda: client.job(job.id).state == "done")
        assert [one.id for one in client.doubted_aliases("released").items] == [alias.id]
        with pytest.raises(ServiceError, match="no record"):
            client.hold("f:0000000000000000", reason="x")

from __future__ import annotations

from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from api.schemas.entities import EntitiesOut, EntityInFullOut
from api.schemas.evidence import EvidenceInFullOut
from api.schemas.kb import ActivatedOut, VersionsOut
from api.schemas.service import HealthOut, ProgramOut, ReadyOut
from rag.settings import Settings
from tests.api.conftest import local_client
from tests.api.records import CONCLUSION, SMALL, STUDY
from tests.fakes import FakeLibrary, fake_pipeline


def test_entities_are_found_by_text_and_by_prefix(client: TestClient) -> None:
    found = client.get("/v1/entities", params={"q": "偏头"}).json()
    EntitiesOut.model_validate(found)
    assert [(item["id"], item["matched"], item["via"]) for item in found["items"]] == [
        ("disease:偏头痛", "偏头疼", "colloquial")
    ]
    text = client.get("/v1/entities", params={"q": "偏头疼能吃布洛芬吗"}).json()
    assert [item["id"] for item in text["items"]] == ["disease:偏头痛", "drug:布洛芬"]
    assert client.get("/v1/entities", params={"q": "没有这个名字"}).json()["items"] == []


@pytest.mark.parametrize("typed", ["ptt", "PTT", "piantou", "pian tou tong"])
def test_entities_are_found_by_pinyin_and_initials(client: TestClient, typed: str) -> None:
    found = client.get("/v1/entities", params={"q": typed}).json()
    assert found["items"][0]["name"] == "偏头痛"
    assert client.get("/v1/entities", params={"q": "p"}).json()["items"] == []


def test_names_are_shown_as_their_source_wrote_them(client: TestClient) -> None:
    found = client.get("/v1/entities", params={"q": "HELICO"}).json()
    assert [item["name"] for item in found["items"]] == ["Helicobacter pylori感染"]


def test_pages_of_entities_stay_with_their_version(client: TestClient, library: FakeLibrary) -> None:
    whole = client.get("/v1/entities", params={"q": "偏头疼恶心畏光布洛芬孕妇"}).json()["items"]
    paged, cursor = [], None
    while True:
        params = {"q": "偏头疼恶心畏光布洛芬孕妇", "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/entities", params=params).json()
        library.publish(SMALL[:2])
        assert page["kb_version"] == 1
        paged += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == whole
    assert len(whole) == 5


@pytest.mark.parametrize("given", ["disease:偏头痛", "drug:阿莫西林/克拉维酸", "disease:Helicobacter Pylori感染"])
def test_entity_ids_are_percent_encoded_in_paths(client: TestClient, given: str) -> None:
    response = client.get(f"/v1/entities/{quote(given, safe='')}")
    assert response.status_code == 200
    EntityInFullOut.model_validate(response.json())
    assert response.json()["id"].lower() == given.lower()


def test_an_entity_in_full(client: TestClient) -> None:
    shown = client.get(f"/v1/entities/{quote('disease:偏头痛')}").json()
    assert shown["aliases"] == [{"name": "偏头疼", "kind": "colloquial"}]
    assert shown["counts"] == {"outgoing": 5, "incoming": 0, "aliases": 1}
    groups = {(group["relation"], group["direction"]): group for group in shown["groups"]}
    assert [f["object"]["name"] for f in groups["cure_rate", "outgoing"]["facts"]] == ["约60%"]
    assert groups["cure_rate", "outgoing"]["facts"][0]["object"]["id"] is None
    limited = client.get(f"/v1/entities/{quote('disease:偏头痛')}", params={"limit": 1}).json()
    symptoms = next(group for group in limited["groups"] if group["relation"] == "has_symptom")
    assert (symptoms["count"], len(symptoms["facts"])) == (2, 1)


def test_facts_lead_both_ways(client: TestClient) -> None:
    shown = client.get(f"/v1/entities/{quote('symptom:恶心')}").json()
    group = shown["groups"][0]
    assert (group["direction"], group["count"]) == ("incoming", 2)
    assert {fact["subject"]["id"] for fact in group["facts"]} == {"disease:偏头痛", "disease:紧张性头痛"}


def test_evidence_in_full(client: TestClient) -> None:
    shown = client.get(f"/v1/evidence/{CONCLUSION.id}").json()
    EvidenceInFullOut.model_validate(shown)
    assert shown["text"] == CONCLUSION.text
    assert shown["source"]["id"] == STUDY.id
    assert shown["passage"]["about"] == "disease:偏头痛"
    assert shown["current"] is True


def test_a_citation_of_an_older_version_still_opens(client: TestClient, library: FakeLibrary) -> None:
    library.publish(SMALL[:2])
    client.post("/ask", json={"question": "头痛", "min_revision": 2})
    shown = client.get(f"/v1/evidence/{CONCLUSION.id}").json()
    assert (shown["kb_version"], shown["current"]) == (1, False)
    path = f"/v1/evidence/{CONCLUSION.id}"
    assert client.get(path, params={"kb_version": 1}).status_code == 200
    assert client.get(path, params={"kb_version": 2}).status_code == 404
    assert client.get(path, params={"kb_version": 9}).status_code == 404


def test_versions_and_going_back(client: TestClient, library: FakeLibrary) -> None:
    library.publish(SMALL[:2])
    listed = client.get("/v1/kb/versions").json()
    VersionsOut.model_validate(listed)
    assert (listed["current"], listed["revision"]) == (2, 2)
    assert [(v["version"], v["current"]) for v in listed["versions"]] == [(1, False), (2, True)]
    done = client.post("/v1/kb/versions/1/activate").json()
    ActivatedOut.model_validate(done)
    assert done == {"version": 1, "revision": 3, "previous": 2}
    assert client.get("/readyz").json() == {"status": "ready", "kb_version": 1, "revision": 3, "degraded": []}


def _status(app: FastAPI, host: str, base: str, headers: dict[str, str]) -> int:
    with TestClient(app, base_url=base, client=(host, 50000)) as client:
        return client.post("/v1/kb/versions/1/activate", headers=headers).status_code


@pytest.mark.parametrize(
    ("host", "base", "headers", "status"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000", {}, 200),
        ("::1", "http://localhost:8000", {}, 200),
        ("127.0.0.1", "http://localhost:8000", {"Origin": "http://localhost:8000"}, 200),
        ("192.0.2.7", "http://127.0.0.1:8000", {}, 401),
        ("127.0.0.1", "http://127.0.0.1:8000", {"Forwarded": "for=192.0.2.7"}, 401),
        ("127.0.0.1", "http://localhost:8000", {"Origin": "https://evil.example"}, 403),
        ("127.0.0.1", "http://evil.example", {"Origin": "http://evil.example"}, 403),
    ],
)
def test_without_a_key_only_programs_on_this_machine_write(
    app: FastAPI, host: str, base: str, headers: dict[str, str], status: int
) -> None:
    assert _status(app, host, base, headers) == status


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 401), ({"X-API-Key": "wrong"}, 401), ({"X-API-Key": "right"}, 200)]
)
@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.7"])
def test_a_configured_key_is_required_from_everywhere(
    settings: Settings, library: FakeLibrary, host: str, headers: dict[str, str], status: int
) -> None:
    guarded = settings.model_copy(update={"api_key": SecretStr("right")})
    app = create_app(guarded, fake_pipeline(library), library)
    assert _status(app, host, f"http://{host}", headers) == status


def test_service_routes(client: TestClient) -> None:
    HealthOut.model_validate(client.get("/healthz").json())
    ReadyOut.model_validate(client.get("/readyz").json())
    ProgramOut.model_validate(client.get("/version").json())


def test_a_version_that_does_not_open_leaves_the_old_one_serving(settings: Settings) -> None:
    library = FakeLibrary()
    library.publish(SMALL)
    with local_client(create_app(settings, fake_pipeline(library), library)) as client:
        library.publish(SMALL[:2])
        client.get("/readyz")
        library.forget(2)
        assert client.post("/ask", json={"question": "偏头痛有什么症状"}).status_code == 200

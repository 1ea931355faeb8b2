"""The graph routes: what is drawn, what is refused, what is said while the live graph is missing."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from api.schemas.entities import GraphOut, PathsOut
from api.schemas.evidence import EvidenceInFullOut
from rag.domain import EDITOR, Fact, GraphFact
from rag.editions import Editions
from rag.graph.drawn import DrawnFact
from rag.ports import GraphReader
from rag.register import Withheld
from rag.vocabulary import Relation
from tests.api.records import SMALL
from tests.fakes import FakeLibrary
from tests.kb import disease, symptom

MIGRAINE = quote("disease:偏头痛")


def test_the_graph_around_an_entity(client: TestClient) -> None:
    shown = client.get(f"/v1/entities/{MIGRAINE}/graph").json()
    GraphOut.model_validate(shown)
    assert (shown["center"], shown["degraded"], shown["kb_version"]) == ("disease:偏头痛", [], 1)
    nodes = {node["id"]: node for node in shown["nodes"]}
    assert next(iter(nodes)) == "disease:偏头痛"
    assert {edge[end] for edge in shown["edges"] for end in ("from", "to")} == set(nodes)
    (rate,) = [edge for edge in shown["edges"] if edge["relation"] == "cure_rate"]
    assert (nodes[rate["to"]]["name"], nodes[rate["to"]]["type"]) == ("约60%", "cure_rate")
    assert len({edge["id"] for edge in shown["edges"]}) == len(shown["edges"]) == 5
    one = client.get(f"/v1/entities/{MIGRAINE}/graph", params={"limit": 1}).json()
    assert len(one["edges"]) == len({edge["relation"] for edge in shown["edges"]})


def test_a_stranger_has_no_graph(client: TestClient) -> None:
    assert client.get(f"/v1/entities/{quote('disease:没有')}/graph").status_code == 404
    assert client.get(f"/v1/entities/{MIGRAINE}/graph", params={"limit": 0}).status_code == 422
    assert client.get(f"/v1/entities/{MIGRAINE}/graph", params={"kb_version": 9}).status_code == 404


def test_paths_between_two_entities(client: TestClient) -> None:
    ends = {"from": "disease:偏头痛", "to": "disease:紧张性头痛"}
    found = client.get("/v1/paths", params=ends).json()
    PathsOut.model_validate(found)
    edges = {edge["id"]: edge for edge in found["edges"]}
    assert [len(path) for path in found["paths"]] == [2]
    assert {edges[key]["to"] for key in found["paths"][0]} == {"symptom:恶心"}
    assert client.get("/v1/paths", params=ends | {"max_hops": 1}).json()["paths"] == []
    assert client.get("/v1/paths", params=ends | {"max_hops": 5}).status_code == 422
    assert client.get("/v1/paths", params=ends | {"to": "disease:没有"}).status_code == 404


@pytest.mark.parametrize("path", [f"/v1/entities/{MIGRAINE}/graph", f"/v1/entities/{MIGRAINE}"])
def test_the_answer_says_when_the_live_graph_is_missing(client: TestClient, library: FakeLibrary, path: str) -> None:
    service = client.app.state.service  # type: ignore[attr-defined]  # starlette types it as ASGI
    editions: Editions = service.pipeline.editions
    edition = editions.current()

    def without_live(withheld: Withheld, degraded: list[str]) -> GraphReader:
        degraded.append("live-graph")
        return edition.retriever.graph

    editions._current = replace(edition, open_graph=without_live)
    assert client.get(path).json()["degraded"] == ["live-graph"]


def test_what_an_editor_drew_opens_though_no_version_holds_it(client: TestClient, library: FakeLibrary) -> None:
    fact = Fact(disease("偏头痛"), Relation.SYMPTOM, symptom("怕风"), EDITOR.id)
    shown = GraphFact(fact.id, fact.subject, "偏头痛", fact.relation, symptom("怕风"), "怕风", EDITOR.id)
    assert client.get(f"/v1/evidence/{fact.id}").status_code == 404
    library.drawn[fact.id] = DrawnFact(shown, 1)
    found = client.get(f"/v1/evidence/{fact.id}").json()
    EvidenceInFullOut.model_validate(found)
    assert (found["text"], found["source"]["title"], found["kb_version"]) == ("偏头痛的症状：怕风", "知识库编辑者", 1)
    library.publish(SMALL[:2])
    client.post("/ask", json={"question": "头痛", "min_revision": 2})
    assert client.get(f"/v1/evidence/{fact.id}").json()["current"] is False
    assert client.get(f"/v1/evidence/{fact.id}", params={"kb_version": 2}).status_code == 404

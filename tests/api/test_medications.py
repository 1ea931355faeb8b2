"""`POST /v1/medications/check`: the shape of the contract, what is refused, and what never happens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from api.app import create_app
from api.schemas.medications import MedicationsOut
from rag.settings import Settings
from tests.answering.safety.test_screening import RECORDS
from tests.api.conftest import local_client
from tests.fakes import FakeLibrary, fake_pipeline


@pytest.fixture
def library() -> FakeLibrary:
    library = FakeLibrary()
    library.publish(RECORDS)
    return library


def check(client: TestClient, **body: Any) -> Any:  # noqa: ANN401 - JSON
    response = client.post("/v1/medications/check", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def test_the_answer_has_the_shape_of_the_document(client: TestClient) -> None:
    found = check(
        client, drugs=["阿司匹林", "华法林", "没有这种药"],
        patient={"age": 70, "allergies": ["青霉素"], "drugs": ["芬必得"], "conditions": ["肾功能不全"]},
    )  # fmt: skip
    TypeAdapter(MedicationsOut).validate_python(found, strict=True)
    assert [finding["severity"] for finding in found["findings"]] == ["major", "moderate", "caution"]
    assert found["unknown"] == [{"given": "没有这种药", "near": []}]
    known = {evidence["id"] for evidence in found["evidence"]}
    assert all(set(finding["evidence_ids"]) <= known for finding in found["findings"])
    assert found["label"] == "AI 生成"
    assert "不能代替医生" in found["disclaimer"]
    assert "没有记录不等于安全" in found["note"]


def test_every_finding_opens(client: TestClient) -> None:
    for finding in check(client, drugs=["阿司匹林", "华法林", "呋塞米"])["findings"]:
        for identifier in finding["evidence_ids"]:
            assert client.get(f"/v1/evidence/{identifier}").status_code == 200


def test_nothing_found_is_never_called_safe(client: TestClient) -> None:
    found = check(client, drugs=["舒马普坦", "华法林"])
    assert found["findings"] == []
    assert found["unrecorded"] == [{"drugs": ["华法林", "舒马普坦"], "about": None}]
    assert "安全的" not in json.dumps(found, ensure_ascii=False)


@pytest.mark.parametrize(
    "body",
    [{}, {"drugs": []}, {"drugs": "阿司匹林"}, {"drugs": [" "]}, {"drugs": [1]}, {"drugs": ["药"] * 51},
     {"drugs": ["药" * 201]}, {"drugs": ["阿司匹林"], "patient": {"age": -1}}, {"drugs": ["阿司匹林"], "other": 1}],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(client: TestClient, body: Any) -> None:  # noqa: ANN401 - JSON
    response = client.post("/v1/medications/check", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


def test_versions(client: TestClient, library: FakeLibrary) -> None:
    library.publish(RECORDS[:3])
    assert check(client, drugs=["阿司匹林", "华法林"], kb_version=1)["findings"]
    assert client.post("/v1/medications/check", json={"drugs": ["阿司匹林"], "kb_version": 9}).status_code == 404


def test_without_a_knowledge_base_it_is_not_ready(settings: Settings) -> None:
    empty = FakeLibrary()
    with local_client(create_app(settings, fake_pipeline(empty), empty)) as client:
        assert client.post("/v1/medications/check", json={"drugs": ["阿司匹林"]}).status_code == 503

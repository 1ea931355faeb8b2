"""Whatever is sent: no 5xx, every error in its documented shape."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.problems import is_openai
from api.schemas.openai import OpenAIError
from api.schemas.service import Problem
from rag.settings import Settings
from tests.api.conftest import local_client
from tests.api.records import SMALL
from tests.fakes import FakeLibrary, fake_pipeline

Schema = dict[str, Any]
WORDS = ("偏头痛有什么症状", "布洛芬", "extractive", "user", "assistant", "up", "zh", "full", "1")
TEXT = st.sampled_from(WORDS) | st.text(max_size=20)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
SCALARS = {
    "string": TEXT,
    "integer": st.integers(-2, 60) | st.integers(),
    "number": st.integers(-2, 200) | st.floats(),
    "boolean": st.booleans(),
    "null": st.none(),
}
# They wait for an upload, or change what the other examples read.
LEFT_OUT = {"submitJob", "withdrawEvidence"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    library = FakeLibrary()
    library.publish(SMALL)
    folder = tmp_path_factory.mktemp("robust")
    return create_app(Settings(data_dir=folder, request_timeout_s=5), fake_pipeline(library), library)


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with local_client(app) as client:
        yield client


def of_schema(schema: Schema, components: Schema, depth: int = 3) -> st.SearchStrategy[Any]:
    """Values of a JSON schema, and now and then anything else in their place."""
    return st.one_of(*[_of_schema(schema, components, depth)] * 4, ANY)


def _of_schema(schema: Schema, components: Schema, depth: int) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _of_schema(components[schema["$ref"].rpartition("/")[2]], components, depth - 1)
    if depth < 0:
        return st.none()
    if "anyOf" in schema:
        return st.one_of(*(_of_schema(one, components, depth) for one in schema["anyOf"]))
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    match schema.get("type"):
        case "object":
            known = {name: of_schema(one, components, depth) for name, one in schema.get("properties", {}).items()}
            needed = set(schema.get("required", ()))
            return st.fixed_dictionaries(
                {name: one for name, one in known.items() if name in needed},
                optional={name: one for name, one in known.items() if name not in needed},
            )
        case "array":
            return st.lists(of_schema(schema.get("items", {}), components, depth - 1), max_size=3)
        case kind:
            return SCALARS.get(str(kind), ANY)


def operations(document: Schema) -> list[tuple[str, str, Schema]]:
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"] not in LEFT_OUT
    ]


DOCUMENT = create_app(Settings()).openapi()


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    operations(DOCUMENT),
    ids=[operation["operationId"] for _, _, operation in operations(DOCUMENT)],
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_nothing_that_is_sent_is_our_fault(
    client: TestClient, method: str, path: str, operation: Schema, data: st.DataObject
) -> None:
    components = DOCUMENT["components"]["schemas"]
    query, headers, filled = {}, {}, path
    for parameter in operation.get("parameters", ()):
        value = data.draw(_of_schema(parameter["schema"], components, 3), parameter["name"])
        if parameter["in"] == "path":
            filled = filled.replace("{" + parameter["name"] + "}", str(value).encode("utf-8", "replace").hex() or "x")
        elif parameter["in"] == "query" and value is not None:
            query[parameter["name"]] = str(value).encode("utf-8", "replace").decode()
        elif value is not None:
            headers[parameter["name"]] = str(value).encode("ascii", "replace").decode().replace("\n", "").strip()
    body, content = None, None
    if "requestBody" in operation:
        body = data.draw(of_schema(operation["requestBody"]["content"]["application/json"]["schema"], components))
        content = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    headers = {name: "".join(c for c in text if " " <= c <= "~") for name, text in headers.items()}
    response = client.request(method, filled, params=query, headers=headers, content=content)
    if response.status_code == 503:  # a revision that is not there yet, and nothing else
        assert response.json()["type"] == "/problems/not-ready"
        assert isinstance(body, dict)
        assert body["min_revision"] > 1
    else:
        assert response.status_code < 500, response.text
    expected = operation["responses"]
    assert str(response.status_code) in expected, (response.status_code, response.text)
    if response.status_code >= 400:
        if is_openai(path):
            OpenAIError.model_validate(response.json())
        else:
            assert response.headers["content-type"] == "application/problem+json"
            Problem.model_validate(response.json())


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 20_000, b'{"question": "\\ud800"}', b"null"])
def test_what_is_no_json_is_a_problem(client: TestClient, content: bytes) -> None:
    for method, path, operation in operations(DOCUMENT):
        if "requestBody" in operation:
            response = client.request(
                method,
                path.replace("{", "").replace("}", ""),
                content=content,
                headers={"Content-Type": "application/json"},
            )
            assert 400 <= response.status_code < 500, (path, response.text)
            shape = OpenAIError if is_openai(path) else Problem
            shape.model_validate(response.json())


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"])
def test_wrong_methods_and_addresses_are_problems(client: TestClient, method: str) -> None:
    for path in (*DOCUMENT["paths"], "/nothing", "/v1/nothing", "/v1/chat/nothing"):
        response = client.request(method, path.replace("{", "").replace("}", ""))
        assert response.status_code < 500, (method, path)
        if response.status_code >= 400 and method != "HEAD":
            shape = OpenAIError if is_openai(path) else Problem
            shape.model_validate(response.json())

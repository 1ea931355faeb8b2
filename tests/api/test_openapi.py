from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from fastapi import FastAPI

from api.openapi import rendered
from api.problems import is_openai
from tests.source_tree import ROOT

COMMITTED = ROOT / "docs" / "openapi.json"
ERRORS = ("400", "401", "403", "404", "408", "409", "410", "413", "415", "422", "500", "503", "504", "507")


def test_the_committed_document_is_current(app: FastAPI) -> None:
    assert COMMITTED.read_bytes() == rendered(app), "run `python -m api.openapi > docs/openapi.json`"


def test_the_document_can_be_made_without_data() -> None:
    done = subprocess.run([sys.executable, "-m", "api.openapi"], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == COMMITTED.read_bytes()


def _operations(app: FastAPI) -> list[tuple[str, dict[str, Any]]]:
    paths = app.openapi()["paths"]
    return [(path, operation) for path, methods in paths.items() for operation in methods.values()]


def test_every_operation_is_described_with_its_problems(app: FastAPI) -> None:
    ids = [operation["operationId"] for _, operation in _operations(app)]
    assert len(ids) == len(set(ids))
    for path, operation in _operations(app):
        assert operation["description"], path
        assert "500" in operation["responses"], path
        assert any(status.startswith("2") for status in operation["responses"]), path
        for status, response in operation["responses"].items():
            if status.startswith("2") and status != "204":
                assert response["content"], path
                for content in response["content"].keys() - {"text/event-stream"}:
                    assert response["content"][content]["schema"] != {}, path
            if status in ERRORS:
                expected = "application/json" if is_openai(path) else "application/problem+json"
                assert list(response["content"]) == [expected], (path, status)


def test_events_and_examples_are_documented(app: FastAPI) -> None:
    ask = app.openapi()["paths"]["/v1/ask"]["post"]
    assert "event: answer" in ask["responses"]["200"]["content"]["text/event-stream"]["example"]
    assert app.openapi()["components"]["schemas"]["AskIn"]["examples"]


@pytest.mark.parametrize("name", ["AnswerOut", "Problem", "SearchOut", "AskIn"])
def test_references_resolve(app: FastAPI, name: str) -> None:
    text = rendered(app).decode()
    assert name in app.openapi()["components"]["schemas"]
    for reference in {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}:
        assert reference in app.openapi()["components"]["schemas"]

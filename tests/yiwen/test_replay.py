"""`yiwen replay` as a command, on an answer that a service recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from kg_loader.curation import withdraw
from rag.settings import Settings
from rag.snapshot import Library
from rag.wiring import build
from tests.api.conftest import local_client
from tests.api.records import SMALL
from tests.kb import publish


@pytest.fixture
def answer(tmp_path: Path) -> dict[str, Any]:
    settings = Settings(data_dir=tmp_path, record_answers=True, embedder="none")
    publish(Library(tmp_path), {"small": SMALL})
    with local_client(create_app(settings, build(settings))) as client:
        return dict(client.post("/v1/ask", json={"question": "偏头痛有什么症状"}).json())


def replay(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "yiwen", "--data-dir", str(folder), "replay", *arguments]
    return subprocess.run(command, env={**os.environ, "YIWEN_EMBEDDER": "none"}, capture_output=True, check=False)


def test_an_answer_is_made_anew(tmp_path: Path, answer: dict[str, Any]) -> None:
    done = replay(tmp_path, answer["answer_id"], "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, answer)
    told = replay(tmp_path, answer["answer_id"])
    assert answer["text"] in told.stdout.decode()
    assert "byte for byte the answer of version 1" in told.stdout.decode()


def test_what_came_out_otherwise_is_one_line(tmp_path: Path, answer: dict[str, Any]) -> None:
    withdraw(Library(tmp_path), answer["citations"][0]["evidence_id"], "wrong")
    done = replay(tmp_path, answer["answer_id"])
    assert done.returncode == 1
    assert "came out otherwise in: outcome, text, citations" in done.stderr.decode()


def test_an_answer_without_a_record(tmp_path: Path, answer: dict[str, Any]) -> None:
    done = replay(tmp_path, "0" * 16)
    assert (done.returncode, done.stderr.decode().count("\n")) == (3, 1)

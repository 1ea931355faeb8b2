"""Names on the hub where there is no network, no answer or no such model: one line within seconds."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rag.hub import ANSWER_S
from tests.hf.models import make_model
from tests.source_tree import ROOT

SCRIPT = """
import sys, time
from importlib import import_module
from rag.errors import YiwenError
module, name = sys.argv[1].split(":")
opened = getattr(import_module(module), name)
from transformers import AutoTokenizer
if "embedders" in module:
    import sentence_transformers
begin = time.monotonic()
try:
    opened(*sys.argv[2:])
except YiwenError as error:
    print(type(error).__name__, error)
else:
    print("opened")
print(time.monotonic() - begin)
"""
pytestmark = pytest.mark.timeout(300)
LIMIT_S = 4 * ANSWER_S
"""Importing the libraries takes a part of it."""
TOKENIZER = "finetune.data.tokenizer:open_tokenizer"
OPENERS = (TOKENIZER, "finetune.write:Writer", "rag.embedders.sentence_transformer:SentenceTransformerEmbedder")


class Nothing(BaseHTTPRequestHandler):
    """A hub without models."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


class BreaksOff(Nothing):
    """A hub of one model, whose weights end in the middle."""

    folder: Path

    def do_GET(self) -> None:
        file = self.folder / self.path.rpartition("/")[2]
        if self.path == "/api/models/some/model":
            return self._send(json.dumps({"id": "some/model", "sha": "a" * 40}).encode())
        if not file.is_file():
            self.send_response(404)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        return self._send(file.read_bytes(), whole=file.suffix != ".safetensors")

    do_HEAD = do_GET

    def _send(self, body: bytes, *, whole: bool = True) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.send_header("X-Repo-Commit", "a" * 40)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body if whole else body[: len(body) // 2])


@pytest.fixture
def closed() -> str:
    """An address where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def silent() -> Iterator[str]:
    """One that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def empty() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def opened(endpoint: str, home: Path, *arguments: str, **more: str) -> tuple[str, float]:
    """What it said, and the seconds without those of starting."""
    given = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(home), "PYTHONPATH": str(ROOT), **more}
    for name in {"HF_HUB_OFFLINE", "HF_TOKEN"} - more.keys():
        given.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], env=given, capture_output=True, text=True, timeout=250, check=True
    )
    *_, said, seconds = done.stdout.splitlines()
    return said, float(seconds)


def test_a_download_that_breaks_off_is_told_from_a_wrong_name(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "model", "qwen2")
    hub = type("Hub", (BreaksOff,), {"folder": folder})
    with ThreadingHTTPServer(("127.0.0.1", 0), hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        said, _ = opened(f"http://127.0.0.1:{server.server_port}", tmp_path, "finetune.write:Writer", "some/model")
        server.shutdown()
    assert said.startswith("DependencyError the download of some/model broke off (peer closed connection"), said


@pytest.mark.parametrize("opener", OPENERS)
def test_without_network_it_is_one_line_within_seconds(closed: str, tmp_path: Path, opener: str) -> None:
    said, seconds = opened(closed, tmp_path, opener, "some/model")
    assert said.startswith("DependencyError some/model is no folder, and http://127.0.0.1"), said
    assert "does not answer" in said
    assert seconds < LIMIT_S


def test_a_hub_that_says_nothing_is_not_waited_for(silent: str, tmp_path: Path) -> None:
    said, seconds = opened(silent, tmp_path, TOKENIZER, "some/model")
    assert said.startswith("DependencyError"), said
    assert seconds < LIMIT_S


def test_a_data_set_is_asked_for_as_briefly(closed: str, empty: str, tmp_path: Path) -> None:
    (tmp_path / "dataset_info.json").write_text('{"theirs": {"hub": "some/rows"}}', encoding="utf-8")
    load = f"""
from pathlib import Path
import datasets
from finetune.data.loading import load
def opened(): load("theirs", Path({str(tmp_path)!r}))
"""
    (tmp_path / "loading_it.py").write_text(load, encoding="utf-8")
    paths = f"{tmp_path}{os.pathsep}{ROOT}"
    for hub, expected in ((closed, "does not answer"), (empty, "some/rows is neither a folder nor a dataset on")):
        said, seconds = opened(hub, tmp_path, "loading_it:opened", PYTHONPATH=paths)
        assert expected in said, said
        assert seconds < LIMIT_S


def test_a_name_that_the_hub_does_not_have(empty: str, tmp_path: Path) -> None:
    said, seconds = opened(empty, tmp_path, TOKENIZER, "some/model")
    assert said.startswith("ConfigurationError some/model is neither a folder nor a model on http://127.0.0.1"), said
    assert seconds < LIMIT_S


def test_told_to_be_offline_nobody_is_asked(silent: str, tmp_path: Path) -> None:
    said, seconds = opened(silent, tmp_path, TOKENIZER, "some/model", HF_HUB_OFFLINE="1")
    assert said.startswith("ConfigurationError the tokenizer some/model cannot be opened"), said
    assert seconds < LIMIT_S


def test_what_was_downloaded_before_is_used(closed: str, tmp_path: Path) -> None:
    cached = tmp_path / "hub" / "models--some--model"
    make_model(tmp_path / "model", "qwen2")
    shutil.copytree(tmp_path / "model", cached / "snapshots" / ("a" * 40))
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("a" * 40, encoding="ascii")
    said, seconds = opened(closed, tmp_path, "finetune.write:Writer", "some/model")
    assert said == "opened"
    assert seconds < LIMIT_S


def test_the_command_ends_with_one_line(closed: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "yiwen", "chat", "--model", "some/model"], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "HF_ENDPOINT": closed, "HF_HOME": str(tmp_path)}, timeout=250, check=False,
    )  # fmt: skip
    assert done.returncode == 6
    assert "does not answer" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr

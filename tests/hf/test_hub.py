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
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rag.hub import ANSWER_S
from tests.hf.models import make_model
from tests.ports import free_port
from tests.source_tree import ROOT

SCRIPT = """
import json, sys, time
from importlib import import_module
from pathlib import Path
import datasets, finetune.write, sentence_transformers
from finetune.data.loading import load
from huggingface_hub import constants
from rag.errors import YiwenError

def load_data(folder):
    load("theirs", Path(folder))

offline = constants.HF_HUB_OFFLINE
for line in sys.stdin:
    opener, *arguments = json.loads(line)
    module, _, name = opener.rpartition(":")
    constants.HF_HUB_OFFLINE = offline  # a copy that was used instead of the hub has changed it
    begin = time.monotonic()
    try:
        getattr(import_module(module), name)(*arguments)
        said = "opened"
    except YiwenError as error:
        said = f"{type(error).__name__} {error}"
    print("said", json.dumps([said, time.monotonic() - begin]), flush=True)
"""
pytestmark = pytest.mark.timeout(400)
LIMIT_S = 4 * ANSWER_S
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


class Opening:
    """A process that opens what it is told to, and the place of its hub, where nobody listens unless a test does."""

    def __init__(self, home: Path, **more: str) -> None:
        self.port, self.home = free_port(), home
        given = {"HF_ENDPOINT": f"http://127.0.0.1:{self.port}", "HF_HOME": str(home), "PYTHONPATH": str(ROOT)}
        kept = {name: value for name, value in os.environ.items() if name not in ("HF_HUB_OFFLINE", "HF_TOKEN")}
        self._child = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SCRIPT], env={**kept, **given, **more}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def __call__(self, opener: str, *arguments: str) -> tuple[str, float]:
        """What was said, and the seconds that it took."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps([opener, *arguments]) + "\n")
        self._child.stdin.flush()
        line = next(line for line in self._child.stdout if line.startswith("said "))
        said, seconds = json.loads(line.removeprefix("said "))
        return said, seconds

    @contextmanager
    def silent(self) -> Iterator[None]:
        """It takes connections and says nothing."""
        with socket.create_server(("127.0.0.1", self.port)):
            yield

    @contextmanager
    def serving(self, hub: type[BaseHTTPRequestHandler]) -> Iterator[None]:
        with ThreadingHTTPServer(("127.0.0.1", self.port), hub) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield
            server.shutdown()

    def end(self) -> None:
        self._child.kill()
        self._child.communicate()


@contextmanager
def opening(home: Path, **more: str) -> Iterator[Opening]:
    found = Opening(home, **more)
    try:
        yield found
    finally:
        found.end()


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opening]:
    """One for all, since it imports what takes longest; so each test asks for a name of its own."""
    with opening(tmp_path_factory.mktemp("home")) as found:
        yield found


def test_a_download_that_breaks_off_is_told_from_a_wrong_name(opened: Opening, tmp_path: Path) -> None:
    hub = type("Hub", (BreaksOff,), {"folder": make_model(tmp_path / "model", "qwen2")})
    with opened.serving(hub):
        said, _ = opened("finetune.write:Writer", "some/model")
    assert said.startswith("DependencyError the download of some/model broke off (peer closed connection"), said


@pytest.mark.parametrize("opener", OPENERS)
def test_without_network_it_is_one_line_within_seconds(opened: Opening, opener: str) -> None:
    said, seconds = opened(opener, "closed/model")
    assert said.startswith("DependencyError closed/model is no folder, and http://127.0.0.1"), said
    assert "does not answer" in said
    assert seconds < LIMIT_S


def test_a_hub_that_says_nothing_is_not_waited_for(opened: Opening) -> None:
    with opened.silent():
        said, seconds = opened(TOKENIZER, "silent/model")
    assert said.startswith("DependencyError"), said
    assert seconds < LIMIT_S


def test_a_data_set_is_asked_for_as_briefly(opened: Opening, tmp_path: Path) -> None:
    (tmp_path / "dataset_info.json").write_text('{"theirs": {"hub": "some/rows"}}', encoding="utf-8")
    said, seconds = opened("__main__:load_data", str(tmp_path))
    assert "does not answer" in said, said
    assert seconds < LIMIT_S
    with opened.serving(Nothing):
        said, seconds = opened("__main__:load_data", str(tmp_path))
    assert "some/rows is neither a folder nor a dataset on" in said, said
    assert seconds < LIMIT_S


def test_a_name_that_the_hub_does_not_have(opened: Opening) -> None:
    with opened.serving(Nothing):
        said, seconds = opened(TOKENIZER, "no/model")
    assert said.startswith("ConfigurationError no/model is neither a folder nor a model on http://127.0.0.1"), said
    assert seconds < LIMIT_S


def test_told_to_be_offline_nobody_is_asked(tmp_path: Path) -> None:
    with opening(tmp_path, HF_HUB_OFFLINE="1") as offline, offline.silent():
        said, seconds = offline(TOKENIZER, "some/model")
    assert said.startswith("ConfigurationError the tokenizer some/model cannot be opened"), said
    assert seconds < LIMIT_S


def test_what_was_downloaded_before_is_used(opened: Opening, tmp_path: Path) -> None:
    cached = opened.home / "hub" / "models--copied--model"
    make_model(tmp_path / "model", "qwen2")
    shutil.copytree(tmp_path / "model", cached / "snapshots" / ("a" * 40))
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("a" * 40, encoding="ascii")
    said, seconds = opened("finetune.write:Writer", "copied/model")
    assert said == "opened"
    assert seconds < LIMIT_S


def test_the_command_ends_with_one_line(opened: Opening) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "yiwen", "chat", "--model", "other/model"], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{opened.port}", "HF_HOME": str(opened.home)}, timeout=390,
        check=False,
    )  # fmt: skip
    assert done.returncode == 6
    assert "does not answer" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr

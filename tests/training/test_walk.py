"""The commands of docs/training.md as they stand there, by somebody who has no weights."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from rag.settings import Settings
from tests.source_tree import ROOT
from yiwen.cli import app

PAGE = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600)]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def run(line: str, typed: str = "") -> str:
    done = CliRunner().invoke(app, shlex.split(line.partition(" #")[0])[1:], input=typed)
    assert done.exit_code == 0, f"{line}\n{done.output}"
    return done.stdout


def test_the_way_of_the_page_without_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YIWEN_DATA_DIR", "kb")
    Path("kg_loader").symlink_to(ROOT / "kg_loader")
    rows = [{"instruction": f"第{n}个问题？", "output": f"第{n}个回答。"} for n in range(20)]
    Path("general.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    for text in blocks("yaml"):
        name = re.match(r"# (\w+\.yaml)\n", text)
        if name:
            Path(name[1]).write_text(text, encoding="utf-8")
    first, second = (next(block for block in blocks("sh") if mark in block) for mark in ("ingest", "train new"))
    for line in [one for one in first.splitlines() if one.startswith(("yiwen ingest", "yiwen data check"))]:
        run(line)
    for line in second.splitlines():
        printed = run(line, "你好\n" if "chat" in line else "")
    assert printed.strip(), "the chat answered"
    assert "- data pairs: not stated" in Path("merged/mine/README.md").read_text(encoding="utf-8")
    answers = [json.loads(line) for line in Path("answers.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(answers) == 8

    asked = json.loads(Path("grounded.jsonl").read_text(encoding="utf-8").splitlines()[0])
    settings = Settings(
        _env_file=None, generator="local:mine", local_model="models/BASE", local_adapters=Path("adapters"),
        llm_first_token_s=60, request_timeout_s=60,
    )  # fmt: skip
    with TestClient(create_app(settings), client=("127.0.0.1", 50000), base_url="http://localhost") as client:
        question = asked["messages"][1]["content"].rpartition("问题：")[2]
        answer = client.post("/ask", json={"question": question}).raise_for_status().json()
    assert (answer["generator"], answer["degraded"]) == ("local:mine", [])
    assert answer["citations"]

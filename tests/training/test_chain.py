"""From a knowledge base to an answer of `/ask` that a trained adapter wrote, on a tiny model; see docs/training.md."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from finetune.ablation.invented import CHARACTERS, Names, open_dialogues, open_texts, write_facts
from finetune.ablation.tiny import make_tiny
from rag.settings import Settings
from yiwen.cli import app

LIMIT_S = 240.0
"""Longer than other tests may take: six commands of training and a service."""
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(LIMIT_S + 30)]
SUBJECTS, ROWS = 6, 24


def command(*arguments: object) -> dict[str, Any]:
    """What a command prints with `--json`, after anything that libraries print."""
    done = CliRunner().invoke(app, [str(argument) for argument in (*arguments, "--json")])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return found


def train(folder: Path, name: str, data: Path, *, model: Path, **sections: Any) -> Path:  # noqa: ANN401 - as YAML has it
    """Runs `yiwen train run`; returns the run's folder."""
    how = {"device": "cpu", "precision": "fp32", "save_every": "never", "warmup": 0.05, "log_every": 50}
    values = {
        "out": str(folder / name),
        "model": {"path": str(model)},
        "data": {"datasets": [str(data)], "pack_length": 2048},
        "lora": {"rank": 16, "alpha": 32},
        "export": sections.get("export", {}),
        "train": how | sections["train"],
    }
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    command("train", "run", file)
    return folder / name


def lines(path: Path, rows: Any) -> Path:  # noqa: ANN401 - rows of JSON
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_from_a_knowledge_base_to_an_answer_of_the_adapter(tmp_path: Path) -> None:
    begin = time.monotonic()
    names, kb = Names(seed=1), tmp_path / "kb"
    write_facts(tmp_path / "facts.csv", names, SUBJECTS)
    command("--data-dir", kb, "ingest", tmp_path / "facts.csv")
    grounded, pairs = tmp_path / "grounded.jsonl", tmp_path / "pairs.jsonl"
    made = ("--out", grounded, "--preferences", pairs, "--rows", ROWS, "--share", "relevant=1")
    command("--data-dir", kb, "data", "grounded", *made)
    rows = read(grounded)

    texts = [message["content"] for row in rows for message in row["messages"]]
    dialogues = list(open_dialogues(names, 60))
    spoken = [message["content"] for row in dialogues for message in row["messages"]]
    tiny = make_tiny(tmp_path / "tiny", [*texts, *spoken], single=CHARACTERS)
    full = {"method": "full", "learning_rate": 5e-3}
    pt = train(
        tmp_path, "pt", lines(tmp_path / "open.jsonl", open_texts(names, 60)), model=tiny,
        train={"stage": "pt", "steps": 20, **full},
    )  # fmt: skip
    sft = train(
        tmp_path, "sft", lines(tmp_path / "said.jsonl", dialogues), model=pt / "model",
        train={"stage": "sft", "steps": 20, **full},
    )  # fmt: skip
    base, adapters = sft / "model", tmp_path / "adapters"
    lora = train(
        tmp_path, "grounded", grounded, model=base,
        train={"stage": "sft", "steps": 150, "learning_rate": 1e-2},
    )  # fmt: skip
    dpo = tmp_path / "dpo.yaml"
    dpo.write_text(
        yaml.safe_dump(
            {
                "out": str(tmp_path / "dpo"),
                "model": {"path": str(base)},
                "data": {"datasets": [str(pairs)]},
                "lora": {"start": str(lora / "adapter")},
                "train": {"stage": "dpo", "steps": 4, "learning_rate": 1e-5, "device": "cpu", "precision": "fp32",
                          "save_every": "never"},
                "export": {"merge": str(tmp_path / "merged"), "register": str(adapters), "name": "chain"},
            }
        ),
        encoding="utf-8",
    )  # fmt: skip
    report = command("train", "run", dpo)
    assert report["merged"]["in_memory"] < 1e-4
    assert (tmp_path / "merged" / "README.md").is_file()

    settings = Settings(
        _env_file=None, data_dir=kb, generator="local:chain", local_model=str(base), local_adapters=adapters,
        llm_context_tokens=1024, llm_answer_tokens=64, llm_first_token_s=60, request_timeout_s=60,
    )  # fmt: skip
    with TestClient(create_app(settings), client=("127.0.0.1", 50000), base_url="http://localhost") as client:
        question = rows[0]["messages"][1]["content"].rpartition("问题：")[2]
        answer = client.post("/ask", json={"question": question}).raise_for_status().json()
        alone = client.post("/ask", json={"question": question, "generator": "local"}).raise_for_status().json()
    assert answer["generator"] == "local:chain"
    assert answer["degraded"] == []
    assert answer["citations"], answer
    assert rows[0]["messages"][2]["content"].strip("\n") in answer["text"], "it came from the model's tokens"
    assert alone["degraded"] == ["generator"], "the base has not learnt to cite"
    assert time.monotonic() - begin < LIMIT_S

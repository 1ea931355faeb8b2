"""`yiwen data`: what a person sees of training data before a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.yiwen.conftest import Yiwen


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    rows = [
        {"instruction": f" <user>: 问{n} <bot>: 答{n} <user>: 再问", "output": "再答", "input": ""} for n in range(9)
    ]
    rows += [{"instruction": "空", "output": ""}, {"instruction": "请问发热三天应当怎么办", "output": "长" * 300}]
    (tmp_path / "a.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    (tmp_path / "exam.json").write_text(json.dumps([{"question": "请问：发热三天，应当怎么办？"}]), encoding="utf-8")
    entries = {
        "a": {"file": "a.json", "licence": "CC0-1.0", "collected": "2024-01-01"},
        "exam": {"file": "exam.json", "collected": "2023-01-01"},
        "bad": {"file": "a.json", "sha256": "00"},
    }
    (tmp_path / "dataset_info.json").write_text(json.dumps(entries))
    return tmp_path


def test_a_preview_marks_what_is_learnt(yiwen: Yiwen, registry: Path) -> None:
    options = ["--registry", registry, "--set", "data.shuffle=false", "--set", "data.max_samples=2"]
    done = yiwen("data", "preview", "a", *options, "--rows", 1)
    assert done.code == 0
    assert "«答|0|<|im_end|>»" in done.out
    assert "«再|答|<|im_end|>»" in done.out
    assert done.out.count("«") == 2
    assert "pack 0: 2 rows" in done.out
    assert f"{registry / 'a.json'}, row 1: " in done.out, "as `check` counts"
    found = yiwen("data", "preview", "a", *options, "--json").json
    assert [len(one) for one in found["packs"]] == [2]
    learnt = [piece["text"] for piece in found["rows"][0]["pieces"] if piece["learnt"]]
    assert "".join(learnt) == "答0<|im_end|>再答<|im_end|>"


def test_statistics_are_text_and_json(yiwen: Yiwen, registry: Path) -> None:
    done = yiwen("data", "stats", "a", "--registry", registry, "--set", "data.cutoff=256")
    assert done.code == 0
    assert "lengths in characters" in done.out
    assert "█" in done.out
    assert "1 cut: longer than the cutoff" in done.out
    found = yiwen("data", "stats", "a", "--registry", registry, "--json").json
    assert found["sets"][0]["answers"] == 19
    assert found["losses"] == {"empty answer": 1}


def test_a_check_lists_faults_and_leaks(yiwen: Yiwen, registry: Path, tmp_path: Path) -> None:
    options = ["--registry", registry, "--against", "exam", "--set", "data.cutoff=256"]
    done = yiwen("data", "check", "a", *options, "--list", tmp_path / "list.jsonl")
    assert done.code == 7
    assert "1 dialogues of 1 answer, 9 dialogues of 2 answers" in done.out
    assert f"{registry / 'a.json'}, row 10: empty answer" in done.out
    assert f"{registry / 'a.json'}, row 11: same 100% of exam, row 1" in done.out
    assert "collected 2024-01-01, after exam (2023-01-01)" in done.out
    assert "form bentsao, licence CC0-1.0" in done.out
    listed = [json.loads(line) for line in (tmp_path / "list.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(one["what"], one["number"]) for one in listed] == [("fault", 10), ("fault", 11), ("leak", 11)]
    clean = yiwen("data", "check", "a", "--registry", registry, "--set", "data.max_samples=9", "--json")
    assert clean.code == 0
    assert clean.json["rows"] == clean.json["leaks"] == []


def test_a_run_file_says_which_data(yiwen: Yiwen, registry: Path, tmp_path: Path) -> None:
    run = {
        "out": "x",
        "model": {"path": str(tmp_path / "none")},
        "data": {"datasets": ["a"], "registry": str(registry)},
    }
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(run), encoding="utf-8")
    done = yiwen("data", "stats", "--run", tmp_path / "run.yaml")
    assert done.code in (2, 6), "its tokenizer is not there, or transformers is not"
    assert "tokenizer" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ([], 2, "name data sets"),
        (["bad"], 5, "the registry's entry bad says 00"),
        (["none"], 3, "the registry has a, bad, exam"),
        (["a", "--set", "data.cutof=1"], 2, "did you mean cutoff?"),
        (["a", "--template", "lama2"], 2, "there is no template 'lama2'"),
        (
            ["a", "--template", "huatuogpt", "--set", "data.max_samples=1", "--set", "data.bad_rows=keep"],
            2,
            "drop, stop",
        ),
        (["a", "--set", "data.bad_rows=stop"], 5, "row 10: empty answer; correct the row"),
    ],
)
def test_mistakes_are_a_line(yiwen: Yiwen, registry: Path, arguments: list[str], code: int, text: str) -> None:
    done = yiwen("data", "stats", *arguments, "--registry", registry)
    assert (done.code, text in done.err) == (code, True), done.err

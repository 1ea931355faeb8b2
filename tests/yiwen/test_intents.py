"""`train intent`, `eval intent` and `eval relations`: thin, so a small run of each."""

from __future__ import annotations

import json
from pathlib import Path

from tests.yiwen.conftest import ROW_A, Yiwen, facts_file

WORDS = {"治疗方案": "怎么办才好呢", "其他": "天气晴朗散步"}


def examples(path: Path) -> Path:
    rows = [{"query": f"{word}{n}", "label": label} for label, word in WORDS.items() for n in range(10)]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return path


def test_a_trained_classifier_is_named_by_its_setting(yiwen: Yiwen, tmp_path: Path) -> None:
    out = tmp_path / "model.safetensors"
    done = yiwen("train", "intent", "--examples", examples(tmp_path / "q.json"), "--out", out, "--json")
    assert (done.code, done.json["questions"], done.json["labels"]) == (0, 20, {"其他": 10, "治疗方案": 10})
    assert out.is_file()
    again = yiwen("train", "intent", "--examples", tmp_path / "q.json", "--out", out)
    assert f"YIWEN_INTENT_MODEL={out}" in again.out
    assert "there is no knowledge base yet" in again.out
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A))
    assert "no knowledge base" not in yiwen("train", "intent", "--examples", tmp_path / "q.json", "--out", out).out


def test_examples_that_teach_nothing_are_one_line(yiwen: Yiwen, tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    done = yiwen("train", "intent", "--examples", tmp_path / "q.csv", "--out", tmp_path / "model")
    assert (done.code, len(done.err.splitlines())) == (5, 1)
    assert yiwen("train", "intent", "--examples", tmp_path / "none.csv", "--out", tmp_path / "model").code == 3


def test_intents_are_measured(yiwen: Yiwen, tmp_path: Path) -> None:
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A))
    examples(tmp_path / "eval" / "kuake_qic_train.json")
    done = yiwen("eval", "intent", "--data", tmp_path, "--json")
    assert done.code == 0
    assert done.json["rules"]["questions"] == 20
    assert done.json["trained"]["accuracy"][0] == 1.0
    assert set(done.json["kb"]) == {"version", "digest"}
    assert "| accuracy |" in yiwen("eval", "intent", "--data", tmp_path, "--rules-only").out


def test_a_folder_without_the_questions_is_named(yiwen: Yiwen, tmp_path: Path) -> None:
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A))
    for part in ("intent", "relations"):
        done = yiwen("eval", part, "--data", tmp_path)
        assert (done.code, len(done.err.splitlines())) == (3, 1)

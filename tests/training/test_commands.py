"""The commands from rows in a file to a served adapter, on a tiny model."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from transformers import AutoTokenizer
from typer.testing import CliRunner, Result

from finetune.speed import lengths
from rag.generators.adapters import AdapterFolder, Base, fingerprint
from rag.templates import render, template
from tests.hf.models import make_model
from tests.training.test_preferences import ROWS
from yiwen.cli import app

pytestmark = pytest.mark.filterwarnings("ignore")


FOUR_KEYS = {"prompt_input": "I:{instruction}\nX:{input}\nR:", "prompt_no_input": "I:{instruction}\nR:",
             "response_split": "R:"}  # fmt: skip
TWO = {"steps": 2, "save_every": "2", "device": "cpu", "precision": "fp32"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("base") / "tiny", "qwen2")


def said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def turn(question: str, answer: str) -> list[dict[str, str]]:
    return [said("user", question), said("assistant", answer)]


def document(done: Result) -> dict[str, Any]:
    """What `--json` printed, after anything that libraries print."""
    found: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return found


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of three data sets: dialogues, questions with answers, a text."""
    folder = tmp_path_factory.mktemp("rows")
    talks: list[dict[str, object]] = [
        {
            "messages": [
                said("user", f"症状{n}"),
                said("assistant", "恶心。"),
                said("user", "还有？"),
                said("assistant", "畏光。"),
            ]
        }
        for n in range(12)
    ]
    pairs = [{"instruction": "偏头痛的症状", "input": "", "output": "恶心、畏光。"}, {"instruction": "?", "output": ""}]
    (folder / "talks.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in talks))
    (folder / "pairs.json").write_text(json.dumps(pairs, ensure_ascii=False))
    (folder / "texts.txt").write_text("偏头痛的症状有恶心。")
    registry = {
        "talks": {"file": "talks.jsonl", "licence": "CC0-1.0"},
        "pairs": {"file_name": "pairs.json"},
        "texts": {"file": "texts.txt"},
    }
    (folder / "dataset_info.json").write_text(json.dumps(registry))
    return folder


def command(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def a_file(tmp_path: Path, base: Path, rows: Path, **sections: object) -> Path:
    values = {
        "out": str(tmp_path / "run"),
        "model": {"path": str(base)},
        "data": {"datasets": ["talks", "pairs", "texts"], "registry": str(rows)}
        | {"validation_rows": 2, "pack_length": 256, "cutoff": 128},
        "lora": {"rank": 4},
        "train": {"steps": 4, "log_every": 1, "save_every": "2", "device": "cpu", "precision": "fp32"},
        "eval": {"every": "2"},
        **sections,
    }
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def test_from_rows_to_an_adapter_that_is_served(base: Path, rows: Path, tmp_path: Path) -> None:
    export = {"merge": str(tmp_path / "merged"), "register": str(tmp_path / "adapters"), "name": "mine"}
    file = a_file(tmp_path, base, rows, export=export)
    shown = command("train", "run", file, "--set", "train.steps=6", "--show")
    assert yaml.safe_load(shown.stdout)["train"]["steps"] == 6
    assert not (tmp_path / "run").exists()
    done = command("train", "run", file, "--json")
    assert done.exit_code == 0, done.output
    report = document(done)
    assert report["steps"] == 4
    assert report["merged"]["in_memory"] < 1e-4
    assert AdapterFolder(tmp_path / "adapters", Base(str(base), fingerprint(base))).names() == ["mine"]
    record = json.loads((tmp_path / "run" / "record.json").read_text(encoding="utf-8"))
    assert [(one["name"], one["rows"], one["licence"]) for one in record["data"]] == [
        ("talks", 12, "CC0-1.0"), ("pairs", 1, ""), ("texts", 1, ""),
    ]  # fmt: skip
    assert record["left_out"] == {"empty answer": 1}
    (left,) = (tmp_path / "run" / "left_out.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(left) | {"source": ""} == {"source": "", "number": 2, "reason": "empty answer", "detail": ""}
    assert json.loads(left)["source"] == str(rows / "pairs.json")
    assert "CC0-1.0" in (tmp_path / "merged" / "README.md").read_text(encoding="utf-8")
    again = command("train", "run", file)
    assert again.exit_code == 4
    assert "--resume" in again.stderr
    before = (tmp_path / "run" / "log.jsonl").read_bytes()
    more = command("train", "run", file, "--resume", "--set", "export.name=twin", "--set", "export.merge=null")
    assert (more.exit_code, "had ended before: nothing was trained" in more.stdout) == (0, True), more.output
    assert (tmp_path / "run" / "log.jsonl").read_bytes() == before
    assert AdapterFolder(tmp_path / "adapters", Base(str(base), fingerprint(base))).names() == ["mine", "twin"]
    other = command("train", "run", file, "--resume", "--set", "train.steps=9")
    assert (other.exit_code, "begun with another `train`" in other.stderr) == (4, True), other.output


def test_mistakes_end_in_a_line(base: Path, rows: Path, tmp_path: Path) -> None:
    file = a_file(tmp_path, base, rows)
    for change, code, text in [
        ("train.stepz=1", 2, "did you mean steps?"),
        ("train.stage=onestage", 2, "set data.mixing to priority"),
        ("data.datasets=[none]", 3, "there is no data set 'none', and no such file; the registry has pairs"),
        ("data.datasets=[]", 2, "data.datasets is empty"),
        ("data.template=lama2", 2, "there is no template 'lama2'"),
        ("train.stage=dpo", 5, "has no pair of answers"),
        (f"model.path={tmp_path}/none", 2, "cannot be opened"),
    ]:
        done = command("train", "run", file, "--set", change)
        assert (done.exit_code, text in done.stderr) == (code, True), done.stderr
    assert command("train", "run", tmp_path / "none.yaml").exit_code == 3
    assert not (tmp_path / "run").exists()


def test_one_stage_keeps_the_order_of_priority_and_draws_it(base: Path, rows: Path, tmp_path: Path) -> None:
    uses = [{"name": "talks", "priority": 1e9}, {"name": "pairs", "priority": 1e-9, "epochs": 3}]
    data = {"datasets": uses, "registry": str(rows), "mixing": "priority", "pack_length": 256, "cutoff": 128}
    train = TWO | {"stage": "onestage", "micro_batch": 2}
    file = a_file(tmp_path, base, rows, train=train, data=data, eval={"every": "never"})
    done = command("train", "run", file, "--json")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "run" / "sampling.png").read_bytes().startswith(b"\x89PNG")
    record = json.loads((tmp_path / "run" / "record.json").read_text(encoding="utf-8"))
    assert 0.5 < record["fill"] <= 1


def test_what_was_learnt_by_is_saved_to_serve_by(base: Path, rows: Path, tmp_path: Path) -> None:
    file = a_file(tmp_path, base, rows, train=TWO, eval={"every": "2"})
    done = command("train", "run", file, "--set", "data.template=huatuogpt2")
    assert done.exit_code == 0, done.output
    saved = AutoTokenizer.from_pretrained(tmp_path / "run" / "adapter")
    text = saved.apply_chat_template([said("user", "偏头痛？")], add_generation_prompt=True, tokenize=False)
    assert text == "<问>：偏头痛？\n<答>："


def test_a_tokenizer_of_another_model_is_refused(base: Path, rows: Path, tmp_path: Path) -> None:
    from transformers import AutoConfig

    small = tmp_path / "small"
    shape = AutoConfig.from_pretrained(base)
    shape.vocab_size = 300
    shape.save_pretrained(small)
    model = {"path": str(small), "tokenizer": str(base), "weights": "random"}
    done = command("train", "run", a_file(tmp_path, base, rows, model=model))
    assert done.exit_code == 5
    assert "is beyond the model's vocabulary of 300" in done.stderr


def test_a_loss_that_is_no_number_names_file_and_row(base: Path, rows: Path, tmp_path: Path) -> None:
    changed = {"learning_rate": 1e30, "clip": 0, "optimizer": "sgd", "log_every": 1, "save_every": "never"}
    file = a_file(tmp_path, base, rows, train=TWO | changed | {"steps": 20}, eval={"every": "never"})
    done = command("train", "run", file)
    assert done.exit_code == 5, done.output
    assert re.search(r"the loss of step \d+ is (nan|inf) \(.*talks\.jsonl, row \d+; ", done.stderr), done.stderr
    assert not (tmp_path / "run" / "adapter").exists()


def test_preferences_come_from_rows_too(base: Path, tmp_path: Path) -> None:
    rows = tmp_path / "pairs.jsonl"
    rows.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS), encoding="utf-8")
    data = {"datasets": [str(rows)], "validation_rows": 2}
    file = a_file(tmp_path, base, rows, train=TWO | {"stage": "dpo"}, eval={"every": "2"}, data=data)
    done = command("train", "run", file)
    assert done.exit_code == 0, done.output
    assert "dpo by lora, 2 steps" in done.stdout


def test_merging_deltas_and_registering_by_command(base: Path, rows: Path, tmp_path: Path) -> None:
    assert command("train", "run", a_file(tmp_path, base, rows)).exit_code == 0
    adapter = tmp_path / "run" / "adapter"
    done = command("merge", adapter, "--base", base, "--out", tmp_path / "merged", "--dtype", "float32", "--json")
    assert document(done)["same_choice"] == 1.0
    made = command("delta", "make", tmp_path / "merged", "--base", base, "--out", tmp_path / "delta")
    assert "as differences" in made.stdout
    assert command("delta", "apply", tmp_path / "delta", "--base", base, "--out", tmp_path / "again").exit_code == 0
    one, two = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("merged", "again"))
    assert one[-100_000:] == two[-100_000:]
    registered = command("adapter", "register", adapter, "--to", tmp_path / "adapters", "--name", "mine")
    assert "local:mine" in registered.stdout
    assert command("merge", adapter, "--base", base, "--out", tmp_path / "merged").exit_code == 4
    imported = command("adapter", "import", adapter, "--out", tmp_path / "imported")
    assert (imported.exit_code, "needs no import" in imported.stderr) == (3, True), imported.output
    assert not (tmp_path / "imported").exists()


def test_a_file_of_questions_is_answered_and_gone_on_with(base: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "questions.jsonl", tmp_path / "answers.jsonl"
    lines = [
        json.dumps({"id": "a", "question": "偏头痛？"}, ensure_ascii=False), "no json", json.dumps({"other": 1}),
        json.dumps({"messages": [said("user", "?")]}), json.dumps({"prompt": "raw"}),
        json.dumps({"instruction": "i", "input": "j"}),
    ]  # fmt: skip
    source.write_text("\n".join(lines), encoding="utf-8")
    arguments = ["batch", source, "--out", out, "--model", base, "--tokens", 4, "--json"]
    done = command(*arguments)
    assert done.exit_code == 7
    assert document(done) | {"out": ""} == {
        "answered": 4,
        "failed": 2,
        "kept": 0,
        "out": "",
    }
    entries = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [("error" in entry, entry["row"]) for entry in entries] == [
        (False, 1), (True, 2), (True, 3), (False, 4), (False, 5), (False, 6)
    ]  # fmt: skip
    assert entries[0]["id"] == "a"
    out.write_text(json.dumps(entries[0]) + "\n" + '{"row": 4, "ans', encoding="utf-8")
    again = command(*arguments)
    assert document(again)["kept"] == 1
    assert sorted(json.loads(line)["row"] for line in out.read_text(encoding="utf-8").splitlines()) == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    other = command(*arguments, "--temperature", 0.5)
    assert other.exit_code == 4
    assert "another model, file or decoding" in other.stderr


def test_a_model_is_talked_to_alone(base: Path) -> None:
    done = CliRunner().invoke(app, ["chat", "--model", str(base)], input="你好\nclear\n再说一次\nexit\n")
    assert done.exit_code == 0, done.output
    assert "no sentence is checked" in done.stderr
    assert done.stdout.strip()


def test_answers_by_the_template_that_was_trained_by(base: Path, tmp_path: Path) -> None:
    """As BenTsao's rows are rendered, input apart; the words themselves come as the whole text of `prompt`."""
    own = tmp_path / "own.json"
    own.write_text(json.dumps(FOUR_KEYS), encoding="utf-8")
    text = template(str(own), None)
    tokenizer = AutoTokenizer.from_pretrained(base)
    asked = {"instruction": "这是什么病？", "input": "头痛、畏光"}
    prompt = render(tokenizer, text, [said("user", asked["instruction"]) | {"input": asked["input"]}], prompt=True)
    assert "头痛、畏光" in prompt
    source = tmp_path / "questions.json"
    source.write_text(json.dumps([asked, {"prompt": prompt}, 3], ensure_ascii=False), encoding="utf-8")
    done = command("batch", source, "--out", tmp_path / "a.jsonl", "--model", base, "--tokens", 8, "--template", own)
    assert (done.exit_code, "2 answered, 1 failed" in done.stdout) == (7, True), done.output
    by_template, by_hand, _ = (json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").splitlines())
    assert by_template["answer"] == by_hand["answer"]
    other = command("batch", source, "--out", tmp_path / "a.jsonl", "--model", base, "--tokens", 8)
    assert other.exit_code == 4
    done = command("batch", source, "--out", tmp_path / "c.jsonl", "--model", base, "--template", "med_template")
    assert "1 answered, 2 failed" in done.stdout, "it has no place for the input, which must not get lost"
    wrong = command("batch", source, "--out", tmp_path / "b.jsonl", "--model", base, "--template", "lama2")
    assert (wrong.exit_code, "there is no template 'lama2'" in wrong.stderr) == (2, True)
    talked = CliRunner().invoke(app, ["chat", "--model", str(base), "--template", "huatuogpt"], input="你好\n")
    assert talked.exit_code == 0, talked.output


def test_the_benchmark_runs_on_a_cpu() -> None:
    done = command(
        "bench",
        "train",
        "--shape",
        "tiny",
        "--cpu",
        "--steps",
        4,
        "--variant",
        "reference",
        "--variant",
        "padding",
        "--json",
    )
    assert done.exit_code == 0, done.output
    report = document(done)
    assert [one["name"] for one in report["variants"]] == ["reference", "padding"]
    assert all(one["tokens_per_s"] > 0 for one in report["variants"])
    assert command("bench", "train", "--variant", "none").exit_code == 2
    drawn = lengths(8658)
    assert 212 < drawn.mean() < 224
    assert drawn.max() <= 716


def test_without_any_weights_a_new_model_goes_the_whole_way(rows: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    made = command(
        "train", "new", "talks", "pairs", "--registry", rows, "--out", new, "--vocabulary", 400, "--width", 64
    )
    assert (made.exit_code, "untrained" in made.stdout, made.stderr) == (0, True, ""), made.output
    again = command("train", "new", "talks", "--registry", rows, "--out", new)
    assert (again.exit_code, "exists already" in again.stderr) == (4, True)
    narrow = command("train", "new", "talks", "--registry", rows, "--out", tmp_path / "x", "--width", 33)
    assert (narrow.exit_code, "a multiple of 32" in narrow.stderr) == (2, True)

    first, second = tmp_path / "first", tmp_path / "second"
    talks = {"datasets": ["talks"], "registry": str(rows), "pack_length": 256, "cutoff": 128}
    full = a_file(tmp_path, new, rows, out=str(first), train=TWO | {"method": "full"}, data=talks)
    done = command("train", "run", full)
    assert (done.exit_code, f"yiwen chat --model {first / 'model'}" in done.stdout) == (0, True), done.output
    assert f"{first / 'left_out.jsonl'}" not in done.stdout
    pairs = talks | {"datasets": ["pairs"]}
    done = command("train", "run", a_file(tmp_path, first / "model", rows, out=str(second), train=TWO, data=pairs))
    adapter = second / "adapter"
    assert f"yiwen chat --model {first / 'model'} --adapter {adapter}" in done.stdout, done.output
    assert f"{second / 'left_out.jsonl'}: 1 rows cut or left out" in done.stdout
    assert "step 1 of 2: loss" in done.stderr
    card = (adapter / "README.md").read_text(encoding="utf-8")
    assert "- data talks: CC0-1.0" in card, "the base learnt from it"
    assert "- data pairs: not stated" in card
    assert not any((folder / "training_args.bin").exists() for folder in (first / "model", adapter))


def test_a_download_that_breaks_off_is_a_line(tmp_path: Path) -> None:
    """The library reads a folder as it reads the hub: the same stream, which ends in the middle."""
    hub = tmp_path / "hub"
    hub.mkdir()
    rows = "".join(json.dumps({"instruction": f"问{n}", "output": f"答{n * 7919}"}) + "\n" for n in range(20_000))
    whole = gzip.compress(rows.encode())
    (hub / "train.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "dataset_info.json").write_text(json.dumps({"theirs": {"hub": str(hub)}}))
    done = command("data", "check", "theirs", "--registry", tmp_path)
    assert done.exit_code == 6, done.output
    assert "the hub gave no (more) rows" in done.stderr
    (hub / "train.jsonl.gz").write_bytes(whole)
    assert "20,000 dialogues of 1 answer" in command("data", "check", "theirs", "--registry", tmp_path).stdout

"""A sentence-transformers model learns from pairs and hard negatives out of a knowledge base, and then searches it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import BertConfig, BertModel, BertTokenizerFast
from typer.testing import CliRunner, Result

from finetune.data.mining import Miner
from finetune.execute import execute
from finetune.run_file import load
from finetune.trainer import last_complete
from kg_loader.ingest import ingest
from rag.embedders.sentence_transformer import SentenceTransformerEmbedder
from rag.settings import Settings
from rag.snapshot import Library
from yiwen.cli import app

pytestmark = pytest.mark.filterwarnings("ignore")
NAMES = [f"{a}{b}" for a in "甲乙丙丁戊己" for b in "寅卯辰巳午未"]
ANIMALS = dict(zip("寅卯辰巳午未", "虎兔龙蛇马羊", strict=True))
PAIRS = [(f"怎样治{a}{b}病", f"研究发现{a}{ANIMALS[b]}散对它有效。") for a, b in map(tuple, NAMES)]
"""Half of a name stands in its answer, the other half has to be learnt."""


def lines(path: Path, rows: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def command(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained encoder of two layers that knows the characters."""
    folder = tmp_path_factory.mktemp("base")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(set("".join(map("".join, PAIRS))))]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder / "bert")
    shape = BertConfig(
        vocab_size=len(words), hidden_size=64, num_hidden_layers=1, num_attention_heads=2, intermediate_size=128,
        max_position_embeddings=64, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    torch.manual_seed(0)
    BertModel(shape).save_pretrained(folder / "bert")
    modules = [Transformer(str(folder / "bert")), Pooling(64)]
    SentenceTransformer(modules=modules, prompts={"query": "怎", "passage": ""}).save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kb")
    rows = [{"text": answer, "kind": "conclusion", "source": f"研究{n}"} for n, (_, answer) in enumerate(PAIRS)]
    settings = Settings(_env_file=None, data_dir=folder / "data", terms=False)
    ingest(Library(settings.data_dir), [lines(folder / "p.jsonl", rows)], settings=settings)
    return settings.data_dir


def a_run(folder: Path, base: Path, pairs: Sequence[tuple[str, str]], **sections: dict[str, Any]) -> Path:
    rows = [{"question": question, "answer": answer} for question, answer in pairs]
    train = {
        "stage": "embed", "method": "full", "steps": 60, "micro_batch": 8, "learning_rate": 3e-3, "device": "cpu",
        "precision": "fp32", "save_every": "never", "log_every": 10,
    }  # fmt: skip
    values = {
        "out": str(folder / "run"),
        "model": {"path": str(base)},
        "data": {"datasets": [str(lines(folder / "pairs.jsonl", rows))]} | sections.pop("data", {}),
        "train": train | sections.pop("train", {}),
        "eval": {"every": "never"},
        **sections,
    }
    file = folder / "run.yaml"
    file.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return file


def beir(folder: Path) -> Path:
    """The pairs as an evaluation set."""
    (folder / "qrels").mkdir(parents=True)
    lines(folder / "corpus.jsonl", [{"_id": f"d{n}", "title": "", "text": text} for n, (_, text) in enumerate(PAIRS)])
    lines(folder / "queries.jsonl", [{"_id": f"q{n}", "text": text} for n, (text, _) in enumerate(PAIRS)])
    judged = "".join(f"q{n}\td{n}\t1\n" for n in range(len(PAIRS)))
    (folder / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}", encoding="utf-8")
    return folder


def found_first(model: Path, pairs: Sequence[tuple[str, str]]) -> float:
    embedder = SentenceTransformerEmbedder(str(model))
    asked = embedder.encode([question for question, _ in pairs], kind="query")
    answers = embedder.encode([answer for _, answer in pairs], kind="passage")
    return float(((asked @ answers.T).argmax(axis=1) == range(len(pairs))).mean())


@pytest.mark.timeout(300)
def test_it_learns_from_hard_negatives_and_serves_as_the_embedder(base: Path, kb: Path, tmp_path: Path) -> None:
    held_out = PAIRS[::6]
    (tmp_path / "exam.jsonl").write_text(json.dumps({"question": PAIRS[1][0]}, ensure_ascii=False), encoding="utf-8")
    learnt = [pair for pair in PAIRS if pair not in held_out]
    file = a_run(
        tmp_path, base, learnt, embed={"kb": str(kb), "negatives": 2, "skip": 0},
        data={"against": [str(tmp_path / "exam.jsonl")]},
    )  # fmt: skip
    done = command("train", "run", file, "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    out = tmp_path / "run"
    model = out / "model"
    assert (report["stage"], report["steps"], report["result"]) == ("embed", 60, str(model))
    left = [json.loads(line) for line in (out / "left_out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(one["number"], one["reason"]) for one in left] == [(1, "left out: leaks from exam")]
    record = json.loads((out / "record.json").read_bytes())
    assert record["left_out"] == {"left out: leaks from exam": 1}
    assert "sentence-similarity" in (model / "README.md").read_text(encoding="utf-8")
    before, after = found_first(base, PAIRS), found_first(model, PAIRS)
    assert after > before + 0.3, (before, after)

    answered = CliRunner().invoke(
        app, ["--data-dir", str(tmp_path / "kb"), "ingest", str(kb.parent / "p.jsonl")],
        env={"YIWEN_EMBEDDER": str(model), "YIWEN_TERMS": "false"},
    )  # fmt: skip
    assert answered.exit_code == 0, answered.output
    settings = Settings(_env_file=None, data_dir=tmp_path / "kb", embedder=str(model))
    assert Miner(tmp_path / "kb", settings).negatives(PAIRS[0][0], [PAIRS[0][1]], skip=0, wanted=3)
    exam = f"beir={beir(tmp_path / 'beir')}"
    given = ["eval", "retrieval", "--data", str(tmp_path), "--set", exam, "--over", str(base), "--json"]
    judged = CliRunner().invoke(app, given, env={"YIWEN_EMBEDDER": str(model)})
    assert judged.exit_code == 0, judged.output
    (gain,) = json.loads(judged.stdout)["gain_mrr_10"].values()
    assert gain["dense"][1] > 0, gain
    again = command("train", "run", file)
    assert again.exit_code == 4, "a folder holds one run"


@pytest.mark.timeout(300)
def test_an_adapter_learns_and_is_merged_into_what_serves(base: Path, tmp_path: Path) -> None:
    lora = {"rank": 16, "targets": ["query", "key", "value", "dense"]}
    file = a_run(tmp_path, base, PAIRS, lora=lora, train={"method": "lora", "steps": 120})
    done = command("train", "run", file)
    assert done.exit_code == 0, done.output
    model, adapter = tmp_path / "run" / "model", tmp_path / "run" / "adapter"
    assert f"use it: YIWEN_EMBEDDER={model} yiwen kb reindex" in done.stdout
    before, after = found_first(base, PAIRS), found_first(model, PAIRS)
    assert after > before + 0.2, (before, after)
    assert not list(model.glob("adapter*"))
    learnt = load_file(adapter / "adapter_model.safetensors")
    assert learnt
    assert all("lora_" in name for name in learnt)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("method", ["full", "lora"])
def test_it_goes_on_where_it_was_interrupted(base: Path, tmp_path: Path, method: str) -> None:
    few = {"method": method, "steps": 8, "save_every": "3", "log_every": 1}

    def stop(entry: Mapping[str, Any]) -> None:
        if entry["step"] == 5:
            raise KeyboardInterrupt

    (tmp_path / "whole").mkdir()
    (tmp_path / "cut").mkdir()
    whole, cut = (load(a_run(tmp_path / name, base, PAIRS, train=few), []) for name in ("whole", "cut"))
    execute(whole)
    with pytest.raises(KeyboardInterrupt):
        execute(cut, watch=stop)
    assert last_complete(cut.out) == cut.out / "checkpoint-3"
    execute(cut, resume=True)
    one, two = (load_file(run.out / "model" / "model.safetensors") for run in (whole, cut))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_negatives_are_found_by_the_search_and_are_no_answers(kb: Path) -> None:
    question, answer = PAIRS[0]
    miner = Miner(kb)
    found = miner.negatives(question, [answer], skip=0, wanted=5)
    assert len(found) == 5
    assert set(found) < {text for _, text in PAIRS[1:]}
    assert any(character in text for text in found[:2] for character in NAMES[0]), "they look like it"
    assert miner.negatives(question, [answer, found[0]], skip=1, wanted=2) == found[2:4]
    assert answer not in miner.negatives(question, [f"答：{answer}"], skip=0, wanted=40), "part of the answer"


@pytest.mark.parametrize(
    ("sections", "code", "expected"),
    [
        ({"train": {"method": "freeze"}}, 2, "set train.method to lora or full"),
        ({"train": {"method": "lora"}, "lora": {"pissa": True}}, 2, "leave out lora.start, lora.pissa"),
        ({"train": {"method": "lora"}, "lora": {"targets": ["nothing"]}}, 2, "lora.targets"),
        ({"export": {"merge": "merged"}}, 2, "leaves its `model` folder merged"),
        ({"train": {"micro_batch": 1}}, 2, "set it to 2 or more"),
        ({"embed": {"negatives": 0}}, 2, "embed.negatives is 0"),
        ({"embed": {"kb": "/nowhere/kb"}}, 6, "no knowledge base yet"),
        ({"model": {"path": "/nowhere/model"}}, 2, "the embedder /nowhere/model cannot be opened"),
    ],
)
def test_bad_input_is_one_line(base: Path, tmp_path: Path, sections: dict[str, Any], code: int, expected: str) -> None:
    done = command("train", "run", a_run(tmp_path, base, PAIRS, **sections))
    assert (done.exit_code, expected in done.stderr) == (code, True), done.output
    assert not (tmp_path / "run" / "model").exists()


def test_rows_that_are_no_pairs_and_all_leaking_ones_end_in_a_line(base: Path, tmp_path: Path) -> None:
    text = lines(tmp_path / "texts.jsonl", [{"text": "没有问题的一段话。"}])
    done = command("train", "run", a_run(tmp_path, base, PAIRS, data={"datasets": [str(text)]}))
    assert (done.exit_code, "no pair is left to train on" in done.stderr) == (5, True), done.output
    exam = lines(tmp_path / "exam.jsonl", [{"question": question} for question, _ in PAIRS])
    done = command("train", "run", a_run(tmp_path, base, PAIRS, data={"against": [str(exam)]}))
    assert (done.exit_code, "every row holds a question of" in done.stderr) == (5, True), done.output

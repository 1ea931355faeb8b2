"""Rows out of the sample: the prompt of the service, answers that its checker lets pass, nobody who is held out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import kg_loader
from finetune.card import run_card
from finetune.data.config import DataConfig
from finetune.data.gathering import gather
from finetune.data.grounded import KINDS, GroundedOptions, GroundedRow, held_out, rows, sent
from finetune.data.loading import load
from finetune.data.rows import Preference, Row
from kg_loader.ingest import ingest
from rag.answer.prompt import SYSTEM, messages
from rag.checking.cutting import cut_sentences
from rag.checking.quotations import MARK
from rag.domain import Evidence
from rag.errors import ConfigurationError
from rag.pipeline import Pipeline
from rag.settings import Settings
from rag.snapshot import Library
from rag.text import normalise
from rag.wiring import build
from tests.kb import publish, small_kb
from yiwen.cli import app

SAMPLE = Path(kg_loader.__file__).parent / "sample"
OPTIONS = GroundedOptions(rows=100, seed=3, hold_out=0.1, without=frozenset({"阿司匹林"}))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the facts and conclusions of the sample."""
    settings = Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("sample"))
    files = [SAMPLE / "facts.csv", SAMPLE / "aliases.csv", SAMPLE / "passages.jsonl"]
    ingest(Library(settings.data_dir), files, dataset="sample", settings=settings)
    return settings.data_dir


@pytest.fixture(scope="module")
def pipeline(sample: Path) -> Pipeline:
    return build(Settings(_env_file=None, data_dir=sample))


@pytest.fixture(scope="module")
def made(pipeline: Pipeline) -> list[GroundedRow]:
    return list(rows(pipeline, OPTIONS))


def evidence_of(pipeline: Pipeline, row: GroundedRow) -> list[Evidence]:
    found = pipeline.editions.current().kb.evidence(row.evidence)
    return [found[key] for key in row.evidence]


def command(data_dir: Path, out: Path, *arguments: object) -> Result:
    given = ["--data-dir", data_dir, "data", "grounded", "--out", out, "--json", *arguments]
    return CliRunner().invoke(app, [str(argument) for argument in given])


def test_the_prompt_is_what_the_service_sends(pipeline: Pipeline, made: list[GroundedRow]) -> None:
    seen = 0
    for row in made:
        assert row.said[0] == ("system", SYSTEM)
        question = row.said[-1][1].rpartition("\n\n问题：")[2]
        request = sent(pipeline, question)
        assert request is not None
        if row.kind in ("relevant", "safety"):
            assert tuple(row.said) == tuple(messages(request)), question
            seen += 1
    assert seen > 30


def test_each_answer_passes_the_checker_and_each_wrong_one_does_not(
    pipeline: Pipeline, made: list[GroundedRow]
) -> None:
    edition = pipeline.editions.current()
    for row in made:
        evidence = evidence_of(pipeline, row)
        right = [edition.checker.check(sentence, evidence) for sentence in cut_sentences([row.answer])]
        wrong = [edition.checker.check(sentence, evidence) for sentence in cut_sentences([row.rejected])]
        assert any(wrong), row
        if row.kind == "missing":
            assert right == ["no_citation"], row
        else:
            assert right
            assert not any(right), row


def test_kinds_are_what_they_are_called(pipeline: Pipeline, made: list[GroundedRow]) -> None:
    kinds = Counter(row.kind for row in made)
    assert set(kinds) == set(KINDS)
    assert kinds["relevant"] > kinds["missing"] > 3
    for row in made:
        evidence = evidence_of(pipeline, row)
        subject = row.answer.partition("的")[0]
        cited = {int(n) for n in MARK.findall(row.answer)}
        if row.kind == "distracting":
            assert len(cited) < len(evidence), "something is not cited"
        if row.kind == "missing":
            assert not cited
        if row.kind == "safety":
            against = ("禁忌", "慎用", "相互作用", "配伍禁忌", "忌吃")
            assert any(sign in evidence[n - 1].text for n in cited for sign in against), (subject, row)


def test_nobody_held_out_is_named(pipeline: Pipeline, made: list[GroundedRow]) -> None:
    names = held_out(pipeline, OPTIONS)
    assert "阿司匹林" in names
    assert len(names) > 40
    for row in made:
        text = normalise("\n".join((row.said[-1][1], row.answer, row.rejected)))
        assert [name for name in names if name in text] == []


def test_the_same_seed_gives_the_same_rows(pipeline: Pipeline, made: list[GroundedRow]) -> None:
    assert list(rows(pipeline, OPTIONS)) == made
    other = GroundedOptions(rows=20, seed=4)
    assert list(rows(pipeline, other)) != made[:20]


def test_the_command_writes_what_training_reads(sample: Path, tmp_path: Path) -> None:
    out, pairs, names = tmp_path / "rows.jsonl", tmp_path / "pairs.jsonl", tmp_path / "names.txt"
    made = command(sample, out, "--preferences", pairs, "--names", names, "--hold-out", 0.2, "--rows", 30)
    assert made.exit_code == 0, made.output
    report = json.loads(made.stdout)
    assert report["rows"] == sum(report["kinds"].values()) == 30
    dialogues = load(str(out), None).rows
    assert len(dialogues) == 30
    for row in dialogues:
        assert isinstance(row, Row)
        assert [message.role for message in row.messages] == ["system", "user", "assistant"]
    assert all(isinstance(row, Preference) for row in load(str(pairs), None).rows)
    left_out = names.read_text(encoding="utf-8").splitlines()
    again = command(sample, tmp_path / "more.jsonl", "--without", names, "--rows", 30, "--seed", 1)
    assert json.loads(again.stdout)["names_left_out"] == len(left_out) == report["names_left_out"]
    for line in (tmp_path / "more.jsonl").read_text(encoding="utf-8").splitlines():
        text = normalise("\n".join(message["content"] for message in json.loads(line)["messages"][1:]))
        assert [name for name in left_out if name in text] == []


def test_the_licences_of_what_is_quoted_reach_the_model_card(tmp_path: Path) -> None:
    head = "subject,subject_type,relation,object,object_type,source"
    facts = [f"甲{n}病,disease,has_symptom,乙{n}痛,symptom,一本书" for n in range(4)]
    (tmp_path / "facts.csv").write_text("\n".join([head, *facts]), encoding="utf-8")
    texts = [
        {
            "text": f"甲{n}病的症状是乙{n}痛，一项研究如此发现。",
            "kind": "conclusion",
            "source": "一项研究",
            "licence": "CC BY 4.0",
        }
        for n in range(4)
    ]
    lines(tmp_path / "passages.jsonl", texts)
    kb, out, pairs = tmp_path / "kb", tmp_path / "rows.jsonl", tmp_path / "pairs.jsonl"
    settings = Settings(_env_file=None, data_dir=kb, terms=False)
    ingest(Library(kb), [tmp_path / "facts.csv", tmp_path / "passages.jsonl"], dataset="own", settings=settings)
    made = command(kb, out, "--preferences", pairs, "--rows", 6, "--share", "relevant=1")
    assert made.exit_code == 0, made.output
    for path in (out, pairs):
        gathered = gather(DataConfig(datasets=(str(path),)))
        assert gathered.origins[0].quoted == {"": ["一本书"], "CC BY 4.0": ["一项研究"]}
        record = {"data": [asdict(origin) for origin in gathered.origins]}
        card = run_card("base", json.loads(json.dumps(record)), "")
        assert f"- quoted in data {path.stem}: CC BY 4.0 (一项研究)" in card.splitlines()
        assert f"- quoted in data {path.stem}: not stated (一本书)" in card.splitlines()
        later = run_card("base", {"earlier": record["data"]}, "")
        assert f"- quoted in data {path.stem}: CC BY 4.0 (一项研究)" in later, (
            "who goes on with the adapter inherits them"
        )


def test_many_sources_are_counted_and_another_column_of_that_name_is_passed_over(tmp_path: Path) -> None:
    said = [{"role": "user", "content": "问"}, {"role": "assistant", "content": "答"}]
    rows = [{"messages": said, "quoted": [{"title": f"书{n}", "licence": "CC0"}]} for n in range(7)]
    lines(tmp_path / "many.jsonl", [*rows, {"messages": said, "quoted": "书"}, {"messages": said, "quoted": ["书"]}])
    origins = gather(DataConfig(datasets=(str(tmp_path / "many.jsonl"),))).origins
    assert origins[0].rows == 9
    assert "CC0 (书0; 书1; 书2; 书3; 书4 and 2 more)" in run_card("base", {"data": [asdict(origins[0])]}, "")


def lines(path: Path, rows: Sequence[object]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def test_bad_input_is_one_line_and_writes_nothing(sample: Path, data_dir: Path, tmp_path: Path) -> None:
    out, names, none = tmp_path / "rows.jsonl", tmp_path / "names.txt", tmp_path / "none"
    publish(Library(data_dir), {"a": small_kb()})
    names.write_text("甲病\n乙病\n", encoding="utf-8")
    for folder, given, code, expected in (
        (sample, ("--share", "many=1"), 2, "relevant, distracting, missing, safety"),
        (sample, ("--share", "relevant=x"), 2, "KIND=NUMBER"),
        (sample, ("--without", tmp_path / "absent.txt"), 3, "expected names, one a line"),
        (data_dir, ("--without", names), 5, "gives no row"),
        (none, (), 6, "no knowledge base yet"),
    ):
        done = command(folder, out, *given)
        assert (done.exit_code, expected in done.stderr) == (code, True), (given, done.output)
        assert not out.exists()
    with pytest.raises(ConfigurationError, match="shares of"):
        GroundedOptions(shares={"other": 1.0})
    with pytest.raises(ConfigurationError, match="share from 0 to below 1"):
        GroundedOptions(hold_out=1.0)

"""Question sets of others: each kind is read as published, and a broken one is named with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation.collections import read_bioasq, read_chip_sts, read_collection, read_kuake_qtr
from evaluation.retrieval import run
from rag.errors import DataError, NotFoundError, UsageError
from rag.retrieval.fusion import default_tuning
from rag.settings import Settings


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    (folder / "qrels").mkdir(parents=True)
    documents = [("d1", "Aspirin", "Aspirin lowers fever."), ("d2", "", "Zinc shortens colds."), ("d3", "", "Nothing.")]
    lines = [json.dumps({"_id": key, "title": title, "text": text}) for key, title, text in documents]
    (folder / "corpus.jsonl").write_text("\n".join(lines), encoding="utf-8")
    asked = [{"_id": "q1", "text": "Does zinc help colds?"}, {"_id": "q2", "text": "Unjudged?"}]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, asked)), encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td2\t2\nq1\td1\t0\n", encoding="utf-8")
    (folder / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td3\t1\n", encoding="utf-8")
    return folder


def test_a_beir_folder_is_measured_from_end_to_end(beir: Path, tmp_path: Path) -> None:
    (report,) = run(tmp_path, Settings(_env_file=None), default_tuning(), [f"beir={beir}"])
    assert (report.name, report.questions) == ("beir small", 1), "the test list counts, and judged questions only"
    assert report.rows["fused"].means()["recall_1"] == 1.0


def test_titles_belong_to_the_text(beir: Path) -> None:
    _, found = read_collection(f"beir={beir}")
    assert found.texts["d1"] == "Aspirin Aspirin lowers fever."


def test_snippets_answer_their_own_question(tmp_path: Path) -> None:
    path = tmp_path / "golden.json"
    snippets = [{"document": "u/1", "text": "Yes it does."}, {"document": "u/2", "text": "It may."}]
    rows = [{"id": "a", "body": "Does it?", "snippets": snippets}, {"id": "b", "body": "Nobody knows?"}]
    path.write_text(json.dumps({"questions": rows}), encoding="utf-8")
    (asked,) = read_bioasq(path).asked()
    assert asked == ("Does it?", frozenset({"u/1 Yes it does.", "u/2 It may."}))


def test_pairs_are_relevant_from_a_label_on_and_rows_without_one_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "pairs.json"
    labels = ["3", "2", "1", "0", "NA"]
    rows = [{"query": "宝宝睡多久", "title": f"标题{label}", "label": label} for label in labels]
    path.write_text(json.dumps(rows), encoding="utf-8")
    found = read_kuake_qtr(path)
    assert list(found.asked()) == [("宝宝睡多久", frozenset({"标题3", "标题2"}))]
    assert "标题NA" not in found.texts
    same = [{"text1": "甲", "text2": "乙", "label": "1"}, {"text1": "甲", "text2": "丙", "label": "0"}]
    path.write_text(json.dumps(same), encoding="utf-8")
    assert list(read_chip_sts(path).asked()) == [("甲", frozenset({"乙"}))]


@pytest.mark.parametrize(("named", "said"), [("beir", "KIND=PATH"), ("trec=x", "beir, bioasq"), ("=x", "KIND=PATH")])
def test_what_is_no_kind_and_path_is_refused(named: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_collection(named)


def test_broken_files_are_named_with_their_line(beir: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="gone"):
        read_collection("bioasq=gone")
    with (beir / "corpus.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n{broken")
    with pytest.raises(DataError, match=r"corpus\.jsonl, line 4"):
        read_collection(f"beir={beir}")
    (tmp_path / "list.json").write_text('{"a": 1}', encoding="utf-8")
    with pytest.raises(DataError, match="list of JSON objects"):
        read_collection(f"chip-sts={tmp_path / 'list.json'}")
    (tmp_path / "empty.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DataError, match="no question"):
        read_collection(f"chip-sts={tmp_path / 'empty.json'}")

"""Question-answer pairs as CSV, and the shapes of JSON pairs of other collections."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg_loader.sources import guess_format
from rag.domain import PassageKind
from rag.errors import DataError
from rag.vocabulary import Grade
from tests.sources.collect import Collected, collect, json_lines, text_file

HEADER = "department,title,ask,answer\n"


def _read(tmp_path: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Collected:
    path = tmp_path / "qa.csv"
    path.write_bytes((header + "".join(f"{row}\n" for row in rows)).encode(encoding))
    assert guess_format(path) == "qa-csv"
    return collect("qa-csv", path)


def test_a_pair_in_gb18030(tmp_path: Path) -> None:
    found = _read(tmp_path, "神经内科,偏头痛要怎么治疗？,我头痛三年了。,避光休息。", encoding="gb18030")
    (one,) = found.passages
    assert (one.question, one.text, one.locator, one.kind) == (
        "偏头痛要怎么治疗？",
        "避光休息。",
        "神经内科",
        PassageKind.QA,
    )
    assert {one.grade for one in found.sources} == {Grade.QA}


@pytest.mark.parametrize(
    ("row", "question"),
    [
        ("科,头痛,我头痛三年了怎么办,休息。", "我头痛三年了怎么办"),
        ("科,头痛,三年了怎么办呢医生,休息。", "头痛 三年了怎么办呢医生"),
        ("科,头痛,无,休息。", "头痛"),
        ("科,,三年了怎么办呢医生,休息。", "三年了怎么办呢医生"),
        ("科,偏头痛要怎么治疗,,休息。", "偏头痛要怎么治疗"),
    ],
)
def test_what_is_asked(tmp_path: Path, row: str, question: str) -> None:
    assert [one.question for one in _read(tmp_path, row).passages] == [question]


def test_empty_and_repeated_texts_are_counted(tmp_path: Path) -> None:
    found = _read(
        tmp_path, "科,偏头痛要怎么治疗,,", "科,,,休息。", "科,偏头痛要怎么治疗,,无", "科,偏头痛要休息,,偏头痛要休息"
    )
    assert (found.passages, found.skipped) == ([], {"placeholder": 3, "duplicate": 1})


def test_commas_and_line_ends_in_quotes(tmp_path: Path) -> None:
    found = _read(tmp_path, '科,"头痛,怎么办呢?",x,"休息,\n避光。"')
    assert [(one.question, one.text) for one in found.passages] == [("头痛,怎么办呢?", "休息, 避光。")]


def test_other_columns(tmp_path: Path) -> None:
    found = _read(tmp_path, "头痛应该怎么办？,休息。", header="question,answer\n")
    assert len(found.passages) == 1


def test_broken_rows_cost_themselves(tmp_path: Path) -> None:
    found = _read(tmp_path, "科,头痛应该怎么办？,x,休息。,多余", "科,头痛", "科,头痛应该怎么办？,x,避光。")
    assert [line for line, _ in found.reasons] == [2, 3]
    assert len(found.passages) == 1


def test_a_header_without_answers(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="columns missing: answer"):
        collect("qa-csv", text_file(tmp_path / "x.csv", "department,title,ask\n"))


def test_ways_to_ask_one_question(tmp_path: Path) -> None:
    rows = [
        {"questions": [["头痛怎么办？", "头疼咋办？"]], "answers": ["休息。"]},
        {"id": 1, "question": "怕光怎么办？", "answer": "避光。", "score": 5, "related_diseases": []},
        {"questions": [[]], "answers": ["休息。"]},
        {"questions": [[3]], "answers": ["休息。"]},
    ]
    found = collect("qa-jsonl", json_lines(tmp_path / "huatuo.jsonl", rows))
    assert [one.question for one in found.passages] == ["头痛怎么办？", "怕光怎么办？"]
    assert [line for line, _ in found.reasons] == [3, 4]


def test_chinese_names_of_columns(tmp_path: Path) -> None:
    path = text_file(
        tmp_path / "q.csv",
        "科室,标题,提问,回答\n内科,头痛怎么办呢,如题,多休息。\n内科,头痛怎么办呢,如题,http://a.b/c\n",
    )
    assert guess_format(path) == "qa-csv"
    found = collect("qa-csv", path)
    assert [(one.question, one.text, one.locator) for one in found.passages] == [("头痛怎么办呢", "多休息。", "内科")]
    assert found.skipped == {"placeholder": 1}


def test_several_answers_and_addresses_of_answers(tmp_path: Path) -> None:
    rows = [
        {"questions": [["头痛怎么办？", "头疼呢？"]], "answers": ["多休息。", "避光。"]},
        {"questions": ["头痛怎么办？"], "answers": ["https://example.org/1.html"]},
        {"questions": ["头痛怎么办？"], "answers": []},
    ]
    found = collect("qa-jsonl", json_lines(tmp_path / "q.jsonl", rows))
    assert [(one.question, one.text) for one in found.passages] == [
        ("头痛怎么办？", "多休息。"), ("头痛怎么办？", "避光。"),
    ]  # fmt: skip
    assert found.skipped == {"placeholder": 1}
    assert found.reasons == [(3, "answer is missing or no text")]

"""Each form a reference system wrote is read into dialogues, preferences or texts; errors name file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finetune.data.loading import load
from finetune.data.rows import Preference, Row, Text
from rag.errors import DataError, NotFoundError


def _lines(path: Path, *rows: object) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def _said(row: object) -> list[tuple[str, str]]:
    assert isinstance(row, Row)
    return [(message.role, message.text) for message in row.messages]


FORMS = {
    "alpaca": ({"instruction": "问", "input": "补充", "output": "答"}, [("user", "问\n补充"), ("assistant", "答")]),
    "sharegpt": (
        {"conversations": [{"from": "human", "value": "问"}, {"from": "gpt", "value": "答"}]},
        [("user", "问"), ("assistant", "答")],
    ),
    "messages": (
        {"messages": [{"role": "system", "content": "你是医生"}, {"role": "user", "content": "问"},
                      {"role": "assistant", "content": "答"}]},
        [("system", "你是医生"), ("user", "问"), ("assistant", "答")],
    ),
    "pairs of columns": ({"questions": "问", "answers": "答"}, [("user", "问"), ("assistant", "答")]),
    "list": (
        ["问", "答", "再问", "再答"],
        [("user", "问"), ("assistant", "答"), ("user", "再问"), ("assistant", "再答")],
    ),
    "huatuogpt": ({"data": ["问：头痛", "答：休息", "问：谢谢"]}, [("user", "头痛"), ("assistant", "休息")]),
    "huatuogpt trainer": ({"json_dialogue": '["问：头痛", "答：休息"]'}, [("user", "头痛"), ("assistant", "休息")]),
    "alpaca with a history": (
        {"system": "你是医生", "instruction": "问", "input": "", "output": "答", "history": [["问1", "答1"]]},
        [("system", "你是医生"), ("user", "问1"), ("assistant", "答1"), ("user", "问"), ("assistant", "答")],
    ),
    "bentsao": (
        {"instruction": " <user>: 甲？ <bot>: 乙。 <user>: 丙？", "output": "丁。", "input": ""},
        [("user", "甲？"), ("assistant", "乙。"), ("user", "丙？"), ("assistant", "丁。")],
    ),
    "med-chatglm": ({"context": "问题：头痛\n回答: ", "target": "休息"}, [("user", "头痛"), ("assistant", "休息")]),
    "huatuogpt2": (
        {"id": 0, "text": "原文", "ChatGPT_query": "…", "query": "问", "ChatGPT_query_a": "…", "response": "答"},
        [("user", "问"), ("assistant", "答")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_told_by_its_columns(form: str, tmp_path: Path) -> None:
    given, wanted = FORMS[form]
    found = load(_lines(tmp_path / "rows.jsonl", given, given))
    assert [_said(row) for row in found.rows] == [wanted, wanted]
    assert [row.number for row in found.rows] == [1, 2]


PREFERENCES = {
    "conversations": {"conversations": [{"from": "human", "value": "问"}], "chosen": "好", "rejected": "坏"},
    "columns": {"instruction": "问", "input": "", "chosen": "好", "rejected": "坏"},
    "prompt": {"prompt": "问", "chosen": "好", "rejected": "坏"},
    "messages with two answers": {"messages": [{"role": "user", "content": "问"}], "chosen": "好", "rejected": "坏"},
    "output of two": {"instruction": "问", "input": "", "output": ["好", "坏"]},
    "messages": {
        "prompt": [{"role": "user", "content": "问"}],
        "chosen": [{"role": "assistant", "content": "好"}],
        "rejected": [{"role": "assistant", "content": "坏"}],
    },
}


@pytest.mark.parametrize("shape", PREFERENCES)
def test_preferences_have_a_prompt_and_two_answers(shape: str, tmp_path: Path) -> None:
    (row,) = load(_lines(tmp_path / "rows.jsonl", PREFERENCES[shape])).rows
    assert isinstance(row, Preference)
    assert (row.prompt, row.chosen, row.rejected) == ("问", "好", "坏")


def test_lines_of_text_and_arrays_of_texts_are_documents(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("一\n\n二\n", encoding="utf-8")
    (tmp_path / "b.json").write_text('[\n"一",\n"二"]', encoding="utf-8")
    for name in ("a.txt", "b.json"):
        rows = load(str(tmp_path / name)).rows
        assert [row.text for row in rows if isinstance(row, Text)] == ["一", "二"]


def test_lines_of_json_are_rows_in_a_file_of_text_too(tmp_path: Path) -> None:
    """Med-ChatGLM's rows are published as `train.txt`."""
    rows = load(_lines(tmp_path / "train.txt", *[FORMS["med-chatglm"][0]] * 2)).rows
    assert [_said(row) for row in rows] == [[("user", "头痛"), ("assistant", "休息")]] * 2
    (tmp_path / "texts.txt").write_text("{一\n[1] 二\n3\n", encoding="utf-8")
    assert [row.prompt for row in load(str(tmp_path / "texts.txt")).rows] == ["{一", "[1] 二", "3"]


def test_csv_and_an_indented_array_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("question,answer\n问,答\n", encoding="utf-8-sig")
    (tmp_path / "b.json").write_text(json.dumps([{"question": "问", "answer": "答"}], indent=2), encoding="utf-8")
    for name in ("a.csv", "b.json"):
        assert [_said(row) for row in load(str(tmp_path / name)).rows] == [[("user", "问"), ("assistant", "答")]]


def test_a_table_that_a_spreadsheet_wrote_in_gb18030_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(
        "department,title,ask,answer\n内科,血压高,血压高怎么办？,多休息。\n".encode("gb18030")
    )
    (row,) = load(str(tmp_path / "a.csv")).rows
    assert _said(row) == [("user", "血压高\n血压高怎么办？"), ("assistant", "多休息。")]


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("2.jsonl", "1.jsonl"):
        _lines(tmp_path / name, {"question": name, "answer": "答"})
    assert [row.prompt for row in load(str(tmp_path)).rows] == ["1.jsonl", "2.jsonl"]
    (tmp_path / "3.csv").write_text("question,answer\n问,答\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"\.csv, \.jsonl; expected files of one type"):
        load(str(tmp_path))


@pytest.mark.parametrize("indent", [None, 1])
def test_lists_by_name_are_one_data_set_each(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "sources.json"
    path.write_text(json.dumps({"SFT_data": [["q", "a"]], "Books": [["b", "c"], ["d", "e"]]}, indent=indent))
    (tmp_path / "dataset_info.json").write_text('{"books": {"file": "sources.json", "member": "Books"}}')
    assert [row.prompt for row in load("books", tmp_path).rows] == ["b", "d"]
    (tmp_path / "dataset_info.json").write_text('{"books": {"file": "sources.json", "member": "Other"}}')
    with pytest.raises(DataError, match="no list 'Other'; it has SFT_data, Books"):
        load("books", tmp_path)


LEFT_OUT: dict[str, dict[str, object]] = {
    "empty answer": {"instruction": "问", "output": ""},
    "empty question": {"instruction": " ", "output": "答"},
    "two turns of one role in a row": {"instruction": " <user>: 甲 <user>: 乙", "output": "丙"},
    "no answer": {"messages": [{"role": "user", "content": "问"}]},
    "no question before the first answer": {"messages": [{"role": "assistant", "content": "答"}]},
    "a turn of an unknown role: tool": {"messages": [{"role": "tool", "content": "x"}]},
    "two answers that are the same": {"prompt": "问", "chosen": "同", "rejected": "同"},
}


@pytest.mark.parametrize("reason", LEFT_OUT)
def test_a_row_without_an_answer_is_left_out_with_its_reason(reason: str, tmp_path: Path) -> None:
    good = {key: [{"role": "user", "content": "问"}, {"role": "assistant", "content": "答"}]
            if key == "messages" else "好" if key == "chosen" else "满" for key in LEFT_OUT[reason]}  # fmt: skip
    path = _lines(tmp_path / "rows.jsonl", good, LEFT_OUT[reason])
    found = load(path)
    assert len(found.rows) == 1
    assert [(left.number, left.reason) for left in found.left] == [(2, reason)]
    with pytest.raises(DataError, match=r"rows\.jsonl, row 2: .*bad_rows: drop"):
        load(path, stop=True)


def test_a_file_with_nothing_to_learn_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"no row to learn from \(1 were left out; the first: .*rows\.jsonl, row 1: empty answer"
    ):
        load(_lines(tmp_path / "rows.jsonl", {"instruction": "问", "output": ""}))


BROKEN = {
    "empty.json": ("", "is empty"),
    "space.json": (" \n", "white space"),
    "array.json": ("[]", "empty array"),
    "cut.json": ('[{"question": "a", "answer": "b"}, {"ques', "broken JSON after row 1"),
    "line.jsonl": ('{"question": "a", "answer": "b"}\n{"ques\n', "line 2: not JSON"),
    "other.jsonl": ('{"a": 1}\n', "line 1: an object with a; expected the form"),
    "number.jsonl": ('{"question": "a", "answer": 3}\n', "line 1: answer is a number; expected text"),
    "missing.jsonl": ('{"question": "a", "answer": "b"}\n{"question": "a"}\n', "line 2 has question; expected one of"),
    "name.xml": ("x", "files named .xml are not known"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_name_the_place(name: str, tmp_path: Path) -> None:
    content, message = BROKEN[name]
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load(str(tmp_path / name))


def test_text_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("一\n".encode() + "二\n".encode("gb18030"))
    with pytest.raises(DataError, match="line 2: not UTF-8"):
        load(str(tmp_path / "a.txt"))


def test_a_missing_data_set_lists_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "dataset_info.json").write_text('{"mm": {"file_name": "multi-med.json"}}')
    with pytest.raises(NotFoundError, match="no data set 'nn', and no such file; the registry has mm"):
        load("nn", tmp_path)

"""`dataset_info.json` as the CareGPT line wrote it, as its successors do, and in our own words."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from finetune.data.loading import load
from finetune.data.registry import digest, entry_of, find
from finetune.data.rows import Preference, Row, Text
from rag.errors import ConfigurationError, DataError, MissingExtraError

ROW = {"instruction": "问", "input": "补充", "output": "答", "history": [["问1", "答1"]], "text": "文"}


def _registry(folder: Path, entry: dict[str, Any], *rows: object) -> Path:
    (folder / "dataset_info.json").write_text(json.dumps({"mm": entry}), encoding="utf-8")
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows or [ROW])
    (folder / "rows.json").write_text(content, encoding="utf-8")
    return folder


def _turns(folder: Path) -> list[str]:
    (row,) = load("mm", folder).rows
    assert isinstance(row, Row)
    return [message.text for message in row.messages]


def test_the_columns_of_the_caregpt_line(tmp_path: Path) -> None:
    columns = {"prompt": "instruction", "query": "", "response": "output", "history": "history"}
    assert _turns(_registry(tmp_path, {"file_name": "rows.json", "columns": columns})) == ["问1", "答1", "问", "答"]


def test_without_columns_they_are_alpacas(tmp_path: Path) -> None:
    assert _turns(_registry(tmp_path, {"file_name": "rows.json"})) == ["问1", "答1", "问\n补充", "答"]


def test_partial_columns_leave_the_others_out(tmp_path: Path) -> None:
    columns = {"prompt": "instruction", "response": "output"}
    assert _turns(_registry(tmp_path, {"file_name": "rows.json", "columns": columns})) == ["问", "答"]


def test_a_prompt_alone_is_text(tmp_path: Path) -> None:
    columns = {"prompt": "text", "query": "", "response": "", "history": ""}
    (row,) = load("mm", _registry(tmp_path, {"file_name": "rows.json", "columns": columns})).rows
    assert isinstance(row, Text)
    assert row.text == "文"


def test_lines_of_text_are_documents_whatever_their_column_is_called(tmp_path: Path) -> None:
    columns = {"prompt": "text", "query": "", "response": "", "history": ""}
    _registry(tmp_path, {"file_name": "wiki.txt", "columns": columns})
    (tmp_path / "wiki.txt").write_text("一\n二\n", encoding="utf-8")
    assert [row.prompt for row in load("mm", tmp_path).rows] == ["一", "二"]


def test_rankings_of_the_successors(tmp_path: Path) -> None:
    columns = {"prompt": "instruction", "query": "input", "chosen": "good", "rejected": "bad"}
    entry = {"file_name": "rows.json", "ranking": True, "columns": columns}
    (row,) = load("mm", _registry(tmp_path, entry, {"instruction": "问", "input": "", "good": "好", "bad": "坏"})).rows
    assert isinstance(row, Preference)
    assert (row.chosen, row.rejected) == ("好", "坏")


def test_sharegpt_of_the_successors_says_from_and_value_unless_tags_say_otherwise(tmp_path: Path) -> None:
    asked = [{"from": "human", "value": "问"}]
    talk = {"conversations": [*asked, {"from": "gpt", "value": "答"}]}
    entry: dict[str, Any] = {"file_name": "rows.json", "formatting": "sharegpt"}
    for columns in ({}, {"columns": {"messages": "conversations"}}):
        assert _turns(_registry(tmp_path, entry | columns, talk)) == ["问", "答"]
    pair = {
        "conversations": asked,
        "chosen": {"from": "gpt", "value": "好"},
        "rejected": {"from": "gpt", "value": "坏"},
    }
    columns = {"columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}}
    (row,) = load("mm", _registry(tmp_path, entry | columns | {"ranking": True}, pair)).rows
    assert isinstance(row, Preference)
    assert (row.prompt, row.chosen, row.rejected) == ("问", "好", "坏")


def test_messages_under_other_names(tmp_path: Path) -> None:
    entry = {"file": "rows.json", "format": "messages", "columns": {"messages": "talk"},
             "tags": {"role_tag": "who", "content_tag": "says"}}  # fmt: skip
    talk = [{"who": "patient", "says": "问"}, {"who": "doctor", "says": "答"}]
    assert _turns(_registry(tmp_path, entry, {"talk": talk})) == ["问", "答"]


def test_a_column_that_no_row_has_is_an_error(tmp_path: Path) -> None:
    columns = {"prompt": "instruction", "query": "inputs", "response": "output"}
    with pytest.raises(DataError, match="no row has the column inputs"):
        load("mm", _registry(tmp_path, {"file_name": "rows.json", "columns": columns}))


def test_a_prompt_column_that_a_row_lacks_names_the_line(tmp_path: Path) -> None:
    columns = {"prompt": "question", "response": "output"}
    with pytest.raises(DataError, match=r"rows.json, line 1 has instruction, .*; expected the column question"):
        load("mm", _registry(tmp_path, {"file_name": "rows.json", "columns": columns}))


def test_checksums_fail_where_a_file_differs(tmp_path: Path) -> None:
    folder = _registry(tmp_path, {"file_name": "rows.json"})
    content = (tmp_path / "rows.json").read_bytes()
    for key, kind in (("file_sha1", "sha1"), ("sha256", "sha256")):
        right = hashlib.new(kind, content).hexdigest()
        _registry(tmp_path, {"file_name": "rows.json", key: right.upper()})
        assert load("mm", folder).sha256 == hashlib.sha256(content).hexdigest()
        _registry(tmp_path, {"file_name": "rows.json", key: "0" * len(right)})
        with pytest.raises(DataError, match=f"its {kind} is {right}, the registry's entry mm says 000"):
            load("mm", folder)


def test_the_digest_of_a_folder_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("1")
    (tmp_path / "b.jsonl").write_text("2")
    before = digest(tmp_path)
    (tmp_path / "b.jsonl").write_text("3")
    assert digest(tmp_path) != before


def test_limits_licence_and_date(tmp_path: Path) -> None:
    entry = {"file": "rows.json", "max_samples": 2, "licence": "CC BY 4.0", "collected": "2023-09-01"}
    folder = _registry(tmp_path, entry, *[ROW] * 5)
    assert len(load("mm", folder).rows) == 2
    assert len(load("mm", folder, max_samples=1).rows) == 1
    found = find("mm", folder)
    assert (found.licence, found.collected) == ("CC BY 4.0", date(2023, 9, 1))


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"file": "a", "colour": 1}, "unknown keys colour"),
    "unknown column": ({"file": "a", "columns": {"answer": "b"}}, "unknown columns answer; known are"),
    "unknown format": ({"file": "a", "format": "xml"}, "format 'xml'; expected one of auto, alpaca"),
    "a script": ({"script_url": "example_dataset"}, "made by the script example_dataset, which is not run"),
    "nothing": ({}, "names no file, folder or hub"),
    "a date": ({"file": "a", "collected": "gestern"}, "expected a date"),
    "a number": ({"file": "a", "max_samples": 0}, "expected a number above 0"),
}


@pytest.mark.parametrize("case", WRONG)
def test_entries_that_cannot_be_meant(case: str, tmp_path: Path) -> None:
    entry, message = WRONG[case]
    with pytest.raises(ConfigurationError, match=message):
        entry_of("mm", entry, tmp_path)


def test_the_hub_goes_before_a_script_and_a_file(tmp_path: Path) -> None:
    found = entry_of("mm", {"hf_hub_url": "a/b", "script_url": "c", "file_name": "d"}, tmp_path)
    assert (found.hub, found.path) == ("a/b", None)
    try:
        import datasets  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtraError, match=r"yiwen\[train\]"):
            load("mm", _registry(tmp_path, {"hf_hub_url": "a/b"}))

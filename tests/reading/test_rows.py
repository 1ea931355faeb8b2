from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path

import pytest

from kg_loader.csv_reading import csv_rows
from kg_loader.json_reading import json_members, json_rows
from kg_loader.reading import MAX_LINE, Row, require_content, text_lines
from rag.domain import Rejected
from rag.errors import DataError


def _written(tmp_path: Path, text: str, name: str = "file.json") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


def _split(rows: list[Row | Rejected]) -> tuple[list[object], list[tuple[int, str]]]:
    good = [row.value for row in rows if isinstance(row, Row)]
    return good, [(row.line, row.reason) for row in rows if isinstance(row, Rejected)]


# ---------------------------------------------------------------- lines


def test_every_line_end_ends_a_line(tmp_path: Path) -> None:
    path = _written(tmp_path, "一\r\n二\r三\n四")
    assert [row.value for row in text_lines(path) if isinstance(row, Row)] == ["一", "二", "三", "四"]


def test_a_nul_costs_its_line(tmp_path: Path) -> None:
    good, bad = _split(list(text_lines(_written(tmp_path, "一\n二\0\n三\n"))))
    assert (good, bad) == (["一", "三"], [(2, "NUL character")])


def test_a_line_of_64_megabytes_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "long"
    with path.open("wb") as file:
        file.write(b"first\n")
        for _ in range(64):
            file.write(b"a" * (1 << 20))
        file.write(b"\nlast\n")
    tracemalloc.start()
    good, bad = _split(list(text_lines(path)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (good, bad) == (["first", "last"], [(2, f"line longer than {MAX_LINE} characters")])
    assert peak < 8 * MAX_LINE


@pytest.mark.parametrize("content", [b"", b" \n\t\n", b"\xef\xbb\xbf"])
def test_nothing_in_the_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"empty|white space"):
        require_content(path)


# ---------------------------------------------------------------- JSON


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}\n{"a": 2}\n',
        '\ufeff{"a": 1}\r\n\r\n{"a": 2}',
        '[{"a": 1}, {"a": 2}]',
        '\n [\n  {"a": 1},\n  {"a": 2}\n]\n',
    ],
)
def test_the_shape_is_seen_from_the_content(tmp_path: Path, text: str) -> None:
    assert _split(list(json_rows(_written(tmp_path, text)))) == ([{"a": 1}, {"a": 2}], [])


def test_one_object_over_many_lines(tmp_path: Path) -> None:
    assert _split(list(json_rows(_written(tmp_path, '{\n "a": [\n1,\n2]\n}\n'))))[0] == [{"a": [1, 2]}]


def test_objects_over_many_lines_one_after_the_other(tmp_path: Path) -> None:
    assert _split(list(json_rows(_written(tmp_path, '{\n "a": 1\n}\n{\n "a": 2\n}\n')))) == ([{"a": 1}, {"a": 2}], [])


def test_what_is_wrong_with_an_array_is_said_in_words(tmp_path: Path) -> None:
    (_, reason) = _split(list(json_rows(_written(tmp_path, '[{"头痛": "怕光"},\n]'))))[1][0]
    assert reason.endswith("unallowed token at this point in JSON text")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"a": NaN}', "NaN"),
        ('{"a": 1e999}', "number too large"),
        ('{"a": 1, "a": 2}', "a key occurs twice"),
        ('{"a": "\\ud800"}', "lone surrogate"),
        ('{"a": 1', "not JSON"),
        ("{'a': 1}", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("9" * 5000, "Exceeds"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(tmp_path: Path, line: str, reason: str) -> None:
    good, bad = _split(list(json_rows(_written(tmp_path, f'{{"a": 1}}\n{line}\n{{"a": 3}}\n'))))
    assert good == [{"a": 1}, {"a": 3}]
    assert [number for number, _ in bad] == [2]
    assert reason in bad[0][1]


def test_a_truncated_array_gives_what_came_before(tmp_path: Path) -> None:
    good, bad = _split(list(json_rows(_written(tmp_path, '[{"a": 1}, {"a": 2}, {"a"'))))
    assert good == [{"a": 1}, {"a": 2}]
    assert bad[0][0] == 3
    assert "nothing after this item was read" in bad[0][1]


def test_an_array_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    rows = list(json_rows(_written(tmp_path, "[" * 100_000 + "]" * 100_000)))
    assert len(rows) == 1


def test_an_array_with_a_bad_byte_costs_its_item(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes('["头痛可以减轻",\n"恶'.encode() + b"\xff" + '",\n"怕光"]'.encode())
    good, bad = _split(list(json_rows(path, "utf-8")))
    assert (good, [number for number, _ in bad]) == (["头痛可以减轻", "怕光"], [2])


def test_a_huge_array_is_streamed(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("w") as file:
        file.write("[")
        file.writelines('"' + "a" * 1000 + '",' for _ in range(60_000))
        file.write('"end"]')
    tracemalloc.start()
    count = sum(1 for _ in json_rows(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 60_001
    assert peak < 24 << 20  # one block of the only line, to see the shape


def test_an_item_without_end_is_stopped(tmp_path: Path) -> None:
    good, bad = _split(list(json_rows(_written(tmp_path, '["' + "a" * (3 * MAX_LINE) + '"]'))))
    assert good == []
    assert "item too long" in bad[0][1]


def test_members_of_one_object(tmp_path: Path) -> None:
    good, bad = _split(list(json_members(_written(tmp_path, json.dumps({"1": {"a": 1}, "2": None})))))
    assert (good, bad) == ([("1", {"a": 1}), ("2", None)], [])


def test_members_of_what_is_no_object(tmp_path: Path) -> None:
    assert _split(list(json_members(_written(tmp_path, "[1, 2]"))))[0] == []


# ---------------------------------------------------------------- CSV


def _csv(tmp_path: Path, text: str) -> tuple[list[object], list[tuple[int, str]]]:
    return _split(list(csv_rows(_written(tmp_path, text, "f.csv"), required=("a", "b"), optional=("c",))))


def test_quoted_newlines_keep_the_line_numbers_right(tmp_path: Path) -> None:
    good, bad = _csv(tmp_path, 'a,b\n"一\n二",2\n"x"y,3\n3,4\n')
    assert good == [{"a": "一\n二", "b": "2"}, {"a": "3", "b": "4"}]
    assert bad[0][0] == 4


@pytest.mark.parametrize(
    "text",
    [
        "a,b\r\n1,2\r\n",
        "a,b\r1,2\r",
        "\ufeffa,b\n1,2\n",
        "\n\na,b\n1,2\n",
        " A , B \n 1 , 2 \n",
        "a\tb\n1\t2\n",
        '"a","b"\n"1","2"',
    ],
)
def test_the_same_row_in_many_shapes(tmp_path: Path, text: str) -> None:
    assert _csv(tmp_path, text) == ([{"a": "1", "b": "2"}], [])


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("a,c", "columns missing: b; expected a, b; optional c"),
        ("a,b,a", "columns named twice: a"),
        ("a,b,d", "unknown columns: d"),
        ("1,2", "columns missing: a, b"),
    ],
)
def test_a_wrong_header_is_one_clear_line(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(DataError, match=f"line 1, {message}"):
        _csv(tmp_path, f"{header}\n1,2\n")


def test_header_only_holds_no_row(tmp_path: Path) -> None:
    assert _csv(tmp_path, "a,b,c\n") == ([], [])


def test_cells_missing_and_too_many(tmp_path: Path) -> None:
    good, bad = _csv(tmp_path, "a,b,c\n1\n1,2\n1,2,3,4\n1,2,3,,\n,,\n")
    assert good == [{"a": "1", "b": "2", "c": ""}, {"a": "1", "b": "2", "c": "3"}]
    assert bad == [(2, "fewer cells than columns, no b"), (4, "more cells than columns")]


@pytest.mark.parametrize("limit", [1 << 17, 1 << 20])
def test_a_quote_that_never_closes_costs_no_more_than_its_limit(tmp_path: Path, limit: int) -> None:
    before = csv.field_size_limit(limit)  # the limit is the process's: another module may have raised it
    try:
        _quote_that_never_closes(tmp_path)
    finally:
        csv.field_size_limit(before)


def _quote_that_never_closes(tmp_path: Path) -> None:
    good, bad = _csv(tmp_path, 'a,b\n"open,2\n' + "3,4\n" * 50_000)
    assert bad[0] == (2, "not CSV: a quote is never closed")
    assert len(good) > 10_000


def test_a_bad_line_inside_a_quoted_cell_costs_its_row(tmp_path: Path) -> None:
    good, bad = _csv(tmp_path, 'a,b\n"x\ny\0\nz",2\n3,4\n')
    assert good == [{"a": "3", "b": "4"}]
    assert sorted(number for number, _ in bad) == [2, 3]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_mark_between_cells_is_that_of_the_header(tmp_path: Path, mark: str) -> None:
    path = _written(
        tmp_path,
        f"Unnamed: 0{mark}名称{mark}b{mark}Unnamed: 15_level_1\n0{mark}x,y;z{mark}2{mark}\n".replace(
            "x,y;z", "x" if mark in ",;" else "x,y;z"
        ),
    )
    rows = list(csv_rows(path, required=("a",), optional=("b",), called={"名称": "a"}))
    assert [row.value for row in rows if isinstance(row, Row)] == [{"a": "x" if mark in ",;" else "x,y;z", "b": "2"}]

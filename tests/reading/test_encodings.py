from __future__ import annotations

import os
from pathlib import Path

import pytest

from kg_loader.encodings import detect_encoding, regular_file
from kg_loader.reading import Row, text_lines
from rag.domain import Rejected
from rag.errors import DataError, NotFoundError, UsageError

SENTENCE = "头痛伴恶心、怕光，安静休息后可以减轻。"


def _written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "file.txt"
    path.write_bytes(data)
    return path


def _texts(path: Path, encoding: str | None = None) -> list[str]:
    return [row.value for row in text_lines(path, encoding) if isinstance(row, Row)]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-32"])
def test_the_encoding_is_found_and_the_mark_dropped(tmp_path: Path, codec: str) -> None:
    path = _written(tmp_path, f"{SENTENCE}\n第二行\n".encode(codec))
    assert _texts(path) == [SENTENCE, "第二行"]


def test_gb18030_with_four_byte_characters(tmp_path: Path) -> None:
    path = _written(tmp_path, f"{SENTENCE}𠮷\n".encode("gb18030"))
    assert _texts(path) == [f"{SENTENCE}𠮷"]


def test_traditional_chinese_in_big5_is_refused_with_its_line(tmp_path: Path) -> None:
    path = _written(tmp_path, b"name,alias\n" + "頭痛伴隨噁心與畏光的現象應該儘快就醫檢查治療\n".encode("big5") * 3)
    with pytest.raises(DataError, match=r"line 2 .*--encoding"):
        detect_encoding(path)
    assert _texts(path, "big5")[1].startswith("頭痛")


def test_ascii_for_megabytes_and_then_gb18030(tmp_path: Path) -> None:
    path = _written(tmp_path, b"plain ascii line\n" * 150_000 + f"{SENTENCE}\n".encode("gb18030"))
    assert _texts(path)[-1] == SENTENCE


def test_one_bad_line_costs_that_line_only(tmp_path: Path) -> None:
    good = f"{SENTENCE}\n".encode()
    rows = list(text_lines(_written(tmp_path, good * 3 + SENTENCE.encode("gb18030") + b"\n" + good)))
    assert [type(row).__name__ for row in rows] == ["Row", "Row", "Row", "Rejected", "Row"]
    assert isinstance(rows[3], Rejected)
    assert rows[3].line == 4


def test_a_bad_byte_far_behind_the_scanned_part(tmp_path: Path) -> None:
    good = f"{SENTENCE}\n".encode()
    count = (5 << 20) // len(good)
    rows = [row for row in text_lines(_written(tmp_path, good * count + b"\xff\xfe\n")) if isinstance(row, Rejected)]
    assert [(row.line, row.reason) for row in rows] == [(count + 1, "bytes that are not valid in the file's encoding")]


def test_a_file_in_utf16_without_a_mark_is_named(tmp_path: Path) -> None:
    path = _written(tmp_path, "subject,relation\nabc,def\n".encode("utf-16-le"))
    with pytest.raises(DataError, match="utf-16-le"):
        detect_encoding(path)
    assert _texts(path, "utf-16-le")[0] == "subject,relation"


@pytest.mark.parametrize("name", ["klingon", "base64", "rot13", ""])
def test_an_encoding_nobody_knows(tmp_path: Path, name: str) -> None:
    path = _written(tmp_path, b"\xa1\xa1\xff")
    with pytest.raises((UsageError, DataError), match=r"expected one of|neither UTF-8"):
        list(text_lines(path, name))


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        regular_file(tmp_path / "absent")
    with pytest.raises(NotFoundError):
        regular_file(_written(tmp_path, b"x") / "below")
    with pytest.raises(UsageError, match="a folder"):
        regular_file(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="a pipe"):
        regular_file(tmp_path / "pipe")
    with pytest.raises(DataError):
        regular_file(Path("a\0b"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = _written(tmp_path, b"x")
    path.chmod(0)
    with pytest.raises(DataError, match="permissions"):
        regular_file(path)

"""Whatever the bytes, reading gives rows, rejects or one of our own errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kg_loader.sources import FORMATS, ReadContext, guess_format
from rag.domain import Rejected, Skipped
from rag.errors import YiwenError
from tests.sources.collect import ANY_MAP

SNIPPETS = [
    b'{"', b'"}', b"[", b"]", b"\n", b"\r", b'"', b",", b":", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\\ud800",
    "中心词".encode(), "中心词".encode("gb18030"), "頭痛".encode("big5"), b"null", b"1e999", b"NaN", b"LONG_ANSWER",
    b"subject,subject_type,relation,object,object_type,source\n", b"entity,type,name,kind\n", b"a,b,type,reason\n",
    b'{"text": "', b'"kind": "qa"', "结论:".encode(), b"...", "药品类型:".encode(),
]  # fmt: skip
BYTES = st.lists(st.one_of(st.sampled_from(SNIPPETS), st.binary(max_size=8)), max_size=30).map(b"".join)
ENCODINGS = st.sampled_from([None, "utf-8", "gb18030", "big5", "utf-16", "utf-16-le", "nonsense"])


def _one_line(error: YiwenError) -> None:
    assert "\n" not in str(error)


@pytest.mark.parametrize("name", sorted(FORMATS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=BYTES, encoding=ENCODINGS)
def test_a_reader_never_breaks(tmp_path: Path, name: str, data: bytes, encoding: str | None) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    try:
        items = list(FORMATS[name].read(path, ReadContext("any", encoding, table_map=ANY_MAP)))
    except YiwenError as error:
        _one_line(error)
        return
    for item in items:
        if isinstance(item, Rejected):
            assert item.line >= 1
            assert len(item.raw) <= 500
            item.raw.encode()
        elif not isinstance(item, Skipped):
            repr(item).encode()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=BYTES)
@example(data=b"\xef\xbb\xbf\x00\x80")
def test_guessing_never_breaks(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    try:
        assert guess_format(path) in FORMATS
    except YiwenError as error:
        _one_line(error)

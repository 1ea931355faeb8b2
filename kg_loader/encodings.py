"""Which encoding a text file is in, and opening it so that one bad byte costs one line, not the file.

Order: byte-order mark, strict UTF-8, strict GB18030 that looks like Chinese, else an error that names the line. GB18030
alone proves nothing (it accepts every Big5 text and a quarter of UTF-8 texts), so at least half of the characters
beyond ASCII must belong to level 1 of GB 2312, the 3,755 everyday characters.
"""

from __future__ import annotations

import codecs
import stat
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import TextIO

from rag.errors import DataError, NotFoundError, UsageError

BAD_BYTES = "\ufdd0"
"""Stands in decoded text for bytes that the encoding does not have; a code point that Unicode gives to no character."""

_BLOCK = 1 << 20
_SHARE_EVERYDAY = 0.5
_SHARE_NUL = 0.2
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_NO_TEXT = (
    (b"\xd0\xcf\x11\xe0", "protected by a password, or a Word or Excel file of before 2007; save it as .docx or .xlsx, "
     "without a password"),
    (b"PK\x03\x04", "a workbook, a Word file or a zip archive, and text is expected; is the format the right one?"),
    (b"\x1f\x8b", "packed by gzip; unpack it first (.tar.gz and PubMed's .xml.gz are read as they are)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; pack it as .zip or .tar.gz"),
    (b"Rar!\x1a\x07", "a RAR archive; pack it as .zip or .tar.gz"),
    (b"\xfd7zXZ\x00", "packed by xz; pack it as .zip or .tar.gz"),
    (b"BZh91AY", "packed by bzip2; pack it as .zip or .tar.gz"),
    (b"{\\rtf", "rich text (RTF); save it as .docx"),
    (b"PAR1\x15", "a Parquet file; write it as JSON lines or CSV"),
    (b"SQLite format 3\x00", "an SQLite database; write the table as CSV"),
)  # fmt: skip
"""How files begin that are no text, and what to do with them."""
_NAMED = {
    "utf8": "utf-8", "utf8sig": "utf-8-sig", "utf16": "utf-16", "utf16le": "utf-16-le", "utf16be": "utf-16-be",
    "utf32": "utf-32", "gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030",
    "big5": "big5hkscs", "big5hkscs": "big5hkscs", "cp950": "cp950", "ascii": "ascii", "latin1": "latin-1",
    "iso88591": "latin-1", "cp1252": "cp1252",
}  # fmt: skip
_EVERYDAY = frozenset(
    bytes((lead, trail)).decode("gb2312")
    for lead in range(0xB0, 0xD8)
    for trail in range(0xA1, 0xFF if lead < 0xD7 else 0xFA)
)


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BAD_BYTES, error.end


codecs.register_error("yiwen_mark", _mark)


def regular_file(path: Path) -> None:
    """Raise NotFoundError, UsageError (a folder, a pipe, a device) or DataError (not readable), each in one line."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            path.open("rb").close()
            return
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(f"{path}: no such file; give the path of a file to read") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{path}: cannot be read ({reason}); check the name and the permissions") from error
    what = "a folder; name the files in it" if stat.S_ISDIR(mode) else "a pipe or a device; write it to a file first"
    raise UsageError(f"{path}: a regular file is expected, this is {what}")


def open_text(path: Path, encoding: str | None = None) -> TextIO:
    r"""The file as text with `\n` line ends; undecodable bytes read as BAD_BYTES. Errors: see `regular_file`."""
    regular_file(path)
    codec = named_encoding(encoding) if encoding else detect_encoding(path)
    return path.open(encoding=codec, errors="yiwen_mark", newline=None)


def named_encoding(name: str) -> str:
    """The codec for what a user calls `name`; GB 2312 and GBK are read as their superset GB18030."""
    codec = _NAMED.get(name.lower().replace("-", "").replace("_", ""))
    if codec is None:
        known = ", ".join(sorted({*_NAMED.values()} | {"gbk", "big5"}))
        raise UsageError(f"unknown encoding {name!r}; expected one of: {known}")
    return codec


def refuse_what_is_no_text(path: Path, head: bytes) -> None:
    """DataError for a file that begins as one of the kinds that no text reader reads."""
    for mark, what in _NO_TEXT:
        if head.startswith(mark):
            raise DataError(f"{path}: {what}")


def detect_encoding(path: Path) -> str:
    """The codec of a file, from its mark or from the first megabytes that are not plain ASCII; DataError if none."""
    state = path.stat()
    return _detected(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=8)
def _detected(path: Path, _size: int, _modified_ns: int) -> str:
    """Found out once a file, as a reader opens it several times."""
    with path.open("rb") as file:
        block = file.read(_BLOCK)
        refuse_what_is_no_text(path, block)
        for mark, codec in _MARKS:
            if block.startswith(mark):
                return codec
        if block.count(0) > _SHARE_NUL * len(block):
            raise DataError(
                f"{path}: line 1 is full of NUL bytes; if this is UTF-16 without a mark, use --encoding utf-16-le"
            )
        line = 1
        while block.isascii() and block:
            line += block.count(b"\n")
            block = file.read(_BLOCK)
        window = block + file.read(_BLOCK)
        if file.read(1):
            window = window[: window.rfind(b"\n") + 1] or window
    return _judge(path, window, line)


def _judge(path: Path, window: bytes, first_line: int) -> str:
    if _decodes(window, "utf-8"):
        return "utf-8"
    lines = [line for line in window.split(b"\n") if not line.isascii()]
    as_utf8 = sum(_decodes(line, "utf-8") for line in lines)
    if as_utf8 * 2 >= len(lines):
        return "utf-8"
    as_gb18030 = sum(_decodes(line, "gb18030") for line in lines)
    if as_gb18030 * 2 > len(lines) and _looks_chinese(window.decode("gb18030", errors="ignore")):
        return "gb18030"
    number = first_line + next(
        i for i, line in enumerate(window.split(b"\n")) if not line.isascii() and not _decodes(line, "utf-8")
    )
    raise DataError(
        f"{path}: line {number} is neither UTF-8 nor plausible GB18030; convert the file or name its encoding "
        "with --encoding (for example big5)"
    )


def _decodes(line: bytes, codec: str) -> bool:
    """True if `line` is valid; a character cut off at the very end (the window's edge) is forgiven."""
    try:
        line.decode(codec)
    except UnicodeDecodeError as error:
        if error.end < len(line):
            return False
    else:
        return True
    try:
        codecs.getincrementaldecoder(codec)("strict").decode(line)
    except UnicodeDecodeError:
        return False
    return True


def _looks_chinese(text: str) -> bool:
    beyond = {char: count for char, count in Counter(text).items() if not char.isascii()}
    everyday = sum(count for char, count in beyond.items() if char in _EVERYDAY)
    return everyday >= _SHARE_EVERYDAY * max(1, sum(beyond.values()))

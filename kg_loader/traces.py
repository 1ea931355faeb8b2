"""What the product wrote beside the versions and may hold erased content: rejected rows, downloads, staged work."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TextIO

from ahocorasick_rs import AhoCorasick, BytesAhoCorasick

from kg_loader.cleaning import Text
from kg_loader.encodings import open_text
from rag.errors import DataError
from rag.snapshot.files import storage_errors, write_durably
from rag.snapshot.library import Library
from rag.text import language_of

COPIES = ("fetched", "uploads")
"""Folders of files as they came, which can come again."""
_WINDOW = {"zh": 12, "en": 24}
"""Letters in a row that two texts share only if one was taken from the other."""
_LOOKED_FOR = 100
"""Characters of a text that are looked for in files; more would only cost memory."""
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_BLOCK = 1 << 22


def remove_traces(library: Library, texts: Collection[Text]) -> tuple[int, tuple[str, ...]]:
    """Take rejected rows and downloaded files with this content away: how many rows, and which files.

    A rejected row shows at most the first 500 characters of what was refused, so part of a text is enough. A downloaded
    or sent file goes as a whole; packed ones are not looked into. Raises StorageError.
    """
    if not texts:
        return 0, ()
    wanted = Wanted(texts)
    rows = sum(_clean_rejects(path, wanted) for path in sorted(library.rejects.glob("*.jsonl")))
    return rows, tuple(path for name in COPIES for path in _remove_files(library.data_dir / name, wanted))


class Wanted:
    """Texts to look for, in a form in which spaces, marks and width do not matter."""

    def __init__(self, texts: Iterable[Text]) -> None:
        self._windows: dict[int, set[int]] = {}
        names: dict[str, set[str]] = {}
        for text in texts:
            letters = [*map(_letters, text.parts)]
            size = _WINDOW[language_of(text.parts[0])]
            if len(letters) == 1 and len(letters[0]) >= size:
                self._windows.setdefault(size, set()).update(map(hash, _windows(letters[0], size)))
            elif letters[0]:
                names.setdefault(letters[0], set()).add("".join(letters[1:]))
        self._names = [*names.items()]
        self._automaton = AhoCorasick([name for name, _ in self._names])

    def text_in(self, text: str) -> bool:
        """Whether `text` holds a good part of one of the texts, or the whole of a short one."""
        letters = _plain(text)
        return self._long_in(letters) or self._names_in(letters)

    def long_text_in(self, text: str) -> bool:
        """The same, of texts that are long enough to be told from chance in a large file."""
        return self._long_in(_plain(text))

    def _long_in(self, letters: str) -> bool:
        return any(
            hash(letters[n : n + size]) in windows
            for size, windows in self._windows.items()
            for n in range(len(letters) - size + 1)
        )

    def _names_in(self, letters: str) -> bool:
        """A name together with what is stated of it."""
        found = {match[0] for match in self._automaton.find_matches_as_indexes(letters, overlapping=True)}
        return any(other in letters for index in found for other in self._names[index][1])


def _windows(letters: str, size: int) -> Iterator[str]:
    """Half overlapping, the last one included: any stretch of one and a half sizes holds a whole one."""
    for start in {*range(0, len(letters) - size, size // 2), len(letters) - size}:
        yield letters[start : start + size]


def _plain(text: str) -> str:
    return _letters(_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text))


def _letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _clean_rejects(path: Path, wanted: Wanted) -> int:
    """Rewrite a file without the rows that hold what is looked for; how many those were."""
    with storage_errors(path):
        rows = path.read_bytes().splitlines(keepends=True)
        kept = [row for row in rows if not wanted.text_in(_shown(row))]
        if len(kept) < len(rows):
            write_durably(path, b"".join(kept))
    return len(rows) - len(kept)


def _shown(row: bytes) -> str:
    try:
        content = json.loads(row)
    except ValueError:
        return row.decode("utf-8", "replace")
    return str(content.get("raw", "")) if isinstance(content, dict) else str(content)


def _remove_files(folder: Path, wanted: Wanted) -> Iterable[str]:
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        with storage_errors(path):
            if path.is_file() and _holds(path, wanted):
                path.unlink()
                yield str(path)


def _as_text(path: Path) -> TextIO:
    """By its own encoding, as ingestion reads it; what is no text at all by the bytes that happen to be."""
    try:
        return open_text(path)
    except DataError:
        return path.open(encoding="utf-8", errors="replace")


def _holds(path: Path, wanted: Wanted) -> bool:
    """Looks at a file in pieces that overlap, so that no text is cut in two unseen."""
    before = ""
    with _as_text(path) as file:
        while piece := file.read(_BLOCK):
            if wanted.long_text_in(before + piece):
                return True
            before = piece[-8192:]
    return False


def still_holding(data_dir: Path, texts: Collection[str]) -> list[str]:
    """Files below the data folder in which one of these texts stands letter by letter; reads every byte."""
    if not texts:
        return []
    wanted = BytesAhoCorasick([text[:_LOOKED_FOR].encode() for text in texts])
    return [str(path) for path in sorted(data_dir.rglob("*")) if path.is_file() and _contains(path, wanted)]


def _contains(path: Path, wanted: BytesAhoCorasick) -> bool:
    before = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            text = before + block
            if wanted.find_matches_as_indexes(text):
                return True
            before = text[-4 * _LOOKED_FOR :]
    return False

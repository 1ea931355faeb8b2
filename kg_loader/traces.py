"""What the product wrote beside the versions and may hold erased content: rejected rows, downloads, staged work."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from kg_loader.cleaning import Text
from rag.snapshot.files import storage_errors, write_durably
from rag.snapshot.library import Library
from rag.text import language_of

FETCHED = "fetched"
_WINDOW = {"zh": 12, "en": 24}
"""Letters in a row that two texts share only if one was taken from the other."""
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_BLOCK = 1 << 22


def remove_traces(library: Library, texts: Collection[Text]) -> tuple[int, tuple[str, ...]]:
    """Take rejected rows and downloaded files with this content away: how many rows, and which files.

    A rejected row shows at most the first 500 characters of what was refused, so part of a text is enough. A downloaded
    file goes as a whole; `yiwen fetch` gets it again. Raises StorageError.
    """
    if not texts:
        return 0, ()
    wanted = Wanted(texts)
    rows = sum(_clean_rejects(path, wanted) for path in sorted(library.rejects.glob("*.jsonl")))
    return rows, tuple(_remove_files(library.data_dir / FETCHED, wanted))


class Wanted:
    """Texts to look for, in a form in which spaces, marks and width do not matter."""

    def __init__(self, texts: Iterable[Text]) -> None:
        self._windows: dict[int, set[str]] = {}
        self._together: list[tuple[str, ...]] = []
        for text in texts:
            letters = tuple(map(_letters, text.parts))
            size = _WINDOW[language_of(text.parts[0])]
            if len(letters) > 1 or len(letters[0]) < size:
                self._together.append(letters)
            else:
                own = self._windows.setdefault(size, set())
                own.update(letters[0][n : n + size] for n in range(len(letters[0]) - size + 1))

    def found_in(self, text: str) -> bool:
        """Whether `text` holds a good part of one of them."""
        letters = _letters(_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text))
        if any(all(part in letters for part in parts) for parts in self._together):
            return True
        return any(
            letters[n : n + size] in windows
            for size, windows in self._windows.items()
            for n in range(len(letters) - size + 1)
        )


def _letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _clean_rejects(path: Path, wanted: Wanted) -> int:
    """Rewrite a file without the rows that hold what is looked for; how many those were."""
    with storage_errors(path):
        rows = path.read_bytes().splitlines(keepends=True)
        kept = [row for row in rows if not wanted.found_in(_shown(row))]
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


def _holds(path: Path, wanted: Wanted) -> bool:
    """Looks at a file in pieces that overlap, so that no text is cut in two unseen."""
    before = ""
    with path.open(encoding="utf-8", errors="replace") as file:
        while piece := file.read(_BLOCK):
            if wanted.found_in(before + piece):
                return True
            before = piece[-8192:]
    return False


def still_holding(data_dir: Path, texts: Sequence[str]) -> list[str]:
    """Files below the data folder in which one of these texts stands letter by letter; reads every byte."""
    wanted = [text.encode() for text in texts]
    longest = max(map(len, wanted), default=0)
    return [str(path) for path in sorted(data_dir.rglob("*")) if path.is_file() and _contains(path, wanted, longest)]


def _contains(path: Path, wanted: Sequence[bytes], longest: int) -> bool:
    before = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            text = before + block
            if any(one in text for one in wanted):
                return True
            before = text[-longest:]
    return False

"""Word lists: one name a line. The file, or else the data set, is called after the type: `drug.txt`, `症状.txt`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kg_loader.reading import require_content, text_lines
from kg_loader.sources.format import Format, Item, ReadContext, head_text
from kg_loader.sources.naming import DUPLICATE, entity, fault, trimmed
from rag.domain import Rejected, Skipped
from rag.errors import DataError
from rag.text import normalise
from rag.vocabulary import TYPE_LABELS, EntityType

_T = EntityType
_ALSO = {"check": _T.EXAMINATION, "diagnosis": _T.DISEASE, "药品": _T.DRUG, "检查项目": _T.EXAMINATION}
_TYPES = {kind.value: kind for kind in _T} | {label: kind for kind, label in TYPE_LABELS.items()} | _ALSO
_EDGES = re.compile(r"[\W\d_]+")
_COUNTED = re.compile(r"(?:\t+\d+(?:\s+[a-z]{1,4})?| +\d+ +[a-z]{1,4})\s*$")
_LONGEST = 60
_MOSTLY = 0.9
_SEEN = 500_000


def guess(path: Path, head: bytes) -> bool:
    """A .txt or .dic file called after a type, nearly all of whose first lines are short, without tab or full stop."""
    if path.suffix.lower() not in (".txt", ".dic", ".lst") or _type(path.stem) is None:
        return False
    lines = [_word(line) for line in head_text(head).splitlines()[:200] if line.strip()]
    short = sum(len(line) <= _LONGEST and not re.search("[\t。]", line) for line in lines)
    return short >= _MOSTLY * len(lines) > 0


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """The entity of each line. DataError where neither the file nor the data set names a type."""
    require_content(path, context.encoding)
    kind = _type(path.stem) or _type(context.dataset)
    if kind is None:
        raise DataError(f"{path}: of which type are these names? Call the file or --dataset one of: {', '.join(_T)}")
    seen: set[str] = set()
    for row in text_lines(path, context.encoding):
        if isinstance(row, Rejected):
            yield row
            continue
        name = trimmed(_word(row.value))
        if not name and not row.value.strip():
            continue
        yield _item(name, kind, seen)


def _item(name: str, kind: EntityType, seen: set[str]) -> Item:
    reason = fault(name, kind)
    if reason:
        return Skipped(reason)
    folded = normalise(name)
    if folded in seen:
        return Skipped(DUPLICATE)
    if len(seen) < _SEEN:  # beyond, a repeated name is merely written twice
        seen.add(folded)
    return entity(name, kind)


def _word(line: str) -> str:
    """A line of a dictionary for word segmentation without its frequency and part of speech."""
    return _COUNTED.sub("", line)


def _type(name: str) -> EntityType | None:
    words = [word for word in _EDGES.split(name.lower()) if word]
    named = {_TYPES[word] for word in (*words, *_singular(words), "_".join(words)) if word in _TYPES}
    return named.pop() if len(named) == 1 else None


def _singular(words: list[str]) -> list[str]:
    return [word.removesuffix("s") for word in words]


FORMAT = Format("word-list", guess, read)

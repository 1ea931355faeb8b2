"""A stream of text pieces -> whole sentences, as soon as each is complete."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_QUOTED = re.compile(r"“[^”]*”?")
_END = re.compile(r"(?:[。！？!?；;]+|(?<=[a-z0-9)\]%])\.(?=\s))(?:\[\d{1,4}\])*\s*|\n+")


def cut_sentences(pieces: Iterable[str]) -> Iterator[str]:
    """Sentences with their end marks, marks such as `[3]` that follow the end mark included; quotations stay whole."""
    buffer = ""
    for piece in pieces:
        buffer += piece
        while (end := _first_end(buffer)) is not None:
            yield from _unless_blank(buffer[:end])
            buffer = buffer[end:]
    yield from _split_rest(buffer)


def _first_end(buffer: str) -> int | None:
    """Where the first sentence ends, once something follows that cannot belong to it any more."""
    masked = _QUOTED.sub(lambda m: "x" * len(m[0]), buffer)
    match = _END.search(masked)
    return match.end() if match and match.end() < len(buffer) and masked[match.end()] != "[" else None


def _split_rest(buffer: str) -> Iterator[str]:
    while buffer:
        masked = _QUOTED.sub(lambda m: "x" * len(m[0]), buffer)
        match = _END.search(masked)
        end = match.end() if match else len(buffer)
        yield from _unless_blank(buffer[:end])
        buffer = buffer[end:]


def _unless_blank(sentence: str) -> Iterator[str]:
    if sentence.strip():
        yield sentence

"""A stream of text pieces -> whole sentences, as soon as each is complete."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_QUOTED = re.compile(r"“[^”]*”?")
_END = re.compile(r"(?:[。！？!?]+|(?<=[a-z0-9)\]%])\.(?=\s+[A-Z(“]|\s*\[\d)|\n)(?:\s*\[\d{1,4}\])*\s*")
"""No semicolon: what stands behind one shares the subject, and often the marks, of what stands before it."""
_MAYBE_MARK = re.compile(r"\[\d{0,4}$")


def cut_sentences(pieces: Iterable[str]) -> Iterator[str]:
    """Sentences with their end marks, marks such as `[3]` that follow the end mark included; quotations stay whole.

    The sentences do not depend on where the text was cut into pieces.
    """
    buffer = ""
    for piece in pieces:
        buffer += piece
        while (end := _first_end(buffer)) is not None:
            yield from _unless_blank(buffer[:end])
            buffer = buffer[end:]
    yield from _split_rest(buffer)


def _first_end(buffer: str) -> int | None:
    """Where the first sentence ends, once something follows that cannot belong to it any more."""
    match = _END.search(_masked(buffer))
    if match is None or match.end() == len(buffer) or _MAYBE_MARK.match(buffer, match.end()):
        return None
    return match.end()


def _split_rest(buffer: str) -> Iterator[str]:
    while buffer:
        match = _END.search(_masked(buffer))
        end = match.end() if match else len(buffer)
        yield from _unless_blank(buffer[:end])
        buffer = buffer[end:]


def _masked(buffer: str) -> str:
    """The same length, with nothing in quotations that could end a sentence."""
    return _QUOTED.sub(lambda match: "x" * len(match[0]), buffer)


def _unless_blank(sentence: str) -> Iterator[str]:
    if sentence.strip():
        yield sentence

"""A generator at work: its pieces until it ends, fails or is stopped, and another one that answers in its place."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from rag.answer.lacking import may_answer, says_so
from rag.answer.writing import Draft, Token, checked
from rag.checking.checker import Checker
from rag.deadline import Stop
from rag.domain import Dropped, GenerationRequest
from rag.errors import DependencyError
from rag.ports import Generator

_LOG = logging.getLogger(__name__)


def write(
    request: GenerationRequest,
    generator: Generator,
    fallback: Generator | None,
    checker: Checker,
    draft: Draft,
    stop: Stop,
) -> Iterator[Token | Dropped]:
    """What the generator says and the checker lets pass; if that fails, `fallback` answers.

    It does not where the generator only said that the evidence lacks the answer, and the evidence bears it out.
    """
    if not request.evidence:
        return
    if generator is fallback:  # takes no time of its own, and nobody could answer in its place
        stop = stop.unhurried()
    failed: list[Exception] = []
    yield from checked(_pieces(generator, request, stop, failed), request, checker, draft, failed=failed)
    silent = not draft.written and not draft.full
    if stop.cancelled or not (failed or silent):
        return
    if fallback is None or fallback is generator:
        if failed:
            raise failed[0]
        return
    lacking = not failed and says_so([one.sentence for one in draft.dropped])
    if lacking and not may_answer(request.intent, request.evidence):
        return
    _LOG.warning("generator %s failed, the extractive one answers; %s", generator.identity, _reason(failed, lacking))
    draft.degraded.append("generator")
    draft.generator = fallback.identity
    draft.full = False
    said = {e.id for e in draft.cited}
    yield from checked(fallback.stream(request, stop.only_cancel()), request, checker, draft, said)


def _reason(failed: list[Exception], lacking: bool) -> str:
    if lacking:
        return "it said that the evidence lacks the answer, which the evidence may hold"
    return f"{type(failed[0]).__name__}: {failed[0]}" if failed else "nothing it said passed the checker"


def _pieces(generator: Generator, request: GenerationRequest, stop: Stop, failed: list[Exception]) -> Iterator[str]:
    """The generator's pieces until it ends, fails or has to stop; `failed` then tells why it did not end by itself."""
    try:
        for piece in generator.stream(request, stop):
            if stop.is_set():
                break
            yield piece
    except Exception as error:  # a model may fail in any way; the evidence can still be shown
        failed.append(error)
    if stop.is_set() and not failed:
        failed.append(DependencyError(f"the generator {generator.identity} was stopped before its end"))

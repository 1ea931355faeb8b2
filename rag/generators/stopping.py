"""What all language models have in common: their limits, which text ends an answer, what goes into the window."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answer.prompt import estimated_tokens, messages
from rag.domain import GenerationRequest
from rag.errors import DependencyError

MESSAGE_TOKENS = 8
"""What a template writes around one message, about."""


@dataclass(frozen=True)
class ModelLimits:
    """What one answer may take of a model; tokens and seconds."""

    context_tokens: int = 8192
    """Prompt and answer together."""
    answer_tokens: int = 1024
    first_token_s: float = 10.0
    """Also between two pieces."""
    total_s: float = 60.0
    stop: tuple[str, ...] = ()


DEFAULT_LIMITS = ModelLimits()


def until(pieces: Iterable[str], stops: Sequence[str]) -> Iterator[str]:
    """The text before the first of `stops`; a piece that may be the beginning of one is held back until it is clear.

    What comes out does not depend on where the text was cut into pieces.
    """
    held = ""
    for piece in pieces:
        held += piece
        found = [at for stop in stops if (at := held.find(stop)) >= 0]
        if found:
            if held[: min(found)]:
                yield held[: min(found)]
            return
        safe = len(held) - _beginning(held, stops)
        if held[:safe]:
            yield held[:safe]
        held = held[safe:]
    if held:
        yield held


def _beginning(text: str, stops: Sequence[str]) -> int:
    """Length of the longest end of `text` that is the beginning of a stop."""
    longest = max(map(len, stops), default=1) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(stop.startswith(text[-length:]) for stop in stops):
            return length
    return 0


def fitted(
    request: GenerationRequest, room: int, length: Callable[[Sequence[tuple[str, str]]], int]
) -> Sequence[tuple[str, str]]:
    """The messages of `rag.answer.prompt` within `room` tokens by `length`; earlier turns give way, the oldest first.

    System prompt, evidence and question always stay: without them nothing could be checked. Raises DependencyError
    where they alone are too long.
    """
    history = request.history
    while True:
        said = messages(replace(request, history=history))
        needed = length(said)
        if needed <= room:
            return said
        if not history:
            raise DependencyError(
                f"the prompt has {needed} tokens and the model takes {room}; lower YIWEN_EVIDENCE_TOKENS or raise "
                "YIWEN_LLM_CONTEXT_TOKENS"
            )
        history = history[1:]


def estimated_length(said: Sequence[tuple[str, str]]) -> int:
    """Tokens of messages, about, for models whose tokenizer is elsewhere."""
    return sum(estimated_tokens(content) + MESSAGE_TOKENS for _, content in said)

"""Rows for the stages that judge answers: preferences for `rm` and `dpo`, questions for `rloo`.

A pair is never cut, since two answers cut at one place may be the same: one that is too long is left out and listed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from finetune.data.config import DataConfig
from finetune.data.encode import Encoder
from finetune.data.gathering import gather, scheduled
from finetune.data.prepared import PreparedPreferences
from finetune.data.preparing import limits, reasons
from finetune.data.rendering import Renderer
from finetune.data.rows import ASSISTANT, USER, AnyRow, Left, Message, Preference, Row, Text
from rag.errors import DataError

Sides = Mapping[str, tuple[Message, ...]]
_ANY = (Message(ASSISTANT, "。"),)
"""Stands for an answer that is still to be written."""


def prepare_preferences(
    config: DataConfig,
    tokenizer: Any,  # noqa: ANN401 - of transformers
    *,
    vocabulary: int | None = None,
) -> PreparedPreferences:
    """`prompt`, `chosen`, `rejected`, mixed as `config` says. Raises what `prepare` raises; DataError for dialogues."""
    return _prepared(config, tokenizer, vocabulary, _pair)


def prepare_questions(
    config: DataConfig,
    tokenizer: Any,  # noqa: ANN401 - of transformers
    *,
    vocabulary: int | None = None,
) -> PreparedPreferences:
    """`prompt` of preferences, of dialogues (their last answer is not heard) and of texts, each of them a question."""
    return _prepared(config, tokenizer, vocabulary, _question)


def _prepared(
    config: DataConfig,
    tokenizer: Any,  # noqa: ANN401 - of transformers
    vocabulary: int | None,
    sides: Callable[[AnyRow], Sides],
) -> PreparedPreferences:
    rows = gather(config)
    renderer = Renderer(tokenizer, config.template)
    check = Encoder(tokenizer, renderer, limits(config), vocabulary=vocabulary)
    unfit: dict[AnyRow, Left] = {}
    for row in (row for some in (*rows.kept, rows.held_out) for row in some):
        if (left := _unfit(check, row, sides(row))) is not None:
            unfit[row] = left
            rows.losses.note(left)
    schedule = scheduled(config, rows.uses, [len(kept) for kept in rows.kept])
    order = (rows.kept[source][place] for source, place in zip(*schedule.rows(), strict=True))
    train = [_said(sides(row), renderer) for row in order if row not in unfit]
    if not train:
        raise DataError(f"no row is left to train on; {reasons(rows.losses)}; look at `yiwen data check`")
    renderer.hand_over()
    held_out = [_said(sides(row), renderer) for row in rows.held_out if row not in unfit]
    return PreparedPreferences(train, held_out, rows.origins, rows.losses)


def _unfit(check: Encoder, row: AnyRow, sides: Sides) -> Left | None:
    """Why a row cannot go in whole; None if it can."""
    before = len(check.losses.rows)
    answers = [sides[name] for name in ("chosen", "rejected") if name in sides] or [_ANY]
    for _ in check.encode(Row((*sides["prompt"], *answer), row.source, row.number) for answer in answers):
        pass
    if len(check.losses.rows) == before:
        return None
    found = check.losses.rows[before]
    return Left(row.source, row.number, found.reason.replace("cut: ", "left out: "), found.detail)


def _pair(row: AnyRow) -> Sides:
    if not isinstance(row, Preference):
        raise DataError(f"{row.source}, row {row.number} has no pair of answers; expected chosen and rejected")
    answers = {"chosen": row.chosen, "rejected": row.rejected}
    return {"prompt": row.messages, **{name: (Message(ASSISTANT, text),) for name, text in answers.items()}}


def _question(row: AnyRow) -> Sides:
    if isinstance(row, Text):
        return {"prompt": (Message(USER, row.text),)}
    return {"prompt": row.messages if isinstance(row, Preference) else row.messages[:-1]}


def _said(sides: Sides, renderer: Renderer) -> dict[str, Any]:
    """For TRL, which renders by the tokenizer's template itself."""
    return {
        name: [{"role": message.role, "content": message.text} for message in renderer.placed(messages)]
        for name, messages in sides.items()
    }

"""Rows for stage `embed`: a question, its answer, and passages that look like an answer and are none."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence

from finetune.config import EmbedConfig
from finetune.data.config import DataConfig
from finetune.data.gathering import gather, scheduled
from finetune.data.mining import Miner
from finetune.data.prepared import PreparedPreferences
from finetune.data.preparing import reasons
from finetune.data.rows import AnyRow, Left, Preference, Row
from rag.errors import DataError
from rag.text import normalise

ANCHOR, POSITIVE, NEGATIVE = "anchor", "positive", "negative_"
"""Columns as the losses of sentence-transformers read them, in this order."""


def prepare_pairs(config: DataConfig, embed: EmbedConfig) -> PreparedPreferences:
    """`anchor`, `positive` and, with a knowledge base, `negative_1` and so on, mixed as `config` says.

    Raises what `gather` and `Miner` raise, DataError where no pair is left.
    """
    rows = gather(config)
    pairs: dict[AnyRow, tuple[str, str]] = {}
    for row in (row for some in (*rows.kept, rows.held_out) for row in some):
        pair = _pair(row)
        if isinstance(pair, Left):
            rows.losses.note(pair)
        else:
            pairs[row] = pair
    schedule = scheduled(config, rows.uses, [len(kept) for kept in rows.kept])
    order = [rows.kept[source][place] for source, place in zip(*schedule.rows(), strict=True)]
    train = [row for row in order if row in pairs]
    if not train:
        raise DataError(f"no pair is left to train on; {reasons(rows.losses)}; expected questions with answers")
    held_out = [row for row in rows.held_out if row in pairs]
    made = dict(zip(pairs, _with_negatives(list(pairs.values()), embed, config.seed), strict=True))
    return PreparedPreferences([made[row] for row in train], [made[row] for row in held_out], rows.origins, rows.losses)


def _pair(row: AnyRow) -> tuple[str, str] | Left:
    """A question and the better or only answer to it."""
    if isinstance(row, Preference):
        return row.prompt, row.chosen
    if isinstance(row, Row) and len(row.answers) == 1:
        return row.prompt, row.answers[0]
    return Left(row.source, row.number, "left out: no single question with an answer")


def _with_negatives(pairs: Sequence[tuple[str, str]], embed: EmbedConfig, seed: int) -> Iterable[Mapping[str, str]]:
    """Each pair as the columns of a row; where too few passages are found, answers to other questions fill the rest."""
    if embed.kb is None:
        yield from ({ANCHOR: question, POSITIVE: answer} for question, answer in pairs)
        return
    miner, chance = Miner(embed.kb), random.Random(seed)
    answers: dict[str, set[str]] = {}
    for question, answer in pairs:
        answers.setdefault(normalise(question), set()).add(answer)
    every = sorted({answer for _, answer in pairs})
    for question, answer in pairs:
        own = answers[normalise(question)]
        found = miner.negatives(question, own, skip=embed.skip, wanted=embed.negatives)
        others = [text for text in every if text not in own]
        missing = embed.negatives - len(found)
        if missing > len(others):
            raise DataError(
                f"{len(found) + len(others)} texts are no answer to {question!r}, {embed.negatives} negatives are "
                "wanted; give more pairs, a larger knowledge base, or lower embed.negatives"
            )
        texts = [*found, *chance.sample(others, missing)]
        numbered = {f"{NEGATIVE}{n}": text for n, text in enumerate(texts, start=1)}
        yield {ANCHOR: question, POSITIVE: answer} | numbered

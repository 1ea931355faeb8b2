"""What the arms are trained on: rows of a knowledge base with names that stand in no other row."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from finetune.ablation.invented import MANY
from finetune.data.grounded import GroundedRow
from rag.checking.quotations import MARK
from rag.errors import DataError

NAME = re.compile(f"[{MANY}]+")
"""What is invented in a text; the words around it are made of other characters."""
LENGTH = 2
"""Characters of a name."""
Row = dict[str, Any]


def named(texts: Iterable[str]) -> frozenset[str]:
    """All invented names of texts, and what else of their length stands in longer runs."""
    runs = (run for text in texts for run in NAME.findall(text))
    return frozenset(run[n : n + LENGTH] for run in runs for n in range(max(1, len(run) - LENGTH + 1)))


def renamed(rows: Sequence[GroundedRow], times: int, without: frozenset[str], seed: int) -> Iterator[Row]:
    """Each row so often as a dialogue, under other names each time: nothing about a name can be learnt by heart.

    Rows that would name something of `without` are drawn again.
    """
    chance = random.Random(seed)
    for _ in range(times):
        for row in chance.sample(rows, len(rows)):
            said = [*row.said, ("assistant", row.answer)]
            other = _otherwise(said, chance)
            while named(content for _, content in other) & without:
                other = _otherwise(said, chance)
            yield {"messages": [{"role": role, "content": content} for role, content in other]}


def _otherwise(said: Sequence[tuple[str, str]], chance: random.Random) -> list[tuple[str, str]]:
    table = str.maketrans(MANY, "".join(chance.sample(MANY, len(MANY))))
    return [(role, content.translate(table)) for role, content in said]


def closed_book(rows: Iterable[Row]) -> Iterator[Row]:
    """The same questions and answers without system prompt, evidence and marks: what is known is in the weights."""
    for row in rows:
        *_, asked, answer = row["messages"]
        question = asked["content"].rpartition("问题：")[2]
        yield {
            "messages": [
                {"role": "user", "content": question},
                {"role": "assistant", "content": MARK.sub("", answer["content"])},
            ]
        }


def texts_of(rows: Iterable[Row]) -> Iterator[str]:
    """All that is said in rows of any kind."""
    for row in rows:
        yield from (row["text"],) if "text" in row else (message["content"] for message in row["messages"])


def apart(rows: Iterable[Row], held_out: frozenset[str]) -> None:
    """Raises DataError where a row names what is asked about afterwards."""
    if shared := named(texts_of(rows)) & held_out:
        raise DataError(f"training rows name {len(shared)} of the entities that are held out, such as {min(shared)}")

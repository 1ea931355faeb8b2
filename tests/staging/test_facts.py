"""Facts of one subject as one item: stored, counted and refused as if they came one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kg_loader.batch import Batches
from kg_loader.plan import Input
from kg_loader.sources import Facts, Item
from rag.domain import EntityId, Fact, Literal, Rejected
from rag.snapshot import Library
from rag.snapshot.schema import FACT
from rag.vocabulary import EntityType, Relation
from tests.kb import BOOK, TRIAL, entity, publish

ILL = entity(EntityType.DISEASE, "甲病")
DIZZY, SICK = entity(EntityType.SYMPTOM, "头晕"), entity(EntityType.SYMPTOM, "恶心")
RATE = Literal("约70%", "cure_rate")
SAID = Facts(ILL.id, BOOK.id, {Relation.SYMPTOM: [DIZZY, SICK, DIZZY]}, {Relation.CURE_RATE: [RATE]})
OF_ANOTHER_SOURCE = replace(SAID, source=TRIAL.id)
SURROGATE = replace(SAID, texts={Relation.CURE_RATE: [Literal("\ud800", "cure_rate"), RATE]})
NO_ID = replace(SAID, subject=EntityId("甲病"))
UNNAMED = replace(SAID, things={Relation.SYMPTOM: [replace(SICK, name=""), DIZZY]})


def one_by_one(items: list[Item | Facts]) -> Iterator[Item]:
    for item in items:
        yield from item.each() if isinstance(item, Facts) else [item]


@pytest.mark.parametrize("batch", [2, 50])
@pytest.mark.parametrize("facts", [SAID, OF_ANOTHER_SOURCE, SURROGATE, NO_ID, UNNAMED])
def test_together_or_one_by_one_is_the_same(tmp_path: Path, facts: Facts, batch: int) -> None:
    items: list[Item | Facts] = [BOOK, ILL, SAID, facts, entity(EntityType.DISEASE, "乙病")]
    made = [
        publish(Library(tmp_path / name), {"x": stated}, batch=batch)
        for name, stated in (("together", items), ("alone", list(one_by_one(items))))
    ]
    for report in made:
        assert report.loaded_by_kind["fact"] == 3
    together, alone = made
    assert (together.digest, together.skipped, together.rejected) == (alone.digest, alone.skipped, alone.rejected)
    assert together.rejected or facts is SAID


def read(items: list[Item | Facts], *erased: str) -> tuple[int, int, int]:
    """How many facts are rows, how many items are told, how many are rejected."""
    (found,) = (
        (len(batch.rows[FACT]), len(batch.told), len(batch.rejected))
        for batch in Batches(Input("a.csv", "a", "cmekg", None, 1, "x"), erased).read(items, 0, 100, 10**6)
    )
    return found


def test_what_was_erased_is_left_out_of_facts_too() -> None:
    erased = next(fact.id for fact in SAID.each() if isinstance(fact, Fact))
    assert read([BOOK, ILL, SAID]) == (0, 1, 0)
    assert read([BOOK, ILL, SAID], erased) == (2, 0, 0)


def test_a_batch_ends_where_its_facts_are_many() -> None:
    items: list[Item | Facts] = [BOOK, ILL, SAID, OF_ANOTHER_SOURCE]
    source = Input("a.csv", "a", "cmekg", None, 1, "x")
    assert [batch.items for batch in Batches(source).read(items, 0, 10, 10**6)] == [3, 1]


@pytest.mark.parametrize(
    "long",
    [
        Rejected("a.csv", 1, "broken", "坏" * 500),
        Fact(ILL.id, Relation.CURE_RATE, Literal("约" * 500, "cure_rate"), BOOK.id),
        Facts(ILL.id, BOOK.id, {}, {Relation.CURE_RATE: [RATE, Literal("约" * 500, "cure_rate")]}),
    ],
)
def test_a_batch_ends_where_its_texts_are_long(long: Item | Facts) -> None:
    source = Input("a.csv", "a", "cmekg", None, 1, "x")
    assert [batch.items for batch in Batches(source).read([BOOK, ILL, long, long, long], 0, 50, 800)] == [4, 1]

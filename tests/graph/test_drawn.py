"""Facts drawn by hand are kept when they are read."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from rag.domain import EDITOR, EntityId, Fact, GraphFact, Literal, Qualifiers
from rag.graph.drawn import DrawnFact, DrawnFacts
from rag.vocabulary import GRADE_RANK, Relation
from tests.kb import disease, symptom

RANK = GRADE_RANK[EDITOR.grade]
UNLIMITED = Qualifiers()


def drawn(target: EntityId | Literal, relation: Relation, limits: Qualifiers = UNLIMITED) -> GraphFact:
    fact = Fact(disease("甲病"), relation, target, EDITOR.id, limits)
    shown = target.text if isinstance(target, Literal) else target.partition(":")[2]
    return GraphFact(fact.id, fact.subject, "甲病", relation, target, shown, EDITOR.id, limits, RANK)


COUGH = drawn(symptom("咳"), Relation.SYMPTOM, Qualifiers(severity="轻"))
RATE = drawn(Literal("约七成", "cure_rate"), Relation.CURE_RATE)


def test_what_was_kept_is_found_by_another_process(data_dir: Path) -> None:
    DrawnFacts(data_dir).keep([COUGH, RATE], 3)
    again = DrawnFacts(data_dir)
    again.keep([COUGH], 4)
    assert again.find(COUGH.id) == DrawnFact(COUGH, 3), "the first reading counts"
    assert again.find(RATE.id) == DrawnFact(RATE, 3)
    assert again.find("f:0000000000000000") is None


def test_what_is_forgotten_leaves_no_byte(data_dir: Path) -> None:
    store = DrawnFacts(data_dir)
    store.forget([COUGH.id])
    store.keep([COUGH, RATE], 1)
    store.forget([COUGH.id, "p:0000000000000000"])
    assert (store.find(COUGH.id), store.find(RATE.id)) == (None, DrawnFact(RATE, 1))
    assert COUGH.id.encode() not in store.path.read_bytes()


def test_nothing_is_written_before_there_is_something_to_keep(data_dir: Path) -> None:
    store = DrawnFacts(data_dir)
    store.keep([], 1)
    assert store.find(COUGH.id) is None
    assert list(data_dir.iterdir()) == []


def test_many_threads_keep_the_same(data_dir: Path) -> None:
    stores = [DrawnFacts(data_dir) for _ in range(4)]
    threads = [threading.Thread(target=store.keep, args=([COUGH, RATE], 1)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert DrawnFacts(data_dir).find(RATE.id) == DrawnFact(RATE, 1)


def test_a_disk_that_refuses_does_not_refuse_the_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = DrawnFacts(tmp_path / "missing")
    with caplog.at_level(logging.WARNING):
        store.keep([COUGH], 1)
    assert "cannot be kept" in caplog.text
    (tmp_path / "drawn.sqlite").write_bytes(b"no database")
    assert DrawnFacts(tmp_path).find(COUGH.id) is None

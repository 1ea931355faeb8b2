"""Versions as they are served: swapping, looking back, and versions that cannot be opened."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from rag.domain import Pointer
from rag.editions import KEPT_OPEN, Edition, Editions, wait_for_revision
from rag.errors import CorruptSnapshotError, NotFoundError, NotReadyError, YiwenError
from rag.pipeline import Finished, Shown
from rag.vocabulary import Relation
from tests.answering.records import BOOK, MIGRAINE, RECORDS, fact
from tests.fakes import FakeLibrary, fake_pipeline


@dataclass
class Damaged:
    """A library some of whose versions cannot be opened."""

    library: FakeLibrary
    broken: dict[int, Exception] = field(default_factory=dict)
    tries: int = 0

    def load(self, pointer: Pointer) -> Edition:
        self.tries += 1
        if pointer.version in self.broken:
            raise self.broken[pointer.version]
        return self.library.load(pointer)

    def editions(self, retry_s: float = 10.0) -> Editions:
        return Editions(self.library.pointer, self.load, self.library.locate, retry_s=retry_s)


def test_before_the_first_version_nothing_is_ready() -> None:
    with pytest.raises(NotReadyError, match="ingest"):
        FakeLibrary().editions().current()


def test_a_question_keeps_the_version_it_began_with(library: FakeLibrary) -> None:
    pipeline = fake_pipeline(library)
    stream = pipeline.stream("偏头痛挂什么科")
    while not isinstance(next(stream), Shown):
        pass
    library.publish([BOOK, fact(MIGRAINE, Relation.DEPARTMENT, "department:疼痛科")])
    pipeline.editions.refresh()
    last = list(stream)[-1]
    assert isinstance(last, Finished)
    assert (last.answer.kb_version, "神经内科" in last.answer.text) == (1, True)
    assert pipeline.ask("偏头痛挂什么科").kb_version == 2


def test_nothing_is_opened_twice(library: FakeLibrary) -> None:
    editions = library.editions()
    assert editions.current() is editions.refresh() is editions.at(None) is editions.at(1)
    library.publish(RECORDS)
    editions.refresh()
    library.activate(1)
    assert editions.refresh().pointer.version == 1
    assert library.loads == 2


def test_each_version_that_becomes_current_is_told_once(library: FakeLibrary) -> None:
    told, stop = list[int](), threading.Event()
    editions = Editions(
        library.pointer, library.load, library.locate, on_current=lambda edition: told.append(edition.pointer.version)
    )
    editions.current()
    assert told == [], "nobody follows yet"
    thread = threading.Thread(target=editions.follow, args=(0.01, stop, pytest.fail))
    thread.start()
    until(lambda: told == [1])
    library.publish(RECORDS)
    until(lambda: told == [1, 2])
    editions.at(1)
    editions.refresh()
    stop.wait(0.1)
    stop.set()
    thread.join(5)
    assert told == [1, 2]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_few_are_kept_open(library: FakeLibrary) -> None:
    editions = library.editions()
    for _ in range(KEPT_OPEN + 2):
        library.publish(RECORDS)
    editions.refresh()
    for version in range(1, KEPT_OPEN + 3):
        assert editions.at(version).pointer.version == version
    opened = library.loads
    editions.at(KEPT_OPEN + 1)
    assert library.loads == opened
    editions.at(1)
    assert library.loads == opened + 1


def test_a_version_that_is_gone(library: FakeLibrary) -> None:
    with pytest.raises(NotFoundError):
        library.editions().at(7)


@pytest.mark.seconds
@pytest.mark.parametrize("error", [CorruptSnapshotError("records.sqlite differs"), OSError("I/O error"), KeyError("x")])
def test_a_version_that_cannot_be_opened_is_reported_and_the_old_one_kept(
    library: FakeLibrary, error: Exception
) -> None:
    damaged = Damaged(library, {2: error})
    editions = damaged.editions()
    assert editions.current().pointer.version == 1
    library.publish(RECORDS)
    reported: list[YiwenError] = []
    stop = threading.Event()
    seen = threading.Event()

    def report(found: YiwenError) -> None:
        reported.append(found)
        seen.set()

    follower = threading.Thread(target=editions.follow, args=(0.01, stop, report), daemon=True)
    follower.start()
    assert seen.wait(2)
    assert editions.current().pointer.version == 1
    assert editions.last_error is reported[0]
    assert follower.is_alive()
    library.publish(RECORDS)
    assert wait_until(lambda: editions.current().pointer.version == 3)
    assert wait_until(lambda: editions.last_error is None)
    stop.set()
    follower.join(2)
    assert len(reported) == 1
    assert damaged.tries == 3  # version 2 once: it is not tried again at every look


def test_a_damaged_version_is_tried_again_after_a_while(library: FakeLibrary) -> None:
    damaged = Damaged(library, {1: CorruptSnapshotError("damaged")})
    editions = damaged.editions(retry_s=0.0)
    for _ in range(2):
        with pytest.raises(CorruptSnapshotError):
            editions.refresh()
    damaged.broken.clear()
    assert editions.refresh().pointer.version == 1
    assert damaged.tries == 3


def test_waiting_for_a_revision(library: FakeLibrary) -> None:
    editions = library.editions()
    assert wait_for_revision(editions, 1, 0).pointer.revision == 1
    with pytest.raises(NotReadyError, match="revision 5"):
        wait_for_revision(editions, 5, 0.01)
    threading.Timer(0.05, library.publish, [RECORDS]).start()
    assert wait_for_revision(editions, 2, 2).pointer.revision == 2


def test_answers_stay_whole_while_versions_change(library: FakeLibrary) -> None:
    pipeline = fake_pipeline(library)
    facts = {n: [fact(MIGRAINE, Relation.SYMPTOM, f"symptom:第{n}版{c}") for c in "甲乙丙"] for n in (1, 2)}
    numbers = [library.publish([BOOK, *stated]) for stated in facts.values()]
    stop = threading.Event()

    def flip() -> None:
        while not stop.wait(0.002):
            library.activate(numbers[library.pointer().version == numbers[0]])  # type: ignore[union-attr]
            pipeline.editions.refresh()

    flipper = threading.Thread(target=flip, daemon=True)
    pipeline.editions.refresh()
    flipper.start()
    for _ in range(60):
        text = pipeline.ask("偏头痛有什么症状").text
        assert ("第1版" in text) != ("第2版" in text)
        assert text.count("版") == 3
    stop.set()
    flipper.join(2)


def wait_until(true: Callable[[], bool]) -> bool:
    pause = threading.Event()
    return any(true() or pause.wait(0.01) for _ in range(300))

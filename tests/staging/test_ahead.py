"""Values made by a copy of the process: the same values, errors and ends as if they were made in place."""

from __future__ import annotations

import marshal
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kg_loader.ahead import SMALL, ahead
from kg_loader.batch import Batch, Batches
from kg_loader.plan import Input
from rag.domain import (
    Alias,
    AliasKind,
    DoNotMerge,
    Entity,
    EntityId,
    Fact,
    Literal,
    Passage,
    PassageKind,
    Qualifiers,
    Record,
    Rejected,
    Retraction,
    Skipped,
    Source,
)
from rag.snapshot import Library
from rag.vocabulary import EntityType, Grade, Relation

ROOT = Path(__file__).parents[2]
copies = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="no copy is made without a second processor"
)
BEGIN = """
import os, signal, sys, time
from kg_loader.ahead import SMALL, ahead
from rag.errors import DataError, YiwenError
"""


BOOK = Source(title="一本书", kind="textbook", grade=Grade.REFERENCE, year=2020)
ILL, SIGN = EntityId("disease:甲病"), EntityId("symptom:乙痛")


def every_kind() -> list[Record]:
    """What files state, in the order in which a file states it; the last fact rests on a source stated elsewhere."""
    return [
        BOOK,
        Entity(ILL, EntityType.DISEASE, "甲病"),
        Entity(SIGN, EntityType.SYMPTOM, "乙痛"),
        Alias("甲症", ILL, AliasKind.SYNONYM),
        DoNotMerge(ILL, SIGN, "测试"),
        Fact(ILL, Relation.SYMPTOM, SIGN, BOOK.id, Qualifiers(population="儿童")),
        Fact(ILL, Relation.COST, Literal("100元", "cost"), BOOK.id),
        Passage("甲病患者乙痛。", PassageKind.TEXTBOOK, BOOK.id, title="甲病", about=ILL, aspect="症状"),
        Retraction("pmid:1", "notice"),
        Fact(ILL, Relation.SYMPTOM, SIGN, Source(title="另一本", kind="textbook", grade=Grade.REFERENCE).id),
    ]


def run(script: str, *arguments: str) -> str:
    """What a process of one thread prints; the one that tests run in may have others."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + script, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=50,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


WHERE = """
with ahead((os.getpid() for _ in range(3)), int(sys.argv[1])) as made:
    print([pid == os.getpid() for pid in made])
"""


@copies
def test_made_by_a_copy_where_it_is_worth_it() -> None:
    assert run(WHERE, str(SMALL)) == "[False, False, False]\n"
    assert run(WHERE, str(SMALL - 1)) == "[True, True, True]\n"


def test_made_in_place_beside_other_threads() -> None:
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        with ahead((os.getpid() for _ in range(2)), SMALL) as made:
            assert list(made) == [os.getpid()] * 2
    finally:
        done.set()
        other.join()


def test_values_larger_than_a_pipe_holds_arrive_whole() -> None:
    told = run("""
texts = ["病" * 1_000_000, "", "症" * 500_000]
with ahead(iter(texts), SMALL) as made:
    print(list(made) == texts)
""")
    assert told == "True\n"


def test_an_error_comes_after_the_values_before_it_and_stays_what_it_was() -> None:
    told = run("""
def values():
    yield 1
    raise DataError("line 2 is broken", "rejects")
with ahead(values(), SMALL) as made:
    print(next(made))
    try:
        next(made)
    except DataError as error:
        print(error, error.rejects_file)
""")
    assert told == "1\nline 2 is broken rejects\n"


@copies
def test_an_unexpected_error_is_raised_as_itself() -> None:
    told = run("""
def values():
    yield {}["missing"]
with ahead(values(), SMALL) as made:
    try:
        next(made)
    except KeyError as error:
        print(error)
""")
    assert told == "'missing'\n"


@copies
def test_what_a_copy_that_died_left_out_is_made_here() -> None:
    told = run("""
here = os.getpid()
def values():
    yield 1
    if os.getpid() != here:
        os.kill(os.getpid(), signal.SIGKILL)
    yield 2
with ahead(values(), SMALL) as made:
    print(list(made))
""")
    assert told == "[1, 2]\n"


def test_a_batch_of_every_kind_of_record_can_travel() -> None:
    """What cannot would be made in place, slowly, and nobody would see it."""
    rows = [Rejected("a.csv", 3, "broken", "x")]
    batches = Batches(Input("a.csv", "a", "yiwen-records", "utf-8", 1, "x" * 64))
    for batch in batches.read([*every_kind(), Skipped("duplicate"), *rows], 0, 1000, 10**9):
        told = marshal.loads(marshal.dumps(batch.plain()))
        again = Batch.of(told)
        assert vars(again) == vars(batch)
        assert sum(map(len, batch.rows)) == len(every_kind()) - 1
        assert again.rejected == rows


@copies
def test_the_copy_ends_with_the_block() -> None:
    told = run("""
def values():
    yield os.getpid()
    time.sleep(60)
with ahead(values(), SMALL) as made:
    pid = next(made)
try:
    os.kill(pid, 0)
except ProcessLookupError:
    print("gone")
""")
    assert told == "gone\n"


def test_started_by_a_program_that_has_children_reaped() -> None:
    told = run("""
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
with ahead(iter([1, 2]), SMALL) as made:
    print(list(made))
""")
    assert told == "[1, 2]\n"


HOLDING = """
from pathlib import Path
from rag.snapshot import Library
def values():
    yield os.getpid()
    time.sleep(60)
with Library(Path(sys.argv[1])).writing(), ahead(values(), SMALL) as made:
    print(next(made), flush=True)
    time.sleep(60)
"""


@copies
def test_killed_the_writer_leaves_neither_its_copy_nor_the_lock(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", BEGIN + HOLDING, str(tmp_path)]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        copy = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        with Library(tmp_path).writing():
            pass
        for _ in range(100):
            if not Path(f"/proc/{copy}").exists() or " Z " in Path(f"/proc/{copy}/stat").read_text():
                return
            time.sleep(0.05)
        pytest.fail("the copy goes on without its parent")

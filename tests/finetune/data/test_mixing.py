"""The order of training: HuatuoGPT-II's priority law, interleaving by probability, validation rows."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from finetune.data.mixing import Source, by_priority, concatenated, expected_shares, held_out, interleaved
from rag.errors import ConfigurationError

# The proportions of the published corpus, a hundredth of its size; priorities 2^5, 2^4, 2^3, 2^2, 2^0, SFT three times.
CORPUS = (
    Source("web", 20000, priority=32),
    Source("literature", 15000, priority=16),
    Source("encyclopedia", 9000, priority=8),
    Source("books", 2000, priority=4),
    Source("sft", 1420, epochs=3, priority=1),
)


def test_every_slot_is_drawn_once() -> None:
    schedule = by_priority(CORPUS, seed=1)
    source, row = schedule.rows()
    for number, one in enumerate(CORPUS):
        mine = np.bincount(row[source == number], minlength=one.rows)
        assert (mine == one.epochs).all()


def test_shares_follow_the_law_of_the_reference() -> None:
    """At each moment a source's share is its weight among what is left, which is what multinomial draws without
    replacement have; the curve of the run follows its closed form."""
    schedule = by_priority(CORPUS, seed=7)
    curve = schedule.curve(20)
    shares = curve / curve.sum(axis=1, keepdims=True)
    for part, found in enumerate(shares):
        moments = np.array([expected_shares(CORPUS, (part + (n + 0.5) / 20) / 20) for n in range(20)])
        assert found == pytest.approx(moments.mean(axis=0), abs=0.025)
    slots = np.array(schedule.slots)
    weights = np.array([one.priority for one in CORPUS])
    assert expected_shares(CORPUS, 0) == pytest.approx(slots * weights / (slots * weights).sum(), abs=1e-6)
    assert expected_shares(CORPUS, 0.9999)[-1] > 0.95


def test_the_next_draw_is_in_proportion_to_the_weights_of_what_is_left() -> None:
    """The formula itself, on a case small enough to count every order: P(order) = prod of w / sum of w left."""
    sources = (Source("a", 1, priority=4), Source("b", 1, priority=2), Source("c", 1, priority=1))
    runs = 20000
    orders = ["".join("abc"[n] for n in by_priority(sources, seed=seed).rows()[0]) for seed in range(runs)]
    weights = {"a": 4, "b": 2, "c": 1}
    for order in {"abc", "acb", "bac", "bca", "cab", "cba"}:
        left, probability = 7, 1.0
        for name in order:
            probability *= weights[name] / left
            left -= weights[name]
        assert orders.count(order) / runs == pytest.approx(probability, abs=0.012)


def test_equal_priorities_are_a_plain_shuffle() -> None:
    curve = by_priority([Source("a", 9000), Source("b", 3000)], seed=3).curve(10)
    assert (curve / curve.sum(axis=1, keepdims=True))[:, 0] == pytest.approx([0.75] * 10, abs=0.04)


def test_the_same_seed_resumes_anywhere() -> None:
    whole, again = by_priority(CORPUS, seed=5), by_priority(CORPUS, seed=5)
    source, row = whole.rows()
    for start in (0, 1, 12345, len(whole) - 1):
        assert again.rows(start)[0].tolist() == source[start:].tolist()
        assert again.rows(start)[1].tolist() == row[start:].tolist()
    assert by_priority(CORPUS, seed=6).order.tolist() != whole.order.tolist()


MEASURED = """
import resource, time
from finetune.data.mixing import Source, by_priority
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.process_time()
by_priority([Source("a", {rows}, priority=32), Source("b", 500_000, 3, priority=1)], seed=1)
print(time.process_time() - start, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def _measured(rows: int) -> tuple[float, float]:
    """CPU seconds and MiB of a schedule, in a process of its own."""
    code = MEASURED.format(rows=rows)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes


@pytest.mark.seconds
def test_five_million_rows_take_three_seconds_and_200_mb() -> None:
    seconds, megabytes = _measured(3_500_000)
    assert seconds <= 3
    assert megabytes <= 200


def test_there_is_no_limit_at_2_to_the_24() -> None:
    rows = (1 << 24) + 1000
    schedule = by_priority([Source("a", rows, priority=2), Source("b", 1000)], seed=1)
    assert len(schedule) == rows + 1000
    source, row = schedule.rows(0, 5)
    assert (row < rows).all()
    assert source.max() <= 1


def test_interleaving_draws_by_weight_and_keeps_the_order_of_each() -> None:
    sources = [Source("a", 3000, weight=0.75), Source("b", 3000, weight=0.25)]
    under = interleaved(sources, seed=1, over=False)
    source, row = under.rows()
    assert row[source == 0].tolist() == list(range(3000))
    assert (source == 0).mean() == pytest.approx(0.75, abs=0.02)
    assert source[-1] == 0
    over = interleaved(sources, seed=1, over=True)
    source, row = over.rows()
    assert row[source == 1].tolist() == list(range(3000))
    assert np.bincount(row[source == 0]).max() >= 3
    assert source[-1] == 1


def test_rows_one_behind_the_other_and_shuffled() -> None:
    sources = [Source("a", 3), Source("b", 2, epochs=2)]
    assert concatenated(sources, seed=None).rows()[1].tolist() == [0, 1, 2, 0, 1, 0, 1]
    shuffled = concatenated(sources, seed=1)
    assert sorted(shuffled.order.tolist()) == list(range(7))
    assert shuffled.order.tolist() == concatenated(sources, seed=1).order.tolist()


def test_a_source_of_which_nothing_goes_in_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no row of b would go in"):
        concatenated([Source("a", 3), Source("b", 2, epochs=0.1)], seed=1)


def test_the_same_question_is_never_learnt_and_judged() -> None:
    keys = [f"q{n % 50}" for n in range(60)]
    chosen = held_out(keys, 10, seed=1)
    assert chosen.sum() == 10
    assert not {key for key, out in zip(keys, chosen, strict=True) if out} & {
        key for key, out in zip(keys, chosen, strict=True) if not out
    }
    assert chosen.tolist() == held_out(keys, 10, seed=1).tolist()
    assert chosen.tolist() != held_out(keys, 10, seed=2).tolist()

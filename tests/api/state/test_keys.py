"""Keys: kept as hashes, ended, renewed with an overlap."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from api.access import FRESH_S, Keyring
from api.limits import Buckets
from api.state.keys import DAY_S, KEYS, KeyTable, Scope
from rag.errors import ConflictError, NotFoundError, UsageError
from rag.state import State


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(tmp_path: Path, clock: Clock) -> Iterator[KeyTable]:
    database = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    yield KeyTable(database, clock)
    database.close()


def test_only_a_hash_is_kept(table: KeyTable, tmp_path: Path) -> None:
    key, text = table.create("pages", [Scope.ASK])
    secret = text.rsplit("_", 1)[1] if text.count("_") == 2 else text.split("_", 2)[2]
    assert table.all() == [key]
    with table.database.begin() as connection:
        assert secret not in str(connection.execute(select(KEYS)).all())
    assert key.holds(secret)
    assert not key.holds(secret[:-1])


def test_a_key_is_found_until_it_ends(table: KeyTable, clock: Clock) -> None:
    ring = Keyring(lambda: table, clock)
    key, text = table.create("pages", [Scope.ASK, Scope.INGEST], days=2)
    assert ring.at_hand(text) is None, "not verified yet"
    assert ring.find(text) == key
    assert ring.at_hand(text) == key
    assert ring.find(text[:-1] + ("A" if text[-1] != "A" else "B")) is None
    for wrong in ("", "x", text.replace("yw_", "yx_"), f"yw_{'0' * 12}_{'a' * 43}"):
        assert ring.find(wrong) is None
        assert ring.at_hand(wrong) is None
    clock.now += 2 * DAY_S
    assert ring.find(text) is None


def test_a_revoked_key_is_refused_within_two_seconds(table: KeyTable, clock: Clock) -> None:
    ring = Keyring(lambda: table, clock)
    key, text = table.create("pages", [Scope.ASK])
    assert ring.find(text) is not None
    table.revoke(key.id)
    clock.now += FRESH_S + 0.1
    assert ring.at_hand(text) is None
    assert ring.find(text) is None
    with pytest.raises(ConflictError):
        table.revoke(key.id)
    with pytest.raises(NotFoundError):
        table.revoke("nosuch")


def test_both_keys_work_while_they_overlap(table: KeyTable, clock: Clock) -> None:
    ring = Keyring(lambda: table, clock)
    old, old_text = table.create("pages", [Scope.INGEST])
    new, new_text = table.rotate(old.id, overlap_days=1)
    assert (new.name, new.scopes) == (old.name, old.scopes)
    assert ring.find(old_text) is not None
    assert ring.find(new_text) is not None
    clock.now += DAY_S
    assert ring.find(old_text) is None
    assert ring.find(new_text) is not None


@pytest.mark.parametrize(("name", "scopes"), [("", [Scope.ASK]), ("x" * 201, [Scope.ASK]), ("x", [])])
def test_a_key_needs_a_name_and_a_scope(table: KeyTable, name: str, scopes: list[Scope]) -> None:
    with pytest.raises(UsageError):
        table.create(name, scopes)


def test_a_bucket_fills_up_again(clock: Clock) -> None:
    buckets = Buckets(per_minute=30, burst=2, clock=clock)
    assert [buckets.take("a"), buckets.take("a"), buckets.take("a")] == [0, 0, 2]
    assert buckets.take("b") == 0
    clock.now += 2
    assert [buckets.take("a"), buckets.take("a")] == [0, 2]
    assert [Buckets(0, 1, clock).take("a") for _ in range(3)] == [0, 0, 0]

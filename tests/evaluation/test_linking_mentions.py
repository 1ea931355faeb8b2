"""The labelled mentions: spans that fit, closed sets of labels, and names that the raw data bears or does not."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evaluation.sets.raw import known_names, tidy
from tests.evaluation.sets_scripts import SETS

ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in (SETS / "linking_mentions.jsonl").read_text(encoding="utf-8").splitlines()
]
MENTIONS = [(row, mention) for row in ROWS for mention in row["mentions"]]
FLAGS = {"negated", "past", "third_person", "hypothetical", "nil"}
DATA_PAGE = SETS.parents[1] / "docs" / "data.md"
LEAST_KNOWN = 0.85


def test_counts() -> None:
    assert len(ROWS) >= 350
    assert len(MENTIONS) >= 500
    flags = Counter(flag for _, mention in MENTIONS for flag in mention["flags"])
    assert set(flags) == FLAGS
    assert min(flags.values()) >= 25
    assert min(Counter(row["focus"] for row in ROWS).values()) >= 12


def test_ids_and_texts_are_unique() -> None:
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    assert len({row["text"] for row in ROWS}) == len(ROWS)


def test_every_span_is_the_surface_and_none_overlap() -> None:
    for row in ROWS:
        end = 0
        for mention in row["mentions"]:
            assert row["text"][mention["start"] : mention["end"]] == mention["surface"] != "", row["id"]
            assert mention["start"] >= end, row["id"]
            end = mention["end"]


def test_types_are_those_of_the_data_page() -> None:
    types = re.search(r"Types: `([a-z_ ]+)`", DATA_PAGE.read_text(encoding="utf-8"))
    assert types
    assert {mention["type"] for _, mention in MENTIONS} <= set(types[1].split())


def test_a_mention_has_names_or_is_nil() -> None:
    for row, mention in MENTIONS:
        assert bool(mention["names"]) != ("nil" in mention["flags"]), row["id"]
        assert len(set(mention["names"])) == len(mention["names"]), row["id"]
        assert not set(mention["names"]) & set(row["never"]), row["id"]


def test_a_distractor_mentions_nothing() -> None:
    assert all(not row["mentions"] for row in ROWS if row["focus"] == "distractor")


@pytest.mark.real_data
def test_nil_mentions_are_absent_from_the_data_and_most_others_present(real_data: Path) -> None:
    known = known_names(real_data)
    nil = [mention["surface"] for _, mention in MENTIONS if "nil" in mention["flags"]]
    assert not [surface for surface in nil if tidy(surface) in known]
    named = [mention["names"] for _, mention in MENTIONS if mention["names"]]
    present = sum(any(tidy(name) in known for name in names) for names in named)
    assert present / len(named) >= LEAST_KNOWN

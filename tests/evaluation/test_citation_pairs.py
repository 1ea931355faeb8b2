"""Sentences beside the evidence they cite, judged by hand."""

from __future__ import annotations

import pytest

from tests.evaluation.sets_tables import Row, repeated, table

LABELS = ("supports", "partly", "does_not", "contradicts")


@pytest.fixture
def rows() -> list[Row]:
    return table("citation_pairs.csv")


def test_every_evidence_has_one_sentence_of_each_label(rows: list[Row]) -> None:
    assert len(rows) >= 300
    judged: dict[str, list[str]] = {}
    for row in rows:
        judged.setdefault(row["title"] + row["evidence"], []).append(row["label"])
    assert {tuple(labels) for labels in judged.values()} == {LABELS}


def test_nothing_is_shared_with_the_checker_sentences(rows: list[Row]) -> None:
    checker = table("checker_sentences.csv")
    assert repeated([row["id"] for row in rows]) == repeated([row["sentence"] for row in rows]) == []
    for name in ("sentence", "evidence"):
        assert not {row[name] for row in rows} & {row[name] for row in checker}

"""Traditional characters in the real files, which are simplified: what changes there, and what falls together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kg_loader.sources import FORMATS, ReadContext, guess_format
from rag.domain import Alias, Entity
from rag.text import normalise
from rag.traditional import simplified

pytestmark = pytest.mark.real_data
FILES = ("cmekg.jsonl", "drug.json", "codes/icd10.csv", "tcm/tcm-herb-identity-catalog.json",
         "tcm/tcm-syndrome-lexicon.json", "tcm/tcm-disease-lexicon.json")  # fmt: skip


def _names(folder: Path) -> set[str]:
    paths = [folder / "kg" / name for name in FILES]
    items = (item for path in paths for item in FORMATS[guess_format(path)].read(path, ReadContext(path.stem)))
    return {item.name for item in items if isinstance(item, Entity | Alias)}


def test_simplified_names_stay_and_no_two_things_become_one(real_data: Path) -> None:
    """A dozen names hold a traditional character by mistake; what they join is the same name in order."""
    names = _names(real_data)
    changed = {name for name in names if simplified(name) != name}
    others = {normalise(name) for name in names - changed}
    assert len(names) > 60_000
    assert len(changed) <= 15
    assert len([name for name in changed if normalise(name) in others]) <= 6


def test_questions_change_only_where_they_are_written_in_traditional_characters(real_data: Path) -> None:
    rows = json.loads((real_data / "eval" / "kuake_qic_train.json").read_text(encoding="utf-8"))
    changed = [row["query"] for row in rows if simplified(row["query"]) != row["query"]]
    assert len(changed) <= 10 < len(rows) / 100

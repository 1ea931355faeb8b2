"""docs/data.md: its examples are read, and it names every format and reason to skip."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from kg_loader.batch import ERASED
from kg_loader.sections import NO_CONCLUSION
from kg_loader.sources import FORMATS, ReadContext, guess_format
from kg_loader.sources.article import OPINION, PROTOCOL, RETRACTION_NOTICE
from kg_loader.sources.boilerplate import BOILERPLATE
from kg_loader.sources.classics import EMPTY, PREFACE
from kg_loader.sources.cmekg import SHIFTED
from kg_loader.sources.cmekg_fields import JUNK_VALUE
from kg_loader.sources.csl import NO_ENTITY
from kg_loader.sources.ddinter import ENGLISH_ONLY
from kg_loader.sources.drug_text import DAMAGED, MISPLACED
from kg_loader.sources.icd10 import VISIT
from kg_loader.sources.map_parts import (
    AliasColumn,
    Condition,
    FactColumn,
    PassageColumns,
    SourceColumns,
    TableMap,
)
from kg_loader.sources.mapped import NOTE, TOTAL
from kg_loader.sources.mapped_row import LEFT_OUT
from kg_loader.sources.naming import DUPLICATE, JUNK, PLACEHOLDER, TRUNCATED, UNSAFE_ALIAS
from kg_loader.sources.pubmed_xml import BOOK, DELETED
from kg_loader.sources.tcm_facts import SENTENCE_PART
from kg_loader.sources.tcm_json import AMBIGUOUS, CATEGORY
from kg_loader.sources.tcm_textbook import CASE
from kg_loader.table import ABOVE_HEADER, NO_COLUMN, REPEATED_HEADER
from rag.vocabulary import EntityType, Grade
from tests.sources.collect import collect, text_file

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"### `([a-z-]+)`\n.*?```\w+\n(.*?)```", PAGE, re.DOTALL)
REASONS = [
    BOILERPLATE, SHIFTED, JUNK_VALUE, NO_ENTITY, DAMAGED, MISPLACED, DUPLICATE, JUNK, PLACEHOLDER, TRUNCATED,
    UNSAFE_ALIAS, NO_CONCLUSION, OPINION, PROTOCOL, RETRACTION_NOTICE, ERASED, BOOK, DELETED,
    PREFACE, EMPTY, ENGLISH_ONLY, VISIT, CATEGORY, AMBIGUOUS, CASE, SENTENCE_PART,
    LEFT_OUT, TOTAL, NOTE, ABOVE_HEADER, REPEATED_HEADER, NO_COLUMN,
]  # fmt: skip


def test_each_of_our_own_formats_has_an_example() -> None:
    assert [name for name, _ in EXAMPLES] == ["facts-csv", "passages", "aliases-csv", "do-not-merge-csv"]


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_an_example_is_guessed_and_read_without_loss(tmp_path: Path, name: str, text: str) -> None:
    path = text_file(tmp_path / "example", text)
    assert guess_format(path) == name
    found = collect(name, path)
    assert (found.rejected, found.skipped) == ([], {})
    rows = len(text.strip().splitlines()) - (not text.startswith("{"))
    assert len(found.facts) + len(found.passages) + len(found.aliases) + len(found.pairs) == rows


def test_the_page_names_every_format_reason_type_and_grade() -> None:
    words = [*FORMATS, *REASONS]
    assert [word for word in words if f"`{word}`" not in PAGE] == []
    assert f"`{' '.join(EntityType)}`" in PAGE
    assert f"`{' '.join(Grade)}`" in PAGE


def test_the_example_of_a_map_stores_what_the_page_says(tmp_path: Path) -> None:
    section = PAGE.split("## Any table, by a map", 1)[1].split("\n## ", 1)[0]
    (table,), (table_map,) = (re.findall(f"```{kind}\n(.*?)```", section, re.DOTALL) for kind in ("text", "yaml"))
    path = text_file(tmp_path / "drugs.csv", table)
    found = collect("mapped", path, ReadContext("drugs", table_map=table_map))
    assert {name for name in found.entities if name.startswith("drug:")} == {"drug:甲氧片", "drug:乙诺胶囊"}
    assert found.aliases == {"甲牌": "trade", "安甲": "trade"}
    relations = Counter(relation for _, relation, _ in found.facts)
    assert relations == {"indicated_for": 3, "contraindicated_for": 2, "dosage_form": 2}
    assert {one.year for one in found.sources} == {2024, 2023}
    assert (found.rejected, found.skipped) == ([], {ABOVE_HEADER: 1, LEFT_OUT: 1, TOTAL: 1})


def test_the_page_names_every_key_of_a_map() -> None:
    section = PAGE.split("## Any table, by a map", 1)[1].split("\n## ", 1)[0]
    models = (TableMap, SourceColumns, FactColumn, AliasColumn, PassageColumns, Condition)
    keys = {key for model in models for key in model.model_fields}
    assert [key for key in sorted(keys) if not re.search(rf"`[^`]*\b{key}\b[^`]*`", section)] == []

"""docs/data.md: its examples are read, and it names every format and reason to skip."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kg_loader.batch import ERASED
from kg_loader.sections import NO_CONCLUSION
from kg_loader.sources import FORMATS, guess_format
from kg_loader.sources.article import OPINION, PROTOCOL, RETRACTION_NOTICE
from kg_loader.sources.boilerplate import BOILERPLATE
from kg_loader.sources.classics import EMPTY, PREFACE
from kg_loader.sources.cmekg import SHIFTED
from kg_loader.sources.cmekg_fields import JUNK_VALUE
from kg_loader.sources.csl import NO_ENTITY
from kg_loader.sources.ddinter import ENGLISH_ONLY
from kg_loader.sources.drug_text import DAMAGED, MISPLACED
from kg_loader.sources.icd10 import VISIT
from kg_loader.sources.naming import DUPLICATE, JUNK, PLACEHOLDER, TRUNCATED, UNSAFE_ALIAS
from kg_loader.sources.pubmed_xml import BOOK, DELETED
from kg_loader.sources.tcm_facts import SENTENCE_PART
from kg_loader.sources.tcm_json import AMBIGUOUS, CATEGORY
from kg_loader.sources.tcm_textbook import CASE
from rag.vocabulary import EntityType, Grade
from tests.sources.collect import collect, text_file

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"### `([a-z-]+)`\n.*?```\w+\n(.*?)```", PAGE, re.DOTALL)
REASONS = [
    BOILERPLATE, SHIFTED, JUNK_VALUE, NO_ENTITY, DAMAGED, MISPLACED, DUPLICATE, JUNK, PLACEHOLDER, TRUNCATED,
    UNSAFE_ALIAS, NO_CONCLUSION, OPINION, PROTOCOL, RETRACTION_NOTICE, ERASED, BOOK, DELETED,
    PREFACE, EMPTY, ENGLISH_ONLY, VISIT, CATEGORY, AMBIGUOUS, CASE, SENTENCE_PART,
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

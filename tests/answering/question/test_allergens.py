"""What somebody is allergic to is told, and not asked about."""

from __future__ import annotations

import pytest

from rag.linking.linker import Linker
from rag.pipeline import Pipeline
from rag.question.allergens import without_allergens
from tests.answering.records import names

LINKER = Linker(names(("过敏", "disease:过敏", "name")))


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("布洛芬过敏能吃阿司匹林吗", ["阿司匹林"]),
        ("我对布洛芬过敏，头痛能吃阿司匹林吗", ["头痛", "阿司匹林"]),
        ("布洛芬过敏怎么办", ["布洛芬", "过敏"]),
        ("过敏吃布洛芬有用吗", ["过敏", "布洛芬"]),
    ],
)
def test_allergens_are_left_out_where_another_remedy_is_asked_about(question: str, kept: list[str]) -> None:
    assert [m.surface for m in without_allergens(question, LINKER.link(question))] == kept


def test_the_allergen_gets_no_warning_of_its_own_and_the_other_drug_does(pipeline: Pipeline) -> None:
    text = pipeline.ask("布洛芬过敏能吃阿司匹林吗").text
    assert "与布洛芬是同一种" not in text
    assert "布洛芬过敏" in text

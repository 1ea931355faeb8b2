"""Two things in one name."""

from __future__ import annotations

import pytest

from rag.linking.comparing import apart
from rag.linking.linker import Linker
from tests.answering.records import names

LINKER = Linker(
    names(("偏头痛和高血压", "disease:偏头痛和高血压", "name"), ("偏头痛和畏光", "disease:偏头痛和畏光", "name"))
)


@pytest.mark.parametrize(
    ("question", "surfaces"),
    [
        ("偏头痛和高血压有什么区别", ["偏头痛", "高血压"]),
        ("偏头痛和高血压怎么治", ["偏头痛和高血压"]),
        ("偏头痛和畏光有什么区别", ["偏头痛和畏光"]),
        ("偏头痛和高血压与急性阑尾炎有什么区别", ["偏头痛和高血压", "急性阑尾炎"]),
    ],
)
def test_a_comparison_of_one_name_is_one_of_its_parts(question: str, surfaces: list[str]) -> None:
    found = apart(question, LINKER.link(question), LINKER)
    assert [m.surface for m in found] == surfaces
    assert all(question[m.start : m.end] == m.surface for m in found)

"""A type said apart from its illness leads to the name that holds both, and to nothing where there is none."""

from __future__ import annotations

import pytest

from rag.linking.linker import Linker
from tests.answering.records import names

LINKER = Linker(
    names(
        ("感冒", "disease:感冒", "name"),
        ("风寒", "disease:风寒", "name"),
        ("风寒感冒", "disease:风寒感冒", "name"),
        ("糖尿病", "disease:糖尿病", "name"),
        ("2型糖尿病", "disease:2型糖尿病", "name"),
        ("腹泻", "disease:腹泻", "name"),
        ("肠易激综合征", "disease:肠易激综合征", "name"),
    )
)


@pytest.mark.parametrize(
    ("question", "surface", "entity"),
    [
        ("感冒风寒型怎么治", "感冒风寒型", "disease:风寒感冒"),
        ("我得了风寒型感冒吃什么药", "风寒型感冒", "disease:风寒感冒"),
        ("感冒风寒证型怎么治", "感冒风寒证型", "disease:风寒感冒"),
        ("糖尿病2型怎么控制", "糖尿病2型", "disease:2型糖尿病"),
    ],
)
def test_type_and_illness_are_one_name(question: str, surface: str, entity: str) -> None:
    (mention,) = LINKER.link(question)
    assert (mention.surface, [c.entity for c in mention.candidates]) == (surface, [entity])


def test_a_type_that_makes_no_name_stays_a_modifier() -> None:
    mentions = LINKER.link("腹泻型肠易激综合征怎么治")
    assert all(m.modifier for m in mentions)
    assert [m.surface for m in LINKER.link("感冒风热型怎么治")] == ["感冒"]

"""Measures that are high or low, and germs that were found, lead to the illness that is, where that is a name."""

from __future__ import annotations

import pytest

from rag.linking.linker import Linker
from tests.answering.records import names

LINKER = Linker(
    names(
        ("尿酸", "indicator:尿酸", "name"),
        ("高尿酸血症", "disease:高尿酸血症", "name"),
        ("血小板", "body_part:血小板", "name"),
        ("血小板减少", "symptom:血小板减少", "name"),
        ("幽门螺杆菌", "pathogen:幽门螺杆菌", "name"),
        ("幽门螺杆菌感染", "disease:幽门螺杆菌感染", "name"),
        ("心率", "indicator:心率", "name"),
        ("血压", "indicator:血压", "name"),
        ("低血压", "disease:低血压", "name"),
    )
)


@pytest.mark.parametrize(
    ("question", "surface", "entity"),
    [
        ("尿酸偏高怎么办", "尿酸偏高", "disease:高尿酸血症"),
        ("我血压很低", "血压很低", "disease:低血压"),
        ("血压低于正常", "血压低", "disease:低血压"),
        ("血小板低是什么原因", "血小板低", "symptom:血小板减少"),
        ("幽门螺杆菌阳性怎么治", "幽门螺杆菌阳性", "disease:幽门螺杆菌感染"),
    ],
)
def test_a_state_is_its_illness(question: str, surface: str, entity: str) -> None:
    (mention,) = LINKER.link(question)
    assert (mention.surface, [c.entity for c in mention.candidates]) == (surface, [entity])


@pytest.mark.parametrize(
    ("question", "surface"),
    [
        ("尿酸低怎么办", "尿酸"),
        ("心率高怎么办", "心率"),
        ("尿酸正常吗", "尿酸"),
        ("血压降低型休克", "血压"),
        ("血压低于140", "血压"),
        ("少吃尿酸高的食物", "尿酸"),
    ],
)
def test_a_state_without_a_name_leaves_the_measure(question: str, surface: str) -> None:
    assert [m.surface for m in LINKER.link(question)] == [surface]


def test_a_state_keeps_all_that_is_called_so() -> None:
    rows = [("血钾", "indicator:血钾", "name"), ("低血钾", "symptom:低血钾", "name")]
    linker = Linker(names(*rows, ("低血钾", "disease:低钾血症", "synonym"), ("低钾血症", "disease:低钾血症", "name")))
    (mention,) = linker.link("血钾低有什么表现")
    assert {c.entity for c in mention.candidates} == {"symptom:低血钾", "disease:低钾血症"}

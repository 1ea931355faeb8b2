"""What a part of the body has, with words inside that only say where in it, how bad or how often."""

from __future__ import annotations

import pytest

from rag.domain import EntityId
from rag.linking.linker import Linker
from rag.linking.longer_words import cut_from_a_word
from rag.linking.names import OWN_NAME, Names
from rag.ports import NameRow
from rag.vocabulary import EntityType

ROWS = [
    ("输尿管", "body_part:输尿管"),
    ("输尿管结石", "disease:输尿管结石"),
    ("半月板", "body_part:半月板"),
    ("半月板损伤", "disease:半月板损伤"),
    ("大便", "body_part:粪便"),
    ("便溏", "symptom:便溏"),
    ("十二指肠", "body_part:十二指肠"),
    ("十二指肠溃疡", "disease:十二指肠溃疡"),
    ("胆囊", "body_part:胆囊"),
    ("胆囊切除术", "treatment:胆囊切除术"),
    ("耳朵", "body_part:耳朵"),
    ("耳朵鸣", "symptom:耳鸣"),
    ("鼻窦炎", "disease:鼻窦炎"),
    ("扁桃体", "body_part:扁桃体"),
    ("扁桃体炎", "disease:扁桃体炎"),
    ("发炎", "symptom:发炎"),
]
LINKER = Linker(Names([NameRow(name, EntityId(entity), OWN_NAME) for name, entity in ROWS]))


@pytest.mark.parametrize(
    ("text", "surface", "entity"),
    [
        ("右侧输尿管上段结石怎么办", "输尿管上段结石", "disease:输尿管结石"),
        ("半月板三度损伤能跑步吗", "半月板三度损伤", "disease:半月板损伤"),
        ("大便溏怎么调理", "大便溏", "symptom:便溏"),
        ("做过胆囊切除还能吃油吗", "胆囊切除", "treatment:胆囊切除术"),
        ("十二指肠球部溃疡", "十二指肠球部溃疡", "disease:十二指肠溃疡"),
        ("耳朵老鸣", "耳朵老鸣", "symptom:耳鸣"),
        ("扁桃体反复发炎要不要割", "扁桃体反复发炎", "disease:扁桃体炎"),
        ("扁桃体老是有炎症", "扁桃体老是有炎症", "disease:扁桃体炎"),
    ],
)
def test_the_name_is_found_with_what_stands_inside(text: str, surface: str, entity: str) -> None:
    (mention,) = LINKER.link(text)
    assert (mention.surface, [c.entity for c in mention.candidates]) == (surface, [entity])


@pytest.mark.parametrize("text", ["耳朵经常鸣叫", "输尿管上段，结石很小", "胆囊长得好"])
def test_a_part_that_has_no_such_name_stays_a_part(text: str) -> None:
    assert {c.type for m in LINKER.link(text) for c in m.candidates} == {EntityType.BODY_PART}


@pytest.mark.parametrize("side", ["双侧", "左侧"])
def test_a_side_that_is_said_to_be_one_makes_no_other_illness(side: str) -> None:
    (mention,) = LINKER.link(f"{side}鼻窦炎怎么治")
    assert not mention.modifier


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("是双硫仑样反应吗", "双硫仑", EntityType.DRUG),
        ("胯骨疼得不能走", "骨疼", EntityType.SYMPTOM),
        ("做微血管减压", "血管", EntityType.BODY_PART),
    ],
)
def test_a_piece_of_a_longer_name_is_cut(text: str, name: str, kind: EntityType) -> None:
    start = text.index(name)
    assert cut_from_a_word(text, start, start + len(name), {kind})


def test_how_a_drug_is_borne_is_no_longer_name() -> None:
    assert not cut_from_a_word("吃双硫仑反应很大", 1, 4, {EntityType.DRUG})

"""Complaints that are described instead of named: what leaves the body and its look, and what is said as a whole."""

from __future__ import annotations

import pytest

from rag.domain import EntityId
from rag.linking.described import as_described
from rag.linking.linker import Linker
from rag.linking.names import Names
from rag.ports import NameRow

KNOWN = [
    *(f"symptom:{name}" for name in ("血尿", "尿黄", "茶色尿", "黑便", "脓痰", "间歇性跛行", "晨僵", "尿频", "易饿")),
    *(f"symptom:{name}" for name in ("白带发黄", "凹陷性水肿", "腿痛", "流清涕")),
    "examination:尿色",
    "examination:尿常规",
    "body_part:粪便",
    *(f"symptom:{name}" for name in ("咽部异物感", "吞咽困难", "陶土色大便", "颈部肿块", "颈部淋巴结肿大")),
    *(f"symptom:{name}" for name in ("腋部肿块", "腋下淋巴肿大")),
    *(f"symptom:{name}" for name in ("听力减退", "干咳", "夜尿增多", "多食", "尿痛", "膝关节疼痛")),
]  # fmt: skip


@pytest.fixture(scope="module")
def linker() -> Linker:
    rows = [NameRow(entity.partition(":")[2], EntityId(entity), "name") for entity in KNOWN]
    said = (("大便", "body_part:粪便"), ("腿疼", "symptom:腿痛"))
    return Linker(Names([*rows, *(NameRow(name, EntityId(entity), "colloquial") for name, entity in said)]))


@pytest.mark.parametrize(
    ("question", "surface", "name"),
    [
        ("小便红色怎么办", "小便红色", "血尿"),
        ("尿的颜色有点发红", "尿的颜色有点发红", "血尿"),
        ("这两天尿色深", "尿色深", "茶色尿"),
        ("尿液特别黄", "尿液特别黄", "尿黄"),
        ("拉的大便是黑色的", "大便是黑色", "黑便"),
        ("有黄色的痰", "黄色的痰", "脓痰"),
        ("陶土样大便", "陶土样大便", "陶土色大便"),
        ("鼻涕是清水一样的", "鼻涕是清", "流清涕"),
        ("白带有点发黄", "白带有点发黄", "白带发黄"),
        ("走一段路腿疼，歇一会就好", "走一段路腿疼，歇一会就好", "间歇性跛行"),
        ("早上起来手指发僵", "早上起来手指发僵", "晨僵"),
        ("小腿一按一个坑", "一按一个坑", "凹陷性水肿"),
        ("总是想上厕所", "总是想上厕所", "尿频"),
        ("老是饿怎么回事", "老是饿", "易饿"),
        ("嗓子吐不出来咽不下去", "吐不出来咽不下去", "咽部异物感"),
        ("耳后有个疙瘩", "耳后有个疙瘩", "颈部肿块"),
        ("腋窝淋巴结肿大", "腋窝淋巴结肿大", "腋下淋巴肿大"),
        ("脖子上淋巴结肿大", "脖子上淋巴结肿大", "颈部淋巴结肿大"),
        ("右耳听不太清了", "听不太清", "听力减退"),
        ("一直没痰", "没痰", "干咳"),
        ("半夜起来尿三四次", "半夜起来尿三四次", "夜尿增多"),
        ("饭量大，人却瘦", "饭量大", "多食"),
        ("尿尿的时候有点疼", "尿尿的时候有点疼", "尿痛"),
        ("膝盖下楼梯的时候疼", "膝盖下楼梯的时候疼", "膝关节疼痛"),
    ],
)
def test_what_is_described_is_found_by_its_name(linker: Linker, question: str, surface: str, name: str) -> None:
    (mention,) = linker.link(question)
    assert (mention.surface, mention.best.name) == (surface, name)
    assert mention.best.score >= 0.5
    assert mention.present


@pytest.mark.parametrize(
    "question",
    [
        "尿红细胞高",
        "尿不黄",
        "大便白细胞两个加",
        "小便正常",
        "尿频尿急",
        "尿黄体酮",
        "月经来了吃黑木耳行吗",
        "走路腿不疼",
        "查颈部浅表淋巴结",
    ],
)
def test_what_only_sounds_like_it_is_not(linker: Linker, question: str) -> None:
    found = {mention.best.name for mention in linker.link(question)}
    assert not found & {"血尿", "尿黄", "茶色尿", "黑便", "间歇性跛行", "颈部淋巴结肿大"}


def test_what_is_denied_stays_denied(linker: Linker) -> None:
    (mention,) = linker.link("没有小便发红")
    assert (mention.best.name, mention.negated) == ("血尿", True)


def test_names_of_one_description_stand_in_for_each_other() -> None:
    assert "尿黄似浓茶" in as_described("茶色尿")
    assert as_described("高血压") == ()

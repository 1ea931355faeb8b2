"""A complaint that could be anywhere is that of the part of the body said with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain import EntityId
from rag.linking.linker import Linker
from rag.linking.names import Names
from rag.linking.sites import GENERAL, anywhere_of, by_other_parts, by_wider_parts, elsewhere, place_of
from rag.pipeline import Pipeline
from rag.ports import NameRow
from rag.text import normalise

KNOWN = [
    *(f"symptom:{name}" for name in ("疼痛", "胀痛", "瘙痒", "肿胀", "水泡", "丘疹", "发热")),
    *(f"symptom:{name}" for name in ("膝关节疼痛", "右下腹痛", "胸痛", "痛经", "身痛", "牙痛", "眼痛", "腿痛")),
    *(f"symptom:{name}" for name in ("髋关节痛", "髋部疼痛", "右上腹痛", "肝区疼痛", "胃痛")),
    *(f"symptom:{name}" for name in ("上腹部疼痛", "乳头痛", "乳房疼痛", "耳痛")),
    *(f"disease:{name}" for name in ("痛经", "骨刺", "腰椎间盘突出", "手癣")),
    "body_part:膝关节",
]  # fmt: skip


@pytest.fixture(scope="module")
def linker() -> Linker:
    rows = [NameRow(entity.partition(":")[2], EntityId(entity), "name") for entity in KNOWN]
    return Linker(Names([*rows, NameRow("膝盖", EntityId("body_part:膝关节"), "colloquial")]))


def found(linker: Linker, question: str) -> list[tuple[str, tuple[str, ...]]]:
    """The best name of each complaint with its parts."""
    return [(m.best.name, m.parts[:1]) for m in linker.link(question) if f"symptom:{m.best.name}" in KNOWN]


@pytest.mark.parametrize(
    ("question", "complaints"),
    [
        ("我的膝盖两侧总会出现疼痛", [("膝关节疼痛", ("膝部",))]),
        ("膝盖疼痛，走路时这种疼痛更明显", [("膝关节疼痛", ("膝部",))] * 2),
        ("疼痛在右下腹", [("右下腹痛", ("腹部",))]),
        ("左右胸部下方时而疼痛", [("胸痛", ("胸部",))]),
        ("屁股疼挂什么科", [("疼痛", ("臀部",))]),
        ("右边肋骨下面老是疼", [("疼痛", ("胸部",))]),
        ("手肿了", [("肿胀", ("手部",))]),
        ("来例假疼得受不了", [("痛经", ())]),
        ("浑身疼", [("身痛", ())]),
        ("脚脖子疼", [("疼痛", ("足部",))]),
        ("大腿根部走路时疼", [("疼痛", ("腹股沟",))]),
        ("髋部站着就疼", [("髋部疼痛", ("下肢",))]),
        ("右上腹一吃油腻就疼", [("右上腹痛", ("肝",))]),
        ("胃部这几天饭后疼痛", [("胃痛", ("胃",))]),
        ("乳头这几天一碰就疼", [("乳头痛", ("乳房",))]),
    ],
)
def test_the_place_is_said_with_the_complaint(
    linker: Linker, question: str, complaints: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert found(linker, question) == complaints


@pytest.mark.parametrize(
    "question",
    [
        "疼痛怎么办",
        "腰椎间盘突出疼痛吗",
        "腰上长骨刺疼",
        "膝盖受过伤。现在疼痛",
        "手术后疼痛",
        "膝盖不好，发热",
        "碰到牙膏疼",
        "疼到流眼泪",
        "胀痛的直不起腰",
        "用手捶过就不疼痛",
        "肿胀、下肢静脉炎",
        "疼痛难忍例假没来",
    ],
)
def test_no_place_is_made_up(linker: Linker, question: str) -> None:
    assert all(not parts for _, parts in found(linker, question))


@pytest.mark.parametrize("question", ["小腿酸", "耳朵发胀", "胸胀"])
def test_what_aches_or_is_tense_need_not_hurt(linker: Linker, question: str) -> None:
    assert not {m.best.name for m in linker.link(question)} & {"腿痛", "耳痛", "胸痛"}


def test_what_lies_below_the_skin_is_no_place_of_a_rash() -> None:
    rash, pain = (place_of("肚子上有", 4, 4, complaint, []) for complaint in ("丘疹", "疼痛"))
    assert rash is not None
    assert pain is not None
    assert "肠" in pain.parts
    assert rash.parts == ("腹部",)


def test_a_disease_is_elsewhere_only_if_all_its_parts_are() -> None:
    assert elsewhere({"口"}, ("膝部",))
    assert not elsewhere({"口", "膝部"}, ("膝部",))
    assert not elsewhere({"皮肤"}, ("膝部",))
    assert not elsewhere(set(), ("膝部",))


@given(st.text(alphabet="膝盖手脚肚子胸疼痛痒肿了很，。老是在", max_size=30))
def test_any_words_are_read(text: str) -> None:
    text = normalise(text)
    for start in range(len(text)):
        for complaint in ("疼痛", "瘙痒"):
            place = place_of(text, start, len(text), complaint, [])
            assert place is None or place.names
    assert "疼痛" in GENERAL


def test_the_belly_of_a_calf_is_no_belly(sample: Pipeline) -> None:
    linked = sample.editions.at(None).linker.link("爬完山之后小脚肚子很疼怎么办")
    assert "腹痛" not in {c.name for m in linked for c in m.candidates}


def test_of_two_complaints_in_one_breath_the_second_is_where_the_first_is() -> None:
    rows = [NameRow(n, EntityId(f"symptom:{n}"), "name") for n in ("眼睛干涩", "瘙痒", "发痒", "眼痒")]
    linker = Linker(Names([*rows, NameRow("腰椎间盘突出", EntityId("disease:腰椎间盘突出"), "name")]))
    assert [m.best.name for m in linker.link("眼睛干涩发痒")] == ["眼睛干涩", "眼痒"]
    assert linker.link("腰椎间盘突出发痒")[-1].best.name == "发痒"


def test_a_complaint_of_a_part_by_other_names() -> None:
    assert "颜面潮红" in by_other_parts("面部潮红")
    assert by_other_parts("腿痛")[0] == "下肢痛"
    assert "下肢疼痛" in by_other_parts("腿痛")
    assert by_other_parts("高血压") == ()


def test_a_complaint_of_a_part_as_that_of_what_it_belongs_to() -> None:
    assert {"手足麻木", "四肢麻木"} <= set(by_wider_parts("脚麻"))
    assert by_wider_parts("胸痛") == ()


def test_a_complaint_of_a_part_as_one_that_may_be_anywhere() -> None:
    general, parts = anywhere_of("手痛") or ("", ())
    assert (general, parts) == ("疼痛", ("手部",))
    assert (anywhere_of("腿痛") or ("", ("",)))[1][0] == "下肢"
    assert anywhere_of("疼痛") is anywhere_of("手足口病") is None

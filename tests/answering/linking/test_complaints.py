"""Complaints in pieces: what stands between a place and its complaint, and what only looks so."""

from __future__ import annotations

import pytest

from rag.domain import EntityId
from rag.linking.linker import Linker
from rag.linking.names import Names
from rag.ports import NameRow

KNOWN = [
    *(
        f"symptom:{name}"
        for name in ("背痛", "上腹痛", "头痛", "手麻", "疼痛", "气喘", "乏力", "面痛", "眼睛肿", "脚麻", "手指麻木")
    ),
    *(f"disease:{name}" for name in ("骨质增生", "骨痛", "胃癌", "贫血")),
    "body_part:肚子",
]


@pytest.fixture(scope="module")
def linker() -> Linker:
    rows = [NameRow(entity.partition(":")[2], EntityId(entity), "name") for entity in KNOWN]
    return Linker(Names([*rows, NameRow("骨刺", EntityId("disease:骨质增生"), "colloquial")]))


@pytest.mark.parametrize(
    ("question", "surface", "entity"),
    [
        ("担心，背也疼", "背也疼", "symptom:背痛"),
        ("上腹隐痛", "上腹隐痛", "symptom:上腹痛"),
        ("我头很痛怎么办", "头很痛", "symptom:头痛"),
        ("手老是麻", "手老是麻", "symptom:手麻"),
        ("现在跑步喘", "喘", "symptom:气喘"),
        ("孩子喊累", "累", "symptom:乏力"),
        ("手一用力就麻", "手一用力就麻", "symptom:手麻"),
    ],
)
def test_the_name_is_found_without_what_stands_between(
    linker: Linker, question: str, surface: str, entity: str
) -> None:
    (mention,) = linker.link(question)
    assert (mention.surface, mention.best.entity) == (surface, entity)
    assert mention.best.score >= 0.5


@pytest.mark.parametrize(
    ("question", "surfaces"),
    [
        ("长骨刺疼", ["骨刺", "疼"]),
        ("肚脐上面很痛", ["肚脐上面很痛"]),
        ("头不痛", ["痛"]),
        ("头，很痛", ["痛"]),
        ("眼睛肿瘤怎么治", []),
        ("出了脚麻疹", []),
        ("打针疼不疼", []),
        ("身上不痛不痒", ["痛"]),
        ("喷了以后还喘不喘", []),
    ],
)
def test_another_word_is_no_place(linker: Linker, question: str, surfaces: list[str]) -> None:
    assert [mention.surface for mention in linker.link(question)] == surfaces


def test_a_place_begins_no_illness_that_ends_with_the_complaint() -> None:
    rows = [NameRow(e.partition(":")[2], EntityId(e), "name") for e in ("disease:心绞痛", "symptom:后心痛")]
    assert [m.surface for m in Linker(Names(rows)).link("治疗后心绞痛减轻")] == ["心绞痛"]


def test_an_illness_after_an_operation_for_another_is_a_third(linker: Linker) -> None:
    assert [mention.modifier for mention in linker.link("胃癌术后贫血")] == ["术后", "术后"]
    assert [mention.modifier for mention in linker.link("胃癌术后头痛")] == ["", ""]


@pytest.mark.parametrize(
    ("question", "surface", "name"),
    [
        ("脚麻是什么病", "脚麻", "脚麻"),
        ("手指头发麻", "手指头发麻", "手指麻木"),
        ("胳膊有点疼", "胳膊有点疼", "疼痛"),
        ("后脑勺疼怎么回事", "后脑勺疼", "头痛"),
        ("背痛", "背痛", "背痛"),
    ],
)
def test_a_complaint_right_behind_a_part_is_of_that_part(
    linker: Linker, question: str, surface: str, name: str
) -> None:
    found = [mention for mention in linker.link(question) if mention.surface == surface]
    assert [mention.best.name for mention in found] == [name]


@pytest.mark.parametrize(
    "question", ["头发麻烦", "看了手痒", "眼红别人", "鼻子酸酸的", "舌尖红", "手凉拌菜", "腮红怎么用"]
)
def test_a_way_of_speaking_is_none(linker: Linker, question: str) -> None:
    assert linker.link(question) == ()

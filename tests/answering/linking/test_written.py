"""Names that the first and longest one of a text hides; sentences are ours."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain import EntityId
from rag.linking.linker import Linker
from rag.linking.names import Names
from rag.linking.written import written_names
from rag.ports import NameRow

KNOWN = [
    *(f"disease:{name}" for name in ("性病", "男性病", "瘙痒症", "生殖器疱疹", "疱疹", "血液病", "糖尿病", "肺炎")),
    *(f"symptom:{name}" for name in ("瘙痒", "水泡", "疼痛", "头疼", "绞痛", "心绞痛", "背部疼", "腿疼", "腰腿疼")),
    *("body_part:女性生殖", "therapy:泡脚", "population:男性"),
]


@pytest.fixture(scope="module")
def linker() -> Linker:
    return Linker(Names([NameRow(entity.partition(":")[2], EntityId(entity), "name") for entity in KNOWN]))


@pytest.mark.parametrize(
    ("question", "surfaces"),
    [
        ("这位女性病人怎么安排", []),
        ("化脓性病变是什么", []),
        ("性病怎么查", ["性病"]),
        ("糖尿病病情稳定", ["糖尿病"]),
        ("全身有瘙痒症状", ["瘙痒"]),
        ("瘙痒症怎么治", ["瘙痒症"]),
        ("女性生殖器疱疹怎么治", ["生殖器疱疹"]),
        ("怀疑血液病变", []),
        ("晚上热水泡脚好吗", ["泡脚"]),
        ("脚上起了水泡", ["水泡"]),
        ("拳头疼痛是为什么", ["疼痛"]),
        ("股市让我心绞痛", []),  # a way of speaking hides nothing
        ("背部疼痛三天", ["背部疼痛"]),
        ("腰腿疼痛三天", ["腰腿疼痛"]),
    ],
)
def test_what_is_meant_is_linked(linker: Linker, question: str, surfaces: list[str]) -> None:
    assert [mention.surface for mention in linker.link(question) if not mention.modifier] == surfaces


@given(
    names=st.lists(st.text("甲乙丙", min_size=2, max_size=4), min_size=1, max_size=8),
    text=st.text("甲乙丙丁", max_size=20),
    pieces=st.sets(st.integers(0, 20)),
)
def test_names_never_overlap_and_stand_in_the_text(names: list[str], text: str, pieces: set[int]) -> None:
    known = Names([NameRow(name, EntityId(f"disease:{name}"), "name") for name in names])
    found = list(
        written_names(known, text, lambda one: one[1] not in pieces, lambda one: one[1] in pieces),
    )
    assert all(text[start:end] == name and start not in pieces for name, start, end in found)
    assert all(a[2] <= b[1] for a, b in pairwise(found))

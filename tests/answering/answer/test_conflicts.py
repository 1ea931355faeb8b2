"""Sources that disagree stand side by side; what comes from one lineage is one witness."""

from __future__ import annotations

import pytest

from rag.answer.conflicts import conflicts_in, disagree, independent, side_by_side, witnesses
from rag.answer.rendering import fact_evidence
from rag.domain import Conflict, Evidence, Literal, Qualifiers, Record, Source
from rag.pipeline import Options, Pipeline
from rag.vocabulary import Grade, Relation
from tests.answering.records import MIGRAINE, fact
from tests.fake_graph import FakeGraph
from tests.fakes import FakeLibrary, fake_pipeline
from tests.records import UNLIMITED, entity

GUIDE = Source("甲指南", "guideline", Grade.GUIDELINE, year=2022)
BOOK = Source("乙手册", "book", Grade.REFERENCE, year=2015)
SITE = Source("丙网站", "web", Grade.COMPILED, lineage="丙")
COPY = Source("丙网站的另一种格式", "web", Grade.COMPILED, lineage="丙")


def says(source: Source, relation: Relation, value: str, limits: Qualifiers = UNLIMITED) -> list[Record]:
    return [source, fact(MIGRAINE, relation, Literal(value, relation.value), source, limits)]


def evidence(*records: list[Record]) -> list[Evidence]:
    stated = [record for group in records for record in group]
    sources = {record.id: record for record in stated if isinstance(record, Source)}
    return [fact_evidence(f, sources[f.source]) for f in FakeGraph([entity(MIGRAINE), *stated]).facts.values()]


def sides(conflict: Conflict) -> dict[str, int]:
    return {side.value: side.witnesses for side in conflict.sides}


def test_two_sources_that_disagree() -> None:
    (found,) = conflicts_in(evidence(says(GUIDE, Relation.CURE_RATE, "60%"), says(BOOK, Relation.CURE_RATE, "约85%")))
    assert sides(found) == {"60%": 1, "约85%": 1}
    assert independent(found)
    assert side_by_side(found, {}) == (
        "不同来源说法不一，偏头痛的治愈率：“60%”（甲指南（2022，临床指南））；“约85%”（乙手册（2015，工具书或说明书））。\n"
    )


def test_one_lineage_is_one_witness_however_often_it_says_so() -> None:
    (found,) = conflicts_in(
        evidence(
            says(GUIDE, Relation.INFECTIVITY, "无传染性"),
            says(BOOK, Relation.INFECTIVITY, "不传染"),
            says(SITE, Relation.INFECTIVITY, "有传染性"),
            says(COPY, Relation.INFECTIVITY, "有传染性"),
        )
    )
    assert sides(found) == {"无传染性": 2, "有传染性": 1}
    assert "2个独立来源" in side_by_side(found, {})
    assert witnesses([SITE, COPY]) == 1


def test_a_data_set_that_contradicts_itself_is_no_second_witness() -> None:
    (found,) = conflicts_in(evidence(says(SITE, Relation.CURE_RATE, "30%"), says(COPY, Relation.CURE_RATE, "90%")))
    assert not independent(found)
    assert side_by_side(found, {}).startswith("同一来源的记录说法不一")


@pytest.mark.parametrize(
    ("relation", "a", "b", "apart"),
    [
        (Relation.CURE_RATE, "60%", "约60%", False),
        (Relation.CURE_RATE, "50-70%", "60%", False),
        (Relation.CURE_RATE, "30%", "50%-70%", True),
        (Relation.INFECTIVITY, "无传染性", "不传染", False),
        (Relation.INFECTIVITY, "有传染性", "经飞沫传播", False),
        (Relation.INFECTIVITY, "有传染性", "无传染性", True),
        (Relation.DURATION, "3-6个月", "约120天", False),
        (Relation.DURATION, "1周", "3个月", True),
        (Relation.DURATION, "2周", "14天", False),
        (Relation.DOSAGE, "每次0.5g，一日3次", "一次500mg", False),
        (Relation.DOSAGE, "口服，每次0.5g", "口服，一次50mg", True),
        (Relation.DOSAGE, "外用，涂患处", "口服，一次50mg", False),
        (Relation.COST, "1000-5000元", "约3000元", False),
        (Relation.COST, "1000元", "8000元", True),
    ],
)
def test_which_values_exclude_each_other(relation: Relation, a: str, b: str, apart: bool) -> None:
    assert disagree(relation, a, b) is apart
    assert disagree(relation, b, a) is apart


def test_other_people_and_relations_with_many_values_are_no_conflict() -> None:
    adults, children = Qualifiers(population="成人"), Qualifiers(population="儿童")
    assert not conflicts_in(
        evidence(says(GUIDE, Relation.CURE_RATE, "30%", adults), says(BOOK, Relation.CURE_RATE, "90%", children))
    )
    assert not conflicts_in(
        evidence([GUIDE, fact(MIGRAINE, Relation.SYMPTOM, "symptom:头痛", GUIDE)],
                 [BOOK, fact(MIGRAINE, Relation.SYMPTOM, "symptom:恶心", BOOK)])
    )  # fmt: skip


def test_good_for_one_source_and_bad_for_another() -> None:
    (found,) = conflicts_in(
        evidence([GUIDE, fact(MIGRAINE, Relation.FOOD_GOOD, "food:咖啡", GUIDE)],
                 [BOOK, fact(MIGRAINE, Relation.FOOD_BAD, "food:咖啡", BOOK)])
    )  # fmt: skip
    assert sides(found) == {"宜吃": 1, "忌吃": 1}
    assert side_by_side(found, {}).startswith("不同来源说法不一，偏头痛与咖啡：")


# ---------------------------------------------------------------- in an answer


def pipeline_of(*records: list[Record]) -> Pipeline:
    library = FakeLibrary()
    library.publish([entity(MIGRAINE), *(record for group in records for record in group)])
    return fake_pipeline(library)


def test_an_answer_shows_both_sides_once_with_their_sources() -> None:
    pipeline = pipeline_of(says(GUIDE, Relation.CURE_RATE, "60%"), says(BOOK, Relation.CURE_RATE, "85%"))
    answer = pipeline.ask("偏头痛的治愈率是多少")
    assert answer.text == (
        "不同来源说法不一，偏头痛的治愈率：“60%”（甲指南（2022，临床指南））[1]；“85%”（乙手册（2015，工具书或说明书））[2]。"
    )
    assert [sides(conflict) for conflict in answer.conflicts] == [{"60%": 1, "85%": 1}]
    assert {c.source.title for c in answer.citations} == {"甲指南", "乙手册"}


def test_sources_that_agree_are_no_conflict() -> None:
    pipeline = pipeline_of(says(GUIDE, Relation.CURE_RATE, "60%"), says(BOOK, Relation.CURE_RATE, "约60%"))
    answer = pipeline.ask("偏头痛的治愈率是多少")
    assert answer.conflicts == ()
    assert "说法不一" not in answer.text


def test_a_value_that_looks_like_a_citation_is_none() -> None:
    pipeline = pipeline_of(says(GUIDE, Relation.DURATION, "见文[7]"), says(BOOK, Relation.DURATION, "3周"))
    answer = pipeline.ask("偏头痛的治疗周期", Options(detail="full"))
    assert "［7］" in answer.text
    assert len(answer.citations) == 2

"""What every graph must do. A test module subclasses `GraphContract` and says how to make a graph of records."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import pytest

from rag.domain import Condition, EntityId, Fact, Literal, Qualifiers, Record
from rag.ports import GraphReader
from rag.register import NOTHING, Withheld
from rag.vocabulary import GRADE_RANK, EntityType, Grade, Relation
from tests.kb import BOOK, TRIAL, disease, has_symptom, small_kb, symptom


def complication(subject: str, target: str) -> Fact:
    return Fact(disease(subject), Relation.COMPLICATION, disease(target), BOOK.id)


class GraphContract(ABC):
    @abstractmethod
    def graph(self, records: Sequence[Record], withheld: Withheld = NOTHING) -> GraphReader:
        """A graph that holds exactly these records, of which it shows none that is withheld."""

    def test_neighbourhood_outgoing_is_ordered_by_grade_then_id(self) -> None:
        found = self.graph(small_kb()).neighbourhood({disease("甲病"): [Relation.SYMPTOM]}, limit_each=10)
        expected = [has_symptom("甲病", "头晕", TRIAL).id]
        expected += sorted([has_symptom("甲病", "头晕").id, has_symptom("甲病", "恶寒").id])
        assert [fact.id for fact in found.outgoing] == expected
        assert found.incoming == ()

    def test_neighbourhood_resolves_names_grades_and_sources(self) -> None:
        found = self.graph(small_kb()).neighbourhood({disease("甲病"): [Relation.SYMPTOM]}, limit_each=1)
        (fact,) = found.outgoing
        assert (fact.subject, fact.subject_name) == (disease("甲病"), "甲病")
        assert (fact.object, fact.object_text) == (symptom("头晕"), "头晕")
        assert (fact.source, fact.grade_rank) == (TRIAL.id, GRADE_RANK[Grade.TRIAL])

    def test_neighbourhood_incoming(self) -> None:
        found = self.graph(small_kb()).neighbourhood({symptom("头晕"): [Relation.SYMPTOM]}, limit_each=10)
        assert found.outgoing == ()
        assert {fact.subject for fact in found.incoming} == {disease("甲病"), disease("乙病")}
        assert len(found.incoming) == 3

    def test_neighbourhood_without_relations_means_all(self) -> None:
        found = self.graph(small_kb()).neighbourhood({disease("甲病"): ()}, limit_each=10)
        assert {fact.relation for fact in found.outgoing} == {Relation.SYMPTOM, Relation.CURE_RATE}

    def test_neighbourhood_literals_keep_text_and_qualifiers(self) -> None:
        found = self.graph(small_kb()).neighbourhood({disease("甲病"): [Relation.CURE_RATE]}, limit_each=10)
        (fact,) = found.outgoing
        assert (fact.object, fact.object_text) == (Literal("约七成", "cure_rate"), "约七成")
        assert fact.qualifiers == Qualifiers(population="成人")

    def test_neighbourhood_limit_is_per_entity_and_relation(self) -> None:
        records: list[Record] = [BOOK, *(has_symptom(f"病{n}", f"症{k}") for n in range(3) for k in range(5))]
        plan = {disease(f"病{n}"): [Relation.SYMPTOM] for n in range(3)}
        found = self.graph(records).neighbourhood(plan, limit_each=2)
        assert len(found.outgoing) == 6

    def test_neighbourhood_of_a_fact_with_both_ends_planned(self) -> None:
        plan = {disease("乙病"): [Relation.SYMPTOM], symptom("头晕"): [Relation.SYMPTOM]}
        found = self.graph(small_kb()).neighbourhood(plan, limit_each=10)
        assert has_symptom("乙病", "头晕").id in {fact.id for fact in found.outgoing}
        assert has_symptom("乙病", "头晕").id in {fact.id for fact in found.incoming}

    def test_neighbourhood_of_nothing_and_of_strangers(self) -> None:
        graph = self.graph(small_kb())
        assert graph.neighbourhood({}, limit_each=10).outgoing == ()
        strangers = {EntityId("disease:没有的病"): (), EntityId("disease:' OR 1=1 --"): ()}
        assert graph.neighbourhood(strangers, limit_each=10).outgoing == ()

    def test_between_finds_facts_either_way_and_nothing_else(self) -> None:
        graph = self.graph(small_kb())
        ends = ([disease("甲病"), disease("没有的病")], [symptom("头晕"), symptom("没有的症")])
        expected = {has_symptom("甲病", "头晕", TRIAL).id, has_symptom("甲病", "头晕").id}
        for left, right in (ends, ends[::-1], (ends[0] + ends[1], ends[0] + ends[1])):
            assert {fact.id for fact in graph.between(left, right, [Relation.SYMPTOM])} == expected
        first, _ = graph.between(*ends, [Relation.SYMPTOM, Relation.CAUSE])
        assert (first.subject_name, first.object_text, first.source) == ("甲病", "头晕", TRIAL.id)

    def test_between_nothing(self) -> None:
        graph = self.graph(small_kb())
        one, other = [disease("甲病")], [symptom("头晕")]
        assert graph.between(one, other, [Relation.CAUSE]) == ()
        assert graph.between(one, other, []) == graph.between([], other, [Relation.SYMPTOM]) == ()
        assert graph.between(one, [], [Relation.SYMPTOM]) == graph.between(one, one, [Relation.SYMPTOM]) == ()

    def test_between_leaves_out_what_is_withheld(self) -> None:
        withheld = Withheld(frozenset(), frozenset(), frozenset({TRIAL.id}))
        found = self.graph(small_kb(), withheld).between([disease("甲病")], [symptom("头晕")], [Relation.SYMPTOM])
        assert [fact.id for fact in found] == [has_symptom("甲病", "头晕").id]

    def test_rank_subjects_sums_idf(self) -> None:
        records: list[Record] = [BOOK, has_symptom("一", "常见"), has_symptom("二", "常见"), has_symptom("三", "少见"),
                   has_symptom("二", "少见"), has_symptom("四", "别的")]  # fmt: skip
        ranked = self.graph(records).rank_subjects(Relation.SYMPTOM, [symptom("常见"), symptom("少见")], limit=9)
        assert [found.name for found in ranked] == ["二", "一", "三"]
        assert ranked[0].score == round(2 * math.log(4 / 2), 9)
        assert {fact.object for fact in ranked[0].matched} == {symptom("常见"), symptom("少见")}
        assert [found.total for found in ranked] == [2, 1, 1]

    def test_rank_subjects_counts_a_pair_of_two_sources_once(self) -> None:
        ranked = self.graph(small_kb()).rank_subjects(Relation.SYMPTOM, [symptom("头晕"), symptom("恶寒")], limit=9)
        assert [found.subject for found in ranked] == [disease("甲病"), disease("乙病")]
        assert ranked[0].score == round(math.log(2 / 2) + math.log(2 / 1), 9)
        assert [fact.source for fact in ranked[0].matched] == [TRIAL.id, BOOK.id]
        assert ranked[0].total == 2

    def test_rank_subjects_counts_before_limiting_and_breaks_ties_by_id(self) -> None:
        records: list[Record] = [
            BOOK,
            *(has_symptom(f"病{n:03d}", "常见") for n in range(300)),
            has_symptom("病299", "少见"),
        ]
        ranked = self.graph(records).rank_subjects(Relation.SYMPTOM, [symptom("常见"), symptom("少见")], limit=3)
        assert [found.name for found in ranked] == ["病299", "病000", "病001"]

    def test_of_equal_scores_what_most_facts_name_comes_first(self) -> None:
        records: list[Record] = [BOOK, *(has_symptom(f"病{n}", "常见") for n in range(5))]
        records += [complication(other, "病3") for other in ("病0", "病1")] + [complication("病1", "病2")]
        graph = self.graph(records)
        ranked = graph.rank_subjects(Relation.SYMPTOM, [symptom("常见")], limit=4)
        assert [(found.name, found.named) for found in ranked] == [("病3", 2), ("病2", 1), ("病0", 0), ("病1", 0)]
        met = graph.subjects_meeting([Condition(Relation.SYMPTOM, (symptom("常见"),))], limit=3)
        assert [(found.name, found.named) for found in met] == [("病3", 2), ("病2", 1), ("病0", 0)]

    def test_what_is_withheld_names_nobody(self) -> None:
        records: list[Record] = [
            BOOK,
            has_symptom("病0", "常见"),
            has_symptom("病1", "常见"),
            complication("病0", "病1"),
        ]
        gone = Withheld(frozenset({complication("病0", "病1").id}), frozenset(), frozenset())
        ranked = self.graph(records, gone).rank_subjects(Relation.SYMPTOM, [symptom("常见")], limit=4)
        assert [(found.name, found.named) for found in ranked] == [("病0", 0), ("病1", 0)]

    def test_rank_subjects_of_strangers(self) -> None:
        assert self.graph(small_kb()).rank_subjects(Relation.SYMPTOM, [symptom("没有")], limit=3) == []
        assert self.graph(small_kb()).rank_subjects(Relation.SYMPTOM, [], limit=3) == []
        assert self.graph([]).rank_subjects(Relation.SYMPTOM, [symptom("头晕")], limit=3) == []

    def test_paths_are_shortest_and_walk_both_ways(self) -> None:
        (first, second) = self.graph(small_kb()).paths(disease("甲病"), disease("乙病"), max_hops=3, limit=5)
        assert [len(path.facts) for path in (first, second)] == [2, 2]
        assert {path.facts[0].source for path in (first, second)} == {BOOK.id, TRIAL.id}
        assert first.facts[1].subject == disease("乙病")

    def test_paths_within_the_hops_only(self) -> None:
        records: list[Record] = [
            BOOK,
            has_symptom("甲", "一"),
            has_symptom("乙", "一"),
            has_symptom("乙", "二"),
            has_symptom("丙", "二"),
        ]
        graph = self.graph(records)
        assert graph.paths(disease("甲"), disease("丙"), max_hops=3, limit=5) == []
        (path,) = graph.paths(disease("甲"), disease("丙"), max_hops=4, limit=5)
        assert [fact.subject_name for fact in path.facts] == ["甲", "乙", "乙", "丙"]

    def test_paths_to_itself_and_to_strangers(self) -> None:
        graph = self.graph(small_kb())
        assert graph.paths(disease("甲病"), disease("甲病"), max_hops=3, limit=5) == []
        assert graph.paths(disease("甲病"), disease("没有"), max_hops=3, limit=5) == []

    def test_names_with_syntax_are_only_names(self) -> None:
        hostile = "x'); DROP TABLE fact; -- ` \" } ) RETURN n //"
        fact = Fact(disease(hostile), Relation.SYMPTOM, symptom("头晕"), BOOK.id)
        graph = self.graph([BOOK, fact, has_symptom("乙病", "头晕")])
        assert [f.id for f in graph.neighbourhood({disease(hostile): ()}, limit_each=5).outgoing] == [fact.id]
        assert graph.paths(disease(hostile), disease("乙病"), max_hops=2, limit=5) != []

    @pytest.mark.parametrize(
        "withheld",
        [
            Withheld(facts=frozenset({has_symptom("甲病", "头晕", TRIAL).id})),
            Withheld(sources=frozenset({TRIAL.id})),
            Withheld(
                frozenset({has_symptom("甲病", "头晕", TRIAL).id}), frozenset(), frozenset({"s:0000000000000000"})
            ),
        ],
    )
    def test_what_is_withheld_is_not_there_and_takes_no_place(self, withheld: Withheld) -> None:
        graph = self.graph(small_kb(), withheld)
        left = [fact.id for fact in sorted(
            (has_symptom("甲病", "头晕"), has_symptom("甲病", "恶寒")), key=lambda fact: fact.id
        )]  # fmt: skip
        out = graph.neighbourhood({disease("甲病"): [Relation.SYMPTOM]}, limit_each=1).outgoing
        assert [fact.id for fact in out] == left[:1]
        into = graph.neighbourhood({symptom("头晕"): [Relation.SYMPTOM]}, limit_each=10).incoming
        assert {fact.id for fact in into} == {has_symptom("甲病", "头晕").id, has_symptom("乙病", "头晕").id}
        (first, second) = graph.rank_subjects(Relation.SYMPTOM, [symptom("头晕"), symptom("恶寒")], limit=9)
        assert [fact.source for fact in first.matched] == [BOOK.id, BOOK.id], "another source states the pair too"
        assert (first.subject, second.subject) == (disease("甲病"), disease("乙病"))
        (path,) = graph.paths(disease("甲病"), disease("乙病"), max_hops=3, limit=5)
        assert {fact.source for fact in path.facts} == {BOOK.id}

    def test_a_subject_whose_match_is_withheld_is_not_ranked(self) -> None:
        records: list[Record] = [BOOK, has_symptom("一", "甲"), has_symptom("二", "甲"), has_symptom("二", "乙"),
                   has_symptom("三", "丙")]  # fmt: skip
        gone = Withheld(facts=frozenset({has_symptom("二", "甲").id}))
        ranked = self.graph(records, gone).rank_subjects(Relation.SYMPTOM, [symptom("甲"), symptom("乙")], limit=9)
        assert [(found.name, found.score, found.total) for found in ranked] == [
            ("一", round(math.log(3), 9), 1), ("二", round(math.log(3), 9), 1)
        ]  # fmt: skip
        assert [fact.object for fact in ranked[1].matched] == [symptom("乙")]

    # ---------------------------------------------------------------- several conditions

    def test_subjects_meeting_all_conditions_by_id(self) -> None:
        graph = self.graph(CONDITIONED)
        both = [Condition(Relation.SYMPTOM, (symptom("头晕"),)), Condition(Relation.SYMPTOM, (symptom("乏力"),))]
        found = graph.subjects_meeting(both, limit=9)
        assert [(s.name, s.score, len(s.matched), s.total) for s in found] == [("丙病", 2, 2, 2), ("甲病", 2, 2, 2)]
        assert [s.name for s in graph.subjects_meeting(both, limit=1)] == ["丙病"]
        assert graph.subjects_meeting(both, limit=0) == []

    def test_subjects_meeting_one_of_several_objects(self) -> None:
        any_of = [Condition(Relation.SYMPTOM, (symptom("耳鸣"), symptom("乏力")))]
        found = self.graph(CONDITIONED).subjects_meeting(any_of, limit=9)
        assert [s.name for s in found] == ["丙病", "乙病", "甲病"]

    def test_subjects_meeting_a_word_of_a_text(self) -> None:
        graph = self.graph(CONDITIONED)
        dizzy = Condition(Relation.SYMPTOM, (symptom("头晕"),))
        old = Condition(Relation.POPULATION, words=("老年", "高龄"))
        (found,) = graph.subjects_meeting([dizzy, old], limit=9)
        assert (found.subject, found.score) == (disease("甲病"), 2)
        assert {fact.object_text for fact in found.matched} == {"头晕", "中老年人"}
        assert [s.name for s in graph.subjects_meeting([old, dizzy], limit=9)] == ["甲病"], "in whatever order"
        assert graph.subjects_meeting([dizzy, Condition(Relation.POPULATION, words=("儿童",))], limit=9) == []

    def test_subjects_meeting_nothing_that_leads_to_them(self) -> None:
        graph = self.graph(CONDITIONED)
        assert graph.subjects_meeting([], limit=9) == []
        assert graph.subjects_meeting([Condition(Relation.POPULATION, words=("老年",))], limit=9) == []
        assert graph.subjects_meeting([Condition(Relation.SYMPTOM, (symptom("没有"),))], limit=9) == []

    def test_subjects_of_a_class_or_an_effect(self) -> None:
        graph = self.graph(CONDITIONED)
        assert [s.name for s in graph.subjects_meeting([COOLS], limit=9)] == ["丁汤", "丁草"]
        (herb,) = graph.subjects_meeting([replace(COOLS, of=(EntityType.HERB,))], limit=9)
        assert (herb.name, herb.score, {f.object_text for f in herb.matched}) == ("丁草", 1, {"清热，凉血", "凉血止血"})
        assert graph.subjects_meeting([replace(COOLS, of=(EntityType.DRUG,))], limit=9) == []
        assert len(graph.subjects_meeting([COOLS], limit=1)) == 1
        stops = Condition(Relation.EFFICACY, words=("止血",))
        assert [s.name for s in graph.subjects_meeting([COOLS, stops], limit=9)] == ["丁草"], "both of them"
        old = Condition(Relation.POPULATION, words=("老年",))
        assert graph.subjects_meeting([COOLS, old], limit=9) == [], "words of other relations only choose"

    def test_subjects_of_an_effect_by_what_is_shown(self) -> None:
        gone = Withheld(facts=frozenset(f.id for f in CONDITIONED if isinstance(f, Fact) and f.subject == "herb:丁草"))
        assert [s.name for s in self.graph(CONDITIONED, gone).subjects_meeting([COOLS], limit=9)] == ["丁汤"]

    def test_subjects_meeting_a_condition_by_what_is_shown(self) -> None:
        dizzy = Condition(Relation.SYMPTOM, (symptom("头晕"),))
        (fact,) = (f for f in CONDITIONED if isinstance(f, Fact) and f.object == Literal("中老年人", "population"))
        graph = self.graph(CONDITIONED, Withheld(facts=frozenset({fact.id})))
        assert graph.subjects_meeting([dizzy, Condition(Relation.POPULATION, words=("老年",))], limit=9) == []
        gone = Withheld(facts=frozenset({has_symptom("甲病", "头晕").id, has_symptom("甲病", "头晕", TRIAL).id}))
        assert [s.name for s in self.graph(CONDITIONED, gone).subjects_meeting([dizzy], limit=9)] == ["丙病", "乙病"]

    def test_subjects_meeting_by_two_sources_tell_the_stronger(self) -> None:
        dizzy = Condition(Relation.SYMPTOM, (symptom("头晕"),))
        found = {s.name: s.matched for s in self.graph(CONDITIONED).subjects_meeting([dizzy], limit=9)}
        assert [fact.source for fact in found["甲病"]] == [TRIAL.id]


CONDITIONED: tuple[Record, ...] = (
    BOOK,
    TRIAL,
    has_symptom("甲病", "头晕"),
    has_symptom("甲病", "头晕", TRIAL),
    has_symptom("甲病", "乏力"),
    has_symptom("乙病", "头晕"),
    has_symptom("乙病", "耳鸣"),
    has_symptom("丙病", "头晕"),
    has_symptom("丙病", "乏力"),
    Fact(disease("甲病"), Relation.POPULATION, Literal("中老年人", "population"), BOOK.id),
    Fact(disease("乙病"), Relation.POPULATION, Literal("所有人群", "population"), BOOK.id),
    Fact(EntityId("herb:丁草"), Relation.EFFICACY, Literal("清热，凉血", "efficacy"), BOOK.id),
    Fact(EntityId("herb:丁草"), Relation.EFFICACY, Literal("凉血止血", "efficacy"), TRIAL.id),
    Fact(EntityId("herb:戊草"), Relation.EFFICACY, Literal("补血", "efficacy"), BOOK.id),
    Fact(EntityId("formula:丁汤"), Relation.EFFICACY, Literal("清热解毒，凉血", "efficacy"), BOOK.id),
)
COOLS = Condition(Relation.EFFICACY, words=("凉血",))

"""When a study takes the place of facts: it deals with what a question says besides an illness and a relation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.domain import EntityId, Evidence, Intent, Outcome, Passage, PassageKind
from rag.linking.linker import Linker
from rag.pipeline import Pipeline
from rag.retrieval.studies import answers_alone, beside_facts, to_the_point
from rag.retrieval.topics import wants_studies
from rag.vocabulary import Relation
from tests.answering.records import BOOK, IBUPROFEN, MIGRAINE, names, stated, told

LINKER = Linker(names())
STUDY = replace(
    told(Passage("柴胡疏肝散治疗偏头痛后失眠疗效确切。", PassageKind.CONCLUSION, BOOK.id), MIGRAINE), support=0.9
)
TREATMENT = Intent((Relation.TREATMENT,), ((Relation.TREATMENT,),))


def alone(question: str, intent: Intent = TREATMENT, support: float = 0.9) -> bool:
    kept = [replace(STUDY, support=support)]
    return answers_alone(question, LINKER.link(question), intent, [MIGRAINE], kept)


def test_what_a_question_adds_is_dealt_with() -> None:
    assert alone("偏头痛用柴胡疏肝散治疗好吗")
    assert not alone("偏头痛用柴胡疏肝散治疗好吗", support=0.4)


def test_a_bare_question_is_answered_by_facts() -> None:
    assert not alone("偏头痛怎么治")
    assert not alone("偏头痛老人怎么治比较稳妥")


def test_an_overview_gives_way_where_more_than_a_name_is_said_and_a_ranking_does_not() -> None:
    overview = Intent((Relation.SYMPTOM,), ((Relation.SYMPTOM,),), explicit=False)
    assert alone("偏头痛以后失眠，柴胡疏肝散", overview)
    assert not alone("偏头痛", overview)
    assert not alone("偏头痛用柴胡疏肝散治疗好吗", replace(TREATMENT, reverse=True))


def test_a_list_of_drugs_does_not_give_way_to_a_study_on_them() -> None:
    question = "偏头痛后失眠的药有哪些"
    drugs = Intent((Relation.DRUG,), ((Relation.DRUG,),))
    kept, mentions = [STUDY], LINKER.link("偏头痛后失眠疗效确切的药有哪些")
    assert answers_alone("偏头痛后失眠疗效确切的药有哪些", mentions, drugs, [MIGRAINE], kept)
    assert not answers_alone(question, LINKER.link(question), drugs, [MIGRAINE], kept, told_drugs=True)


def test_who_asks_nothing_gets_no_study_in_place_of_an_overview() -> None:
    stated_only = Intent((Relation.SYMPTOM,), ((Relation.SYMPTOM,),), explicit=False, guessed=True)
    assert not alone("偏头痛以后失眠，柴胡疏肝散", stated_only)


def beside(question: str, intent: Intent) -> list[object]:
    facts = [stated(MIGRAINE, Relation.DRUG, IBUPROFEN)]
    return list(beside_facts(question, LINKER.link(question), intent, [MIGRAINE], facts, [STUDY]))


def test_a_plain_list_needs_no_study_beside_it() -> None:
    drugs = Intent((Relation.DRUG,), ((Relation.DRUG,),))
    assert beside("偏头痛吃什么药", drugs) == []
    assert beside("偏头痛后失眠吃什么药，疗效确切的", drugs) == [STUDY]
    assert beside("偏头痛吃药吗", replace(drugs, yes_no=True)) == [STUDY]
    assert beside("偏头痛怎么治", TREATMENT) == [STUDY], "nothing else tells it"


def test_only_a_sure_study_on_the_rest_of_the_question_is_to_the_point() -> None:
    question = "偏头痛后失眠用柴胡疏肝散疗效怎么样"
    found = [STUDY, replace(STUDY, support=0.6)]
    assert to_the_point(question, LINKER.link(question), [MIGRAINE], found, 0.75) == [STUDY]
    assert to_the_point("偏头痛传染吗", LINKER.link("偏头痛传染吗"), [MIGRAINE], found, 0.75) == []


def test_a_comparison_gives_way_only_to_a_study_of_all_that_is_compared() -> None:
    compared = Intent((Relation.SYMPTOM,), ((Relation.SYMPTOM,),), explicit=False, comparison=True)
    both_sides = [MIGRAINE, EntityId("disease:高血压")]
    question = "偏头痛和高血压有哪些共同点"
    assert not answers_alone(question, LINKER.link(question), compared, both_sides, [STUDY])
    both = replace(STUDY, entities=(MIGRAINE, EntityId("disease:高血压")))
    assert answers_alone(question, LINKER.link(question), compared, both_sides, [both])


def test_a_plain_list_needs_no_reply_to_another_question_beside_it() -> None:
    drugs = Intent((Relation.DRUG,), ((Relation.DRUG,),))
    facts = [stated(MIGRAINE, Relation.DRUG, IBUPROFEN)]
    question = "偏头痛吃什么药"

    def beside_it(answered: str) -> list[Evidence]:
        reply = told(Passage("可以先休息。", PassageKind.QA, BOOK.id, question=answered), MIGRAINE)
        return beside_facts(question, LINKER.link(question), drugs, [MIGRAINE], facts, [reply])

    assert beside_it("偏头痛需要注意些什么") == []
    assert len(beside_it("偏头痛吃什么药好")) == 1


@pytest.mark.parametrize(
    "question",
    ["关于饮食与偏头痛的研究结论", "布洛芬治偏头痛有文献支持吗", "证明牛奶会引起偏头痛", "有没有研究说明咖啡伤胃",
     "Is there evidence that ibuprofen helps migraine?", "Prove that milk causes migraine"],
)  # fmt: skip
def test_studies_are_asked_for(question: str) -> None:
    assert wants_studies(question)


@pytest.mark.parametrize(
    "question",
    ["偏头痛怎么治", "研究所医院在哪", "古文献里的头风", "帮我开疾病证明书", "检查显示什么", "Does milk help?"],
)
def test_they_are_not(question: str) -> None:
    assert not wants_studies(question)


def test_records_are_no_study(sample: Pipeline) -> None:
    answer = sample.ask("偏头痛的最新研究进展")
    assert all(citation.kind == "conclusion" for citation in answer.citations)
    none = sample.ask("证明青霉素会导致偏头痛")
    assert none.outcome is Outcome.NOT_IN_KB
    assert not none.citations

"""When a study takes the place of facts: it deals with what a question says besides an illness and a relation."""

from __future__ import annotations

from dataclasses import replace

from rag.domain import Intent, Passage, PassageKind
from rag.linking.linker import Linker
from rag.retrieval.studies import answers_alone
from rag.vocabulary import Relation
from tests.answering.records import BOOK, MIGRAINE, names, told

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

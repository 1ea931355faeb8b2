"""What a question finds in one version."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from rag.domain import Passage, PassageKind
from rag.linking.names import Names
from rag.question.intent import read_intent
from rag.retrieval.found import Retrieved
from rag.retrieval.fusion import default_tuning
from rag.retrieval.passages import PassageSearch
from rag.retrieval.selection import choices
from rag.vocabulary import Relation
from tests.answering.records import BOOK, IBUPROFEN, MIGRAINE, RECORDS, TRIAL, fact
from tests.fake_knowledge_base import FakeKnowledgeBase
from tests.fakes import FakeLibrary
from tests.kb import HashEmbedder
from tests.records import entity


def found(library: FakeLibrary, question: str, top_k: int = 8) -> Retrieved:
    edition = library.editions().current()
    mentions = edition.linker.link(question)
    return edition.retriever.retrieve(question, mentions, read_intent(question, mentions), top_k=top_k)


def texts(library: FakeLibrary, question: str) -> list[str]:
    return [e.text for e in found(library, question).facts]


def test_facts_of_the_relations_asked(library: FakeLibrary) -> None:
    assert texts(library, "偏头痛挂什么科") == ["偏头痛的就诊科室：神经内科"]
    assert {e.fact.relation for e in found(library, "偏头痛吃什么药").facts if e.fact} == {Relation.DRUG}


def test_an_alias_that_is_sure_finds_its_entity(library: FakeLibrary) -> None:
    assert texts(library, "偏头疼挂什么科") == ["偏头痛的就诊科室：神经内科"]
    assert texts(library, "which department for migraine") == ["偏头痛的就诊科室：神经内科"]


def test_an_alias_of_two_is_asked_about_and_lends_no_facts(library: FakeLibrary) -> None:
    result = found(library, "阑尾炎怎么治疗")
    assert result.facts == ()
    (mention,) = result.unsure
    assert [c.entity for c in choices(mention)] == ["disease:急性阑尾炎", "disease:慢性阑尾炎"]


@pytest.mark.parametrize("question", ["继发性高血压吃什么药", "我没有高血压，吃什么药", "高血压性心脏病吃什么药"])
def test_neighbours_and_what_is_denied_lend_no_facts(library: FakeLibrary, question: str) -> None:
    assert texts(library, question) == []


def test_symptoms_rank_diseases_by_how_telling_the_match_is(library: FakeLibrary) -> None:
    result = found(library, "我头疼恶心怕光是什么病")
    assert result.ranked[0].subject == MIGRAINE
    assert {f.object for f in result.ranked[0].matched} == {"symptom:头痛", "symptom:恶心", "symptom:畏光"}
    assert [e.text for e in result.facts] == ["偏头痛的就诊科室：神经内科"]
    assert {e.id for e in result.matches} == {f.id for subject in result.ranked for f in subject.matched}


def test_a_symptom_that_is_denied_does_not_count(library: FakeLibrary) -> None:
    result = found(library, "恶心怕光，没有头疼，是什么病")
    assert [subject.subject for subject in result.ranked] == [MIGRAINE]
    assert len(result.ranked[0].matched) == 2


@pytest.mark.parametrize(
    ("question", "counted"),
    [
        ("以前头疼过，现在恶心怕光，是什么病", {"symptom:恶心", "symptom:畏光"}),
        ("恶心怕光，如果头疼呢，是什么病", {"symptom:恶心", "symptom:畏光"}),
        ("老公头疼，我恶心怕光，是什么病", {"symptom:恶心", "symptom:畏光"}),
        ("孩子头疼、恶心怕光，是什么病", {"symptom:头痛", "symptom:恶心", "symptom:畏光"}),
    ],
)
def test_what_is_over_supposed_or_another_s_does_not_count(
    library: FakeLibrary, question: str, counted: set[str]
) -> None:
    ranked = found(library, question).ranked
    assert {fact.object for subject in ranked for fact in subject.matched} == counted


def test_what_is_only_supposed_ranks_nothing(library: FakeLibrary) -> None:
    assert found(library, "如果头疼、恶心怕光，是什么病").ranked == ()


def test_fields_of_a_monograph_by_what_is_asked(library: FakeLibrary) -> None:
    assert [e.text for e in found(library, "布洛芬有什么禁忌").monograph] == ["1.孕妇禁用。2.对本品过敏者禁用。"]
    assert found(library, "布洛芬的剂型").monograph == ()


def test_items_of_a_monograph_stand_in_their_own_order() -> None:
    library = FakeLibrary()
    fields = [
        Passage(
            f"{n}. 第{n}条禁忌内容。", PassageKind.MONOGRAPH, BOOK.id, title="布洛芬", about=IBUPROFEN, aspect="禁忌证"
        )
        for n in (10, 2, 1)
    ]
    library.publish([BOOK, entity(IBUPROFEN), *fields])
    texts = [e.text.partition(".")[0] for e in found(library, "布洛芬有什么禁忌").monograph]
    assert texts == ["1", "2", "10"]


def test_a_chinese_question_reaches_an_english_conclusion(library: FakeLibrary) -> None:
    passages = found(library, "偏头痛怎么治疗").passages
    assert any(e.text.startswith("Ibuprofen") for e in passages)
    assert any(e.text.startswith("布洛芬400mg") for e in passages)
    assert len(found(library, "偏头痛怎么治疗", top_k=1).passages) == 1


def test_scores_fall_and_name_their_arms() -> None:
    library = FakeLibrary(embedder=HashEmbedder())
    library.publish(RECORDS)
    passages = found(library, "布洛芬可以缓解偏头痛吗").passages
    assert [e.score for e in passages] == sorted((e.score for e in passages), reverse=True)
    assert set(passages[0].arms) <= {"sparse", "dense", "graph"} != set()


def test_a_fact_without_its_source_is_not_shown() -> None:
    library = FakeLibrary()
    library.publish([BOOK, fact(MIGRAINE, Relation.DEPARTMENT, "department:神经内科", TRIAL), entity(MIGRAINE)])
    assert texts(library, "偏头痛挂什么科") == []


class Counting(FakeKnowledgeBase):
    """Notes which passages are read for their text alone."""

    def __init__(self) -> None:
        super().__init__(RECORDS, embedder=HashEmbedder())
        self.read: list[str] = []

    def passages(self, ids: Iterable[str]) -> dict[str, Passage]:
        wanted = list(ids)
        self.read += wanted
        return super().passages(wanted)


def test_the_language_of_a_passage_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    kb = Counting()
    search = PassageSearch(kb, Names(kb.names()), HashEmbedder(), default_tuning())
    first = search.passages("布洛芬对偏头痛有效吗", (), top_k=8)
    assert kb.read
    kb.read.clear()
    assert search.passages("布洛芬对偏头痛有效吗", (), top_k=8) == first
    assert kb.read == []
    monkeypatch.setattr("rag.retrieval.passages._LANGUAGES_KEPT", 0)
    assert search.passages("布洛芬对偏头痛有效吗", (), top_k=8) == first
    assert search.passages("does ibuprofen help", (), top_k=8) != first

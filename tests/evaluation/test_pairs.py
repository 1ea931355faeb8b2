"""Opposite pairs never answer for each other; and the judge sees it when they do."""

from __future__ import annotations

import random

import pytest

from evaluation.pairs import Judge, evaluate, markdown, read_pairs
from rag.domain import Alias, AliasKind, Passage, PassageKind, Record
from rag.pipeline import Pipeline
from rag.snapshot import Library
from rag.vocabulary import EntityType
from rag.wiring import open_editions
from tests.kb import BOOK, disease, entity, has_symptom, publish, settings_for

SAMPLED = 40
RECORDS: list[Record] = [
    BOOK,
    entity(EntityType.DISEASE, "急性甲炎"),
    entity(EntityType.DISEASE, "慢性甲炎"),
    entity(EntityType.DISEASE, "乙症"),
    Alias("甲炎急发", disease("急性甲炎"), AliasKind.SYNONYM),
    has_symptom("急性甲炎", "头晕"),
    has_symptom("慢性甲炎", "恶寒"),
    has_symptom("乙症", "咳嗽"),
    Passage("对慢性甲炎患者，休息后减轻。", PassageKind.CONCLUSION, BOOK.id),
    Passage("急性甲炎与慢性甲炎都见于春季。", PassageKind.CONCLUSION, BOOK.id),
]


@pytest.fixture
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    library = Library(tmp_path_factory.mktemp("pairs"))
    publish(library, {"a": RECORDS})
    return Judge(open_editions(settings_for(library.data_dir)).current())


def faults(judge: Judge, asked: str, other: str, *, warning: bool = False) -> dict[str, bool]:
    """By the text of every fact and passage: whether it may not be cited."""
    kb = judge.edition.kb
    ids = [record.id for kind in ("fact", "passage") for record in kb.scan(kind) if hasattr(record, "id")]
    return {e.text: judge.fault(e, asked, other, warning=warning) is not None for e in kb.evidence(ids).values()}


def test_records_of_another_subject_are_faults(judge: Judge) -> None:
    assert faults(judge, "急性甲炎", "慢性甲炎") == {
        "急性甲炎的症状：头晕": False,
        "慢性甲炎的症状：恶寒": True,
        "乙症的症状：咳嗽": True,
        "对慢性甲炎患者，休息后减轻。": True,
        "急性甲炎与慢性甲炎都见于春季。": False,
    }


def test_an_entity_that_lists_the_name_may_answer(judge: Judge) -> None:
    assert not faults(judge, "甲炎急发", "慢性甲炎")["急性甲炎的症状：头晕"]


def test_the_other_side_may_not_answer_even_if_it_lists_the_name(judge: Judge) -> None:
    assert faults(judge, "甲炎急发", "急性甲炎")["急性甲炎的症状：头晕"]


def test_a_warning_may_be_about_a_remedy_but_not_about_the_other_side(judge: Judge) -> None:
    found = faults(judge, "急性甲炎", "慢性甲炎", warning=True)
    assert not found["乙症的症状：咳嗽"]
    assert found["慢性甲炎的症状：恶寒"]


def test_two_names_of_one_entity_are_merged(judge: Judge) -> None:
    assert judge.lead_to("甲炎急发") & judge.lead_to("急性甲炎") == {disease("急性甲炎")}
    assert not judge.lead_to("急性甲炎") & judge.lead_to("慢性甲炎")


def test_the_set_is_large_and_marked() -> None:
    pairs = read_pairs()
    assert len(pairs) >= 100
    assert {pair.in_kb for pair in pairs} == {"both", "a", "b", "none"}


def test_no_side_answers_for_the_other_on_the_sample(sample: Pipeline) -> None:
    """Most names are absent there, so that their neighbours are near at hand."""
    report = evaluate(sample, read_pairs())
    assert (report.count("merged"), report.count("cross-answered")) == (0, 0), markdown(report)


@pytest.mark.real_data
@pytest.mark.timeout(300)  # whoever comes first ingests all real files
def test_no_pair_is_confused_on_the_real_files(real: Pipeline) -> None:
    pairs = random.Random(20261121).sample(read_pairs(), SAMPLED)
    report = evaluate(real, pairs)
    assert report.offences == [], markdown(report)
    assert report.outcomes["name present: answered"] > SAMPLED / 2

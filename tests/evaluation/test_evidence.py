"""The evidence measure: what counts as one piece, and what counts as relevant."""

from __future__ import annotations

from typing import Any

from evaluation.evidence import EvidenceReport, evaluate, judge, pieces
from rag.domain import EntityId, Evidence, GraphFact, Literal, Passage, PassageKind, Source
from rag.pipeline import Pipeline
from rag.vocabulary import Grade, Relation

SOURCE = Source("一处来源", "journal", Grade.STUDY, pmid="42")


def fact(subject: str, relation: Relation, text: str) -> Evidence:
    found = GraphFact(
        f"f:{subject}{text}",
        EntityId(f"disease:{subject}"),
        subject,
        relation,
        Literal(text, "text"),
        text,
        "s:1",
    )
    return Evidence(found.id, "fact", f"{subject}：{text}", SOURCE, 0.0, {}, fact=found)


def passage(text: str, kind: PassageKind = PassageKind.CONCLUSION, title: str | None = None) -> Evidence:
    about, aspect = (EntityId(f"drug:{title}"), "禁忌证") if title else (None, None)
    found = Passage(text, kind, SOURCE.id, title=title, about=about, aspect=aspect)
    return Evidence(found.id, kind.value, text, SOURCE, 0.0, {}, title=title, passage=found)


def row(*labels: dict[str, Any]) -> dict[str, Any]:
    return {"id": "e1", "kind": "graph", "question": "问题", "evidence": list(labels), "possibly": []}


LABEL = {
    "kind": "fact",
    "entity": "偏头痛",
    "relation": "相关症状",
    "objects": ["恶心", "畏光"],
    "also": [],
    "ignored": [],
}


def test_facts_of_one_relation_are_one_piece_and_each_passage_is_one() -> None:
    shown = [
        fact("偏头痛", Relation.SYMPTOM, "恶心"),
        fact("偏头痛", Relation.SYMPTOM, "畏光"),
        passage("甲"),
        passage("乙"),
    ]
    assert [piece.kind for piece in pieces(shown)] == ["facts", "literature", "literature"]


def test_a_label_is_met_by_its_own_facts_only() -> None:
    judged = judge(row(LABEL), [fact("偏头痛", Relation.SYMPTOM, "恶心"), fact("紧张性头痛", Relation.SYMPTOM, "恶心")])
    assert (judged.met, judged.labels) == (1, 1)
    assert (judged.relevant["facts"], judged.shown["facts"]) == (1, 2)
    assert judge(row(LABEL), [fact("偏头痛", Relation.COMPLICATION, "恶心")]).met == 0
    assert judge(row(LABEL), [fact("偏头痛", Relation.SYMPTOM, "失眠")]).met == 0


def test_articles_are_known_by_number_and_abstracts_by_their_words() -> None:
    assert judge(row({"kind": "article", "pmid": "42", "text": "x"}), [passage("any")]).met == 1
    assert judge(row({"kind": "article", "pmid": "7", "text": "x"}), [passage("any")]).met == 0
    label = {"kind": "abstract", "digest": "d", "text": "目的：略。 结论：某法 有效。"}
    assert judge(row(label), [passage("某法有效。"), passage("某法无效。")]).relevant["literature"] == 1


def test_a_field_of_a_monograph_is_met_by_its_passage() -> None:
    label = {"kind": "monograph", "entity": "某药", "field": "禁忌证", "text": "1.孕妇禁用。2.过敏者禁用。"}
    own = passage("孕妇禁用。", PassageKind.MONOGRAPH, "某药")
    other = passage("孕妇禁用。", PassageKind.MONOGRAPH, "别药")
    judged = judge(row(label), [own, other])
    assert (judged.met, judged.relevant["monographs"], judged.shown["monographs"]) == (1, 1, 2)


def test_what_may_be_relevant_counts_for_neither() -> None:
    judged = judge(row(LABEL), [passage("可能相关。")], possibly=["一篇可能相关。的摘要"])
    assert sum(judged.shown.values()) == 0


def test_precision_and_recall_are_summed_over_questions() -> None:
    good = judge(row(LABEL), [fact("偏头痛", Relation.SYMPTOM, "恶心")])
    bad = judge(row(LABEL, LABEL), [passage("甲"), passage("乙"), passage("丙")])
    report = EvidenceReport([good, bad])
    assert report.precision().value == 1 / 4
    assert report.precision(("facts",)).value == 1.0
    assert report.recall().value == 1 / 3
    assert "| all | 2 | 0.250" in report.markdown()
    assert report.summary()["nothing_shown"] == 0


def test_warnings_are_left_out_and_real_answers_are_judged(sample: Pipeline) -> None:
    label = LABEL | {"objects": ["恶心", "畏光", "搏动性头痛"]}
    report = evaluate(sample, [row(label) | {"question": "偏头痛有哪些症状"}], {})
    assert report.recall().value == 1.0
    assert report.digest


def test_a_warning_meets_the_label_that_asks_for_it_and_is_not_counted() -> None:
    warns = fact("偏头痛", Relation.SYMPTOM, "恶心")
    judged = judge(row(LABEL), [passage("甲")], warnings=[warns, fact("高血压", Relation.SYMPTOM, "头晕")])
    assert (judged.met, sum(judged.shown.values()), sum(judged.relevant.values())) == (1, 1, 0)

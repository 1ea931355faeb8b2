"""The judge of the relation questions: it sees what is missing, what is too much, and what is somebody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evaluation.relation_questions import RelationReport, Verdict, evaluate, interval, make_rows, markdown, other_rows
from rag.domain import Literal, Passage, PassageKind, Record
from rag.errors import DataError, NotFoundError
from rag.pipeline import Pipeline
from rag.vocabulary import Relation
from tests.answering.records import BOOK, fact
from tests.evaluation.raw_data import write_raw_data
from tests.fakes import FakeLibrary, fake_pipeline

RECORDS: tuple[Record, ...] = (
    BOOK,
    fact("disease:甲炎", Relation.SYMPTOM, "symptom:头晕"),
    fact("disease:甲炎", Relation.SYMPTOM, "symptom:恶寒"),
    fact("disease:甲炎", Relation.COMPLICATION, "disease:丙症"),
    fact("disease:甲炎", Relation.INFECTIVITY, Literal("无传染性", "infectivity")),
    fact("disease:乙炎", Relation.SYMPTOM, "symptom:头晕"),
    fact("disease:乙炎", Relation.SYMPTOM, "symptom:恶寒"),
    Passage("1.孕妇禁用。2.儿童慎用。", PassageKind.MONOGRAPH, BOOK.id, title="丁胶囊", about=None, aspect="禁忌证"),
)


@pytest.fixture
def pipeline() -> Pipeline:
    library = FakeLibrary()
    library.publish(RECORDS)
    return fake_pipeline(library)


def judged(pipeline: Pipeline, **row: object) -> Verdict:
    whole: dict[str, Any] = {
        "id": "r1",
        "kind": "forward",
        "entities": ["甲炎"],
        "relations": ["相关症状"],
        "also": [],
        "ignored": [],
    }
    (verdict,) = evaluate(pipeline, [whole | row], {("甲炎", "并发症"): ("丁症",)})
    return verdict


def test_all_that_was_asked_and_nothing_else_is_one(pipeline: Pipeline) -> None:
    found = judged(pipeline, question="甲炎有哪些症状", gold=["头晕", "恶寒"])
    assert (found.score, found.wrong_entity, found.outcome) == (1.0, False, "answered")


def test_what_is_missing_and_what_is_too_much_cost(pipeline: Pipeline) -> None:
    assert judged(pipeline, question="甲炎有哪些症状", gold=["头晕", "恶寒", "发热"]).score == pytest.approx(0.8)
    assert judged(pipeline, question="甲炎有哪些症状和并发症", gold=["头晕", "恶寒"]).score == pytest.approx(0.8)
    assert judged(pipeline, question="甲炎有哪些症状", gold=["发热"]).score == 0.0


def test_what_other_rows_say_counts_neither_way(pipeline: Pipeline) -> None:
    assert judged(pipeline, question="甲炎有哪些症状", gold=["头晕"], also=["恶寒"]).score == 1.0
    assert judged(pipeline, question="甲炎有哪些症状", gold=["头晕"], ignored=["恶寒"]).score == 1.0


def test_somebody_elses_record_is_a_wrong_entity(pipeline: Pipeline) -> None:
    found = judged(pipeline, question="乙炎有哪些症状", gold=["头晕", "恶寒"])
    assert (found.score, found.wrong_entity) == (0.0, True)


def test_each_side_of_a_comparison_is_judged(pipeline: Pipeline) -> None:
    parts = {"甲炎": {"gold": ["头晕", "恶寒"]}, "乙炎": {"gold": ["头晕", "发热"]}}
    found = judged(
        pipeline, kind="compare", question="甲炎和乙炎的症状有什么不同", entities=["甲炎", "乙炎"], parts=parts
    )
    assert found.score == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("question", "relation", "object_", "answer", "gold", "decided"),
    [
        ("甲炎会头晕吗", "相关症状", "头晕", "yes", ["头晕", "恶寒"], True),
        ("甲炎会引起丙症吗", "并发症", "丙症", "yes", ["丙症"], True),
        ("甲炎会引起丙症吗", "并发症", "丙症", "not_stated", ["戊症"], False),
        ("甲炎会引起乙炎吗", "并发症", "乙炎", "not_stated", ["丙症"], True),
        ("甲炎会传染吗", "传染性", None, "no", ["无传染性"], True),
        ("甲炎会传染吗", "传染性", None, "yes", ["无传染性"], False),
        ("甲炎怎么治", "传染性", None, "no", ["无传染性"], False),
    ],
)
def test_a_yes_or_no_is_the_records(
    pipeline: Pipeline, question: str, relation: str, object_: str | None, answer: str, gold: list[str], decided: bool
) -> None:
    row = {"kind": "yes_no", "relations": [relation], "object": object_, "answer": answer, "gold": gold}
    assert judged(pipeline, question=question, **row).decided is decided


def test_reverse_questions_are_judged_by_precision_with_ties(pipeline: Pipeline) -> None:
    row = {"kind": "reverse_symptoms", "question": "头晕恶寒是什么病", "entities": ["头晕", "恶寒"]}
    assert judged(pipeline, **row, gold=["甲炎", "乙炎"]).score == 1.0
    assert judged(pipeline, **row, gold=["甲炎"], also=["乙炎"]).score == 1.0
    assert judged(pipeline, **row, gold=["甲炎", "戊炎"]).score == 0.5


def test_an_emptied_knowledge_base_scores_nothing() -> None:
    library = FakeLibrary()
    library.publish([BOOK])
    found = judged(fake_pipeline(library), question="甲炎有哪些症状", gold=["头晕"])
    assert (found.score, found.outcome) == (0.0, "not_in_kb")


def test_the_report_holds_every_kind_with_its_interval(pipeline: Pipeline) -> None:
    verdicts = [judged(pipeline, question="甲炎有哪些症状", gold=["头晕", "恶寒"])]
    verdicts.append(judged(pipeline, kind="alias", question="甲炎有哪些症状", gold=["发热"]))
    report = RelationReport(verdicts, [])
    assert report.summary()["object_f1"] == interval([1.0, 0.0])
    assert "| alias | 1 | 0.000 [0.000, 0.000] | 0 | answered 1 |" in markdown(report)


def test_questions_are_made_from_a_folder_or_the_fault_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        make_rows(tmp_path)
    data = write_raw_data(tmp_path / "data")
    assert {"forward", "yes_no", "follow"} <= {row["kind"] for row in make_rows(data)}
    assert other_rows(data)
    (data / "kg" / "cmekg.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(DataError, match="no questions could be made"):
        make_rows(data)

"""The retrieval measure: what its index holds, and that it counts right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation.retrieval import SETS, EvaluationBase, QuestionSet, collect, judge
from rag.errors import NotFoundError
from rag.settings import Settings
from rag.text import tokens

ARTICLES = {
    "101": {
        "QUESTION": "Does zebrafish therapy shorten migraine?",
        "CONTEXTS": ["Only the xylophone context says this."],
        "LABELS": ["BACKGROUND"],
        "MESHES": ["Quokka"],
        "YEAR": "2001",
        "final_decision": "yes",
        "LONG_ANSWER": "Attacks became shorter in treated patients.",
    },
    "102": {
        "QUESTION": "Is cirrhosis common after hepatitis?",
        "CONTEXTS": ["Nothing."],
        "LABELS": [],
        "MESHES": [],
        "YEAR": "2002",
        "final_decision": "no",
        "LONG_ANSWER": "Cirrhosis was rare in this cohort.",
    },
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    (folder / "literature").mkdir()
    (folder / "literature" / "pubmedqa_dev.json").write_text(json.dumps(ARTICLES), encoding="utf-8")
    return folder


def named(name: str) -> QuestionSet:
    return next(item for item in SETS if item.name == name)


def test_the_measured_index_holds_the_conclusion_text_only(data: Path) -> None:
    with EvaluationBase(data, named("pubmedqa"), Settings()) as base:
        kb = base.edition.kb
        for hidden in ("zebrafish", "xylophone", "quokka", "background", "yes"):
            assert kb.search_sparse(tokens(hidden), concepts=[], limit=5) == []
        assert len(kb.search_sparse(tokens("attacks"), concepts=[], limit=5)) == 1


def test_the_product_indexes_titles_and_questions_too(data: Path) -> None:
    with EvaluationBase(data, named("pubmedqa-product"), Settings()) as base:
        assert len(base.edition.kb.search_sparse(tokens("zebrafish"), concepts=[], limit=5)) == 1


def test_each_question_is_judged_against_its_own_conclusion(data: Path) -> None:
    with EvaluationBase(data, named("pubmedqa"), Settings()) as base:
        hits = collect(base)
        report = judge("pubmedqa", hits, {"sparse": 1.0, "dense": 0.0, "graph": 0.5, "concepts": 0.0})
    assert report.questions == 2
    assert report.rows["bm25"].recall_1 == [0.0, 1.0], "the first shares no word with its conclusion"
    assert report.rows["fused"].means()["mrr_10"] == 0.5


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="pubmedqa_dev"), EvaluationBase(tmp_path, named("pubmedqa"), Settings()):
        pytest.fail("there is nothing to ingest")

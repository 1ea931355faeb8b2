"""A model alone against the model with the knowledge base: what is made up is seen in both, and little of it shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from evaluation import answers
from evaluation.alone import Asked, GeneratorReport, compare, markdown
from evaluation.hostile import HostileGenerator
from evaluation.made_up import Judge
from rag.domain import GenerationRequest
from rag.errors import DependencyError, NotFoundError
from rag.pipeline import FALLBACK, Pipeline
from rag.settings import Settings

QUESTION = "偏头痛有哪些症状？"
ASKED = [Asked(QUESTION), Asked("肝癌有哪些症状？")]


class HalfKnowing:
    """Alone it says one thing right and two wrong; with evidence it repeats a fact, and adds one of its own."""

    identity = "half"

    def __init__(self) -> None:
        self.requests: list[GenerationRequest] = []

    def stream(self, request: GenerationRequest, cancel: threading.Event) -> Iterator[str]:
        self.requests.append(request)
        if request.alone:
            yield "偏头痛的症状有恶心。偏头痛的症状有黄疸。每次服用5mg。请多休息。"
            return
        fact = request.evidence[0].fact
        assert fact is not None
        yield f"{fact.subject_name}的症状有{fact.object_text}[1]。"
        yield f"{fact.subject_name}的症状有龋齿[1]。"


class Failing:
    identity = "failing"

    def stream(self, request: GenerationRequest, cancel: threading.Event) -> Iterator[str]:
        raise DependencyError("down")


def with_models(sample: Pipeline, *models: HalfKnowing | Failing | HostileGenerator) -> Pipeline:
    return replace(sample, generators={**sample.generators, **{model.identity: model for model in models}})


@pytest.mark.parametrize(
    ("text", "claims", "made_up"),
    [
        ("偏头痛的症状有恶心[1]。", 1, 0),
        ("偏头痛的症状有黄疸[1]。", 1, 1),
        ("偏头痛的症状有恶心、黄疸。", 1, 1),
        ("每次服用5mg。", 1, 1),
        ("偏头痛是一种常见病。", 0, 0),
        ("好的。", 0, 0),
        ("", 0, 0),
    ],
)
def test_the_judge_knows_what_the_knowledge_base_states(sample: Pipeline, text: str, claims: int, made_up: int) -> None:
    judge = Judge(sample.editions.current())
    found = judge.judge(text, judge.known(QUESTION, (), ()))
    assert (found.claims, len(found.made_up)) == (claims, made_up)


def test_what_another_disease_has_is_made_up(sample: Pipeline) -> None:
    """Each fact of each disease told of another one, unless the names occur there too."""
    edition = sample.editions.current()
    judge, names = Judge(edition), ("偏头痛", "肝癌", "高血压", "肺炎")
    known = {name: judge.known(f"{name}有哪些症状？", (), ()) for name in names}
    told = wrong = 0
    for of, to in permutations(names, 2):
        (entity,) = {c.entity for m in edition.linker.link(of) for c in m.candidates[:1]}
        for fact in edition.retriever.graph.neighbourhood({entity: ()}, limit_each=100).outgoing:
            if isinstance(fact.object, str) and fact.object not in known[to].entities:
                told += 1
                wrong += bool(judge.judge(f"{to}的症状有{fact.object_text}。", known[to]).made_up)
                assert not judge.judge(f"{of}的症状有{fact.object_text}。", known[of]).made_up
    assert told > 50
    assert wrong / told > 0.9


def test_gold_of_a_raw_record_counts_too(sample: Pipeline) -> None:
    judge = Judge(sample.editions.current())
    known = judge.known(QUESTION, ("黄疸", "每次服用5mg"), ())
    assert judge.judge("偏头痛的症状有黄疸。每次服用5mg。", known).made_up == ()


def test_alone_against_with_the_knowledge_base(sample: Pipeline) -> None:
    model = HalfKnowing()
    (report,) = compare(with_models(sample, model), ASKED[:1], ["half"])
    alone, written, shown = (report.made_up(arm) for arm in ("alone", "written", "shown"))
    assert alone is not None
    assert (alone.right, alone.of) == (2, 3)
    assert written is not None
    assert (written.right, written.of) == (1, 2)
    assert shown is not None
    assert (shown.right, shown.of) == (0, 1), "the checker let the other one not through"
    assert (report.replaced, report.dropped, report.silent, report.faults) == (0, 1, 0, [])
    bare = next(request for request in model.requests if request.alone)
    assert bare.evidence == ()
    assert "黄疸" in markdown([report])
    assert report.summary()["made_up"]["alone"]["value"] == round(2 / 3, 4)


def test_one_that_fails_is_replaced_and_silent(sample: Pipeline) -> None:
    (report,) = compare(with_models(sample, Failing()), ASKED, ["failing"])
    assert (report.questions, report.replaced, report.silent) == (2, 2, 2)
    shown = report.made_up("shown")
    assert shown is not None
    assert shown.of > 0
    assert shown.right == 0


def test_an_enemy_makes_things_up_and_little_of_it_is_shown(sample: Pipeline) -> None:
    (report,) = compare(with_models(sample, HostileGenerator()), ASKED, ["hostile"])
    written, shown = report.made_up("written"), report.made_up("shown")
    assert written is not None
    assert shown is not None
    assert written.value > shown.value == 0
    assert report.faults == []


def test_all_generators_without_a_name_and_a_wrong_name_is_said(sample: Pipeline) -> None:
    reports = compare(with_models(sample, HalfKnowing()), ASKED[:1])
    assert [report.name for report in reports] == [FALLBACK, "half"]
    assert reports[0].made_up("alone") is None
    with pytest.raises(NotFoundError, match=r"no generator 'other'; there are: extractive, half"):
        compare(with_models(sample, HalfKnowing()), ASKED, ["other"])


def test_the_report_of_answers_has_the_generators(sample_settings: Settings) -> None:
    rows: list[dict[str, Any]] = [
        {"question": QUESTION, "gold": ["恶心"]},
        {"question": "什么病会恶心", "gold": [{"disease": "偏头痛", "score": 1.0}]},
    ]
    report = answers.run(sample_settings, rows, generators=[FALLBACK, "hostile"], sample=2)
    extractive, hostile = report.generators
    assert isinstance(extractive, GeneratorReport)
    assert (extractive.name, extractive.questions) == (FALLBACK, 2)
    written = hostile.made_up("written")
    assert written is not None
    assert written.value > 0
    assert "## Generators" in report.markdown()
    assert report.summary()["generators"]

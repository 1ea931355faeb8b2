"""Settings become a pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.domain import Outcome
from rag.errors import ConfigurationError, NotReadyError
from rag.pipeline import Options, Pipeline
from rag.retrieval.fusion import default_tuning
from rag.settings import Settings
from rag.snapshot import Library
from rag.wiring import build, load_embedder, load_tuning
from tests.kb import publish, settings_for, small_kb


def test_settings_reach_the_pipeline(data_dir: Path) -> None:
    pipeline = build(settings_for(data_dir, answer_max_chars=123, request_timeout_s=4.5, question_max_chars=50))
    assert (pipeline.limits.characters, pipeline.timeout_s, pipeline.question_max_chars) == (123, 4.5, 50)
    assert pipeline.default_generator in pipeline.generators


def test_building_needs_no_knowledge_base_but_asking_does(data_dir: Path) -> None:
    with pytest.raises(NotReadyError):
        build(settings_for(data_dir)).ask("头痛")


def test_a_published_version_answers(data_dir: Path) -> None:
    publish(Library(data_dir), {"a": small_kb()})
    answer = build(settings_for(data_dir)).ask("甲病有哪些症状")
    assert answer.outcome is Outcome.ANSWERED
    assert "头晕" in answer.text


def test_versions_are_found_by_number(data_dir: Path) -> None:
    library = Library(data_dir)
    publish(library, {"a": small_kb()})
    publish(library, {"a": small_kb()[:-4]})
    pipeline = build(settings_for(data_dir))
    assert pipeline.ask("甲病的治愈率").kb_version == 2
    assert pipeline.ask("甲病的治愈率", Options(kb_version=1)).kb_version == 1


def test_another_embedder_than_the_version_was_built_with(sample_settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="reindex"):
        load_embedder("something-else", sample_settings)


def test_the_packaged_tuning_is_the_default_and_a_missing_one_is_named(data_dir: Path) -> None:
    assert load_tuning(data_dir, None) == default_tuning()
    with pytest.raises(ConfigurationError, match="0123456789abcdef"):
        load_tuning(data_dir, "0123456789abcdef")


def test_the_product_answers_from_the_sample(sample: Pipeline) -> None:
    answer = sample.ask("偏头痛挂什么科")
    assert answer.text == "偏头痛的就诊科室：神经内科[1]。"
    assert answer.outcome is Outcome.ANSWERED

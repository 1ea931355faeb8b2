"""Settings -> language models in the pipeline, and what happens when one fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rag.errors import ConfigurationError, NotFoundError
from rag.pipeline import FALLBACK, Options
from rag.snapshot import Library
from rag.wiring import Generators, build, open_models
from tests.fakes import ScriptedGenerator
from tests.generators.openai_server import serving
from tests.kb import publish, settings_for, small_kb
from tests.source_tree import ROOT


def test_a_model_writes_and_its_sentences_are_checked(data_dir: Path) -> None:
    publish(Library(data_dir), {"a": small_kb()})
    with serving() as server:
        server.acts = [["甲病的症状有头晕[", "1]。", "甲病用青霉素治疗[1]。"]]
        pipeline = build(settings_for(data_dir, generator="chat", chat_url=server.url, chat_model="tcm"))
        answer = pipeline.ask("甲病有哪些症状")
    assert (answer.generator, answer.degraded) == ("chat", ())
    assert "甲病的症状有头晕[1]。" in answer.text
    assert "青霉素" not in answer.text
    assert [dropped.sentence for dropped in answer.dropped] == ["甲病用青霉素治疗。"]


def test_a_request_chooses_among_the_models_of_a_server(data_dir: Path) -> None:
    """Such as the adapters of vLLM."""
    publish(Library(data_dir), {"a": small_kb()})
    with serving() as server:
        server.acts = [["甲病的症状有头晕[1]。"]]
        settings = settings_for(data_dir, generator="chat", chat_url=server.url, chat_model="base, tcm,org/other")
        pipeline = build(settings)
        assert list(pipeline.generators) == [FALLBACK, "chat", "chat:tcm", "chat:org/other"]
        for chosen in (None, "chat:tcm", "chat:org/other"):
            assert pipeline.ask("甲病有哪些症状", Options(generator=chosen)).generator == (chosen or "chat")
        assert [sent["model"] for sent in server.requests] == ["base", "tcm", "org/other"]
        with pytest.raises(NotFoundError, match="chat:absent"):
            pipeline.ask("甲病有哪些症状", Options(generator="chat:absent"))


def test_an_adapter_that_a_server_lacks_leaves_the_others_alone(data_dir: Path) -> None:
    publish(Library(data_dir), {"a": small_kb()})
    with serving() as server:
        server.acts = [404, 404, 404, ["甲病的症状有头晕[1]。"]]
        settings = settings_for(data_dir, generator="chat", chat_url=server.url, chat_model="base,gone")
        pipeline = build(settings)
        for _ in range(4):
            assert pipeline.ask("甲病有哪些症状", Options(generator="chat:gone")).generator == FALLBACK
        assert pipeline.ask("甲病有哪些症状").generator == "chat"


@pytest.mark.parametrize("act", [500, "hang", "reset", "hang after"])
def test_whatever_fails_the_extractive_answer_is_given_and_marked(data_dir: Path, act: int | str) -> None:
    publish(Library(data_dir), {"a": small_kb()})
    with serving() as server:
        server.acts = [act]
        settings = settings_for(
            data_dir, generator="chat", chat_url=server.url, chat_model="tcm", chat_retries=0, llm_first_token_s=0.3
        )
        answer = build(settings).ask("甲病有哪些症状")
    assert (answer.generator, answer.degraded) == (FALLBACK, ("generator",))
    assert "头晕" in answer.text


def test_a_server_that_is_left_alone_is_not_asked(data_dir: Path) -> None:
    publish(Library(data_dir), {"a": small_kb()})
    with serving() as server:
        server.acts = [500]
        settings = settings_for(data_dir, generator="chat", chat_url=server.url, chat_model="tcm", chat_retries=0)
        pipeline = build(settings)
        for _ in range(5):
            answer = pipeline.ask("甲病有哪些症状")
            assert (answer.generator, answer.degraded) == (FALLBACK, ("generator",))
            assert "头晕" in answer.text
        assert len(server.requests) == 3


def test_evidence_that_fits_in_no_window_is_answered_from_all_the_same(data_dir: Path) -> None:
    publish(Library(data_dir), {"a": small_kb()})
    with serving() as server:
        narrow = {"llm_context_tokens": 512, "llm_answer_tokens": 500}
        settings = settings_for(data_dir, generator="chat", chat_url=server.url, chat_model="tcm", **narrow)
        answer = build(settings).ask("甲病有哪些症状")
    assert (answer.generator, answer.degraded) == (FALLBACK, ("generator",))
    assert "头晕" in answer.text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"generator": "chat"}, "YIWEN_CHAT_URL adds chat"),
        ({"chat_url": "http://127.0.0.1:1/v1"}, "YIWEN_CHAT_MODEL"),
        ({"llm_answer_tokens": 8192}, "YIWEN_LLM_CONTEXT_TOKENS"),
    ],
)
def test_settings_that_do_not_go_together(data_dir: Path, wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        build(settings_for(data_dir, **wrong))


def test_parts_are_looked_at_when_asked() -> None:
    changing: dict[str, ScriptedGenerator] = {}
    both = Generators({FALLBACK: ScriptedGenerator([])}, changing)
    assert (list(both), len(both), "local:a" in both) == ([FALLBACK], 1, False)
    changing["local:a"] = ScriptedGenerator([])
    assert (list(both), len(both), "local:a" in both) == ([FALLBACK, "local:a"], 2, True)


def test_without_a_model_no_library_of_models_is_imported(data_dir: Path) -> None:
    assert list(open_models(settings_for(data_dir))) == []
    code = "import sys, rag.wiring; print([n for n in ('langchain_core', 'torch', 'transformers') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

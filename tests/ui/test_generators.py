"""Who writes the answers is chosen beside the conversation, from what the service offers at that time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from api.app import create_app
from rag.ports import Generator
from rag.settings import Settings
from rag.wiring import Generators
from tests.api.records import SMALL
from tests.api.test_server import running
from tests.fakes import FakeLibrary, ScriptedGenerator, fake_pipeline
from tests.source_tree import ROOT
from ui.connection import API_URL
from ui.session import COMPARED, GENERATOR

SAID = "偏头痛的症状有恶心[1]。"


@pytest.fixture
def adapters() -> dict[str, Generator]:
    """They come and go while the service runs."""
    return {}


@pytest.fixture
def page(tmp_path: Path, adapters: dict[str, Generator], monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The consultation, on a service of its own."""
    library = FakeLibrary()
    library.publish(SMALL)
    base = fake_pipeline(library)
    pipeline = replace(base, generators=Generators(base.generators, adapters))
    st.cache_data.clear()
    with running(create_app(Settings(data_dir=tmp_path), pipeline, library)) as address:
        monkeypatch.setenv(API_URL, address)
        yield AppTest.from_file(str(ROOT / "ui" / "app.py"), default_timeout=30)


def ask(page: AppTest) -> str:
    """The whole page after a question was answered."""
    page.chat_input[0].set_value("偏头痛有什么症状").run()
    assert not page.exception
    return " ".join(element.value for kind in (page.markdown, page.caption, page.error) for element in kind)


def test_with_one_generator_there_is_nothing_to_choose(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert len(page.selectbox) == 0


def test_a_new_adapter_is_offered_answers_and_may_go_again(page: AppTest, adapters: dict[str, Generator]) -> None:
    adapters["local:tcm"] = ScriptedGenerator([SAID])
    page.run()
    choice = page.selectbox(key=GENERATOR)
    assert choice.options == ["知识库摘录（不用模型）", "语言模型（本机） · tcm"]
    choice.select("local:tcm").run()
    assert "· scripted" in ask(page)
    assert page.session_state[GENERATOR] == "local:tcm"
    del adapters["local:tcm"]
    assert "no generator" in ask(page)
    st.cache_data.clear()
    page.run()
    assert len(page.selectbox) == 0


def test_two_generators_answer_side_by_side(page: AppTest, adapters: dict[str, Generator]) -> None:
    adapters["local:tcm"] = ScriptedGenerator([SAID])
    page.run()
    page.selectbox(key=COMPARED).select("local:tcm").run()
    shown = ask(page)
    assert "**知识库摘录（不用模型）**" in shown
    assert "**语言模型（本机） · tcm**" in shown
    assert "· scripted" in shown
    (exchange,) = page.session_state["exchanges"]
    assert exchange.state == exchange.rival.state == "answered"
    page.selectbox(key=GENERATOR).select("local:tcm").run()
    assert page.session_state[COMPARED] is None

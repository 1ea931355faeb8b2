"""The typed client against a server: following, stopping, conversations, feedback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from api.app import create_app
from api.service import Capacity
from rag.settings import Settings
from tests.api.test_problems import Blocking
from tests.api.test_server import running
from tests.fakes import FakeLibrary, ScriptedGenerator, fake_pipeline
from yiwen.client import Client, ServiceError

QUESTION = "偏头痛有什么症状"


@pytest.fixture
def client(app: FastAPI) -> Iterator[Client]:
    with running(app) as address, Client(address) as client:
        yield client


def test_conversations(client: Client) -> None:
    made = client.create_conversation()
    answer = client.ask(QUESTION, conversation=made.id)
    events = list(client.stream("吃什么药", conversation=made.id))
    assert events[-1].name == "done"
    found = client.conversation(made.id)
    assert [message.content for message in found.messages if message.role == "user"] == [QUESTION, "吃什么药"]
    assert found.messages[1].answer == answer
    assert client.rename_conversation(made.id, "头痛").title == "头痛"
    assert [one.id for one in client.conversations("头痛").items] == [made.id]
    assert "# 头痛" in client.export_conversation(made.id)
    client.delete_conversation(made.id)
    with pytest.raises(ServiceError, match="no conversation"):
        client.conversation(made.id)


def test_a_generator_is_chosen_by_name(settings: Settings, library: FakeLibrary) -> None:
    pipeline = fake_pipeline(library, ScriptedGenerator(["偏头痛的症状有恶心[1]。"]))
    with running(create_app(settings, pipeline, library)) as address, Client(address) as client:
        assert client.models() == ("scripted", "extractive")
        assert client.ask(QUESTION).generator == "scripted"
        assert client.ask(QUESTION, generator="extractive").generator == "extractive"
        answers = [e.answer for e in client.stream(QUESTION, generator="extractive") if e.name == "answer"]
        assert [answer.generator for answer in answers if answer] == ["extractive"]
        with pytest.raises(ServiceError, match="no generator 'local:x'"):
            client.ask(QUESTION, generator="local:x")


def test_feedback(client: Client) -> None:
    given = client.give_feedback("8c2f", "down", reason="旧", evidence_ids=["p:1"])
    assert client.feedback().items == (given,)
    assert client.feedback(everybody=True).items == (given,)
    client.delete_feedback("8c2f")
    client.give_feedback("aa", "up")
    client.create_conversation("x")
    gone = client.delete_everything()
    assert (gone.conversations, gone.feedback) == (1, 1)


def test_an_answer_is_left_followed_and_stopped(settings: Settings, library: FakeLibrary) -> None:
    blocking = Blocking()
    app = create_app(settings, fake_pipeline(library, blocking), library, Capacity(reattach_s=2))
    with running(app) as address, Client(address) as client:
        begun = client.stream(QUESTION)
        meta = next(begun)
        begun.close()  # type: ignore[attr-defined]  # it is a generator
        followed = client.follow(meta.data["answer_id"], after=1)
        assert next(followed).name == "evidence"
        with Client(address) as other:
            other.stop(meta.data["answer_id"])
        rest = list(followed)
    assert [event.name for event in rest[-2:]] == ["answer", "done"]
    assert "cancelled" in rest[-2].data["degraded"]

"""Conversations and feedback: kept, found again, deleted, and never seen by another key."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.routes.conversations import markdown
from api.schemas.conversations import ConversationInFullOut, ConversationsOut, DeletedOut, FeedbackListOut, FeedbackOut
from api.state.conversations import DAY_S, Conversation, ConversationTable, Message, turns
from api.state.feedback import FeedbackTable
from api.state.keys import KeyTable, Scope
from rag.errors import NotFoundError
from rag.settings import Settings
from rag.state import State, open_state
from tests.api.state.test_keys import Clock
from tests.api.test_access import stranger
from tests.api.test_stream import SSE, events_of
from tests.jobs.conftest import state_url

__all__ = ["state_url"]
PATH = "/v1/conversations"


def _ask(client: TestClient, question: str, conversation: str) -> dict[str, object]:
    response = client.post("/v1/ask", json={"question": question, "conversation": conversation})
    assert response.status_code == 200, response.text
    answer: dict[str, object] = response.json()
    return answer


def test_the_life_of_a_conversation(client: TestClient) -> None:
    made = client.post(PATH, json={})
    assert made.status_code == 201
    path = made.headers["location"]
    first = _ask(client, "偏头痛有什么症状", made.json()["id"])
    second = _ask(client, "吃什么药", made.json()["id"])
    assert [e["carried"] for e in second["entities"]] == [True], "what was said before is the history"  # type: ignore[attr-defined]
    found = client.get(path).json()
    ConversationInFullOut.model_validate(found)
    assert found["title"] == "偏头痛有什么症状"
    assert [m["content"] for m in found["messages"][::2]] == ["偏头痛有什么症状", "吃什么药"]
    assert [m["answer"] for m in found["messages"][1::2]] == [first, second]
    assert client.patch(path, json={"title": "头痛"}).json()["title"] == "头痛"
    exported = client.get(f"{path}/export?format=markdown")
    assert exported.headers["content-disposition"].endswith('.md"')
    assert all(part in exported.text for part in ("# 头痛", "## 吃什么药", "AI 生成", "来源：", "不能代替医生"))
    assert client.get(f"{path}/export").json() == client.get(path).json()
    assert client.delete(path).status_code == 204
    for method in ("GET", "DELETE"):
        assert client.request(method, path).status_code == 404
    assert client.patch(path, json={"title": "x"}).status_code == 404
    assert client.post("/v1/ask", json={"question": "头痛", "conversation": made.json()["id"]}).status_code == 404


def test_an_export_lists_the_warnings_for_which_an_answer_had_no_room() -> None:
    warnings = [{"text": f"{drug}慎用。", "evidence_ids": [f"f:{drug}"]} for drug in ("甲药", "乙药")]
    text = "注意：甲药慎用[1]。\n另有1条用药警示，见警示列表。"
    said = Message("assistant", text, {"text": text, "kb_version": 1, "citations": [], "warnings": warnings}, 0.0)
    exported = markdown(Conversation("c", "甲药", 0.0, 0.0), [Message("user", "甲药能吃吗", None, 0.0), said])
    assert "警示列表（其余 1 条）：\n\n- 乙药慎用。 `f:乙药`" in exported


def test_conversations_are_searched_page_by_page(client: TestClient) -> None:
    ids = [client.post(PATH, json={"title": f"第{n}次"}).json()["id"] for n in range(5)]
    _ask(client, "偏头痛有什么症状", ids[1])
    seen, cursor = [], None
    while True:
        page = client.get(PATH, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        ConversationsOut.model_validate(page)
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [ids[1], ids[4], ids[3], ids[2], ids[0]]
    for query, expected in (("症状", [ids[1]]), ("第3", [ids[3]]), ("%", []), ("_次", [])):
        assert [one["id"] for one in client.get(PATH, params={"q": query}).json()["items"]] == expected, query
    assert client.get(PATH, params={"cursor": "x"}).json()["type"] == "/problems/usage"


def test_a_streamed_answer_is_kept(client: TestClient) -> None:
    made = client.post(PATH, json={}).json()["id"]
    body = {"question": "偏头痛有什么症状", "conversation": made}
    events = events_of(client.post("/v1/ask", json=body, headers=SSE).text)
    messages = client.get(f"{PATH}/{made}").json()["messages"]
    assert messages[1]["answer"] == events[-2][2]


def test_feedback_is_kept_and_replaced(client: TestClient) -> None:
    given = {"answer_id": "8c2f", "rating": "down", "reason": "剂量不对", "evidence_ids": ["p:1"]}
    FeedbackOut.model_validate(client.post("/v1/feedback", json=given).json())
    assert client.post("/v1/feedback", json={"answer_id": "8c2f", "rating": "up"}).status_code == 200
    client.post("/v1/feedback", json=given | {"answer_id": "aa"})
    listed = client.get("/v1/feedback", params={"limit": 1}).json()
    FeedbackListOut.model_validate(listed)
    assert [one["answer_id"] for one in listed["items"]] == ["aa"]
    rest = client.get("/v1/feedback", params={"cursor": listed["next_cursor"]}).json()
    assert [(one["answer_id"], one["rating"], one["evidence_ids"]) for one in rest["items"]] == [("8c2f", "up", [])]
    assert client.delete("/v1/feedback/8c2f").status_code == 204
    assert client.delete("/v1/feedback/8c2f").status_code == 404


def test_everything_can_be_deleted_and_leaves_nothing_in_the_file(client: TestClient, settings: Settings) -> None:
    made = client.post(PATH, json={}).json()["id"]
    _ask(client, "偏头痛有什么症状QJX", made)
    client.post("/v1/feedback", json={"answer_id": "aa", "rating": "up", "reason": "QJX"})
    gone = client.delete(PATH).json()
    DeletedOut.model_validate(gone)
    assert gone == {"conversations": 1, "feedback": 1, "records": 0}
    assert client.get(PATH).json()["items"] == client.get("/v1/feedback").json()["items"] == []
    with sqlite3.connect(settings.data_dir / "state.sqlite") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    assert b"QJX" not in (settings.data_dir / "state.sqlite").read_bytes()


def test_another_key_sees_nothing(app: FastAPI, settings: Settings) -> None:
    table = KeyTable(open_state(settings))
    one, two, admin = (table.create(name, [scope])[1] for name, scope in zip(
        ("one", "two", "admin"), (Scope.ASK, Scope.ASK, Scope.ADMIN), strict=True
    ))  # fmt: skip
    with stranger(app) as client:
        client.headers["X-API-Key"] = one
        path = client.post(PATH, json={"title": "t"}).headers["location"]
        client.post("/v1/feedback", json={"answer_id": "aa", "rating": "up"})
        client.headers["X-API-Key"] = two
        assert client.get(PATH).json()["items"] == client.get("/v1/feedback").json()["items"] == []
        assert [client.get(path).status_code, client.delete(path).status_code] == [404, 404]
        assert client.delete(PATH).json() == {"conversations": 0, "feedback": 0, "records": 0}
        assert client.get("/v1/feedback?everybody=true").status_code == 403
        client.headers["X-API-Key"] = admin
        assert len(client.get("/v1/feedback?everybody=true").json()["items"]) == 1


def test_visitors_of_one_key_see_nothing_of_each_other(client: TestClient) -> None:
    one, two = ({"X-Yiwen-Visitor": letter * 16} for letter in "ab")
    path = client.post(PATH, json={"title": "t"}, headers=one).headers["location"]
    client.post("/v1/feedback", json={"answer_id": "aa", "rating": "up"}, headers=one)
    assert client.get(path, headers=one).status_code == 200
    for others in (two, {}):
        assert client.get(path, headers=others).status_code == 404
        assert client.get(PATH, headers=others).json()["items"] == []
        assert client.delete(PATH, headers=others).json() == {"conversations": 0, "feedback": 0, "records": 0}
    assert len(client.get("/v1/feedback?everybody=true").json()["items"]) == 1
    for bad in ("short", "a b" * 8, "a" * 65):
        refused = client.get(PATH, headers={"X-Yiwen-Visitor": bad})
        assert refused.status_code == 422
        assert "16 to 64 letters" in refused.json()["detail"]


def test_a_question_takes_the_place_of_the_last_one(client: TestClient) -> None:
    made = client.post(PATH, json={}).json()["id"]
    body = {"question": "偏头痛有什么症状", "conversation": made}
    instead = client.post("/v1/ask", json=body | {"instead": True}).json()
    assert instead["text"] == _ask(client, "偏头痛有什么症状", made)["text"], (
        "with nothing to replace it is asked alike"
    )
    client.patch(f"{PATH}/{made}", json={"title": "头痛"})
    client.post("/v1/ask", json=body | {"question": "偏头痛吃什么药", "instead": True})
    found = client.get(f"{PATH}/{made}").json()
    assert [m["content"] for m in found["messages"][::2]] == ["偏头痛有什么症状", "偏头痛吃什么药"]
    assert len(found["messages"]) == 4
    assert found["title"] == "头痛", "who gave a title keeps it"


def test_a_title_goes_with_the_question_that_gave_it(client: TestClient) -> None:
    made = client.post(PATH, json={}).json()["id"]
    _ask(client, "偏头痛有什么症状", made)
    client.post("/v1/ask", json={"question": "偏头痛吃什么药", "conversation": made, "instead": True})
    assert client.get(f"{PATH}/{made}").json()["title"] == "偏头痛吃什么药"


def test_an_emergency_is_answered_though_nothing_can_be_kept(app: FastAPI, client: TestClient) -> None:
    made = client.post(PATH, json={}).json()["id"]
    file = Path(app.state.service.settings.data_dir) / "state.sqlite"
    app.state.service.state.close()
    for name in (file, file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
        name.unlink(missing_ok=True)
    file.mkdir()
    answer = _ask(client, "我突然胸口剧痛，大汗，左臂发麻", made)
    assert answer["outcome"] == "emergency"
    assert "conversation" in answer["degraded"]  # type: ignore[operator]
    assert client.get(PATH).status_code in (503, 507)


@pytest.fixture
def database(state_url: str) -> Iterator[State]:
    database = State(state_url)
    yield database
    database.close()


def test_what_is_too_old_is_forgotten(database: State) -> None:
    clock = Clock()
    table, feedback = ConversationTable(database, clock), FeedbackTable(database, clock)
    old = table.create("me")
    table.append("me", old.id, "user", "头痛")
    feedback.give("me", "aa", "up")
    clock.now += 10 * DAY_S
    new = table.create("me", "later")
    assert (table.purge(10.5), feedback.purge(10.5)) == (0, 0)
    assert (table.purge(9), feedback.purge(9)) == (1, 1)
    assert table.page("me")[0] == [new]
    with pytest.raises(NotFoundError):
        table.append("me", old.id, "user", "x")


def test_a_question_without_an_answer_is_no_history() -> None:
    said = [("user", "a"), ("user", "b"), ("assistant", "c"), ("user", "d")]
    messages = [Message("user" if role == "user" else "assistant", text, None, 0.0) for role, text in said]
    assert turns(messages) == [("user", "b"), ("assistant", "c")]
    assert turns([]) == []

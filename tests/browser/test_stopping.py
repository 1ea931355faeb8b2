"""An answer that is slow to come: what is shown meanwhile, that a stop reaches the service, that nothing else does."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, away, beside, eventually, journey, pages

pytestmark = pytest.mark.browser

SOURCE = {"id": "s:1", "title": "慢来源", "year": 2020, "grade": "guideline"}
WHEN = "2026-01-01T00:00:00.000Z"
CONVERSATION = {"id": "c1", "title": "甲病有什么症状？", "created": WHEN, "updated": WHEN}
QUESTION = {"role": "user", "content": "甲病有什么症状？", "answer": None, "created": WHEN}
ANSWER = {
    "role": "assistant", "content": "头晕。", "created": WHEN,
    "answer": {
        "answer_id": "a0", "outcome": "answered", "text": "头晕。", "citations": [], "entities": [], "warnings": [],
        "triage": {"red_flag": False}, "questions": [], "dropped": [], "kb_version": 1, "revision": 1, "verdict": None,
        "generator": "extractive", "degraded": [], "rewritten": None, "label": "AI 生成", "timings_ms": {},
    },
}  # fmt: skip
EVENTS = (
    ("meta", {"answer_id": "a1", "triage": {"red_flag": False, "category": None, "action": None}}),
    ("evidence", {"evidence": [{"id": "f:1", "kind": "fact", "text": "甲病的症状：头晕", "source": SOURCE}]}),
    ("token", {"text": "甲病的症状有：头晕[1]。\n"}),
)


class SlowService(ThreadingHTTPServer):
    """Answers every question with one sentence and then only with signs of life, until it is told to stop."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Slow)
        self.stopped = threading.Event()
        self.asked: list[str] = []


class Slow(BaseHTTPRequestHandler):
    server: SlowService

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        match self.path:
            case "/v1/conversations":
                self._json(CONVERSATION)
            case "/v1/feedback":
                self.server.asked.append("POST /v1/feedback")
                self._json({"answer_id": "a0", "rating": "up", "created": WHEN})
            case _:
                self._write()

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/v1/answers/a1/events":
                self._write()
            case "/v1/conversations":
                self._json({"items": [CONVERSATION], "next_cursor": None})
            case "/v1/conversations/c1":
                self._json(CONVERSATION | {"messages": [QUESTION]})
            case "/v1/conversations/c2":
                self._json(CONVERSATION | {"id": "c2", "messages": [QUESTION, ANSWER]})
            case _:
                self.send_error(404)

    def _json(self, body: object) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def _write(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for name, data in EVENTS:
            self.wfile.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
        self.wfile.flush()
        self.server.stopped.wait()

    def do_DELETE(self) -> None:
        assert self.path == "/v1/answers/a1"
        self.server.stopped.set()
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr."""


@pytest.fixture(scope="module")
def slow_service() -> Iterator[SlowService]:
    with SlowService() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.stopped.set()
        server.shutdown()


@pytest.fixture(scope="module")
def slow_address(slow_service: SlowService) -> Iterator[str]:
    with pages(f"http://127.0.0.1:{slow_service.server_port}") as address:
        yield address


@pytest.fixture
def slow(slow_service: SlowService) -> Iterator[SlowService]:
    """Nothing was asked yet; afterwards nobody waits any more."""
    slow_service.stopped.clear()
    slow_service.asked.clear()
    yield slow_service
    slow_service.stopped.set()


def shown(page: Page) -> None:
    """The sentence stands there once; for a moment, a page that is drawn anew holds the old one and the new one."""
    sentence = page.get_by_text("甲病的症状有：头晕[1]。")
    expect(sentence).to_have_count(1)
    expect(sentence.last).to_be_visible()


@journey
def test_sources_come_first_and_a_stop_keeps_what_came(slow: SlowService, slow_address: str, open_page: Open) -> None:
    page = open_page(at=slow_address)
    page.get_by_placeholder("输入您的医学问题").fill("甲病有什么症状？")
    page.keyboard.press("Enter")
    expect(page.get_by_text("检索到 1 条资料，来自：慢来源")).to_be_visible()
    shown(page)
    page.get_by_role("button", name="停止").click()
    expect(page.get_by_text("已停止；以上内容不完整。")).to_be_visible()
    shown(page)
    expect(page.get_by_role("button", name="重试")).to_be_visible()
    assert slow.stopped.wait(5), "the service was not told"


@journey
def test_what_is_clicked_meanwhile_neither_ends_nor_repeats_the_question(
    slow: SlowService, slow_address: str, open_page: Open
) -> None:
    page = open_page(at=slow_address)
    page.get_by_placeholder("输入您的医学问题").fill("甲病有什么症状？")
    page.keyboard.press("Enter")
    shown(page)
    expect(page.get_by_text("试试这些问题")).to_be_hidden()
    beside(page).get_by_text("English").click()
    away(page)
    expect(page.get_by_role("button", name="Stop", exact=True).last).to_be_visible()
    shown(page)
    assert eventually(lambda: "GET /v1/answers/a1/events" in slow.asked)
    assert slow.asked.count("POST /ask") == 1


@journey
def test_a_reload_takes_the_answer_up_again(slow: SlowService, slow_address: str, open_page: Open) -> None:
    page = open_page(at=slow_address)
    page.get_by_placeholder("输入您的医学问题").fill("甲病有什么症状？")
    page.keyboard.press("Enter")
    shown(page)
    expect(page).to_have_url(re.compile("conversation=c1&answer=a1"))
    page.reload()
    shown(page)
    expect(page.get_by_role("button", name="停止")).to_be_visible()
    assert eventually(lambda: slow.asked[-1] == "GET /v1/answers/a1/events")
    assert slow.asked.count("POST /ask") == 1


@journey
def test_an_opinion_during_an_answer_does_not_end_it(slow: SlowService, slow_address: str, open_page: Open) -> None:
    page = open_page(at=slow_address, path="?conversation=c2", ready="头晕。")
    page.get_by_placeholder("输入您的医学问题").fill("甲病有什么症状？")
    page.keyboard.press("Enter")
    shown(page)
    page.get_by_test_id("stFeedback").get_by_role("radio").first.click()
    expect(page.get_by_text("已记下您的意见")).to_be_visible()
    shown(page)
    page.get_by_role("button", name="停止").click()
    expect(page.get_by_text("已停止；以上内容不完整。")).to_be_visible()
    assert slow.asked.count("POST /ask") == slow.asked.count("POST /v1/feedback") == 1


@journey
def test_a_stopped_question_is_asked_again(slow: SlowService, slow_address: str, open_page: Open) -> None:
    page = open_page(at=slow_address)
    page.get_by_placeholder("输入您的医学问题").fill("甲病有什么症状？")
    page.keyboard.press("Enter")
    shown(page)
    page.get_by_role("button", name="停止").click()
    page.get_by_role("button", name="重试").click()
    assert eventually(lambda: slow.asked.count("POST /ask") == 2)

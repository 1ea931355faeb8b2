"""`serve` and `demo` as processes, spoken to with the client."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import ports
from tests.yiwen.conftest import run
from yiwen.client import Client, Patient, ServiceError, Turn, Unreachable, server_events
from yiwen.serve import DEMO_QUESTION, free_port

ANSWER_SECONDS = 5.0


@contextmanager
def running(*arguments: object) -> Iterator[tuple[str, subprocess.Popen[str], list[str]]]:
    """A `yiwen` process that serves: its address, itself, and the lines it printed until then."""
    command = [sys.executable, "-m", "yiwen", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    printed = []
    try:
        for line in process.stdout:
            printed.append(line)
            found = re.search(r"http://[\d.]+:\d+", line)
            if found:
                yield found.group(), process, printed
                break
        else:
            pytest.fail(f"it never served: {process.stderr.read() if process.stderr else ''}")
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def address(sample: Path) -> Iterator[str]:
    with running("--data-dir", sample, "serve", "--port", 0) as (found, _, _):
        yield found


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address) as found:
        yield found


def test_an_answer_comes_whole(client: Client) -> None:
    answer = client.ask(DEMO_QUESTION, patient=Patient(age=60, sex="male"), detail="full")
    assert answer.outcome == "answered"
    assert {citation.kind for citation in answer.citations} == {"fact", "conclusion"}
    assert answer.entities[0].id == "disease:2型糖尿病"


def test_medications_are_checked(client: Client) -> None:
    found = client.check_medications(["阿莫西林", "华法林", "没有这种药"], patient=Patient(allergies=["青霉素"]))
    assert found.findings[0].kind == "allergy"
    assert found.unknown[0].given == "没有这种药"
    assert found.label == "AI 生成"


def test_an_answer_comes_in_events(client: Client) -> None:
    events = list(client.stream(DEMO_QUESTION))
    answer = next(event.answer for event in events if event.answer is not None)
    assert "".join(event.text for event in events).strip() == answer.text
    assert [events[0].name, events[-1].name] == ["meta", "done"]


def test_history_is_carried(client: Client) -> None:
    history = [Turn(role="user", content="肝癌有什么症状"), Turn(role="assistant", content="……")]
    assert "肝癌" in client.ask("那挂什么科", history=history).text


def test_a_citation_opens(client: Client) -> None:
    citation = client.ask(DEMO_QUESTION).citations[0]
    start, end = citation.span
    assert client.evidence(citation.evidence_id).text[start:end] == citation.quote


def test_searching_and_looking_up(client: Client) -> None:
    assert len(client.search("肝癌", top_k=3).evidence) > 0
    assert "disease:肝癌" in [entity.id for entity in client.entities("肝癌", limit=5).items]


def test_versions_can_be_listed_and_activated(client: Client) -> None:
    found = client.versions()
    assert found.current == 1
    assert client.activate(found.versions[0].version).version == 1


def test_evidence_can_be_withdrawn_and_given_back(client: Client) -> None:
    identifier = client.ask(DEMO_QUESTION).citations[0].evidence_id
    done = client.withdraw(identifier, "试一试")
    assert (done.kind, done.current_version.facts + done.current_version.passages) == ("withdrawn", 1)
    assert identifier not in {citation.evidence_id for citation in client.ask(DEMO_QUESTION).citations}
    assert client.evidence(identifier).withheld == client.register().entries[0]
    assert client.restore(identifier).revision == done.revision + 1
    assert identifier in {citation.evidence_id for citation in client.ask(DEMO_QUESTION).citations}
    assert client.evidence(identifier).withheld is None


def test_versions_can_be_compared(client: Client) -> None:
    assert client.diff(1, 1).changes["fact"].added == 0


def test_problems_are_raised_with_their_status(client: Client) -> None:
    with pytest.raises(ServiceError, match="empty") as caught:
        client.ask("")
    assert (caught.value.status, caught.value.type) == (422, "/problems/question-rejected")
    with pytest.raises(ServiceError):
        list(client.stream(""))
    with pytest.raises(ServiceError) as missing:
        client.evidence("p:0000000000000000")
    assert missing.value.status == 404


def test_no_service_is_said_so() -> None:
    with Client("http://127.0.0.1:9") as nobody, pytest.raises(Unreachable, match="yiwen serve"):
        nobody.versions()


def test_comments_and_split_data_of_events_are_read() -> None:
    lines = [": keep-alive", "", "id: 1", "event: token", 'data: {"text":', 'data: "x"}', "", 'data: {"a": 1}', ""]
    assert list(server_events(lines)) == [("token", {"text": "x"}), ("message", {"a": 1})]


@pytest.mark.seconds
def test_a_second_demo_answers_at_once(sample: Path) -> None:
    begin = time.monotonic()
    done = run(["demo", "--once", "--data-dir", sample])
    assert time.monotonic() - begin < ANSWER_SECONDS
    assert "未变" in done.out
    assert "图谱事实" in done.out
    assert "PMID" in done.out or "pubmed" in done.out


def test_the_demo_writes_below_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["demo", "--once"]).code == 0
    assert [path.name for path in (tmp_path / ".yiwen").iterdir()] == ["demo"]


def test_the_demo_follows_the_embedder_of_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIWEN_EMBEDDER", "none")
    assert run(["demo", "--once", "--data-dir", tmp_path]).code == 0
    monkeypatch.delenv("YIWEN_EMBEDDER")
    assert run(["demo", "--once", "--data-dir", tmp_path]).code == 0
    found = run(["--data-dir", tmp_path, "kb", "versions", "--json"]).json
    assert [row["dimension"] > 0 for row in found["versions"]] == [False, True]
    assert found["current"] == 2


def test_a_damaged_demo_says_how_to_begin_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIWEN_EMBEDDER", "none")
    assert run(["demo", "--once", "--data-dir", tmp_path]).code == 0
    (manifest,) = tmp_path.glob("kb/snapshots/*/manifest.json")
    manifest.write_bytes(b"{}")
    done = run(["demo", "--once", "--data-dir", tmp_path])
    assert done.code == 5
    assert "delete it" in done.err


def test_the_demo_takes_the_next_port_and_stops_with_ctrl_c(sample: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running("demo", "--data-dir", sample, "--port", port) as (found, process, printed):
            assert found != f"http://127.0.0.1:{port}"
            assert f"端口 {port} 已被占用" in "".join(printed)
            with Client(found) as client:
                assert client.versions().current == 1
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=15) in (0, 130)
            assert process.stderr is not None
            assert "Traceback" not in process.stderr.read()


def test_a_taken_port_is_one_line(sample: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(["--data-dir", sample, "serve", "--port", taken.getsockname()[1]])
    assert done.code == 6
    assert "cannot listen" in done.err


def test_a_free_port_is_kept() -> None:
    port = ports.free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert free_port("127.0.0.1", port) != port
    assert free_port("127.0.0.1", port) == port

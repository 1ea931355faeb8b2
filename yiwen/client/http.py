"""The client itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import IO, Any, Literal
from urllib.parse import quote

import httpx

from yiwen.client.replies.answers import Answer, Event, Found, Patient, Turn
from yiwen.client.replies.conversations import (
    Conversation,
    ConversationInFull,
    Conversations,
    Deleted,
    Feedback,
    FeedbackList,
)
from yiwen.client.replies.entities import Entities, EntityInFull, Graph, Paths
from yiwen.client.replies.evidence import Curated, Evidence, Register
from yiwen.client.replies.jobs import Job, Jobs
from yiwen.client.replies.knowledge import Activated, Difference, Versions, Vocabulary
from yiwen.client.replies.medications import Medications
from yiwen.client.replies.reviews import Aliases, Findings, Standing
from yiwen.client.replies.service import Models, Program, Ready, Reports
from yiwen.client.transport import R, ServiceError, given, raise_for, reachable, read, server_events

TIMEOUT_S = 60.0


class Client:
    """Talks to one service; close it, or use it as a context manager. Not shared between threads while streaming."""

    def __init__(
        self, url: str, key: str | None = None, timeout_s: float = TIMEOUT_S, visitor: str | None = None
    ) -> None:
        """`visitor`: an unguessable name of whom of several this is for; conversations and feedback are theirs."""
        headers = given(**{"X-API-Key": key, "X-Yiwen-Visitor": visitor})
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_s)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # ------------------------------------------------------------ questions

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        patient: Patient | None = None,
        kb_version: int | None = None,
        top_k: int | None = None,
        detail: Literal["short", "full"] = "short",
        conversation: str | None = None,
        instead: bool = False,
        generator: str | None = None,
    ) -> Answer:
        """The whole answer at once; `conversation` keeps it, `generator` (one of `models`) writes it.

        `instead`: in the place of the last question of the conversation.
        """
        body = _ask_body(question, history, patient, kb_version, top_k, detail, conversation, instead, generator)
        return self._post("/ask", body, Answer)

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        patient: Patient | None = None,
        kb_version: int | None = None,
        top_k: int | None = None,
        detail: Literal["short", "full"] = "short",
        conversation: str | None = None,
        instead: bool = False,
        generator: str | None = None,
    ) -> Iterator[Event]:
        """The events of an answer as they come; one that is left goes on for 15 s, unless `stop` ends it."""
        body = _ask_body(question, history, patient, kb_version, top_k, detail, conversation, instead, generator)
        yield from self._events("POST", "/ask", body, {})

    def follow(self, answer_id: str, *, after: int = 0) -> Iterator[Event]:
        """The events of an answer that was cut off less than 15 s ago, behind the first `after`."""
        yield from self._events("GET", f"/v1/answers/{answer_id}/events", None, {"Last-Event-ID": str(after)})

    def stop(self, answer_id: str) -> None:
        """End an answer that is being streamed; what is written stays."""
        with reachable():
            raise_for(self._http.delete(f"/v1/answers/{answer_id}"))

    def _events(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> Iterator[Event]:
        accept = {"Accept": "text/event-stream", **headers}
        with reachable(), self._http.stream(method, path, json=body, headers=accept) as response:
            if response.is_error:
                response.read()
            raise_for(response)
            for name, data in server_events(response.iter_lines()):
                if name == "error":
                    raise ServiceError(int(data.get("status", 500)), data)
                yield Event(name=name, data=data)

    def search(self, question: str, *, top_k: int | None = None, kb_version: int | None = None) -> Found:
        """Evidence without an answer."""
        return self._post("/v1/search", given(question=question, top_k=top_k, kb_version=kb_version), Found)

    def check_medications(
        self, drugs: Sequence[str], *, patient: Patient | None = None, kb_version: int | None = None
    ) -> Medications:
        """What the knowledge base holds against a list of drugs for a patient."""
        known = patient.model_dump(exclude_none=True) if patient else None
        body = given(drugs=list(drugs), patient=known, kb_version=kb_version)
        return self._post("/v1/medications/check", body, Medications)

    # ------------------------------------------------------------ conversations and feedback

    def create_conversation(self, title: str = "") -> Conversation:
        """A conversation without messages; name its id in `ask` or `stream`."""
        return self._post("/v1/conversations", {"title": title}, Conversation)

    def conversations(self, query: str = "", *, limit: int | None = None, cursor: str | None = None) -> Conversations:
        """Those whose title or messages hold `query`, the last used first."""
        return self._get("/v1/conversations", Conversations, given(q=query, limit=limit, cursor=cursor))

    def conversation(self, identifier: str) -> ConversationInFull:
        """One with its messages."""
        return self._get(f"/v1/conversations/{identifier}", ConversationInFull, {})

    def rename_conversation(self, identifier: str, title: str) -> Conversation:
        """Another title."""
        with reachable():
            return read(self._http.patch(f"/v1/conversations/{identifier}", json={"title": title}), Conversation)

    def export_conversation(self, identifier: str) -> str:
        """As Markdown, with label and sources."""
        with reachable():
            response = self._http.get(f"/v1/conversations/{identifier}/export", params={"format": "markdown"})
            raise_for(response)
            return response.text

    def delete_conversation(self, identifier: str) -> None:
        """Forget one."""
        with reachable():
            raise_for(self._http.delete(f"/v1/conversations/{identifier}"))

    def delete_everything(self) -> Deleted:
        """Forget all conversations and feedback of this key."""
        with reachable():
            return read(self._http.delete("/v1/conversations"), Deleted)

    def give_feedback(
        self, answer_id: str, rating: Literal["up", "down"], *, reason: str = "", evidence_ids: Sequence[str] = ()
    ) -> Feedback:
        """Say what you think of an answer; again replaces it."""
        body = {"answer_id": answer_id, "rating": rating, "reason": reason, "evidence_ids": list(evidence_ids)}
        return self._post("/v1/feedback", body, Feedback)

    def feedback(self, *, everybody: bool = False, limit: int | None = None, cursor: str | None = None) -> FeedbackList:
        """What was said with this key, or with all (needs the scope admin)."""
        return self._get("/v1/feedback", FeedbackList, given(everybody=everybody, limit=limit, cursor=cursor))

    def delete_feedback(self, answer_id: str) -> None:
        """Take it back."""
        with reachable():
            raise_for(self._http.delete(f"/v1/feedback/{answer_id}"))

    # ------------------------------------------------------------ the knowledge base

    def entities(self, query: str, *, limit: int | None = None, cursor: str | None = None) -> Entities:
        """Entities whose name begins with or contains `query`."""
        return self._get("/v1/entities", Entities, given(q=query, limit=limit, cursor=cursor))

    def entity(self, identifier: str, *, limit: int | None = None) -> EntityInFull:
        """An entity with its names and its facts, at most `limit` of each relation and direction."""
        return self._get(f"/v1/entities/{quote(identifier, safe='')}", EntityInFull, given(limit=limit))

    def graph(self, identifier: str, *, limit: int | None = None) -> Graph:
        """What lies one step around an entity, at most `limit` facts of each relation and direction."""
        return self._get(f"/v1/entities/{quote(identifier, safe='')}/graph", Graph, given(limit=limit))

    def paths(self, start: str, end: str, *, max_hops: int | None = None, limit: int | None = None) -> Paths:
        """Shortest chains of facts between two entities, named by id."""
        return self._get("/v1/paths", Paths, given(**{"from": start, "to": end}, max_hops=max_hops, limit=limit))

    def evidence(self, identifier: str, *, kb_version: int | None = None) -> Evidence:
        """What a citation opens."""
        return self._get(f"/v1/evidence/{identifier}", Evidence, given(kb_version=kb_version))

    def versions(self) -> Versions:
        """All versions."""
        return self._get("/v1/kb/versions", Versions, {})

    def activate(self, version: int) -> Activated:
        """Serve another version; needs the key where the service has one."""
        return self._post(f"/v1/kb/versions/{version}/activate", None, Activated)

    def diff(self, a: int, b: int, *, samples: int = 5) -> Difference:
        """What version `b` has that `a` has not, and the reverse."""
        return self._get("/v1/kb/diff", Difference, {"a": a, "b": b, "samples": samples})

    # ------------------------------------------------------------ curation

    def register(self) -> Register:
        """What is withdrawn, retracted or erased."""
        return self._get("/v1/kb/register", Register, {})

    def withdraw(self, identifier: str, reason: str) -> Curated:
        """Let nothing of an id support an answer, in any version, at once; needs the key where the service has one."""
        return self._post(f"/v1/evidence/{quote(identifier, safe='')}/withdraw", {"reason": reason}, Curated)

    def restore(self, identifier: str) -> Curated:
        """Let it support answers again."""
        return self._post(f"/v1/evidence/{quote(identifier, safe='')}/restore", None, Curated)

    def findings(
        self, *, rule: str | None = None, severity: str | None = None, limit: int | None = None, offset: int = 0
    ) -> Findings:
        """What the audit of the current version found; `next_offset` leads on."""
        return self._get("/v1/kb/findings", Findings, given(rule=rule, severity=severity, limit=limit, offset=offset))

    def doubted_aliases(self, standing: Standing = "held", *, limit: int | None = None, offset: int = 0) -> Aliases:
        """Aliases with a finding: held until released, doubtful but used, or released by somebody."""
        return self._get("/v1/kb/aliases", Aliases, given(standing=standing, limit=limit, offset=offset))

    def release(self, *records: str, reason: str = "", key: str | None = None) -> Job:
        """Queue a version in which answers may use these records; the same `key` again leads to the same job."""
        return self._review("release", records, reason, key)

    def hold(self, *records: str, reason: str, key: str | None = None) -> Job:
        """Queue a version in which no answer uses these records."""
        return self._review("hold", records, reason, key)

    def _review(self, verdict: str, records: Sequence[str], reason: str, key: str | None) -> Job:
        body = {"verdict": verdict, "records": list(records), "reason": reason}
        headers = {"Idempotency-Key": key} if key else {}
        with reachable():
            return read(self._http.post("/v1/kb/reviews", json=body, headers=headers), Job)

    def vocabulary(self) -> Vocabulary:
        """What facts, sources and maps of tables are made of."""
        return self._get("/v1/kb/vocabulary", Vocabulary, {})

    # ------------------------------------------------------------ ingestion jobs

    def upload(
        self,
        *files: tuple[str, IO[bytes]],
        dataset: str | None = None,
        format: str | None = None,
        encoding: str | None = None,
        append: bool = False,
        max_rejects: int | None = None,
        allow_shrink: bool = False,
        gate: str | None = None,
        table_map: str | None = None,
        preview: int | None = None,
        key: str | None = None,
    ) -> Job:
        """Queue the ingestion of files, each a name and its content; the same `key` again leads to the same job.

        `table_map` is the text of a map; with `preview` nothing is stored, and the report shows so many rows of each.
        """
        fields = given(
            dataset=dataset, format=format, encoding=encoding, max_rejects=max_rejects, gate=gate,
            table_map=table_map, preview=preview,
        )  # fmt: skip
        data = {name: str(value) for name, value in fields.items()} | {
            "append": str(append).lower(), "allow_shrink": str(allow_shrink).lower(),
        }  # fmt: skip
        sent = [("file", file) for file in files]
        headers = {"Idempotency-Key": key} if key else {}
        with reachable():
            return read(self._http.post("/v1/kb/jobs", files=sent, data=data, headers=headers), Job)

    def ingest(
        self,
        *paths: str,
        dataset: str | None = None,
        format: str | None = None,
        encoding: str | None = None,
        append: bool = False,
        max_rejects: int | None = None,
        allow_shrink: bool = False,
        gate: str | None = None,
        table_map: str | None = None,
        preview: int | None = None,
        key: str | None = None,
    ) -> Job:
        """The same for files below the folder of the service whose files may be named."""
        body = given(
            paths=list(paths), dataset=dataset, format=format, encoding=encoding, append=append,
            max_rejects=max_rejects, allow_shrink=allow_shrink, gate=gate, table_map=table_map, preview=preview,
        )  # fmt: skip
        headers = {"Idempotency-Key": key} if key else {}
        with reachable():
            return read(self._http.post("/v1/kb/jobs", json=body, headers=headers), Job)

    def jobs(self, *, state: str | None = None, limit: int | None = None, cursor: str | None = None) -> Jobs:
        """Jobs, newest first."""
        return self._get("/v1/kb/jobs", Jobs, given(state=state, limit=limit, cursor=cursor))

    def job(self, identifier: str) -> Job:
        """One job."""
        return self._get(f"/v1/kb/jobs/{identifier}", Job, {})

    def cancel_job(self, identifier: str) -> Job:
        """Take a job out of the queue, or end a running one; then it is `cancelling` for up to two seconds."""
        return self._post(f"/v1/kb/jobs/{identifier}/cancel", None, Job)

    def retry_job(self, identifier: str) -> Job:
        """Queue a failed or cancelled job again."""
        return self._post(f"/v1/kb/jobs/{identifier}/retry", None, Job)

    def delete_job(self, identifier: str) -> None:
        """Forget a job that has ended, its upload and its rejected rows."""
        with reachable():
            raise_for(self._http.delete(f"/v1/kb/jobs/{identifier}"))

    def rejects(self, identifier: str) -> Iterator[dict[str, Any]]:
        """The rejected rows of a job: file, line, reason, raw."""
        with reachable(), self._http.stream("GET", f"/v1/kb/jobs/{identifier}/rejects") as response:
            if response.is_error:
                response.read()
            raise_for(response)
            for line in response.iter_lines():
                yield json.loads(line)

    # ------------------------------------------------------------ the service itself

    def models(self) -> tuple[str, ...]:
        """Names of the generators, the default one first."""
        return tuple(model.id for model in self._get("/v1/models", Models, {}).data)

    def reports(self) -> Reports:
        """What the evaluation found."""
        return self._get("/v1/reports", Reports, {})

    def ready(self) -> Ready:
        """Whether it can answer, and from which version. Raises ServiceError (503) where it cannot."""
        return self._get("/readyz", Ready, {})

    def program(self) -> Program:
        """Which program runs there."""
        return self._get("/version", Program, {})

    # ------------------------------------------------------------ transport

    def _get(self, path: str, reply: type[R], parameters: Mapping[str, Any]) -> R:
        with reachable():
            return read(self._http.get(path, params=dict(parameters)), reply)

    def _post(self, path: str, body: Mapping[str, Any] | None, reply: type[R]) -> R:
        with reachable():
            return read(self._http.post(path, json=body), reply)


def _ask_body(
    question: str,
    history: Sequence[Turn],
    patient: Patient | None,
    kb_version: int | None,
    top_k: int | None,
    detail: str,
    conversation: str | None,
    instead: bool,
    generator: str | None,
) -> dict[str, Any]:
    turns = [turn.model_dump() for turn in history] or None
    who = patient.model_dump(exclude_none=True) if patient else None
    return given(
        question=question, history=turns, patient=who, kb_version=kb_version, top_k=top_k, detail=detail,
        conversation=conversation, instead=instead or None, generator=generator,
    )  # fmt: skip

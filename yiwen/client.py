"""A small typed client of the REST service: httpx and pydantic only, nothing of the product.

    with Client("http://127.0.0.1:8000") as client:
        answer = client.ask("偏头痛有什么症状？")

Address and key are arguments; nothing is read from the environment. Every method raises `ServiceError` for a problem
that the service reports and `Unreachable` where there is no service. Fields that a newer service adds are kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import IO, Any, Literal, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

TIMEOUT_S = 60.0


class ServiceError(Exception):
    """A problem (RFC 9457) that the service answered with."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.type = str(problem.get("type", "about:blank"))
        self.title = str(problem.get("title", "error"))
        self.detail = str(problem.get("detail") or "")
        self.request_id = problem.get("request_id")
        super().__init__(f"{self.title} ({status}): {self.detail}" if self.detail else f"{self.title} ({status})")


class Unreachable(Exception):
    """No service answers at the address, or what answers is not this service."""


class _Reply(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class Source(_Reply):
    """A bibliographic record."""

    id: str
    title: str
    year: int | None = None
    grade: str
    url: str | None = None


class Citation(_Reply):
    """What `[n]` stands for; `quote` is the evidence's text at `span`."""

    n: int
    evidence_id: str
    kind: str
    quote: str
    span: tuple[int, int]
    source: Source


class Entity(_Reply):
    """A thing that has an id, `type:name`."""

    id: str
    name: str
    type: str


class Mention(Entity):
    """An entity in the question."""

    surface: str
    start: int
    end: int
    negated: bool
    carried: bool


class SafetyWarning(_Reply):
    """What speaks against a drug."""

    kind: str
    text: str
    evidence_ids: tuple[str, ...]


class Triage(_Reply):
    """The verdict of the red-flag rules."""

    red_flag: bool
    category: str | None = None
    action: str | None = None


class Dropped(_Reply):
    """A sentence that did not pass the checker."""

    sentence: str
    reason: str


class Answer(_Reply):
    """A checked answer."""

    answer_id: str
    outcome: Literal["answered", "partial", "need_more_info", "not_in_kb", "emergency"]
    text: str
    citations: tuple[Citation, ...]
    entities: tuple[Mention, ...]
    warnings: tuple[SafetyWarning, ...]
    triage: Triage
    questions: tuple[str, ...]
    dropped: tuple[Dropped, ...]
    kb_version: int
    revision: int
    generator: str
    degraded: tuple[str, ...]
    label: str
    timings_ms: dict[str, float]


class Entry(_Reply):
    """Why something supports no answer: it is `withdrawn`, `retracted` or `erased`; `when` is UTC."""

    id: str
    kind: str
    reason: str
    when: str


class Extent(_Reply):
    """How much of the current version an id stands for."""

    facts: int
    passages: int


class Curated(Entry):
    """The entry of the register that was made or taken out."""

    revision: int
    current_version: Extent


class Register(_Reply):
    """All entries, oldest first."""

    revision: int
    entries: tuple[Entry, ...]


class Change(_Reply):
    """What one kind of record gained and lost; samples are lines to read."""

    added: int
    removed: int
    added_samples: tuple[str, ...]
    removed_samples: tuple[str, ...]


class Difference(_Reply):
    """What differs between two versions, by kind of record."""

    changes: dict[str, Change]


class Evidence(_Reply):
    """A fact or a passage."""

    id: str
    kind: str
    text: str
    title: str | None = None
    source: Source
    score: float | None = None
    arms: dict[str, float] = {}
    withheld: Entry | None = None


class Found(_Reply):
    """The result of a search."""

    evidence: tuple[Evidence, ...]
    entities: tuple[Mention, ...]
    kb_version: int


class Entities(_Reply):
    """A page of entities; pass `next_cursor` for the next one."""

    items: tuple[Entity, ...]
    next_cursor: str | None = None


class Version(_Reply):
    """One retained version of the knowledge base."""

    version: int
    digest: str
    created: str
    counts: dict[str, int]
    datasets: tuple[str, ...]


class Versions(_Reply):
    """All retained versions, and which is served."""

    current: int | None
    versions: tuple[Version, ...]


class Activated(_Reply):
    """What is served from now on."""

    version: int
    revision: int


class JobFile(_Reply):
    """A file of a job."""

    name: str
    size: int


class JobProgress(_Reply):
    """How far a run is; `fraction` of the stage (0 to 1), `rate` in items a second."""

    stage: str
    file: str | None = None
    done: int = 0
    total: int | None = None
    fraction: float | None = None
    rate: float | None = None
    eta_s: float | None = None


class JobError(_Reply):
    """Why a job failed, or why it is tried again."""

    slug: str
    detail: str


class Job(_Reply):
    """An ingestion job."""

    id: str
    state: Literal["queued", "running", "cancelling", "cancelled", "done", "done_with_rejects", "failed"]
    files: tuple[JobFile, ...]
    created: str
    progress: JobProgress | None = None
    report: dict[str, Any] | None = None
    error: JobError | None = None
    rejected: dict[str, int] = {}
    rejects: bool = False

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("cancelled", "done", "done_with_rejects", "failed")


class Jobs(_Reply):
    """A page of jobs, newest first; pass `next_cursor` for the next one."""

    items: tuple[Job, ...]
    next_cursor: str | None = None


class Patient(BaseModel):
    """Who the question is about; age in years."""

    age: float | None = None
    sex: Literal["female", "male"] | None = None
    pregnant: bool | None = None
    allergies: list[str] = []
    drugs: list[str] = []
    conditions: list[str] = []


class Turn(BaseModel):
    """An earlier message."""

    role: Literal["user", "assistant"]
    content: str


class Event(_Reply):
    """One event of a streamed answer: `meta`, `evidence`, `token`, `dropped`, `answer` or `done`."""

    name: str
    data: dict[str, Any]

    @property
    def text(self) -> str:
        """The text of a `token`, else nothing."""
        return str(self.data["text"]) if self.name == "token" else ""

    @property
    def answer(self) -> Answer | None:
        """The whole answer, in the event of that name."""
        return Answer.model_validate(self.data) if self.name == "answer" else None


R = TypeVar("R", bound=_Reply)


class Client:
    """Talks to one service; close it, or use it as a context manager. Not shared between threads while streaming."""

    def __init__(self, url: str, key: str | None = None, timeout_s: float = TIMEOUT_S) -> None:
        headers = {"X-API-Key": key} if key else {}
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
    ) -> Answer:
        """The whole answer at once."""
        body = _ask_body(question, history, patient, kb_version, top_k, detail)
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
    ) -> Iterator[Event]:
        """The events of an answer as they come; leaving the iterator stops the answer."""
        body = _ask_body(question, history, patient, kb_version, top_k, detail)
        headers = {"Accept": "text/event-stream"}
        with _reachable(), self._http.stream("POST", "/ask", json=body, headers=headers) as response:
            if response.is_error:
                response.read()
            _raise_for(response)
            for name, data in server_events(response.iter_lines()):
                if name == "error":
                    raise ServiceError(int(data.get("status", 500)), data)
                yield Event(name=name, data=data)

    def search(self, question: str, *, top_k: int | None = None, kb_version: int | None = None) -> Found:
        """Evidence without an answer."""
        return self._post("/v1/search", _given(question=question, top_k=top_k, kb_version=kb_version), Found)

    # ------------------------------------------------------------ the knowledge base

    def entities(self, query: str, *, limit: int | None = None, cursor: str | None = None) -> Entities:
        """Entities whose name begins with or contains `query`."""
        return self._get("/v1/entities", Entities, _given(q=query, limit=limit, cursor=cursor))

    def evidence(self, identifier: str, *, kb_version: int | None = None) -> Evidence:
        """What a citation opens."""
        return self._get(f"/v1/evidence/{identifier}", Evidence, _given(kb_version=kb_version))

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
        key: str | None = None,
    ) -> Job:
        """Queue the ingestion of files, each a name and its content; the same `key` again leads to the same job."""
        fields = _given(dataset=dataset, format=format, encoding=encoding, max_rejects=max_rejects, gate=gate)
        data = {name: str(value) for name, value in fields.items()} | {
            "append": str(append).lower(), "allow_shrink": str(allow_shrink).lower(),
        }  # fmt: skip
        sent = [("file", file) for file in files]
        headers = {"Idempotency-Key": key} if key else {}
        with _reachable():
            return _read(self._http.post("/v1/kb/jobs", files=sent, data=data, headers=headers), Job)

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
        key: str | None = None,
    ) -> Job:
        """The same for files below the folder of the service whose files may be named."""
        body = _given(
            paths=list(paths), dataset=dataset, format=format, encoding=encoding, append=append,
            max_rejects=max_rejects, allow_shrink=allow_shrink, gate=gate,
        )  # fmt: skip
        headers = {"Idempotency-Key": key} if key else {}
        with _reachable():
            return _read(self._http.post("/v1/kb/jobs", json=body, headers=headers), Job)

    def jobs(self, *, state: str | None = None, limit: int | None = None, cursor: str | None = None) -> Jobs:
        """Jobs, newest first."""
        return self._get("/v1/kb/jobs", Jobs, _given(state=state, limit=limit, cursor=cursor))

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
        with _reachable():
            _raise_for(self._http.delete(f"/v1/kb/jobs/{identifier}"))

    def rejects(self, identifier: str) -> Iterator[dict[str, Any]]:
        """The rejected rows of a job: file, line, reason, raw."""
        with _reachable(), self._http.stream("GET", f"/v1/kb/jobs/{identifier}/rejects") as response:
            if response.is_error:
                response.read()
            _raise_for(response)
            for line in response.iter_lines():
                yield json.loads(line)

    # ------------------------------------------------------------ transport

    def _get(self, path: str, reply: type[R], parameters: Mapping[str, Any]) -> R:
        with _reachable():
            return _read(self._http.get(path, params=dict(parameters)), reply)

    def _post(self, path: str, body: Mapping[str, Any] | None, reply: type[R]) -> R:
        with _reachable():
            return _read(self._http.post(path, json=body), reply)


def _ask_body(
    question: str,
    history: Sequence[Turn],
    patient: Patient | None,
    kb_version: int | None,
    top_k: int | None,
    detail: str,
) -> dict[str, Any]:
    turns = [turn.model_dump() for turn in history] or None
    who = patient.model_dump(exclude_none=True) if patient else None
    return _given(question=question, history=turns, patient=who, kb_version=kb_version, top_k=top_k, detail=detail)


def _given(**values: object) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise Unreachable(
            f"no answer from the service: {error or type(error).__name__}; is `yiwen serve` running?"
        ) from error


def _read(response: httpx.Response, reply: type[R]) -> R:
    _raise_for(response)
    try:
        return reply.model_validate_json(response.content)
    except ValidationError as error:
        raise Unreachable(f"{response.url} is not the service: its reply has another shape") from error


def _raise_for(response: httpx.Response) -> None:
    if not response.is_error:
        return
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    raise ServiceError(response.status_code, problem if isinstance(problem, dict) else {})


def server_events(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, data) of each server-sent event; comments, which keep the connection alive, are passed over."""
    name, data = "message", ""
    for line in lines:
        if line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            data += line.removeprefix("data:").strip()
        elif not line and data:
            yield name, json.loads(data)
            name, data = "message", ""

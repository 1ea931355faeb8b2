"""Questions and their answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from yiwen.client.replies.evidence import Entity, Evidence, Source
from yiwen.client.replies.reply import Reply


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


class Citation(Reply):
    """What `[n]` stands for; `quote` is the evidence's text at `span`."""

    n: int
    evidence_id: str
    kind: str
    quote: str
    span: tuple[int, int]
    source: Source


class Mention(Entity):
    """An entity in the question."""

    surface: str
    start: int
    end: int
    negated: bool
    carried: bool
    past: bool = False
    third_person: bool = False
    hypothetical: bool = False


class SafetyWarning(Reply):
    """What speaks against a drug."""

    kind: str
    text: str
    evidence_ids: tuple[str, ...]
    severity: str = "unknown"


class Side(Reply):
    """What some sources say; `witnesses`: how many of them are independent."""

    value: str
    evidence_ids: tuple[str, ...]
    witnesses: int
    sources: tuple[Source, ...]


class Conflict(Reply):
    """Sources that disagree, side by side."""

    subject: Entity
    relation: str
    label: str = ""
    about: str
    sides: tuple[Side, ...]


class Triage(Reply):
    """The verdict of the red-flag rules."""

    red_flag: bool
    category: str | None = None
    action: str | None = None
    label: str | None = None


class Dropped(Reply):
    """A sentence that did not pass the checker."""

    sentence: str
    reason: str


class Answer(Reply):
    """A checked answer."""

    answer_id: str
    outcome: Literal["answered", "partial", "need_more_info", "not_in_kb", "emergency"]
    text: str
    citations: tuple[Citation, ...]
    entities: tuple[Mention, ...]
    warnings: tuple[SafetyWarning, ...]
    conflicts: tuple[Conflict, ...] = ()
    triage: Triage
    questions: tuple[str, ...]
    dropped: tuple[Dropped, ...]
    kb_version: int
    revision: int
    generator: str
    degraded: tuple[str, ...]
    verdict: Literal["yes", "no", "not_stated"] | None
    rewritten: str | None
    label: str
    disclaimer: str = ""
    timings_ms: dict[str, float]


class Event(Reply):
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


class Found(Reply):
    """The result of a search."""

    evidence: tuple[Evidence, ...]
    entities: tuple[Mention, ...]
    kb_version: int

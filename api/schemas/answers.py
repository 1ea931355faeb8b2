"""Questions, evidence found by searching, and answers. Field names are a contract.

Control and bidi characters in a question are cleaned by the pipeline, which also limits its length; the limits here
bound everything else.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.schemas.records import EntityOut, SourceOut
from api.schemas.strict import WHOLE, Few, Request, Response, VersionNumber
from rag.domain import Patient, Sex, Turn
from rag.pipeline import Options


class TurnIn(Request):
    """An earlier message of the conversation."""

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(max_length=20_000)]


class PatientIn(Request):
    """Who the question is about; age in years, fractions for infants."""

    age: Annotated[float, Field(ge=0, le=150)] | None = None
    sex: Literal["female", "male"] | None = None
    pregnant: bool | None = None
    allergies: Few = Field([])
    drugs: Few = Field([])
    conditions: Few = Field([])

    def patient(self) -> Patient:
        """As the pipeline takes it."""
        return Patient(
            age=self.age,
            sex=Sex(self.sex) if self.sex else None,
            pregnant=self.pregnant,
            allergies=tuple(self.allergies),
            drugs=tuple(self.drugs),
            conditions=tuple(self.conditions),
        )


class SearchIn(Request):
    """A search for evidence."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"question": "布洛芬能缓解偏头痛吗", "top_k": 5}]})

    question: str = Field(description="empty or longer than the service allows (2,000 characters): 422")
    top_k: Annotated[int, Field(ge=1, le=50), WHOLE] | None = None
    kb_version: VersionNumber | None = Field(None, description="an older version; the current one if absent")
    min_revision: VersionNumber | None = Field(None, description="wait (2 s) until this revision is served, else 503")


class AskIn(SearchIn):
    """A question."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"question": "偏头痛吃什么药", "patient": {"age": 30, "sex": "female", "pregnant": True}}]
        }
    )

    history: Annotated[list[TurnIn], Field(max_length=50)] = Field([])
    conversation: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="a conversation that keeps question and answer; it is the history where none is sent"
    )
    instead: bool = Field(
        False, description="the question takes the place of the last one of the conversation and its answer"
    )
    patient: PatientIn | None = None
    generator: Annotated[str, Field(max_length=100)] | None = None
    detail: Literal["short", "full"] = "short"
    language: Literal["zh", "en"] = "zh"

    def options(self, default_top_k: int) -> Options:
        """As the pipeline takes them."""
        return Options(
            patient=self.patient.patient() if self.patient else None,
            history=tuple(Turn(turn.role, turn.content) for turn in self.history),
            kb_version=self.kb_version,
            generator=self.generator,
            top_k=self.top_k or default_top_k,
            detail=self.detail,
            language=self.language,
        )


class CitationOut(Response):
    """What `[n]` in the text stands for: `quote` is the evidence's text at `span`."""

    n: int
    evidence_id: str
    kind: str
    quote: str
    span: tuple[int, int]
    source: SourceOut


class MentionOut(EntityOut):
    """An entity in the question: `question[start:end] == surface`, (0, 0) if carried from an earlier turn."""

    surface: str
    start: int
    end: int
    negated: bool
    past: bool
    third_person: bool = Field(description="somebody else's than the writer's")
    hypothetical: bool = Field(description="feared, suspected, supposed or asked about")
    carried: bool


class UnsureOut(Response):
    """A name that may stand for several entities, or has a modifier that makes it the name of something else."""

    surface: str
    start: int
    end: int
    negated: bool
    past: bool
    third_person: bool
    hypothetical: bool
    carried: bool
    modifier: str
    candidates: list[EntityOut]


class WarningOut(Response):
    """What speaks against a drug that is asked about or mentioned."""

    kind: str
    text: str
    evidence_ids: list[str]
    severity: str = Field(description="contraindicated, major, moderate, caution, minor or unknown")


class SideOut(Response):
    """What some sources say; `witnesses` is how many of them are independent (two shapes of one data set are one)."""

    value: str
    evidence_ids: list[str]
    witnesses: int
    sources: list[SourceOut]


class ConflictOut(Response):
    """Sources that disagree on a relation of a subject, side by side."""

    subject: EntityOut
    relation: str
    label: str
    about: str
    population: str | None
    independent: bool = Field(description="false where one data set contradicts itself")
    sides: list[SideOut]


class TriageOut(Response):
    """The verdict of the red-flag rules; `action` goes before everything else."""

    red_flag: bool
    category: str | None
    action: str | None
    label: str | None


class DroppedOut(Response):
    """A sentence that did not pass the checker."""

    sentence: str
    reason: str


class AnswerOut(Response):
    """A checked answer."""

    answer_id: str
    outcome: Literal["answered", "partial", "need_more_info", "not_in_kb", "emergency"]
    text: str
    citations: list[CitationOut]
    entities: list[MentionOut]
    unsure: list[UnsureOut]
    warnings: list[WarningOut]
    conflicts: list[ConflictOut]
    triage: TriageOut
    questions: list[str] = Field(
        description="asked back; they end `text`, which goes back in `history` with the answer as the next question"
    )
    dropped: list[DroppedOut]
    kb_version: int
    revision: int
    generator: str
    degraded: list[str]
    verdict: Literal["yes", "no", "not_stated"] | None = Field(
        description="What the knowledge base says to a question of yes or no; not_stated: it lists others."
    )
    rewritten: str | None = Field(description="A follow-up question as it was understood; null where it stood alone.")
    label: str
    disclaimer: str
    timings_ms: dict[str, float]


class ArmsOut(Response):
    """What each way of searching contributed, 0 where it did not find it; `rerank` is what a reranker gave it."""

    dense: float
    sparse: float
    graph: float
    rerank: float


class EvidenceOut(Response):
    """A fact or a passage that was found."""

    id: str
    kind: str
    text: str
    title: str | None
    score: float
    arms: ArmsOut
    source: SourceOut


class SearchOut(Response):
    """Evidence, best first."""

    evidence: list[EvidenceOut]
    entities: list[MentionOut]
    unsure: list[UnsureOut]
    kb_version: int
    revision: int

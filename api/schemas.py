"""Requests, checked strictly, and responses, as OpenAPI documents them.

Field names are a contract. Control and bidi characters in a question are cleaned by the pipeline, which also limits
its length; the limits here bound everything else.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag.domain import Patient, Sex, Turn
from rag.pipeline import Options

Short = Annotated[str, Field(max_length=200)]
Few = Annotated[list[Short], Field(max_length=50)]
VersionNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]


class _Request(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class TurnIn(_Request):
    """An earlier message of the conversation."""

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(max_length=20_000)]


class PatientIn(_Request):
    """Who the question is about; age in years, fractions for infants."""

    age: Annotated[float, Field(ge=0, le=150)] | None = None
    sex: Literal["female", "male"] | None = None
    pregnant: bool | None = None
    allergies: Few = []
    drugs: Few = []
    conditions: Few = []

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


class SearchIn(_Request):
    """A search for evidence."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"question": "布洛芬能缓解偏头痛吗", "top_k": 5}]})

    question: str = Field(description="empty or longer than the service allows (2,000 characters): 422")
    top_k: Annotated[int, Field(ge=1, le=50)] | None = None
    kb_version: VersionNumber | None = Field(None, description="an older version; the current one if absent")
    min_revision: VersionNumber | None = Field(None, description="wait (2 s) until this revision is served, else 503")


class AskIn(SearchIn):
    """A question."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"question": "偏头痛吃什么药", "patient": {"age": 30, "sex": "female", "pregnant": True}}]
        }
    )

    history: Annotated[list[TurnIn], Field(max_length=50)] = []
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


class MedicationsIn(_Request):
    """Drugs, herbs, formulas and foods by name, and who takes them; what the patient takes already is `patient.drugs`.

    At most 50 names in all; a dose behind a name is left out.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"drugs": ["阿司匹林", "华法林", "布洛芬"], "patient": {"age": 70, "allergies": ["青霉素"]}}]
        }
    )

    drugs: Few
    patient: PatientIn | None = None
    kb_version: VersionNumber | None = Field(None, description="an older version; the current one if absent")
    min_revision: VersionNumber | None = Field(None, description="wait (2 s) until this revision is served, else 503")


class WithdrawIn(_Request):
    """Why something must no longer support an answer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "剂量有误，等待来源更正"}]})

    reason: Annotated[str, Field(min_length=1, max_length=500)]


# ---------------------------------------------------------------- responses: documentation, and checked in tests


class _Response(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SourceOut(_Response):
    """A bibliographic record."""

    id: str
    title: str
    kind: str
    grade: str = Field(description="how strong it is, such as guideline, trial, editorial")
    grade_label: str = Field(description="the grade in Chinese")
    year: int | None
    publisher: str | None
    doi: str | None
    pmid: str | None
    url: str | None
    licence: str | None


class CitationOut(_Response):
    """What `[n]` in the text stands for: `quote` is the evidence's text at `span`."""

    n: int
    evidence_id: str
    kind: str
    quote: str
    span: tuple[int, int]
    source: SourceOut


class EntityOut(_Response):
    """An entity by itself; the id is `type:name`."""

    id: str
    name: str
    type: str


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


class UnsureOut(_Response):
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


class WarningOut(_Response):
    """What speaks against a drug that is asked about or mentioned."""

    kind: str
    text: str
    evidence_ids: list[str]
    severity: str = Field(description="contraindicated, major, moderate, caution, minor or unknown")


class SideOut(_Response):
    """What some sources say; `witnesses` is how many of them are independent (two shapes of one data set are one)."""

    value: str
    evidence_ids: list[str]
    witnesses: int
    sources: list[SourceOut]


class ConflictOut(_Response):
    """Sources that disagree on a relation of a subject, side by side."""

    subject: EntityOut
    relation: str
    label: str
    about: str
    population: str | None
    independent: bool = Field(description="false where one data set contradicts itself")
    sides: list[SideOut]


class TriageOut(_Response):
    """The verdict of the red-flag rules; `action` goes before everything else."""

    red_flag: bool
    category: str | None
    action: str | None
    label: str | None


class DroppedOut(_Response):
    """A sentence that did not pass the checker."""

    sentence: str
    reason: str


class AnswerOut(_Response):
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


class ArmsOut(_Response):
    """What each way of searching contributed, 0 where it did not find it."""

    dense: float
    sparse: float
    graph: float


class EvidenceOut(_Response):
    """A fact or a passage that was found."""

    id: str
    kind: str
    text: str
    title: str | None
    score: float
    arms: ArmsOut
    source: SourceOut


class SearchOut(_Response):
    """Evidence, best first."""

    evidence: list[EvidenceOut]
    entities: list[MentionOut]
    unsure: list[UnsureOut]
    kb_version: int
    revision: int


class FoundEntityOut(EntityOut):
    """An entity found by name; `via` is `name` for its own name, else the kind of alias."""

    matched: str
    via: str
    score: float


class MedicineOut(_Response):
    """A name of the list and what it stands for."""

    given: str
    via: str = Field(description="`name`, a kind of alias, `base`: its form left out, `several`: all that list it")
    entities: list[EntityOut]


class UnknownMedicineOut(_Response):
    """A name that surely stands for nothing in the knowledge base, with names near to it."""

    given: str
    near: list[EntityOut]


class StepOut(_Response):
    """What one record says; `evidence_id` is null where only names are compared."""

    text: str
    evidence_id: str | None


class HazardOut(_Response):
    """What speaks against one drug or two together: `because` of another drug, or of what the patient is or has."""

    kind: Literal["contraindication", "caution", "interaction", "incompatibility", "allergy", "duplicate"]
    severity: Literal["contraindicated", "major", "moderate", "caution", "minor", "unknown"]
    severity_label: str
    drugs: list[EntityOut]
    because: str
    text: str
    path: list[StepOut]
    evidence_ids: list[str]


class UnrecordedOut(_Response):
    """Two drugs, or a drug and something known of the patient (`about`), on which nothing is recorded."""

    drugs: list[str]
    about: str | None


class MedicationsOut(_Response):
    """Everything found, the gravest first, with its records; no finding means that nothing is recorded, not safety."""

    medicines: list[MedicineOut]
    unknown: list[UnknownMedicineOut]
    patient: list[str] = Field(description="what was looked up for the patient")
    findings: list[HazardOut]
    evidence: list[EvidenceOut]
    unrecorded: list[UnrecordedOut]
    note: str = Field(description="says that no record is not safety")
    kb_version: int
    revision: int
    degraded: list[str] = Field(description="`live-graph` where the snapshot's own graph had to answer")
    label: str
    disclaimer: str


class EntitiesOut(_Response):
    """A page of entities; `next_cursor` is null on the last one."""

    items: list[FoundEntityOut]
    next_cursor: str | None
    kb_version: int
    revision: int


class AliasOut(_Response):
    """Another name."""

    name: str
    kind: str


class EndOut(_Response):
    """One end of a fact; `id` is null where the object is a text."""

    id: str | None
    name: str
    type: str


class FactOut(_Response):
    """A fact with both ends."""

    id: str
    relation: str
    label: str
    subject: EndOut
    object: EndOut
    severity: str | None
    population: str | None
    dose: str | None


class FactWithSourceOut(FactOut):
    """A fact with its source."""

    source: SourceOut


class GroupOut(_Response):
    """Facts of one relation in one direction, strongest source first; `count` is how many there are in all."""

    relation: str
    label: str
    direction: Literal["outgoing", "incoming"]
    count: int
    facts: list[FactWithSourceOut]


class CountsOut(_Response):
    """How much is known of an entity."""

    outgoing: int
    incoming: int
    aliases: int


class EntityInFullOut(EntityOut):
    """An entity with its names and facts."""

    type_label: str
    aliases: list[AliasOut]
    groups: list[GroupOut]
    counts: CountsOut
    kb_version: int
    revision: int
    degraded: list[str] = Field(description="`live-graph` where the snapshot's own graph had to answer")


class EdgeOut(_Response):
    """A fact between two nodes."""

    id: str
    relation: str
    label: str
    start: str = Field(alias="from")
    end: str = Field(alias="to")
    severity: str | None
    population: str | None
    dose: str | None
    source: SourceOut


class NodeOut(_Response):
    """An entity, or a text (`text:` and the id of its fact), whose type is the relation that leads to it."""

    id: str
    name: str
    type: str


class GraphOut(_Response):
    """What lies around an entity."""

    center: str
    nodes: list[NodeOut]
    edges: list[EdgeOut]
    kb_version: int
    revision: int
    degraded: list[str] = Field(description="`live-graph` where the snapshot's own graph had to answer")


class PathsOut(_Response):
    """Chains of facts, shortest first, each as ids of edges in order."""

    paths: list[list[str]]
    nodes: list[NodeOut]
    edges: list[EdgeOut]
    kb_version: int
    revision: int
    degraded: list[str] = Field(description="`live-graph` where the snapshot's own graph had to answer")


class PassageOut(_Response):
    """What is stored of a passage beside its text."""

    question: str | None
    locator: str | None
    about: str | None
    aspect: str | None


class EntryOut(_Response):
    """What the register says of an id, a `pmid:...` or a `doi:...`."""

    id: str
    kind: Literal["withdrawn", "retracted", "erased"]
    reason: str
    when: str = Field(description="UTC, ISO 8601")


class FindingOut(_Response):
    """What an audit rule says of one record; a severe one that is not released keeps it out of answers."""

    rule: str
    severity: Literal["info", "warning", "severe"]
    kind: str
    record: str
    detail: str
    evidence: list[str]
    released: bool


class FindingsOut(_Response):
    """A page of what the audit of one version found, the severest first; `next_offset` is null on the last one."""

    items: list[FindingOut]
    next_offset: int | None
    kb_version: int


class EvidenceInFullOut(_Response):
    """A fact or passage, the version it was found in, and whether that is the current one.

    `held`: it is in quarantine for `findings` and supports no answer.
    """

    id: str
    kind: str
    text: str
    title: str | None
    source: SourceOut
    withheld: EntryOut | None = Field(description="why it supports no answer; null where it may")
    fact: FactOut | None
    passage: PassageOut | None
    entities: list[EntityOut]
    held: bool
    findings: list[FindingOut]
    kb_version: int
    current: bool


class VersionOut(_Response):
    """One retained version."""

    version: int
    parent: int | None
    digest: str
    created: str
    counts: dict[str, int]
    held: dict[str, int] = Field(description="records in quarantine by kind; `counts` leaves them out")
    datasets: list[str]
    embedder: str
    dimension: int
    current: bool


class VersionsOut(_Response):
    """All retained versions, oldest first; `current` and `revision` are null before the first."""

    current: int | None
    revision: int | None
    versions: list[VersionOut]


class ActivatedOut(_Response):
    """The pointer after activating a version."""

    version: int
    revision: int
    previous: int | None


class RegisterOut(_Response):
    """What was withdrawn, retracted or erased, oldest first; `revision` grows with every change."""

    revision: int
    entries: list[EntryOut]


class ExtentOut(_Response):
    """How much of the current version an id stands for."""

    facts: int
    passages: int


class CuratedOut(EntryOut):
    """The entry that was made or taken out, and the revision of the register since."""

    revision: int
    current_version: ExtentOut


class ChangeOut(_Response):
    """What one kind of record gained and lost; samples are lines to read."""

    added: int
    removed: int
    added_samples: list[str]
    removed_samples: list[str]


class DiffOut(_Response):
    """What differs between two versions, by kind of record."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: int = Field(alias="from")
    to: int
    changes: dict[str, ChangeOut]


class HealthOut(_Response):
    """The process runs."""

    status: Literal["ok"]


class ReadyOut(_Response):
    """A knowledge base is served; `degraded` lists what does not work fully."""

    status: Literal["ready"]
    kb_version: int
    revision: int
    degraded: list[str]


class ProgramOut(_Response):
    """What runs here."""

    name: str
    version: str
    api: str


class ProblemItem(_Response):
    """One part of a request that breaks the schema."""

    location: str
    message: str
    type: str


class Problem(_Response):
    """An error (RFC 9457). `type` is documented at its own address; `errors` lists the parts that break the schema."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[ProblemItem]


class ProblemType(_Response):
    """What a problem type means."""

    type: str
    title: str
    status: int
    meaning: str
    retry_after: int | None


class ProblemTypes(_Response):
    """All problem types."""

    problems: list[ProblemType]


# ---------------------------------------------------------------- in the shape of OpenAI


class ModelOut(_Response):
    """A generator."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelsOut(_Response):
    """All generators."""

    object: Literal["list"]
    data: list[ModelOut]


class ChatMessageOut(_Response):
    """The answer as text, its sources below."""

    role: Literal["assistant"]
    content: str
    refusal: None


class ChatChoiceOut(_Response):
    """The one choice; `length` where `max_tokens` ended it."""

    index: Literal[0]
    message: ChatMessageOut
    finish_reason: Literal["stop", "length"]
    logprobs: None


class UsageOut(_Response):
    """Estimated numbers of tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatOut(_Response):
    """A chat completion."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatChoiceOut]
    usage: UsageOut
    yiwen: dict[str, Any] = Field(description="the answer of `/v1/ask` without its text")


class OpenAIErrorItem(_Response):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str


class OpenAIError(_Response):
    """An error of the routes that are shaped like OpenAI's."""

    error: OpenAIErrorItem


class ReportOut(_Response):
    """A report of the evaluation; `report` is null, and `error` says why, where the file cannot be read."""

    name: str
    written: str
    report: dict[str, Any] | None
    error: str | None


class ReportsOut(_Response):
    """Reports, the newest first."""

    items: list[ReportOut]

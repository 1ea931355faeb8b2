"""What is sent and what comes back. Fields that a newer service adds are kept."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Reply(BaseModel):
    """Of the service."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Source(Reply):
    """A bibliographic record."""

    id: str
    title: str
    year: int | None = None
    grade: str
    grade_label: str = ""
    publisher: str | None = None
    url: str | None = None


class Citation(Reply):
    """What `[n]` stands for; `quote` is the evidence's text at `span`."""

    n: int
    evidence_id: str
    kind: str
    quote: str
    span: tuple[int, int]
    source: Source


class Entity(Reply):
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


class Entry(Reply):
    """Why something supports no answer: it is `withdrawn`, `retracted` or `erased`; `when` is UTC."""

    id: str
    kind: str
    reason: str
    when: str


class Extent(Reply):
    """How much of the current version an id stands for."""

    facts: int
    passages: int


class Curated(Entry):
    """The entry of the register that was made or taken out."""

    revision: int
    current_version: Extent


class Register(Reply):
    """All entries, oldest first."""

    revision: int
    entries: tuple[Entry, ...]


class Change(Reply):
    """What one kind of record gained and lost; samples are lines to read."""

    added: int
    removed: int
    added_samples: tuple[str, ...]
    removed_samples: tuple[str, ...]


class Difference(Reply):
    """What differs between two versions, by kind of record."""

    changes: dict[str, Change]


class End(Reply):
    """One end of a fact; `id` is None where it is a text."""

    id: str | None
    name: str
    type: str


class Fact(Reply):
    """A fact with both ends; `source` is None where it stands beside the fact."""

    id: str
    relation: str
    label: str
    subject: End
    object: End
    severity: str | None = None
    population: str | None = None
    dose: str | None = None
    source: Source | None = None


class Evidence(Reply):
    """A fact or a passage."""

    id: str
    kind: str
    text: str
    title: str | None = None
    source: Source
    score: float | None = None
    arms: dict[str, float] = {}
    fact: Fact | None = None
    entities: tuple[Entity, ...] = ()
    withheld: Entry | None = None


class Found(Reply):
    """The result of a search."""

    evidence: tuple[Evidence, ...]
    entities: tuple[Mention, ...]
    kb_version: int


class Medicine(Reply):
    """A name of a list of drugs, and what it stands for."""

    given: str
    entities: tuple[Entity, ...]


class UnknownMedicine(Reply):
    """A name that the knowledge base does not know, and near ones."""

    given: str
    near: tuple[Entity, ...]


class Hazard(Reply):
    """What speaks against one drug or two together, with the records on which it rests."""

    kind: str
    severity: str
    severity_label: str
    drugs: tuple[Entity, ...]
    because: str
    text: str
    evidence_ids: tuple[str, ...]


class Unrecorded(Reply):
    """Two drugs, or a drug and something known of the patient, without a record; that is not safety."""

    drugs: tuple[str, ...]
    about: str | None = None


class Medications(Reply):
    """What speaks against a list of drugs, the gravest first."""

    medicines: tuple[Medicine, ...]
    unknown: tuple[UnknownMedicine, ...]
    findings: tuple[Hazard, ...]
    evidence: tuple[Evidence, ...]
    unrecorded: tuple[Unrecorded, ...]
    note: str
    kb_version: int
    label: str
    disclaimer: str


class Entities(Reply):
    """A page of entities; pass `next_cursor` for the next one."""

    items: tuple[Entity, ...]
    next_cursor: str | None = None


class Alias(Reply):
    """Another name; `kind` such as synonym, english, colloquial."""

    name: str
    kind: str


class FactGroup(Reply):
    """Facts of one relation in one direction (`outgoing` or `incoming`); `count` is how many there are in all."""

    relation: str
    label: str
    direction: str
    count: int
    facts: tuple[Fact, ...]


class EntityInFull(Entity):
    """An entity with its other names and its facts."""

    type_label: str
    aliases: tuple[Alias, ...]
    groups: tuple[FactGroup, ...]
    kb_version: int
    degraded: tuple[str, ...] = ()


class Edge(Reply):
    """A fact between two nodes, named by their ids."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)

    id: str
    relation: str
    label: str
    start: str = Field(alias="from")
    end: str = Field(alias="to")
    severity: str | None = None
    population: str | None = None
    source: Source


class Graph(Reply):
    """What lies one step around an entity."""

    center: str
    nodes: tuple[Entity, ...]
    edges: tuple[Edge, ...]
    kb_version: int
    degraded: tuple[str, ...] = ()


class Paths(Reply):
    """Chains of facts between two entities, shortest first, each as ids of edges in order."""

    paths: tuple[tuple[str, ...], ...]
    nodes: tuple[Entity, ...]
    edges: tuple[Edge, ...]
    kb_version: int


class Ready(Reply):
    """What is served; `degraded` lists what does not work fully."""

    status: str
    kb_version: int
    revision: int
    degraded: tuple[str, ...] = ()


class Program(Reply):
    """What runs there."""

    name: str
    version: str
    api: str


class Model(Reply):
    """A generator."""

    id: str


class Models(Reply):
    """All generators, the default one first."""

    data: tuple[Model, ...]


class Report(Reply):
    """A report of the evaluation; `report` is None, and `error` says why, where its file cannot be read."""

    name: str
    written: str
    report: dict[str, Any] | None = None
    error: str | None = None


class Reports(Reply):
    """Reports, the newest first."""

    items: tuple[Report, ...]


class Version(Reply):
    """One retained version of the knowledge base."""

    version: int
    digest: str
    created: str
    counts: dict[str, int]
    held: dict[str, int] = {}
    datasets: tuple[str, ...]


class Versions(Reply):
    """All retained versions, and which is served."""

    current: int | None
    versions: tuple[Version, ...]


class Activated(Reply):
    """What is served from now on."""

    version: int
    revision: int


class JobFile(Reply):
    """A file of a job."""

    name: str
    size: int


class JobProgress(Reply):
    """How far a run is; `fraction` of the stage (0 to 1), `rate` in items a second."""

    stage: str
    file: str | None = None
    done: int = 0
    total: int | None = None
    fraction: float | None = None
    rate: float | None = None
    eta_s: float | None = None


class JobError(Reply):
    """Why a job failed, or why it is tried again."""

    slug: str
    detail: str
    gate: dict[str, Any] | None = None


class Finding(Reply):
    """What an audit rule says of a record; a `severe` one is held until it is `released`."""

    rule: str
    severity: Literal["info", "warning", "severe"]
    kind: str
    record: str
    detail: str
    evidence: tuple[str, ...]
    released: bool


class Findings(Reply):
    """A page of findings, the severest first."""

    items: tuple[Finding, ...]
    next_offset: int | None = None
    kb_version: int


class Job(Reply):
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


class Jobs(Reply):
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


class Conversation(Reply):
    """A conversation without its messages; times are UTC, ISO 8601."""

    id: str
    title: str
    created: str
    updated: str


class Conversations(Reply):
    """The last used first."""

    items: tuple[Conversation, ...]
    next_cursor: str | None = None


class Message(Reply):
    """What was said in a conversation."""

    role: Literal["user", "assistant"]
    content: str
    answer: Answer | None = None
    created: str


class ConversationInFull(Conversation):
    """A conversation with its messages, in order."""

    messages: tuple[Message, ...]


class Feedback(Reply):
    """An opinion of an answer."""

    answer_id: str
    rating: Literal["up", "down"]
    reason: str = ""
    evidence_ids: tuple[str, ...] = ()
    created: str


class FeedbackList(Reply):
    """The newest first."""

    items: tuple[Feedback, ...]
    next_cursor: str | None = None


class Deleted(Reply):
    """How much was forgotten."""

    conversations: int
    feedback: int
    records: int = 0

"""The nouns of the product: frozen types and closed sets. Imports only the vocabulary.

Identity. An entity id is `{type}:{normalised name}`; facts, passages and sources are named by their content:
`f:`, `p:`, `s:` and the first 16 hex digits of BLAKE2b over the canonical JSON of all content fields in NFC. Same
content, same id; changed content, new id.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import NewType

import orjson

from rag.vocabulary import EntityType, Grade, Relation

EntityId = NewType("EntityId", str)
Content = dict[str, object]
"""The fields of a record as they are hashed."""


def content_id(prefix: str, content: Mapping[str, object]) -> str:
    """`prefix:` and 16 hex digits of BLAKE2b over the canonical JSON (sorted keys, no spaces, NFC, None left out)."""
    kept = {key: value for key, value in content.items() if value is not None and value != ()}
    return f"{prefix}:{content_hash(kept):016x}"


def content_hash(content: Mapping[str, object]) -> int:
    """The 64 bits of a content id; `content` holds no None."""
    return hash64(_canonical(content))


def _canonical(value: object) -> bytes:
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return text if text.isascii() else unicodedata.normalize("NFC", text.decode()).encode()


def hash64(text: bytes) -> int:
    """The 64 bits that name the content with this canonical JSON."""
    return int.from_bytes(blake2b(text, digest_size=8).digest())


_quoted = lru_cache(maxsize=1 << 16)(_canonical)
"""Names repeat from fact to fact. Nothing composes with a quote, so texts may be put into NFC one by one."""


# ---------------------------------------------------------------- what a data set asserts


class AliasKind(StrEnum):
    """Why a name stands for an entity."""

    SYNONYM = "synonym"
    ABBREVIATION = "abbreviation"
    TRADE = "trade"
    LATIN = "latin"
    ENGLISH = "english"
    PINYIN = "pinyin"
    COLLOQUIAL = "colloquial"


class PassageKind(StrEnum):
    """What sort of text a passage is."""

    CONCLUSION = "conclusion"
    MONOGRAPH = "monograph"
    TEXTBOOK = "textbook"
    CLASSIC = "classic"
    QA = "qa"


@dataclass(frozen=True)
class Entity:
    """A thing with a type and the name its source gave it (NFC, trimmed); never merged with another in storage."""

    id: EntityId
    type: EntityType
    name: str


@dataclass(frozen=True)
class Alias:
    """Another name of an entity. A name maps to a set of candidates, so nothing here is unique."""

    name: str
    entity: EntityId
    kind: AliasKind


@dataclass(frozen=True)
class DoNotMerge:
    """Two entities that look alike and are different; `a < b`."""

    a: EntityId
    b: EntityId
    reason: str


@dataclass(frozen=True)
class Source:
    """A bibliographic record. Two shapes of one file share a `lineage` and so are never two witnesses."""

    title: str
    kind: str
    grade: Grade
    year: int | None = None
    publisher: str | None = None
    doi: str | None = None
    pmid: str | None = None
    url: str | None = None
    licence: str | None = None
    lineage: str | None = None

    @cached_property
    def id(self) -> str:
        """`s:` and the hash of every field."""
        return content_id("s", self.content())

    def content(self) -> Content:
        """What is hashed: every field that is not None."""
        return {k: v for k, v in vars(self).items() if k != "id" and v is not None}


EDITOR = Source("知识库编辑者", "editor", Grade.EDITORIAL)
"""The source of what a person adds to the live graph by hand."""


@dataclass(frozen=True)
class Literal:
    """An object that is a text, such as a cure rate; `kind` is the relation's value."""

    text: str
    kind: str


@dataclass(frozen=True)
class Qualifiers:
    """What limits a fact."""

    severity: str | None = None
    population: str | None = None
    dose: str | None = None


_UNLIMITED = Qualifiers()


def fact_hash(fact: Fact) -> int:
    """`content_hash(fact.content())`."""
    if fact.qualifiers is not _UNLIMITED:
        return content_hash(fact.content())
    said = fact.object
    plain = (said.text, said.kind) if isinstance(said, Literal) else said
    return hash64(fact_head(plain, fact.relation) + fact_tail(fact.source, fact.subject))


@lru_cache(maxsize=1 << 16)
def fact_head(said: str | tuple[str, str], relation: str) -> bytes:
    """The canonical JSON of facts without limits up to the relation; `said`: the id of an entity, or (text, kind).

    Files hold many facts, and most of them repeat what is said of another subject.
    """
    if isinstance(said, str):
        return b'{"object":%b,"relation":%b' % (_canonical(said), _quoted(relation))
    text, kind = said
    return b'{"object":{"kind":%b,"text":%b},"relation":%b' % (_quoted(kind), _canonical(text), _quoted(relation))


def fact_tail(source: str, subject: str) -> bytes:
    """The rest of it."""
    return b',"source":%b,"subject":%b}' % (_quoted(source), _quoted(subject))


@dataclass(frozen=True)
class Fact:
    """Subject, relation, object, as one source states it. `source` is the id of a `Source`."""

    subject: EntityId
    relation: Relation
    object: EntityId | Literal
    source: str
    qualifiers: Qualifiers = _UNLIMITED

    @cached_property
    def id(self) -> str:
        """`f:` and the hash of every field."""
        return content_id("f", self.content())

    def content(self) -> Content:
        """What is hashed: every field that is not None."""
        target = vars(self.object) if isinstance(self.object, Literal) else self.object
        content: Content = {"subject": self.subject, "relation": self.relation, "source": self.source, "object": target}
        if self.qualifiers is not _UNLIMITED:
            content |= {k: v for k, v in vars(self.qualifiers).items() if v is not None}
        return content


@dataclass(frozen=True)
class Passage:
    """A text of one idea. `about` names the entity (and aspect, such as 禁忌证) it describes as a whole."""

    text: str
    kind: PassageKind
    source: str
    title: str | None = None
    question: str | None = None
    locator: str | None = None
    about: EntityId | None = None
    aspect: str | None = None

    @cached_property
    def id(self) -> str:
        """`p:` and the hash of every field."""
        return content_id("p", self.content())

    def content(self) -> Content:
        """What is hashed: every field that is not None."""
        return {k: v for k, v in vars(self).items() if k != "id" and v is not None}


@dataclass(frozen=True)
class Retraction:
    """A publication was retracted.

    `target` is a key of the register (`pmid:`, `doi:`, `s:`, `p:`); `stated_by` says who told: a notice, or which part
    of the article's own record.
    """

    target: str
    stated_by: str


class Verdict(StrEnum):
    """What a person decided about a record."""

    RELEASE = "release"
    HOLD = "hold"


EDITOR_RULE = "editor"
"""The rule of a quarantine that a person ordered."""


@dataclass(frozen=True)
class Review:
    """A person's word on one finding: `release` frees `record` from `rule`, `hold` (rule `editor`) quarantines it."""

    record: str
    rule: str
    verdict: Verdict
    reason: str


Record = Entity | Alias | DoNotMerge | Source | Fact | Passage | Retraction | Review


class Severity(StrEnum):
    """How bad a finding is; what is severe is held until a person releases it."""

    INFO = "info"
    WARNING = "warning"
    SEVERE = "severe"


@dataclass(frozen=True)
class Finding:
    """What an audit rule says of one record: `kind` and `record` name it, `evidence` are ids of what it rests on."""

    rule: str
    severity: Severity
    kind: str
    record: str
    detail: str
    evidence: tuple[str, ...] = ()
    released: bool = False


@dataclass(frozen=True)
class Rejected:
    """A row that is broken: where it stands, why it was refused, and its beginning (at most 500 characters)."""

    file: str
    line: int
    reason: str
    raw: str


@dataclass(frozen=True)
class Skipped:
    """A row left out by rule (placeholder, duplicate, no conclusion); `reason` is a closed, countable phrase."""

    reason: str


# ---------------------------------------------------------------- what a graph returns


@dataclass(frozen=True)
class GraphFact:
    """A fact as read from a graph: names resolved, `subject_name` and `object_text` ready to show."""

    id: str
    subject: EntityId
    subject_name: str
    relation: Relation
    object: EntityId | Literal
    object_text: str
    source: str
    qualifiers: Qualifiers = Qualifiers()
    grade_rank: int = 0


@dataclass(frozen=True)
class Neighbourhood:
    """Facts whose subject is a planned entity (`outgoing`) or whose object is one (`incoming`)."""

    outgoing: tuple[GraphFact, ...] = ()
    incoming: tuple[GraphFact, ...] = ()


@dataclass(frozen=True)
class RankedSubject:
    """A subject that shares objects with a request; `score` is the sum of idf over matches, `total` its own count.

    `named`: facts that have it as their object, which is how much the rest of the graph speaks of it.
    """

    subject: EntityId
    name: str
    score: float
    matched: tuple[GraphFact, ...]
    total: int
    named: int = 0


@dataclass(frozen=True)
class Condition:
    """Met by a fact of `relation` whose object is one of `objects`, or whose text holds one of `words`.

    `of`: types of the subjects that may meet it, any if empty.
    """

    relation: Relation
    objects: tuple[EntityId, ...] = ()
    words: tuple[str, ...] = ()
    of: tuple[EntityType, ...] = ()

    def met_by(self, fact: GraphFact) -> bool:
        """Whether this one fact is enough."""
        if isinstance(fact.object, Literal):
            return fact.relation is self.relation and any(word in fact.object.text for word in self.words)
        return fact.relation is self.relation and fact.object in self.objects


@dataclass(frozen=True)
class Path:
    """Facts that lead from one entity to another, in order; each may be walked against its direction."""

    facts: tuple[GraphFact, ...]


# ---------------------------------------------------------------- a question and what was found for it


class Sex(StrEnum):
    """As recorded."""

    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True)
class Patient:
    """Who the question is about; `age` in years, fractions for infants."""

    age: float | None = None
    sex: Sex | None = None
    pregnant: bool | None = None
    allergies: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Turn:
    """An earlier message; role is `user` or `assistant`."""

    role: str
    content: str


@dataclass(frozen=True)
class Triage:
    """The verdict of the red-flag rules, or first aid after an accident; `action` is shown before anything else."""

    red_flag: bool = False
    category: str | None = None
    action: str | None = None
    label: str | None = None

    @property
    def aid(self) -> bool:
        """Whether the action is first aid, and no red flag was seen."""
        return self.action is not None and not self.red_flag


@dataclass(frozen=True)
class Candidate:
    """An entity that a mention may stand for."""

    entity: EntityId
    name: str
    type: EntityType
    via: str
    score: float


@dataclass(frozen=True)
class Mention:
    """A stretch of the question, `question[start:end] == surface`, and what it may stand for, best first.

    `modifier` is the text right beside it that makes it the name of something else (`急性` before `阑尾炎`); such a
    mention is a neighbouring topic, never the thing itself. `negated`, `past`, `third_person` (another person's) and
    `hypothetical` (feared, asked, supposed) say that it is not there now; see `rag.linking.assertion`. `parts` are
    those of the body where a complaint is said to be, as records call them.
    """

    surface: str
    start: int
    end: int
    candidates: tuple[Candidate, ...]
    negated: bool = False
    carried: bool = False
    modifier: str = ""
    past: bool = False
    third_person: bool = False
    hypothetical: bool = False
    parts: tuple[str, ...] = ()

    @property
    def present(self) -> bool:
        """Whether what is named is there now, with whomever."""
        return not (self.negated or self.past or self.hypothetical)

    @property
    def best(self) -> Candidate:
        """The first candidate."""
        return self.candidates[0]


@dataclass(frozen=True)
class Intent:
    """What is asked: relations wanted in order, and the shape of the question.

    `groups` are the cues as asked: any relation of a group satisfies it (`怎么治` is met by treatments or by drugs).
    `object` is what a yes/no question asks about: whether a record lists it. `guessed`: no rule says so, a classifier
    does.
    """

    relations: tuple[Relation, ...]
    groups: tuple[tuple[Relation, ...], ...] = ()
    reverse: bool = False
    explicit: bool = True
    comparison: bool = False
    yes_no: bool = False
    object: tuple[EntityId, ...] = ()
    guessed: bool = False
    unknown: str = ""
    """The side of a comparison that is no known name."""
    settled: bool = False
    """Whether the rules tell that none of the relations is asked for, so that nothing is to be guessed."""
    beside: str = ""
    """What the remedy is to be taken with, where that is no known name."""
    avoids: bool = False
    """Whether the remedies are asked for that are not for what is named."""
    brings: bool = False
    """Of those only what brings it about is asked for (`哪些药会引起耳鸣`)."""


@dataclass(frozen=True)
class Evidence:
    """A fact or a passage as shown to a generator. `text` is what quotes and spans refer to."""

    id: str
    kind: str
    text: str
    source: Source
    score: float
    arms: Mapping[str, float]
    title: str | None = None
    fact: GraphFact | None = None
    passage: Passage | None = None
    entities: tuple[EntityId, ...] = ()
    support: float = 0.0
    """How likely a passage that was found answers the question, 0 to 1; see `rag.retrieval.support`."""


@dataclass(frozen=True)
class Held:
    """Evidence in quarantine: it opens, with the findings that hold it, and never supports an answer."""

    evidence: Evidence
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class SafetyWarning:
    """A safety finding that goes before the answer."""

    kind: str
    text: str
    evidence_ids: tuple[str, ...]
    severity: str = "unknown"


@dataclass(frozen=True)
class Side:
    """One of several things that sources say: who says it, and how many of them are independent of each other."""

    value: str
    evidence_ids: tuple[str, ...]
    witnesses: int
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Conflict:
    """Sources that disagree on a relation of a subject, or on whether something (`about`) is good or bad for it."""

    subject: EntityId
    subject_name: str
    relation: Relation
    about: str
    population: str | None
    sides: tuple[Side, ...]


@dataclass(frozen=True)
class Limits:
    """How long an answer may be, in characters, and how much evidence a prompt may hold, in tokens."""

    characters: int = 400
    evidence_tokens: int = 3000
    detail: str = "short"
    language: str = "zh"


@dataclass(frozen=True)
class GenerationRequest:
    """Everything a generator may use."""

    question: str
    intent: Intent
    mentions: tuple[Mention, ...]
    evidence: tuple[Evidence, ...]
    patient: Patient | None = None
    history: tuple[Turn, ...] = ()
    limits: Limits = Limits()
    ranked: tuple[RankedSubject, ...] = ()
    warned: frozenset[str] = frozenset()
    """Ids of evidence that has been stated as a warning already."""
    quoted: frozenset[str] = frozenset()
    """Quotations that stand in the answer already."""
    alone: bool = False
    """Asked without rules and evidence: what a model says by itself. Only ever measured, never shown."""


# ---------------------------------------------------------------- an answer


LABEL = "AI 生成"
"""What everything carries that this product wrote."""


class Outcome(StrEnum):
    """How the question ended."""

    ANSWERED = "answered"
    PARTIAL = "partial"
    NEED_MORE_INFO = "need_more_info"
    NOT_IN_KB = "not_in_kb"
    EMERGENCY = "emergency"


class YesNo(StrEnum):
    """What the knowledge base says to a question of yes or no; `not_stated`: it lists others and not this one."""

    YES = "yes"
    NO = "no"
    NOT_STATED = "not_stated"


@dataclass(frozen=True)
class Citation:
    """`[n]` in the text; `quote` is the evidence's text at `span` (start, end; in characters)."""

    n: int
    evidence_id: str
    kind: str
    quote: str
    span: tuple[int, int]
    source: Source


@dataclass(frozen=True)
class Dropped:
    """A sentence that did not pass the checker, and why."""

    sentence: str
    reason: str


@dataclass(frozen=True)
class Pointer:
    """What is served: `revision` grows with every flip, `version` names a snapshot, `tuning` a file of weights."""

    revision: int
    version: int
    snapshot: str
    tuning: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a caller gets; every field is explained in the design's contract."""

    answer_id: str
    outcome: Outcome
    text: str
    citations: tuple[Citation, ...]
    mentions: tuple[Mention, ...]
    triage: Triage
    kb_version: int
    revision: int
    generator: str
    warnings: tuple[SafetyWarning, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    questions: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    degraded: tuple[str, ...] = ()
    verdict: YesNo | None = None
    rewritten: str | None = None
    """The question as a follow-up was understood; None where it stood for itself."""
    label: str = LABEL
    timings_ms: Mapping[str, float] = field(default_factory=dict)

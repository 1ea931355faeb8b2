"""The gate before the flip: pinned questions, answered by the version that serves and by the sealed one that would.

What changed is reported question by question; with limits, a version that changes too much is not published. Both
sides answer in full and from their snapshots alone, so that a hand-drawn relation in Neo4j is no difference.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from kg_loader.embedding import embedder_for
from kg_loader.encodings import open_text
from kg_loader.json_reading import json_rows
from kg_loader.reading import Row, text_lines
from kg_loader.versions import current
from rag.domain import Answer, Citation, EntityId, Outcome, Pointer
from rag.errors import DataError, GateError, UsageError
from rag.pipeline import Options, Pipeline
from rag.settings import Settings
from rag.snapshot.layout import read_manifest
from rag.snapshot.library import Library
from rag.snapshot.snapshot import check_files
from rag.text import clean, normalise, quantities
from rag.wiring import pinned

OUTCOME, LOST, GAINED, NUMBERS, WARNINGS = "outcome", "lost", "gained", "numbers", "warnings"
KINDS = (OUTCOME, LOST, GAINED, NUMBERS, WARNINGS)
"""Ways in which an answer may change: its outcome, citations lost and gained, numbers, safety warnings."""
ANY = "any"
MOST_QUESTIONS = 10_000
SAMPLE = "sample"
"""The data set of `yiwen demo`."""
PACKAGED = Path(__file__).parent / "sample" / "gate.jsonl"
_MARK = re.compile(r"\[\d+\]")
_IN_FULL = Options(detail="full")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)(%?)")


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Question(BaseModel):
    """A pinned question, and what its answer must be whatever else changes.

    `must_cite` and `must_not_cite` hold ids of facts, passages or sources, or entities (`disease:偏头痛`) that some
    cited evidence must, or none may, speak of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str
    outcome: Annotated[tuple[Outcome, ...], BeforeValidator(_one_or_many)] = ()
    must_cite: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = ()
    must_not_cite: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = ()


@dataclass(frozen=True)
class Gate:
    """Questions, the file they come from, and which share of them may change, by kind or in `any` way.

    Without limits nothing is refused, only reported.
    """

    file: str
    questions: tuple[Question, ...]
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What one question's answer gained and lost; `kinds` is empty where only an expectation failed."""

    question: str
    kinds: tuple[str, ...]
    before: str | None
    after: str
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            "question": self.question,
            "kinds": list(self.kinds),
            "outcome": [self.before, self.after],
            "lost": list(self.lost),
            "gained": list(self.gained),
            "numbers": list(self.numbers),
            "warnings": list(self.warnings),
            "failed": list(self.failed),
        }


@dataclass(frozen=True)
class GateReport:
    """How two versions answer the same questions; `old` None: there was no version before, only expectations count."""

    file: str
    old: int | None
    new: int
    questions: int
    limits: Mapping[str, float]
    changes: tuple[Change, ...]
    opening_s: float = 0.0
    answering_s: float = 0.0

    @property
    def counts(self) -> Mapping[str, int]:
        """Questions that changed, in any way and by kind."""
        found = Counter(kind for change in self.changes for kind in change.kinds)
        return {ANY: sum(bool(change.kinds) for change in self.changes)} | {kind: found[kind] for kind in KINDS}

    @property
    def failed(self) -> int:
        """Questions whose answer is not what the file expects."""
        return sum(bool(change.failed) for change in self.changes)

    def refusals(self) -> list[str]:
        """Why the new version must not be published; empty if it may, or if nothing was to be refused."""
        total = max(1, self.questions)
        over = [
            f"{self.counts[kind]} of {self.questions} answers changed ({kind}), allowed {share:.0%}"
            for kind, share in self.limits.items()
            if self.counts[kind] / total > share
        ]
        failed = [f"{self.failed} of {self.questions} answers are not as expected"] if self.failed else []
        return [*failed, *over] if self.limits else []

    def require(self) -> None:
        """Raise GateError if the new version must not be published."""
        if refusals := self.refusals():
            raise GateError(
                f"the gate refuses version {self.new}: {'; '.join(refusals)} (questions: {self.file}); look at the "
                "changes, then mend the data or allow more with --gate",
                self.document(),
            )

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            "file": self.file,
            "from": self.old,
            "to": self.new,
            "questions": self.questions,
            "limits": dict(self.limits),
            "changed": dict(self.counts),
            "failed": self.failed,
            "passed": not self.refusals(),
            "changes": [change.document() for change in self.changes],
            "opening_s": round(self.opening_s, 3),
            "answering_s": round(self.answering_s, 3),
        }


# ---------------------------------------------------------------- what is asked, what is allowed


def read_questions(path: Path, *, longest: int) -> tuple[Question, ...]:
    """JSON lines of `Question`, or one question a line (`#` begins a comment). Raises DataError naming the line."""
    with open_text(path, "utf-8-sig") as file:
        as_json = file.read(4096).lstrip().startswith(("{", "["))
    rows = json_rows(path, "utf-8-sig") if as_json else text_lines(path, "utf-8-sig")
    found: dict[str, Question] = {}
    for row in rows:
        if not isinstance(row, Row):
            raise DataError(f"{path}: line {row.line}: {row.reason}")
        if as_json or (row.value.strip() and not row.value.lstrip().startswith("#")):
            one = _question(path, row)
            if not 0 < len(one.question) <= longest:
                raise DataError(f"{path}: line {row.number}: a question of 1 to {longest} characters is expected")
            found[one.question] = one
    if not 0 < len(found) <= MOST_QUESTIONS:
        raise DataError(f"{path}: {len(found)} questions; expected 1 to {MOST_QUESTIONS}")
    return tuple(found.values())


def _question(path: Path, row: Row) -> Question:
    if isinstance(row.value, str):
        return Question(question=clean(row.value))
    try:
        one = Question.model_validate(row.value)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        at = ".".join(str(part) for part in problem["loc"])
        message = f"unknown key; known are {', '.join(Question.model_fields)}"
        if problem["type"] != "extra_forbidden":
            message = f"{problem['msg']}, given {str(problem['input'])[:60]!r}"
        raise DataError(f"{path}: line {row.number}: {f'{at}: ' if at else ''}{message}") from None
    return one.model_copy(update={"question": clean(one.question)})


def parse_limits(text: str) -> Mapping[str, float]:
    """`0.1` or `10%`: at most that share of the questions may change; `outcome,numbers=5%`: by kind. UsageError."""
    limits: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        kind, sign, share = part.partition("=")
        if not sign:
            kind, share = (ANY, part) if part[0].isdigit() else (part, "0")
        number = _SHARE.fullmatch(share)
        value = float(number[1]) / (100 if number[2] else 1) if number else 2.0
        if kind not in (ANY, *KINDS) or value > 1:
            raise UsageError(
                f"--gate {text}: {part!r} is no limit; expected a share such as 0.1 or 10%, or kinds of change "
                f"({', '.join(KINDS)}) with or without a share, such as outcome,numbers=5%"
            )
        limits[kind] = value
    if not limits:
        raise UsageError("--gate needs a limit, such as 0.1 or outcome,lost; 0 lets nothing change")
    return limits


def gate_of(settings: Settings, datasets: Collection[str], limits: str | None, file: Path | None) -> Gate | None:
    """The gate that is asked for, else the one of the settings; None without either. Raises UsageError, DataError.

    Where limits are set and no questions, the packaged ones about the sample serve a knowledge base that holds it.
    """
    text, path = limits or settings.gate, file or settings.gate_file
    allowed = parse_limits(text) if text else {}
    if path is None:
        return _packaged(settings, datasets, allowed) if allowed else None
    return Gate(str(path), read_questions(path, longest=settings.question_max_chars), allowed)


def _packaged(settings: Settings, datasets: Collection[str], allowed: Mapping[str, float]) -> Gate:
    if SAMPLE not in datasets:
        raise UsageError("the gate needs questions; name a file of them with --gate-file or YIWEN_GATE_FILE")
    return Gate(str(PACKAGED), read_questions(PACKAGED, longest=settings.question_max_chars), allowed)


# ---------------------------------------------------------------- comparing


def compare(old: Callable[[], Pipeline] | None, new: Callable[[], Pipeline], gate: Gate) -> GateReport:
    """Ask both versions; `old` None: there is none. Each is opened once, by the call that is given."""
    began = time.perf_counter()
    before, after = (old() if old is not None else None), new()
    opened = time.perf_counter()
    found = (_compared(before, after, question) for question in gate.questions)
    changes = tuple(change for change in found if change.kinds or change.failed)
    return GateReport(
        gate.file, _version(before) if before else None, _version(after), len(gate.questions), gate.limits, changes,
        opened - began, time.perf_counter() - opened,
    )  # fmt: skip


def _version(pipeline: Pipeline) -> int:
    return pipeline.editions.current().pointer.version


def compare_versions(
    library: Library, settings: Settings, a: int, b: int, *, limits: str | None = None, file: Path | None = None
) -> GateReport:
    """Ask two sealed versions, whichever serves. Raises NotFoundError, CorruptSnapshotError, UsageError, DataError."""
    manifests = []
    for version in (a, b):
        folder = library.snapshot_folder(version)
        manifests.append(read_manifest(folder))
        check_files(folder, manifests[-1])
    datasets = {name for manifest in manifests for name in manifest.datasets}
    gate = gate_of(settings, datasets, limits, file) or _packaged(settings, datasets, {})
    embedder, tuning = embedder_for(settings), current(library).tuning
    old, new = (
        partial(
            pinned, settings, library, Pointer(0, one.version, one.folder_name, tuning), embedder, library.register.read
        )
        for one in manifests
    )
    return compare(old, new, gate)


@dataclass(frozen=True)
class _Told:
    """An answer as the gate looks at it. `cited` is a line for each evidence id, `spoken_of` the entities in it."""

    answer: Answer
    cited: Mapping[str, str]
    spoken_of: frozenset[EntityId]
    numbers: Counter[str]

    @classmethod
    def by(cls, pipeline: Pipeline, question: Question) -> _Told:
        """Ask."""
        answer = pipeline.ask(question.question, _IN_FULL)
        ids = [citation.evidence_id for citation in answer.citations]
        evidence = pipeline.editions.current().kb.evidence(ids)
        text = _MARK.sub(" ", answer.text)
        return cls(
            answer,
            {citation.evidence_id: _line(citation) for citation in answer.citations},
            frozenset(entity for one in evidence.values() for entity in one.entities),
            Counter(
                f"{_plain(q.low)}{'' if q.high == q.low else f'-{_plain(q.high)}'}{q.unit}" for q in quantities(text)
            ),
        )

    @property
    def warnings(self) -> set[str]:
        """Their texts."""
        return {warning.text for warning in self.answer.warnings}

    def unexpected(self, question: Question) -> Iterator[str]:
        """In what the answer is not as the file says."""
        outcome = self.answer.outcome
        if question.outcome and outcome not in question.outcome:
            yield f"outcome {outcome}, expected {' or '.join(question.outcome)}"
        named = {citation.source.id for citation in self.answer.citations} | self.cited.keys() | self.spoken_of
        for key in question.must_cite:
            if _id(key) not in named:
                yield f"{key} is not cited"
        for key in question.must_not_cite:
            if _id(key) in named:
                yield f"{key} is cited"


def _compared(before: Pipeline | None, after: Pipeline, question: Question) -> Change:
    new = _Told.by(after, question)
    failed = tuple(new.unexpected(question))
    if before is None:
        return Change(question.question, (), None, new.answer.outcome, failed=failed)
    old = _Told.by(before, question)
    lost = tuple(line for key, line in old.cited.items() if key not in new.cited)
    gained = tuple(line for key, line in new.cited.items() if key not in old.cited)
    numbers = _signed(sorted((old.numbers - new.numbers).elements()), sorted((new.numbers - old.numbers).elements()))
    warnings = _signed(sorted(old.warnings - new.warnings), sorted(new.warnings - old.warnings))
    changed = {
        OUTCOME: old.answer.outcome != new.answer.outcome, LOST: lost, GAINED: gained, NUMBERS: numbers,
        WARNINGS: warnings,
    }  # fmt: skip
    kinds = tuple(kind for kind in KINDS if changed[kind])
    return Change(
        question.question, kinds, old.answer.outcome, new.answer.outcome, lost, gained, numbers, warnings, failed
    )


def _signed(lost: Sequence[str], gained: Sequence[str]) -> tuple[str, ...]:
    return (*(f"-{one}" for one in lost), *(f"+{one}" for one in gained))


def _line(citation: Citation) -> str:
    return f"{citation.evidence_id} {' '.join(citation.quote.split())}〔{citation.source.title}〕"


def _plain(number: float) -> str:
    return f"{number:g}"


def _id(key: str) -> str:
    """An id as it is stored: an entity's name is normalised, whatever the file writes."""
    kind, _, name = key.partition(":")
    return key if kind in ("f", "p", "s") else f"{kind}:{normalise(name)}"

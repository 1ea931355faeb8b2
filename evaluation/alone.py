"""Each generator with the knowledge base, and each language model alone: part of `yiwen eval answers`.

Alone a model gets the bare question. With the knowledge base it gets the prompt of serving; judged are what it wrote
and what of that a reader sees. What counts as made up: `evaluation.made_up`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from evaluation.citations import Fault, faults
from evaluation.made_up import Judge, Judged, Known
from evaluation.metrics import Share, share_of
from rag.domain import Answer, Evidence, GenerationRequest
from rag.errors import DependencyError, NotFoundError
from rag.pipeline import FALLBACK, Finished, Options, Pipeline, Shown
from rag.ports import Generator
from rag.question.intent import read_intent

_MARKED = "["
_EXAMPLES, _SHORT = 5, 40
"""Made up sentences that a report shows, and characters of each in a table."""
ARMS = ("alone", "written", "shown")


@dataclass(frozen=True)
class Asked:
    """A question, and the names that a raw record gives as its answer, if there is one."""

    question: str
    gold: tuple[str, ...] = ()


@dataclass
class GeneratorReport:
    """One generator: how its answers ended, and for each of `ARMS` what each question brought."""

    name: str
    questions: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    replaced: int = 0
    """Answers that the extractive generator had to write."""
    dropped: int = 0
    silent: int = 0
    """Questions on which the model alone failed or said nothing."""
    faults: list[Fault] = field(default_factory=list)
    judged: dict[str, list[Judged]] = field(default_factory=lambda: {arm: [] for arm in ARMS})

    def made_up(self, arm: str) -> Share | None:
        """The share of sentences that claim something and are made up; None where nothing was written."""
        found = self.judged[arm]
        if not found:
            return None
        return share_of([len(one.made_up) for one in found], [one.claims for one in found])

    def summary(self) -> dict[str, Any]:
        """For a JSON document."""
        shares = {arm: share.summary() if (share := self.made_up(arm)) else None for arm in ARMS}
        examples = {arm: self._examples(arm) for arm in ARMS}
        return {
            "generator": self.name, "questions": self.questions, "outcomes": dict(sorted(self.outcomes.items())),
            "replaced": self.replaced, "dropped": self.dropped, "silent_alone": self.silent,
            "faults": [vars(fault) for fault in self.faults], "made_up": shares, "examples": examples,
        }  # fmt: skip

    def _examples(self, arm: str) -> list[str]:
        return [sentence for one in self.judged[arm] for sentence in one.made_up][:_EXAMPLES]


class Recorder:
    """Implements `rag.ports.Generator`: hands another one's pieces on and keeps them."""

    def __init__(self, inner: Generator) -> None:
        self.identity, self._inner, self.written = inner.identity, inner, ""

    def stream(self, request: GenerationRequest, cancel: threading.Event) -> Iterator[str]:
        """The inner one's pieces."""
        for piece in self._inner.stream(request, cancel):
            self.written += piece
            yield piece


def compare(pipeline: Pipeline, asked: Sequence[Asked], names: Collection[str] = ()) -> list[GeneratorReport]:
    """Ask every generator, or those of `names`, everything. Raises NotFoundError, NotReadyError."""
    if unknown := sorted(set(names) - set(pipeline.generators)):
        raise NotFoundError(f"no generator {unknown[0]!r}; there are: {', '.join(pipeline.generators)}")
    return [_asked(pipeline, name, asked) for name in (names or list(pipeline.generators))]


def _asked(pipeline: Pipeline, name: str, asked: Sequence[Asked]) -> GeneratorReport:
    report, judge = GeneratorReport(name), Judge(pipeline.editions.current())
    generator = pipeline.generators[name]
    recorder = Recorder(generator)
    if name != FALLBACK:
        pipeline = replace(pipeline, generators={FALLBACK: pipeline.generators[FALLBACK], name: recorder})
    for one in asked:
        recorder.written = ""
        answer, evidence = _answered(pipeline, one.question, name)
        known = judge.known(one.question, one.gold, evidence)
        _note(report, pipeline, one, answer)
        report.judged["shown"].append(judge.judge(_cited(answer.text), known))
        if name != FALLBACK:
            report.judged["written"].append(judge.judge(recorder.written, known))
            _judge_alone(report, judge, pipeline, generator, one.question, known)
    return report


def _note(report: GeneratorReport, pipeline: Pipeline, one: Asked, answer: Answer) -> None:
    held = pipeline.editions.at(answer.kb_version).kb.evidence([c.evidence_id for c in answer.citations])
    report.questions += 1
    report.outcomes[answer.outcome.value] += 1
    report.replaced += "generator" in answer.degraded
    report.dropped += len(answer.dropped)
    report.faults += [Fault(one.question, reason, detail) for reason, detail in faults(answer, held)]


def _answered(pipeline: Pipeline, question: str, name: str) -> tuple[Answer, tuple[Evidence, ...]]:
    shown: tuple[Evidence, ...] = ()
    for event in pipeline.stream(question, Options(generator=name, detail="full")):
        if isinstance(event, Shown):
            shown = event.evidence
        if isinstance(event, Finished):
            return event.answer, shown
    raise AssertionError("a stream ends with Finished")


def _judge_alone(
    report: GeneratorReport, judge: Judge, pipeline: Pipeline, generator: Generator, question: str, known: Known
) -> None:
    mentions = pipeline.editions.current().linker.link(question)
    request = GenerationRequest(question, read_intent(question, mentions), mentions, (), alone=True)
    try:
        said = "".join(generator.stream(request, threading.Event()))
    except DependencyError:
        said = ""
    report.silent += not said.strip()
    report.judged["alone"].append(judge.judge(said, known))


def _cited(text: str) -> str:
    """The lines that cite; the others are ours: red flags, notes, labels."""
    return "\n".join(line for line in text.splitlines() if _MARKED in line)


def markdown(reports: Sequence[GeneratorReport]) -> str:
    """A row for each generator, then what was made up."""
    lines = [
        "| generator | questions | replaced | dropped | citation faults | made up: alone | written with the knowledge "
        "base | shown |",
        "|---" * 8 + "|",
    ]
    for one in reports:
        shares = " | ".join(str(one.made_up(arm) or "-") for arm in ARMS)
        lines.append(
            f"| {one.name} | {one.questions} | {one.replaced} | {one.dropped} | {len(one.faults)} | {shares} |"
        )
    found: list[tuple[str, Mapping[str, list[str]]]] = [(one.name, one.summary()["examples"]) for one in reports]
    examples = [
        f"- {name}, {arm}: {' / '.join(text[:_SHORT] for text in texts)}"
        for name, arms in found
        for arm, texts in arms.items()
        if texts
    ]
    return "\n".join([*lines, "", *examples]).rstrip() + "\n"

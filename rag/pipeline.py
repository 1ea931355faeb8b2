"""The path from a question to a cited answer, readable from top to bottom.

`Pipeline.stream` is the primitive: triage, link, intent, retrieve, assemble, generate, check, conclude, as events.
`ask` collects it. Emitted text is final: it is never changed or taken back afterwards.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rag import conclusion
from rag.checking import MARK
from rag.cutting import cut_sentences
from rag.domain import (
    Answer,
    Citation,
    Dropped,
    EntityId,
    Evidence,
    GenerationRequest,
    Intent,
    Limits,
    Mention,
    Outcome,
    Patient,
    SafetyWarning,
    Triage,
    Turn,
)
from rag.editions import Edition, Editions
from rag.errors import DependencyError, NotFoundError, QuestionRejected, YiwenError
from rag.followup import carried_mentions
from rag.intent import read_intent
from rag.ports import Generator
from rag.prompt import assemble
from rag.quoting import citation_for
from rag.relevance import Asked, relevant, strangers, topics, wants_literature
from rag.retrieval import Retrieved
from rag.safety import patient_entities, remedies_in, safety_facts, warnings_from
from rag.text import clean
from rag.triage import TriageRules, triage


@dataclass(frozen=True)
class Options:
    """What a caller may ask for beside the question."""

    patient: Patient | None = None
    history: tuple[Turn, ...] = ()
    kb_version: int | None = None
    generator: str | None = None
    top_k: int = 8
    detail: str = "short"
    language: str = "zh"


@dataclass(frozen=True)
class Meta:
    """First event: what will answer, and the red flag if there is one."""

    answer_id: str
    kb_version: int
    revision: int
    triage: Triage


@dataclass(frozen=True)
class Shown:
    """The numbered evidence given to the generator."""

    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Token:
    """Checked text."""

    text: str


@dataclass(frozen=True)
class Finished:
    """Last event."""

    answer: Answer


Event = Meta | Shown | Token | Dropped | Finished


@dataclass
class _Draft:
    """What grows while an answer is written."""

    text: list[str] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    number: dict[str, int] = field(default_factory=dict)
    dropped: list[Dropped] = field(default_factory=list)
    cited: list[Evidence] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Pipeline:
    """Answers questions against ports only; built by `rag.wiring`."""

    editions: Editions
    generators: Mapping[str, Generator]
    rules: TriageRules
    limits: Limits
    question_max_chars: int
    default_generator: str

    def ask(self, question: str, options: Options = Options(), cancel: threading.Event | None = None) -> Answer:
        """The whole answer at once. Raises what `stream` raises."""
        for event in self.stream(question, options, cancel):
            if isinstance(event, Finished):
                return event.answer
        raise YiwenError("the answer was cancelled before it was complete; ask again")

    def stream(
        self, question: str, options: Options = Options(), cancel: threading.Event | None = None
    ) -> Iterator[Event]:
        """Meta, Shown, then Token and Dropped as they come, then Finished.

        Raises QuestionRejected (empty, too long), NotReadyError (no version yet), NotFoundError (version, generator).
        """
        question = self._admitted(question)
        generator = self._generator(options.generator)
        cancel = cancel or threading.Event()
        draft = _Draft()
        clock = _Clock(draft.timings)
        answer_id = secrets.token_hex(8)

        # 1) red flags, before anything can fail
        verdict = triage(question, options.patient, self.rules)
        clock.lap("triage")
        try:
            edition = self.editions.at(options.kb_version)
        except DependencyError:
            if not verdict.red_flag:
                raise
            yield from _emergency_alone(answer_id, verdict, draft, generator.identity)
            return
        yield Meta(answer_id, edition.pointer.version, edition.pointer.revision, verdict)
        if verdict.action:
            yield _say(draft, verdict.action + "\n")

        # 2) names, 3) what is asked
        mentions = edition.linker.link(question)
        mentions = mentions + carried_mentions(mentions, options.history, edition.linker)
        intent = read_intent(question, mentions)
        clock.lap("link")

        # 4) what the knowledge base holds, 5) fused inside
        found = edition.retriever.retrieve(question, mentions, intent, top_k=options.top_k)
        clock.lap("retrieve")

        # 6) numbered evidence within the budget, and what speaks against the drugs in it
        evidence = assemble(self._order(question, mentions, intent, found, edition), tokens=self.limits.evidence_tokens)
        warnings, evidence = self._warnings(edition, mentions, evidence, options.patient)
        yield Shown(evidence)
        for warning in warnings:
            yield from self._emit_warning(draft, warning, evidence)
        clock.lap("assemble")

        # 7) sentences leave one by one, each after its check
        request = GenerationRequest(
            question, intent, mentions, evidence, options.patient, options.history,
            replace(self.limits, detail=options.detail, language=options.language), found.ranked,
        )  # fmt: skip
        yield from self._write(request, generator, edition, draft, cancel)
        clock.lap("generate")

        # 8) outcome, what is missing, the label
        ending = conclusion.conclude(verdict, intent, mentions, found, draft.cited, edition.kb)
        for note in ending.notes:
            yield _say(draft, note)
        yield Finished(
            Answer(
                answer_id=answer_id,
                outcome=ending.outcome,
                text="".join(draft.text).strip(),
                citations=tuple(draft.citations),
                mentions=mentions,
                triage=verdict,
                kb_version=edition.pointer.version,
                revision=edition.pointer.revision,
                generator=generator.identity,
                warnings=warnings,
                questions=ending.questions,
                dropped=tuple(draft.dropped),
                timings_ms=draft.timings,
            )
        )

    def search(
        self, question: str, *, top_k: int = 8, kb_version: int | None = None
    ) -> tuple[Edition, tuple[Evidence, ...], tuple[Mention, ...]]:
        """Evidence without generation: facts that answer the question, then passages by fused score."""
        question = self._admitted(question)
        edition = self.editions.at(kb_version)
        mentions = edition.linker.link(question)
        found = edition.retriever.retrieve(question, mentions, read_intent(question, mentions), top_k=top_k)
        graph = [*found.matches, *found.facts, *found.monograph]
        return edition, tuple({e.id: e for e in [*graph[:top_k], *found.passages]}.values()), mentions

    # ------------------------------------------------------------ steps

    def _admitted(self, question: str) -> str:
        text = clean(question)
        if not text:
            raise QuestionRejected("the question is empty; write what you want to know, such as 偏头痛有哪些症状")
        if len(text) > self.question_max_chars:
            raise QuestionRejected(
                f"the question has {len(text)} characters; at most {self.question_max_chars} are accepted, shorten it"
            )
        return text

    def _generator(self, name: str | None) -> Generator:
        wanted = name or self.default_generator
        if wanted not in self.generators:
            raise NotFoundError(f"no generator {wanted!r}; there are: {', '.join(sorted(self.generators))}")
        return self.generators[wanted]

    @staticmethod
    def _order(
        question: str, mentions: Sequence[Mention], intent: Intent, found: Retrieved, edition: Edition
    ) -> Iterable[Evidence]:
        """Evidence in the order it is worth: ranked matches, facts, monographs, then passages on the topic."""
        yield from found.matches
        yield from found.facts
        yield from found.monograph
        if not wants_literature(intent) or (found.unsure and not found.subjects):
            return
        about = [{*found.subjects}] if found.subjects and intent.explicit else topics(mentions)
        known = bool(found.subjects or found.ranked)
        asked = Asked(question, intent, about, found.subjects, known, strangers(mentions))
        shown = {e.id for e in found.monograph}
        yield from relevant(asked, [e for e in found.passages if e.id not in shown], edition.tuning.thresholds)

    @staticmethod
    def _warnings(
        edition: Edition, mentions: Sequence[Mention], evidence: tuple[Evidence, ...], patient: Patient | None
    ) -> tuple[tuple[SafetyWarning, ...], tuple[Evidence, ...]]:
        """Warnings, and the evidence with theirs added."""
        drugs = remedies_in(mentions, evidence)
        concern = patient_entities(patient, edition.linker) | _asked_entities(mentions)
        facts = safety_facts(edition.retriever.graph, drugs, concern)
        known = {e.id for e in evidence}
        extra = [e for e in edition.retriever.as_evidence(facts) if e.id not in known]
        return warnings_from(facts), (*evidence, *extra)

    @staticmethod
    def _emit_warning(draft: _Draft, warning: SafetyWarning, evidence: Sequence[Evidence]) -> Iterator[Event]:
        by_id = {e.id: n for n, e in enumerate(evidence, start=1)}
        marks = "".join(f"[{by_id[name]}]" for name in warning.evidence_ids if name in by_id)
        if marks:
            yield _cite(draft, f"注意：{warning.text.rstrip('。')}{marks}。\n", evidence)

    @staticmethod
    def _write(
        request: GenerationRequest, generator: Generator, edition: Edition, draft: _Draft, cancel: threading.Event
    ) -> Iterator[Event]:
        if not request.evidence:
            return
        for sentence in cut_sentences(generator.stream(request, cancel)):
            reason = edition.checker.check(sentence, request.evidence)
            if reason is None:
                yield _cite(draft, sentence, request.evidence)
            else:
                dropped = Dropped(MARK.sub("", sentence).strip(), reason)
                draft.dropped.append(dropped)
                yield dropped


def _emergency_alone(answer_id: str, verdict: Triage, draft: _Draft, generator: str) -> Iterator[Event]:
    """A red flag while there is no knowledge base: the action is said all the same."""
    yield Meta(answer_id, 0, 0, verdict)
    yield _say(draft, verdict.action or "")
    yield Finished(
        Answer(
            answer_id=answer_id, outcome=Outcome.EMERGENCY, text="".join(draft.text), citations=(), mentions=(),
            triage=verdict, kb_version=0, revision=0, generator=generator, degraded=("knowledge-base",),
            timings_ms=draft.timings,
        )
    )  # fmt: skip


def _asked_entities(mentions: Sequence[Mention]) -> set[EntityId]:
    return {c.entity for m in mentions if not m.negated for c in m.candidates if c.score >= 0.5}


def _say(draft: _Draft, text: str) -> Token:
    """Text of ours that states no fact of medicine."""
    draft.text.append(text)
    return Token(text)


def _cite(draft: _Draft, sentence: str, evidence: Sequence[Evidence]) -> Token:
    """A checked sentence, its marks renumbered in the order in which evidence is first cited."""

    def renumber(mark_text: str) -> str:
        source = evidence[int(mark_text) - 1]
        if source.id not in draft.number:
            draft.number[source.id] = len(draft.number) + 1
            draft.citations.append(citation_for(draft.number[source.id], source, sentence))
            draft.cited.append(source)
        return f"[{draft.number[source.id]}]"

    return _say(draft, MARK.sub(lambda match: renumber(match[1]), sentence))


class _Clock:
    """Milliseconds of each step."""

    def __init__(self, timings: dict[str, float]) -> None:
        self._timings = timings
        self._last = time.perf_counter()

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self._timings[step] = round((now - self._last) * 1000, 3)
        self._last = now


__all__ = ["Event", "Finished", "Meta", "Options", "Outcome", "Pipeline", "Shown", "Token"]

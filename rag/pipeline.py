"""The path from a question to a cited answer, readable from top to bottom.

`Pipeline.stream` is the primitive: triage, link, intent, retrieve, assemble, generate, check, conclude, as events.
`ask` collects it. Emitted text is final: it is never changed or taken back afterwards.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.answer import conclusion, english
from rag.answer.conclusion import Ending
from rag.answer.conflicts import conflicts_in
from rag.answer.english import English
from rag.answer.generating import write
from rag.answer.prompt import assemble
from rag.answer.writing import Draft, Token, emit_conflicts, emit_notes, emit_warnings, plain, say
from rag.checking.quoting import QUOTE
from rag.deadline import Clock, Stop
from rag.domain import (
    Answer,
    Conflict,
    Dropped,
    Evidence,
    GenerationRequest,
    GraphFact,
    Intent,
    Limits,
    Mention,
    Outcome,
    Patient,
    Triage,
    Turn,
    YesNo,
)
from rag.editions import Edition, Editions
from rag.errors import NotFoundError, QuestionRejected, YiwenError
from rag.ports import Generator
from rag.question.beyond import limited, nothing_helps, untold_stage
from rag.question.deciding import Decision, decide, not_listed
from rag.question.dialogue import Consultation, read_consultation
from rag.question.intent import read_intent
from rag.question.intent_model import IntentModel
from rag.question.reading import Message, Reading, read_message
from rag.question.statements import asks_nothing
from rag.question.untold import is_suspicion, untold, untold_effect
from rag.retrieval.choosing import choose, question_back
from rag.retrieval.found import Retrieved
from rag.retrieval.nearest import with_nearest
from rag.safety.medications import Report, check
from rag.safety.neutral import harmless
from rag.safety.warnings import Safety, look
from rag.text import clean
from rag.triage.desk import load_desk
from rag.triage.rules import TriageRules
from rag.triage.second_look import SecondLook, assess

_LOG = logging.getLogger(__name__)
FALLBACK = "extractive"
"""The generator that answers when another one fails."""
MODEL_SHARE = 0.8
"""Share of the deadline after which a model is given up."""
ENGLISH_NOTES = 2
"""How many times as many characters notes take in English."""


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
    timeout_s: float | None = None
    """Deadline of the whole answer in seconds; None: that of the pipeline."""


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
class Finished:
    """Last event."""

    answer: Answer


Event = Meta | Shown | Token | Dropped | Finished


@dataclass(frozen=True)
class Pipeline:
    """Answers questions against ports only; built by `rag.wiring`."""

    editions: Editions
    generators: Mapping[str, Generator]
    rules: TriageRules
    limits: Limits
    question_max_chars: int
    default_generator: str
    timeout_s: float = 30.0
    """Deadline of one answer. A model may use `MODEL_SHARE` of it, so that something else can still answer."""
    look: SecondLook | None = None
    """What the triage sees beyond its rules; None: the rules alone."""
    intents: IntentModel | None = None
    """Asked what a question is about where no cue says it; None: nobody."""

    def ask(self, question: str, options: Options = Options(), cancel: threading.Event | None = None) -> Answer:
        """The whole answer at once. Raises what `stream` raises."""
        for event in self.stream(question, options, cancel):
            if isinstance(event, Finished) and not (cancel is not None and cancel.is_set()):
                return event.answer
        raise YiwenError("the answer was cancelled before it was complete; ask again")

    def stream(
        self, question: str, options: Options = Options(), cancel: threading.Event | None = None
    ) -> Iterator[Event]:
        """Meta, Shown, then Token and Dropped as they come, then Finished; after `cancel` only what is written so far.

        Raises QuestionRejected (empty, too long), NotReadyError (no version yet), NotFoundError (version, generator).
        A red flag is answered whatever fails.
        """
        question = self._admitted(question)
        stop = Stop(cancel or threading.Event(), (options.timeout_s or self.timeout_s) * MODEL_SHARE)
        draft = Draft(english=English({}) if english.wanted(question, options.history, options.language) else None)
        clock = Clock(draft.timings)

        # 1) red flags, before anything can fail
        consultation = read_consultation(options.history, question)
        verdict = self._triage(question, consultation, options.patient)
        message = Message(question, options.history, options.patient, consultation, verdict)
        clock.lap("triage")
        generator = self._generator(options.generator, draft, urgent=verdict.red_flag)
        try:
            yield from self._answer(message, options, generator, stop, draft, clock)
        except Exception as error:  # a defect, too, must not keep the action from whoever needs it
            if not verdict.red_flag:
                raise
            _LOG.warning("a red flag was answered without evidence: %s", error)
            yield from _emergency_alone(verdict, draft)

    def _answer(
        self, message: Message, options: Options, generator: Generator, stop: Stop, draft: Draft, clock: Clock
    ) -> Iterator[Event]:
        """Everything behind the triage."""
        verdict = message.verdict
        edition = self.editions.at(options.kb_version).for_answer(draft.degraded)
        draft.version, draft.revision = edition.pointer.version, edition.pointer.revision
        yield Meta(draft.answer_id, draft.version, draft.revision, verdict)
        if verdict.action:
            yield say(draft, verdict.action + "\n")
        reply = message.set_reply()
        if reply is not None:
            yield from _without_evidence(*reply, verdict, draft)
            return

        # 2) names, 3) what is asked
        reading = read_message(message, edition.linker, self.intents)
        if draft.english is not None:
            draft.english = English.of(reading.mentions) if not english.spelt(reading.mentions) else None
        yield from _directed(draft, verdict, reading)
        clock.lap("link")

        # 4) what the knowledge base holds, 5) fused inside
        reading, found = _found(edition, reading, options.top_k)
        choice = choose(
            reading, found, edition.tuning.thresholds, urgent=verdict.red_flag, directed=bool(verdict.action)
        )
        reading, found = choice.reading, choice.found
        back = question_back(choice, edition.kb) if not verdict.red_flag else None
        clock.lap("retrieve")

        # 6) numbered evidence within the budget, nothing in it that talks or sells, and what speaks against its drugs
        evidence = assemble(harmless(choice.in_order()), tokens=self.limits.evidence_tokens)
        safety = look(edition.retriever, edition.linker, reading.mentions, evidence, reading.patient)
        evidence = _with_records(evidence, safety)
        conflicts = conflicts_in(evidence)
        yield Shown(evidence)
        full = options.detail == "full"
        room = self.limits.characters // 2 if not full else None
        yield from emit_warnings(draft, safety.warnings, evidence, room)
        yield from emit_conflicts(draft, conflicts, evidence, room)
        facts = [e.fact for e in evidence if e.fact is not None]
        decision = _decision(reading, facts)
        if found.entries and decision is not None and decision.verdict is YesNo.NOT_STATED:
            decision = None  # a chapter on it tells more than a list that lacks it
        if decision is not None and decision.verdict is YesNo.NOT_STATED:
            yield say(draft, plain(not_listed(reading.intent, reading.mentions, facts)))
        if decision is None and choice.alone and reading.intent.object:
            decision = Decision(YesNo.NOT_STATED)
        clock.lap("assemble")

        # 7) sentences leave one by one, each after its check
        notes = len(safety.note) + sum(len(limit.note) for limit in reading.limits)
        notes += conclusion.longest_notes(reading.intent, reading.mentions, found, evidence, edition.kb, back)
        notes *= ENGLISH_NOTES if draft.english is not None else 1
        limits = replace(
            self.limits,
            characters=max(0, self.limits.characters - draft.length - notes),
            detail=options.detail,
            language="en" if draft.english is not None else options.language,
        )
        request = GenerationRequest(
            reading.question, reading.intent, reading.mentions, evidence, reading.patient, options.history, limits,
            found.ranked, _stated(safety, conflicts, draft),
            frozenset(quote for warning in safety.warnings for quote in QUOTE.findall(warning.text)),
        )  # fmt: skip
        yield from write(request, generator, self.generators.get(FALLBACK), edition.checker, draft, stop)
        clock.lap("generate")

        # 8) outcome, what is missing, the label
        ending = conclusion.conclude(
            verdict, reading.intent, reading.mentions, found, draft.cited, edition.kb, back, decision
        )
        ending = _with_limits(ending, message, reading, draft, edition)
        if stop.cancelled:
            draft.degraded.append("cancelled")
        else:
            closing = (safety.note + "\n", *ending.notes) if safety.note else ending.notes
            yield from emit_notes(draft, closing, None if full else self.limits.characters)
        yield Finished(
            replace(
                draft.answer(ending.outcome, verdict),
                mentions=reading.meaning.shown,
                warnings=tuple(replace(warning, text=draft.worded(warning.text)) for warning in safety.warnings),
                conflicts=conflicts,
                questions=tuple(map(draft.worded, ending.questions)),
                verdict=decision.verdict if decision is not None and draft.cited else None,
                rewritten=reading.question if reading.question != message.text else None,
            )
        )

    def search(
        self, question: str, *, top_k: int = 8, kb_version: int | None = None
    ) -> tuple[Edition, tuple[Evidence, ...], tuple[Mention, ...]]:
        """Evidence without generation: facts that answer the question, then passages by fused score."""
        question = self._admitted(question)
        edition = self.editions.at(kb_version).for_answer([])
        mentions = edition.linker.link(question)
        found = edition.retriever.retrieve(
            question, mentions, self._considered(question, mentions, read_intent(question, mentions)), top_k=top_k
        )
        graph = [*found.matches, *found.facts, *found.monograph]
        return edition, tuple({e.id: e for e in harmless([*graph[:top_k], *found.passages])}.values()), mentions

    def check(
        self, drugs: Sequence[str], patient: Patient | None = None, *, kb_version: int | None = None
    ) -> tuple[Edition, Report, tuple[str, ...]]:
        """What speaks against a list of drugs; the edition that says so, and what was missing while it was read.

        Raises UsageError (no drug, too many), NotReadyError, NotFoundError (version).
        """
        degraded: list[str] = []
        edition = self.editions.at(kb_version).for_answer(degraded)
        report = check(edition.retriever, edition.linker, drugs, patient)
        return edition, report, tuple(degraded)

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

    def _triage(self, question: str, consultation: Consultation | None, patient: Patient | None) -> Triage:
        """By the message alone, and by all that was told where it answers a question of ours."""
        verdict = assess(question, patient, self.rules, self.look)
        if verdict.red_flag or consultation is None or not (consultation.pending or consultation.open):
            return verdict
        return assess(consultation.restated(question), patient, self.rules, self.look)

    def _considered(self, question: str, mentions: Sequence[Mention], intent: Intent) -> Intent:
        """The intent by rules, and where they are silent by the classifier if there is one."""
        return self.intents.consider(question, mentions, intent) if self.intents is not None else intent

    def _generator(self, name: str | None, draft: Draft, *, urgent: bool) -> Generator:
        """The one asked for, else the default. Raises NotFoundError, with the reason if there is one.

        An adapter may go at any time. Where it was the default, or the question is `urgent`, the last resort writes.
        """
        wanted = name or self.default_generator
        try:
            generator = self.generators[wanted]
        except KeyError as error:
            last = self.generators.get(FALLBACK)
            if last is None or (name and not urgent):
                why = f" ({error.__cause__})" if error.__cause__ is not None else ""
                raise NotFoundError(
                    f"no generator {wanted!r}{why}; there are: {', '.join(sorted(self.generators))}"
                ) from error
            _LOG.warning("there is no generator %r any more, the extractive one answers", wanted)
            draft.degraded.append("generator")
            generator = last
        draft.generator = generator.identity
        return generator


def _directed(draft: Draft, verdict: Triage, reading: Reading) -> Iterator[Event]:
    """Which department comes first, where that is asked and nothing more urgent was said; the table is in Chinese."""
    if verdict.action or reading.intent.brings or draft.english is not None:
        return
    direction = load_desk().direct(reading.intent, reading.mentions, reading.person)
    if direction:
        yield say(draft, direction + "\n")


def _found(edition: Edition, reading: Reading, top_k: int) -> tuple[Reading, Retrieved]:
    """What was found, and how the question was read for it.

    A cause without a record is sought among illnesses, a class of drugs among those of the illness it is named for.
    """
    found = _retrieved(edition, reading, top_k)
    behind = reading.behind() or reading.by_illness(edition.linker) if not found.answers else None
    return (behind, _retrieved(edition, behind, top_k)) if behind is not None else (reading, found)


def _retrieved(edition: Edition, reading: Reading, top_k: int) -> Retrieved:
    """What one version holds; nothing where nothing of it would help."""
    if nothing_helps(reading.limits, reading.intent):
        return Retrieved()
    return edition.retriever.retrieve(
        reading.question,
        reading.mentions,
        reading.intent,
        top_k=top_k,
        person=reading.person,
        conditions=reading.meaning.conditions,
    )


def _with_records(evidence: tuple[Evidence, ...], safety: Safety) -> tuple[Evidence, ...]:
    """The evidence with the records of the warnings added."""
    known = {e.id for e in evidence}
    return (*evidence, *(e for e in safety.evidence if e.id not in known))


def _decision(reading: Reading, facts: Sequence[GraphFact]) -> Decision | None:
    """What the facts say to a yes/no question; nothing to a suspicion, which they cannot decide."""
    if is_suspicion(reading.question, reading.mentions):
        return None
    return decide(reading.intent, reading.question, facts)


def _stated(safety: Safety, conflicts: Sequence[Conflict], draft: Draft) -> frozenset[str]:
    """Evidence that stands in the answer already, as a warning or as one side of a conflict."""
    warned = [key for warning in safety.warnings for key in warning.evidence_ids]
    sides = [key for one in conflicts for side in one.sides for key in side.evidence_ids]
    return frozenset(warned + [key for key in sides if key in draft.number])


def _with_limits(ending: Ending, message: Message, reading: Reading, draft: Draft, edition: Edition) -> Ending:
    """With what nobody can tell; without that, and where nothing was found, with what stands nearest."""
    question, mentions, intent = reading.question, reading.mentions, reading.intent
    limits = reading.limits + untold_stage(question, mentions, intent, draft.cited)
    limits += untold(question, mentions, intent, draft.cited)
    limits += untold_effect(reading.effect, draft.cited)
    if limits:
        return limited(ending, limits)
    if ending.outcome is not Outcome.NOT_IN_KB:
        return ending
    ending = with_nearest(ending, mentions, edition.retriever)
    unasked = bool(mentions) and not message.verdict.aid and asks_nothing(question, mentions, intent)
    return conclusion.asked_back(ending) if unasked else ending


def _emergency_alone(verdict: Triage, draft: Draft) -> Iterator[Event]:
    """A red flag while the knowledge base does not answer: the action is said all the same."""
    if not draft.text:
        yield Meta(draft.answer_id, 0, 0, verdict)
        yield say(draft, verdict.action or "")
    answer = draft.answer(Outcome.EMERGENCY, verdict)
    yield Finished(replace(answer, degraded=("knowledge-base",), dropped=()))


def _without_evidence(text: str, outcome: Outcome, verdict: Triage, draft: Draft) -> Iterator[Event]:
    """Nothing that the knowledge base holds is shown: a means of harm was asked for, or nothing of medicine."""
    yield Shown(())
    yield say(draft, text)
    yield Finished(draft.answer(Outcome.EMERGENCY if verdict.red_flag else outcome, verdict))


__all__ = ["Event", "Finished", "Meta", "Options", "Outcome", "Pipeline", "Shown", "Token"]

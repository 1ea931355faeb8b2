"""The path from a question to a cited answer, readable from top to bottom.

`Pipeline.stream` is the primitive: triage, link, intent, retrieve, assemble, generate, check, conclude, as events.
`ask` collects it. Emitted text is final: it is never changed or taken back afterwards.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.answer import conclusion
from rag.answer.conflicts import conflicts_in
from rag.answer.lacking import may_answer, says_so
from rag.answer.prompt import assemble
from rag.answer.writing import Draft, Token, checked, emit_conflicts, emit_notes, emit_warnings, pieces_of, plain, say
from rag.checking.quoting import QUOTE
from rag.deadline import Clock, Stop
from rag.domain import (
    Answer,
    Conflict,
    Dropped,
    Evidence,
    GenerationRequest,
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
from rag.ports import Generator, KnowledgeBase
from rag.question.allergens import without_allergens
from rag.question.beyond import limited, limits_of, nothing_helps, untold_stage
from rag.question.deciding import decide, not_listed
from rag.question.dialogue import Consultation, QuestionBack, read_consultation
from rag.question.intent import read_intent
from rag.question.intent_model import IntentModel
from rag.question.meaning import Meaning, meaning_of
from rag.question.measured import with_value
from rag.question.misuse import refusal
from rag.question.patient import joined, patient_in, patient_of_turns
from rag.question.population import Person, person_of
from rag.question.small_talk import small_talk
from rag.question.untold import is_suspicion, untold
from rag.retrieval.differential import best_question
from rag.retrieval.nearest import with_nearest
from rag.retrieval.relevance import Asked, outweighs_ranking, relevant, strangers, topics, wants_literature
from rag.retrieval.remedies import forward, without_drugs
from rag.retrieval.retriever import Retrieved
from rag.retrieval.selection import told_symptoms
from rag.retrieval.studies import answers_alone
from rag.safety.medications import Report, check
from rag.safety.neutral import harmless
from rag.safety.warnings import Safety, look
from rag.text import clean, normalise
from rag.triage.desk import load_desk
from rag.triage.rules import TriageRules
from rag.triage.second_look import SecondLook, assess

_LOG = logging.getLogger(__name__)
FALLBACK = "extractive"
"""The generator that answers when another one fails."""
MODEL_SHARE = 0.8
"""Share of the deadline after which a model is given up."""


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
        draft = Draft()
        clock = Clock(draft.timings)
        answer_id = secrets.token_hex(8)

        # 1) red flags, before anything can fail
        consultation = read_consultation(options.history, question)
        verdict = self._triage(question, consultation, options.patient)
        clock.lap("triage")
        generator = self._generator(options.generator, draft, urgent=verdict.red_flag)
        try:
            yield from self._answer(question, consultation, options, generator, stop, verdict, draft, clock, answer_id)
        except Exception as error:  # a defect, too, must not keep the action from whoever needs it
            if not verdict.red_flag:
                raise
            _LOG.warning("a red flag was answered without evidence: %s", error)
            yield from _emergency_alone(answer_id, verdict, draft)

    def _answer(
        self,
        question: str,
        consultation: Consultation | None,
        options: Options,
        generator: Generator,
        stop: Stop,
        verdict: Triage,
        draft: Draft,
        clock: Clock,
        answer_id: str,
    ) -> Iterator[Event]:
        """Everything behind the triage."""
        edition = self.editions.at(options.kb_version).for_answer(draft.degraded)
        draft.version, draft.revision = edition.pointer.version, edition.pointer.revision
        yield Meta(answer_id, draft.version, draft.revision, verdict)
        if verdict.action:
            yield say(draft, verdict.action + "\n")
        reply = _set_reply(question, verdict, first=not options.history)
        if reply is not None:
            yield from _without_evidence(*reply, verdict, draft, answer_id)
            return

        # 2) names, 3) what is asked
        limits = limits_of(question)
        history = options.history
        if verdict.red_flag and consultation is not None and not consultation.answered:
            history, consultation = (), None  # `我不想活了` in reply to a question about a cough is about no cough
        typed, meaning = question, meaning_of(question, history, consultation, edition.linker)
        question, mentions = meaning.text, without_allergens(meaning.text, meaning.mentions)
        intent = with_value(self._considered(question, mentions, meaning.intent), question, mentions)
        intent = without_drugs(intent) if verdict.aid else intent
        person = person_of(question, options.patient)
        yield from _directed(draft, verdict, intent, mentions, person)
        clock.lap("link")

        # 4) what the knowledge base holds, 5) fused inside
        found = Retrieved()
        if not nothing_helps(limits, intent):
            found = edition.retriever.retrieve(
                question, mentions, intent, top_k=options.top_k, person=person, conditions=meaning.conditions
            )
        intent = forward(intent, found=bool(found.subjects))
        by_one = len({fact.object for subject in found.ranked for fact in subject.matched}) == 1
        buries = verdict.action is not None and by_one  # the action, under a list by one symptom
        nowhere = meaning.nowhere if found.ranked else ""
        if buries or nowhere or outweighs_ranking(intent, found.passages, edition.tuning.thresholds):
            found = replace(found, ranked=(), contenders=(), matches=(), facts=(), nowhere=nowhere)
        kept = self._literature(question, mentions, intent, found, edition)
        if answers_alone(question, mentions, intent, found.subjects, kept) and not intent.object:
            found, intent = replace(found, facts=(), monograph=()), replace(intent, explicit=False)
        back = self._question_back(meaning, found, person, edition.kb) if not verdict.red_flag else None
        clock.lap("retrieve")

        # 6) numbered evidence within the budget, nothing in it that talks or sells, and what speaks against its drugs
        ordered = harmless(self._order(found, kept))
        evidence = assemble(ordered, tokens=self.limits.evidence_tokens)
        earlier = patient_of_turns(options.history, edition.linker.names)
        said = joined(patient_in(question, meaning.mentions, edition.linker.names), earlier or Patient())
        patient = joined(options.patient, said or Patient())
        safety, evidence = self._safety(edition, mentions, evidence, patient)
        warnings, conflicts = safety.warnings, conflicts_in(evidence)
        yield Shown(evidence)
        full = options.detail == "full"
        yield from emit_warnings(draft, warnings, evidence, self.limits.characters // 2 if not full else None)
        yield from emit_conflicts(draft, conflicts, evidence, self.limits.characters // 2 if not full else None)
        facts = [e.fact for e in evidence if e.fact is not None]
        decision = decide(intent, question, facts) if not is_suspicion(question, mentions) else None
        if decision is not None and decision.verdict is YesNo.NOT_STATED:
            yield say(draft, plain(not_listed(intent, mentions, facts)))
        clock.lap("assemble")

        # 7) sentences leave one by one, each after its check
        reserve = len(safety.note) + conclusion.longest_notes(intent, mentions, found, evidence, edition.kb, back)
        reserve += sum(len(limit.note) for limit in limits)
        room = max(0, self.limits.characters - draft.length - reserve)
        request = GenerationRequest(
            question, intent, mentions, evidence, patient, options.history,
            replace(self.limits, characters=room, detail=options.detail, language=options.language), found.ranked,
            frozenset([key for warning in warnings for key in warning.evidence_ids] + _told(conflicts, draft)),
            frozenset(quote for warning in warnings for quote in QUOTE.findall(warning.text)),
        )  # fmt: skip
        yield from self._write(request, generator, edition, draft, stop)
        clock.lap("generate")

        # 8) outcome, what is missing, the label
        ending = conclusion.conclude(verdict, intent, mentions, found, draft.cited, edition.kb, back, decision)
        limits += untold_stage(question, mentions, intent, draft.cited)
        limits += untold(question, mentions, intent, draft.cited)
        near = (mentions, edition.retriever.graph, edition.linker.names)
        ending = limited(ending, limits) if limits else with_nearest(ending, *near)
        if stop.cancelled:
            draft.degraded.append("cancelled")
        else:
            notes = (safety.note + "\n", *ending.notes) if safety.note else ending.notes
            yield from emit_notes(draft, notes, None if full else self.limits.characters)
        yield Finished(
            Answer(
                answer_id=answer_id,
                outcome=ending.outcome,
                text="".join(draft.text).strip(),
                citations=tuple(draft.citations),
                mentions=meaning.shown,
                triage=verdict,
                kb_version=edition.pointer.version,
                revision=edition.pointer.revision,
                generator=draft.generator,
                warnings=warnings,
                conflicts=conflicts,
                questions=ending.questions,
                dropped=tuple(draft.dropped),
                degraded=tuple(draft.degraded),
                verdict=decision.verdict if decision is not None and draft.cited else None,
                rewritten=question if question != typed else None,
                timings_ms=draft.timings,
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
        if verdict.red_flag or consultation is None or not consultation.pending:
            return verdict
        return assess(consultation.restated(question), patient, self.rules, self.look)

    @staticmethod
    def _question_back(meaning: Meaning, found: Retrieved, person: Person, kb: KnowledgeBase) -> QuestionBack | None:
        """What to ask before more is said, where the diseases that match lie close together."""
        if not meaning.may_ask or not found.ranked:
            return None
        told = told_symptoms(meaning.mentions)
        others = {normalise(a.name) for symptom in (*told.present, *told.absent) for a in kb.aliases(symptom)}
        others |= {c.name for m in meaning.mentions for c in m.candidates}
        symptom = best_question(
            found.contenders, person, replace(told, unclear=meaning.asked, others=frozenset(others))
        )
        return QuestionBack(symptom, first=not meaning.asked) if symptom else None

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

    @staticmethod
    def _literature(
        question: str, mentions: Sequence[Mention], intent: Intent, found: Retrieved, edition: Edition
    ) -> list[Evidence]:
        """Of the passages found those that may support an answer."""
        wanted = wants_literature(intent) or (intent.reverse and not found.ranked)
        if not wanted or (found.unsure and not found.subjects):
            return []
        known = bool(found.subjects or found.ranked)
        asked = Asked(question, intent, topics(mentions), found.subjects, known, strangers(mentions))
        shown = {e.id for e in found.monograph}
        return relevant(asked, [e for e in found.passages if e.id not in shown], edition.tuning.thresholds)

    @staticmethod
    def _order(found: Retrieved, literature: Sequence[Evidence]) -> Iterable[Evidence]:
        """Evidence in the order it is worth: classics asked for, ranked matches, facts, monographs, then passages."""
        yield from found.books
        if found.books and found.book is not None and found.book.title:
            return  # what else is known does not stand in that book
        yield from found.matches
        yield from found.facts
        yield from found.monograph
        yield from literature

    @staticmethod
    def _safety(
        edition: Edition, mentions: Sequence[Mention], evidence: tuple[Evidence, ...], patient: Patient | None
    ) -> tuple[Safety, tuple[Evidence, ...]]:
        """What speaks against the drugs, and the evidence with its records added."""
        safety = look(edition.retriever, edition.linker, mentions, evidence, patient)
        known = {e.id for e in evidence}
        return safety, (*evidence, *(e for e in safety.evidence if e.id not in known))

    def _write(
        self, request: GenerationRequest, generator: Generator, edition: Edition, draft: Draft, stop: Stop
    ) -> Iterator[Event]:
        """What the generator says and the checker lets pass; if that fails, the extractive generator answers.

        It does not where the generator only said that the evidence lacks the answer, and the evidence bears it out.
        """
        if not request.evidence:
            return
        fallback = self.generators.get(FALLBACK)
        if generator is fallback:  # takes no time of its own, and nobody could answer in its place
            stop = stop.unhurried()
        failed: list[Exception] = []
        yield from checked(pieces_of(generator, request, stop, failed), request, edition.checker, draft, failed=failed)
        silent = not draft.written and not draft.full
        if stop.cancelled or not (failed or silent):
            return
        if fallback is None or fallback is generator:
            if failed:
                raise failed[0]
            return
        lacking = not failed and says_so([one.sentence for one in draft.dropped])
        if lacking and not may_answer(request.intent, request.evidence):
            return
        reason = f"{type(failed[0]).__name__}: {failed[0]}" if failed else "nothing it said passed the checker"
        if lacking:
            reason = "it said that the evidence lacks the answer, which the evidence may hold"
        _LOG.warning("generator %s failed, the extractive one answers; %s", generator.identity, reason)
        draft.degraded.append("generator")
        draft.generator = fallback.identity
        draft.full = False
        said = {e.id for e in draft.cited}
        yield from checked(fallback.stream(request, stop.only_cancel()), request, edition.checker, draft, said)


def _emergency_alone(answer_id: str, verdict: Triage, draft: Draft) -> Iterator[Event]:
    """A red flag while the knowledge base does not answer: the action is said all the same."""
    if not draft.text:
        yield Meta(answer_id, 0, 0, verdict)
        yield say(draft, verdict.action or "")
    yield Finished(
        Answer(
            answer_id=answer_id, outcome=Outcome.EMERGENCY, text="".join(draft.text).strip(),
            citations=tuple(draft.citations), mentions=(), triage=verdict,
            kb_version=draft.version, revision=draft.revision,
            generator=draft.generator, degraded=("knowledge-base",), timings_ms=draft.timings,
        )
    )  # fmt: skip


def _told(conflicts: Sequence[Conflict], draft: Draft) -> list[str]:
    """Evidence of conflicts that stands in the answer already."""
    return [key for one in conflicts for side in one.sides for key in side.evidence_ids if key in draft.number]


def _set_reply(question: str, verdict: Triage, *, first: bool) -> tuple[str, Outcome] | None:
    """What is said to a question for a means of harm or to small talk, and the outcome; None to all others."""
    refused = refusal(question)
    if refused:
        return refused, Outcome.NOT_IN_KB
    chat = small_talk(question, first=first) if not verdict.action else None
    return (chat, Outcome.NEED_MORE_INFO) if chat else None


def _directed(
    draft: Draft, verdict: Triage, intent: Intent, mentions: Sequence[Mention], person: Person
) -> Iterator[Event]:
    """Which department comes first, where that is asked and nothing more urgent was said."""
    direction = load_desk().direct(intent, mentions, person) if not verdict.action else None
    if direction:
        yield say(draft, direction + "\n")


def _without_evidence(text: str, outcome: Outcome, verdict: Triage, draft: Draft, answer_id: str) -> Iterator[Event]:
    """Nothing that the knowledge base holds is shown: a means of harm was asked for, or nothing of medicine."""
    yield Shown(())
    yield say(draft, text)
    yield Finished(
        Answer(
            answer_id=answer_id, outcome=Outcome.EMERGENCY if verdict.red_flag else outcome,
            text="".join(draft.text).strip(), citations=(), mentions=(), triage=verdict,
            kb_version=draft.version, revision=draft.revision, generator=draft.generator,
            degraded=tuple(draft.degraded), timings_ms=draft.timings,
        )
    )  # fmt: skip


__all__ = ["Event", "Finished", "Meta", "Options", "Outcome", "Pipeline", "Shown", "Token"]

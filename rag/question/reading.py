"""A message, and how it is read: what is asked, of what, and of whom. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.domain import Intent, Mention, Outcome, Patient, Triage, Turn
from rag.linking.linker import Linker
from rag.linking.names import Names
from rag.question.allergens import without_allergens
from rag.question.beyond import NO_DRUGS, Limit, limits_of
from rag.question.books import without_titles
from rag.question.conditions import illness_of_sort
from rag.question.dialogue import Consultation
from rag.question.effects import Effect, effect_asked, without_class, without_effect
from rag.question.intent import read_intent
from rag.question.intent_model import IntentModel
from rag.question.meaning import Meaning, meaning_of
from rag.question.measured import with_value
from rag.question.misuse import refusal
from rag.question.patient import joined, patient_in, patient_of_turns
from rag.question.population import Person, person_of
from rag.question.small_talk import small_talk
from rag.question.sufferers import without_sufferers
from rag.retrieval.remedies import without_drugs


@dataclass(frozen=True)
class Message:
    """What the user wrote, after what, about whom; the consultation it belongs to and what the triage says."""

    text: str
    history: tuple[Turn, ...]
    patient: Patient | None
    consultation: Consultation | None
    verdict: Triage

    def set_reply(self) -> tuple[str, Outcome] | None:
        """What is said to a question for a means of harm or to small talk, and the outcome; None to all others."""
        refused = refusal(self.text)
        if refused:
            return refused, Outcome.NOT_IN_KB
        chat = small_talk(self.text, first=not self.history) if not self.verdict.action else None
        return (chat, Outcome.NEED_MORE_INFO) if chat else None


@dataclass(frozen=True)
class Reading:
    """`question` is the message as it is meant, `meaning` what it was read from, `limits` what nobody can tell of it.

    `mentions` and `intent` are those that count: an allergen is not asked about, nor what the patient has besides, nor
    the title of a book.
    """

    question: str
    mentions: tuple[Mention, ...]
    intent: Intent
    meaning: Meaning
    limits: tuple[Limit, ...]
    person: Person
    patient: Patient | None
    effect: Effect | None = None
    """Whether a complaint may come from a remedy, where that is asked."""

    def behind(self) -> Reading | None:
        """The cause of a complaint asked for as the illness behind it; None where it cannot be meant so."""
        meaning = self.meaning.behind(self.intent, self.mentions)
        return replace(self, meaning=meaning, intent=meaning.intent) if meaning is not None else None

    def by_illness(self, linker: Linker) -> Reading | None:
        """A class of drugs of which no record is kept, asked for as the drugs of the illness that it is named for."""
        illness = illness_of_sort(self.question) if self.meaning.conditions else ""
        if not illness:
            return None
        question = f"{illness}用什么药"
        mentions = linker.link(question)
        intent = replace(read_intent(question, mentions), guessed=True)
        shown = self.meaning.shown
        meaning = replace(self.meaning, text=question, mentions=mentions, intent=intent, conditions=(), as_typed=shown)
        return replace(self, question=question, mentions=mentions, intent=intent, meaning=meaning)


def read_message(message: Message, linker: Linker, intents: IntentModel | None) -> Reading:
    """The names in a message and what is asked of them, among the turns before it."""
    history, consultation = message.history, message.consultation
    if message.verdict.red_flag and consultation is not None and not consultation.answered:
        history, consultation = (), None  # `我不想活了` in reply to a question about a cough is about no cough
    meaning = meaning_of(message.text, history, consultation, linker)
    question = meaning.text
    mentions = without_titles(question, without_allergens(question, meaning.mentions))
    intent = intents.consider(question, mentions, meaning.intent) if intents is not None else meaning.intent
    intent = with_value(intent, question, mentions)
    if not meaning.asked:  # `有高血压` in reply is what was asked about
        mentions = without_sufferers(question, mentions, intent)
    effect = effect_asked(question, mentions)
    mentions = without_class(mentions, effect)
    told = without_effect(meaning.mentions, effect)
    patient, limits = _patient(message, meaning, told, linker.names), limits_of(message.text)
    person = person_of(question, message.patient)
    spared = without_drugs(intent)
    if intent.explicit and spared != intent and _takes_little(patient, person):
        intent, limits = spared, (*limits, NO_DRUGS)
    asked = spared if message.verdict.aid else intent
    return Reading(question, mentions, asked, meaning, limits, person, patient, effect)


_SMALL_UNDER = 6
"""Years."""
_CAREFUL = re.compile("孕|妊娠|哺乳|喂奶|母乳")


def _takes_little(patient: Patient | None, person: Person) -> bool:
    """Whether most medicines of other people are none for this one: pregnant, nursing, or a small child."""
    small = person.age is not None and person.age < _SMALL_UNDER
    nursing = any(_CAREFUL.search(said) for said in patient.conditions) if patient is not None else False
    return small or nursing or person.pregnant is True or (patient is not None and patient.pregnant is True)


def _patient(message: Message, meaning: Meaning, mentions: Sequence[Mention], names: Names) -> Patient | None:
    """The patient of the request, completed by what the question and earlier turns say."""
    earlier = patient_of_turns(message.history, names)
    said = joined(patient_in(meaning.text, mentions, names), earlier or Patient())
    return joined(message.patient, said or Patient())

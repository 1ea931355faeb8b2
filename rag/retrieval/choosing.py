"""Which of what was found is told: a ranking or studies, records or one study alone; and what is asked back first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.domain import EntityId, Evidence, Intent, Literal, Mention, PassageKind
from rag.linking.names import entity_name, entity_type
from rag.linking.recorded import names_including, recorded_as
from rag.ports import KnowledgeBase
from rag.question.beyond import NO_DRUGS
from rag.question.deciding import decide
from rag.question.dialogue import QuestionBack
from rag.question.reading import Reading
from rag.retrieval.differential import best_question
from rag.retrieval.found import Retrieved
from rag.retrieval.monographs import naming
from rag.retrieval.relevance import Asked, outweighs_ranking, relevant, wants_literature
from rag.retrieval.remedies import forward
from rag.retrieval.replies import may_be_quoted
from rag.retrieval.selection import told_symptoms, with_held
from rag.retrieval.studies import answers_alone, beside_facts, to_the_point
from rag.retrieval.topics import named, strangers, topics, wants_studies
from rag.text import normalise
from rag.vocabulary import REMEDIES, EntityType, Relation


@dataclass(frozen=True)
class Choice:
    """What is told of `found`, the `literature` that may support it; `alone`: only that, in place of facts.

    `reading` is the question as what was found lets it be understood.
    """

    reading: Reading
    found: Retrieved
    literature: Sequence[Evidence]
    alone: bool

    def in_order(self) -> Iterator[Evidence]:
        """Evidence in the order it is worth: classics asked for, ranked matches, facts, monographs, then passages."""
        yield from self.found.books
        if self.found.books and self.found.book is not None and self.found.book.title:
            return  # what else is known does not stand in that book
        yield from self.found.matches
        yield from self.found.facts
        yield from self.found.monograph
        yield from self.literature


def choose(
    reading: Reading, found: Retrieved, thresholds: Mapping[str, float], *, urgent: bool, directed: bool
) -> Choice:
    """Leave out what would bury the answer; `urgent`: it begins with an alarm, `directed`: with any action."""
    mentions = with_held(reading.mentions, found.instead)
    only_studies = wants_studies(reading.question) and not found.books
    if only_studies:
        found = replace(found, ranked=(), contenders=(), matches=(), facts=(), monograph=(), entries=())
    intent = forward(reading.intent, found=bool(found.subjects))
    by_one = len({fact.object for subject in found.ranked for fact in subject.matched}) == 1
    by_one = by_one or len(told_symptoms(mentions).present) == 1  # records have several names of it
    buries = urgent and by_one  # the action, under a list by one symptom
    nowhere = reading.meaning.nowhere if found.ranked else ""
    if buries or nowhere or outweighs_ranking(intent, found.passages, thresholds):
        found = replace(found, ranked=(), contenders=(), matches=(), facts=(), nowhere=nowhere)
    if _of_other_remedies(reading.question, mentions, intent, found):
        found = replace(found, facts=tuple(e for e in found.facts if not _lists_drug(e)))
    if NO_DRUGS in reading.limits:
        found = replace(found, facts=tuple(e for e in found.facts if not _is_point(e)))
    passages = tuple(e for e in found.passages if may_be_quoted(reading.question, e, directed=directed))
    found = replace(found, passages=passages)
    literature = _literature(reading.question, mentions, intent, found, thresholds)
    if only_studies:
        literature = [e for e in literature if e.kind == PassageKind.CONCLUSION]
        intent = replace(intent, relations=(), groups=(), explicit=False, guessed=False, object=())
    if reading.effect is not None:  # what another remedy did is no answer
        remedies = {c.entity for m in mentions for c in m.candidates if c.type in REMEDIES}
        literature = [e for e in literature if not remedies.isdisjoint(e.entities)]
    drugs = _tells_drugs(found)
    subjects = _told_about(mentions, found)
    alone = answers_alone(reading.question, mentions, intent, subjects, literature, told_drugs=drugs)
    alone = alone and not _decides(reading.question, intent, found)
    if alone:
        found, intent = replace(found, facts=(), monograph=()), replace(intent, explicit=False)
    return Choice(replace(reading, mentions=mentions, intent=intent), found, literature, alone)


def _literature(
    question: str, mentions: Sequence[Mention], intent: Intent, found: Retrieved, thresholds: Mapping[str, float]
) -> list[Evidence]:
    """Of the passages found those that may support an answer.

    Where the records are asked (`传染吗`), or it is not sure of what, only a study that deals with all the rest.
    """
    wanted = wants_literature(intent) or (intent.reverse and not found.ranked)
    known = bool(found.subjects or found.ranked)
    told = _tells_drugs(found)
    asked = Asked(question, intent, topics(mentions), found.subjects, known, strangers(mentions), named(mentions), told)
    shown = {e.id for e in found.monograph}
    kept = relevant(asked, [e for e in found.passages if e.id not in shown], thresholds)
    if intent.explicit and intent.relations == (Relation.ADVERSE,):
        kept = [e for e in kept if e.kind != PassageKind.CONCLUSION or _OF_HARM.search(normalise(e.text))]
    if wanted and (found.subjects or not found.unsure):
        return beside_facts(question, mentions, intent, _told_about(mentions, found), found.facts, kept)
    return to_the_point(question, mentions, _told_about(mentions, found), kept, thresholds["support.instead"])


_OF_HARM = re.compile(
    "不良|副作用|副反应|毒[性副]|安全|耐受|损[伤害]|风险|"
    "adverse|side[ -]effect|toxic|safe|tolera|harm|risk|complication"
)
"""What a study says of adverse effects in."""


def _told_about(mentions: Sequence[Mention], found: Retrieved) -> tuple[EntityId, ...]:
    """The subjects, and the germ whose infection is one: then no study of the germ answers beside the point."""
    names = {entity_name(subject) for subject in found.subjects}
    germs = (c for m in mentions for c in m.candidates if c.type is EntityType.PATHOGEN)
    return (*found.subjects, *(germ.entity for germ in germs if f"{germ.name}感染" in names))


def _decides(question: str, intent: Intent, found: Retrieved) -> bool:
    """Whether the records of what is named decide on the object of a yes/no question."""
    facts = [e.fact for e in found.facts if e.fact is not None] if intent.object else []
    decision = decide(intent, question, facts)
    return decision is not None and bool(decision.facts)


def _of_other_remedies(question: str, mentions: Sequence[Mention], intent: Intent, found: Retrieved) -> bool:
    """Whether the drugs of an illness are beside the point: asked was about one that is not among them.

    Either the monograph of that one speaks of the illness (`布洛芬能治痛风吗`), or it is eaten rather than prescribed
    (`高血压能吃人参吗`), and what else is given is no answer.
    """
    remedies = [entity for entity in intent.object if entity_type(entity) in REMEDIES]
    if not remedies or Relation.DRUG not in intent.relations or _decides(question, intent, found):
        return False
    own = [e for e in found.monograph if e.passage is not None and e.passage.about in remedies]
    eaten = any(entity_type(entity) is not EntityType.DRUG for entity in remedies)
    return eaten or bool(naming(own, mentions, intent))


def _tells_drugs(found: Retrieved) -> bool:
    """Whether the records of what is named list drugs."""
    return any(map(_lists_drug, found.facts))


def _is_point(evidence: Evidence) -> bool:
    """Whether it states an acupoint, some of which are no points for whoever is pregnant."""
    target = evidence.fact.object if evidence.fact is not None else None
    return target is not None and not isinstance(target, Literal) and entity_type(target) is EntityType.ACUPOINT


def _lists_drug(evidence: Evidence) -> bool:
    return evidence.fact is not None and evidence.fact.relation is Relation.DRUG


def question_back(choice: Choice, kb: KnowledgeBase) -> QuestionBack | None:
    """What to ask before more is said, where the diseases that match lie close together."""
    meaning, found = choice.reading.meaning, choice.found
    if not meaning.may_ask or not found.ranked:
        return None
    told = told_symptoms(meaning.mentions)
    others = {normalise(a.name) for symptom in (*told.present, *told.absent) for a in kb.aliases(symptom)}
    others |= {c.name for m in meaning.mentions for c in m.candidates}
    others |= {name for other in tuple(others) for name in (*recorded_as(other), *names_including(other))}
    told = replace(told, unclear=meaning.asked, others=frozenset(others))
    symptom = best_question(found.contenders, choice.reading.person, told)
    return QuestionBack(symptom, first=not meaning.asked) if symptom else None

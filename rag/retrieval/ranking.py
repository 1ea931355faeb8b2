"""Diseases ranked by the complaints told: how records call these, where they are, who is treated where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rag.domain import Condition, EntityId, GraphFact, Intent, Mention, RankedSubject
from rag.linking.names import OWN_NAME, Names, entity_name
from rag.linking.sites import GENERAL, SKIN, elsewhere, said_otherwise
from rag.ports import GraphReader, KnowledgeBase
from rag.question.population import NOBODY, Person, groups_preferred, limited_to
from rag.retrieval.differential import Contender, Told, by_department, order
from rag.retrieval.selection import DEPARTMENTS_EACH, SURE, first_departments, parts_told, told_symptoms
from rag.text import normalise
from rag.vocabulary import EntityType, Relation

RANKED_READ = 100
"""Read before ties are broken."""
CONTENDERS = 40
"""Of those the best, whose other symptoms are read too."""
SYMPTOMS_EACH = 60
"""Facts read for each of them and a relation; a disease lists 8 symptoms on average."""
DEPARTMENTS_OF = 3
_WIDE = (Relation.DEPARTMENT, Relation.SYMPTOM, Relation.POPULATION, Relation.BODY_PART)


@dataclass(frozen=True)
class Ranking:
    """The diseases of one version."""

    kb: KnowledgeBase
    graph: GraphReader
    names: Names

    def contenders(
        self, mentions: Sequence[Mention], intent: Intent, person: Person
    ) -> tuple[tuple[Contender, ...], list[GraphFact]]:
        """Diseases by the symptoms they share with the question, and where the best of them are treated.

        One read ranks; one more tells departments and, where it may change the order or lead to a question back, what
        else the best ones list.
        """
        told = told_symptoms(mentions)
        if not told.present:
            return (), []
        parts = parts_told(mentions)
        said = self._as_recorded(mentions, told.present)
        told = replace(told, present=tuple(said))
        found = self._sharing(told.present, parts)
        first = order([Contender(subject) for subject in found], person)
        wide = not intent.groups or bool(told.absent or parts) or person != NOBODY
        relations = _WIDE if wide else (Relation.DEPARTMENT,)
        where = Relation.DEPARTMENT in intent.relations
        best = first[: CONTENDERS if wide or where else DEPARTMENTS_OF]
        plan = {c.ranked.subject: relations for c in best}
        facts = self.graph.neighbourhood(plan, limit_each=SYMPTOMS_EACH if wide else DEPARTMENTS_EACH).outgoing
        known: dict[EntityId, list[GraphFact]] = {c.ranked.subject: [] for c in best}
        for fact in facts:
            known[fact.subject].append(fact)
        ordered = order([_described(c.ranked, known[c.ranked.subject], told, said, parts) for c in best], person)
        if where:
            ordered = by_department(ordered, known)
        departments = [fact for c in ordered[:DEPARTMENTS_OF] for fact in first_departments(known[c.ranked.subject])]
        return (*ordered, *first[len(best) :]), departments

    def _as_recorded(self, mentions: Sequence[Mention], complaints: Sequence[EntityId]) -> dict[EntityId, EntityId]:
        """What was told, by what records call it: another name where they know nothing of that one (水泡 for 水疱)."""
        known = self.kb.named(complaints)
        found: dict[EntityId, EntityId] = {}
        for complaint in complaints:
            others = self._otherwise(mentions, complaint) if not known[complaint] else []
            recorded = [other for other, count in self.kb.named(others).items() if count] or [complaint]
            found |= dict.fromkeys(recorded, complaint)
        return found

    def _otherwise(self, mentions: Sequence[Mention], complaint: EntityId) -> list[EntityId]:
        """Other symptoms that a complaint may be recorded as: what it surely stands for, and by its other names."""
        said = [m for m in mentions if any(c.entity == complaint for c in m.candidates)]
        listed = [c for m in said for c in m.candidates if c.score >= SURE]
        names = (*(normalise(a.name) for a in self.kb.aliases(complaint)), *said_otherwise(entity_name(complaint)))
        listed += [c for name in names for c in self.names.candidates(name) if c.via == OWN_NAME]
        return list(dict.fromkeys(c.entity for c in listed if c.type is EntityType.SYMPTOM))

    def _sharing(self, complaints: Sequence[EntityId], parts: Sequence[str]) -> list[RankedSubject]:
        """Diseases with these complaints; if each could be anywhere and it is told where, of these parts alone."""
        if not parts or any(entity_name(complaint) not in GENERAL - SKIN for complaint in complaints):
            return self.graph.rank_subjects(Relation.SYMPTOM, complaints, limit=RANKED_READ)
        places = tuple(EntityId(f"{EntityType.BODY_PART}:{part}") for part in parts)
        conditions = (Condition(Relation.SYMPTOM, tuple(complaints)), Condition(Relation.BODY_PART, places))
        found = self.graph.subjects_meeting(conditions, limit=RANKED_READ)
        return [replace(subject, score=float(len(subject.matched))) for subject in found]


def _described(
    ranked: RankedSubject,
    facts: Sequence[GraphFact],
    told: Told,
    said: Mapping[EntityId, EntityId],
    parts: Sequence[str],
) -> Contender:
    """A match with what the graph says beside it.

    `said`: the symptoms told, by what records call them; `parts` of the body that the complaints are of.
    """
    recorded = {f.object_text for f in facts if f.relation is Relation.BODY_PART}
    symptoms = {f.object: f.object_text for f in facts if f.relation is Relation.SYMPTOM and isinstance(f.object, str)}
    symptoms |= {said[symptom]: name for symptom, name in symptoms.items() if symptom in said}
    population = [f.object_text for f in facts if f.relation is Relation.POPULATION]
    return Contender(
        ranked,
        symptoms,
        limited_to(ranked.name, [f.object_text for f in first_departments(facts)]),
        frozenset(group for text in population for group in groups_preferred(text)),
        frozenset(told.absent) & symptoms.keys(),
        bool(parts) and elsewhere(recorded, parts),
    )

"""Diseases ranked by the complaints told: how records call these, where they are, who is treated where."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.domain import Condition, EntityId, GraphFact, Intent, Mention, RankedSubject
from rag.linking.described import as_described
from rag.linking.names import OWN_NAME, Names, entity_name
from rag.linking.recorded import names_including, recorded_as
from rag.linking.sites import GENERAL, SKIN, anywhere_of, by_wider_parts, elsewhere
from rag.ports import GraphReader, KnowledgeBase
from rag.question.population import NOBODY, Person, groups_preferred, limited_to
from rag.retrieval.differential import Contender, Told, by_department, order
from rag.retrieval.selection import DEPARTMENTS_EACH, SURE, first_departments, parts_told, told_symptoms
from rag.text import normalise
from rag.triage.desk import load_desk
from rag.vocabulary import EntityType, Relation

RANKED_READ = 200
"""Read before ties are broken."""
CONTENDERS = 40
"""Of those the best, whose other symptoms are read too."""
SYMPTOMS_EACH = 60
"""Facts read for each of them and a relation; a disease lists 8 symptoms on average."""
DEPARTMENTS_OF = 3
_USUAL = 10
"""Times as many facts with another name, from which records are taken to mean that one."""
_UNUSUAL = 1
"""Facts with a name up to which it is a chance that the complaint is called so: its other names count as much."""
_CHINESE = "中医"
_TELLING = 3
"""Complaints shared, from which a rare disease stands before a common one that shares fewer."""
_FIELD = 2
"""Characters that tell the field of a department: 精神科 and 精神心理科, 风湿科 and 风湿免疫科."""
_BESIDE_ITS_NAME = 0.45
"""What a match by another name weighs where the complaint was told by the very name of a record."""
Recorded = Mapping[EntityId, Mapping[EntityId, float]]
"""Symptoms as records call them, each with the complaints told that it stands for and what a match by it weighs."""
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
        said, general = self._somewhere(self._as_recorded(mentions, told.present))
        parts = tuple(dict.fromkeys((*parts_told(mentions), *general)))
        told = replace(told, present=tuple(said))
        found = weighed(self._sharing(told.present, parts), said, self.kb.named(said, Relation.SYMPTOM))
        heard = self.kb.mentioned([subject.subject for subject in found])
        partly = _lacking(found, said)
        first = order([Contender(s, mentioned=heard[s.subject], partly=s.subject in partly) for s in found], person)
        wide = not intent.groups or bool(told.absent or parts) or person != NOBODY
        relations = _WIDE if wide else (Relation.DEPARTMENT,)
        where = Relation.DEPARTMENT in intent.relations
        best = first[: CONTENDERS if wide or where else DEPARTMENTS_OF]
        plan = {c.ranked.subject: relations for c in best}
        facts = self.graph.neighbourhood(plan, limit_each=SYMPTOMS_EACH if wide else DEPARTMENTS_EACH).outgoing
        known: dict[EntityId, list[GraphFact]] = {c.ranked.subject: [] for c in best}
        for fact in facts:
            known[fact.subject].append(fact)
        desk = _seen_by(mentions, person)
        described = (_described(c.ranked, known[c.ranked.subject], told, said, parts, desk) for c in best)
        described = (
            replace(c, mentioned=heard[c.ranked.subject], partly=c.ranked.subject in partly) for c in described
        )
        ordered = order(list(described), person)
        if where:
            ordered = by_department(ordered, known, person)
        departments = [fact for c in ordered[:DEPARTMENTS_OF] for fact in first_departments(known[c.ranked.subject])]
        return (*ordered, *first[len(best) :]), departments

    def _as_recorded(self, mentions: Sequence[Mention], complaints: Sequence[EntityId]) -> Recorded:
        """What records call each complaint: by its name and others that include it (恶心与呕吐 for 呕吐).

        Where they know nothing of the name, by what else it is called (水泡 for 水疱); where few use it, by the one
        that most use instead: a textbook's 发热 beside a thousand times 发烧.
        """
        known = self.kb.named(complaints, Relation.SYMPTOM)
        literal = {c.entity for m in mentions for c in m.candidates if c.via == OWN_NAME}
        found: dict[EntityId, dict[EntityId, float]] = {}
        for complaint in complaints:
            others = self._counted(self._otherwise(mentions, complaint))
            usual = max(others, key=lambda other: others[other], default=complaint)
            unusual = known[complaint] <= _UNUSUAL or sum(others.values()) >= _USUAL * known[complaint]
            names = [complaint]
            if unusual and others:
                own = [complaint] if known[complaint] else []
                names = [usual] if others[usual] >= _USUAL * known[complaint] > 0 else [*others, *own]
            elif not known[complaint]:
                names = self._described(complaint) or [complaint]
            wider = names_including(entity_name(complaint)) + (names_including(entity_name(usual)) if unusual else ())
            including = self._counted(self._own_names(wider))
            beside = _BESIDE_ITS_NAME if names == [complaint] and complaint in literal else 1.0
            for name, weight in {**dict.fromkeys(including, beside), **dict.fromkeys(names, 1.0)}.items():
                found.setdefault(name, {})[complaint] = weight
        return found

    def _described(self, complaint: EntityId) -> list[EntityId]:
        """The nearest name on record of what is described so; some are wider, and stand in only where it has none."""
        return list(self._counted(self._own_names(as_described(entity_name(complaint)))))[:1]

    def _wider(self, complaint: EntityId) -> list[EntityId]:
        """It as a complaint of what its part belongs to, where records know that: 四肢麻木 for 脚麻."""
        return list(self._counted(self._own_names(by_wider_parts(entity_name(complaint)))))

    def _somewhere(self, said: Recorded) -> tuple[Recorded, list[str]]:
        """What no record knows under any name as the complaint that may be anywhere (手痛: 疼痛), and where it is.

        Where that is not recorded either, as the complaint of what the part belongs to.
        """
        known, parts = self.kb.named(said, Relation.SYMPTOM), list[str]()
        found: dict[EntityId, dict[EntityId, float]] = {}
        for name, complaints in said.items():
            placed = anywhere_of(entity_name(name)) if not known[name] else None
            anywhere = list(self._counted(self._own_names([placed[0]]))) if placed else []
            parts += placed[1] if placed and anywhere else ()
            for entity in anywhere or (self._wider(name) if not known[name] else ()) or [name]:
                found.setdefault(entity, {}).update(complaints)
        return found, parts

    def _counted(self, symptoms: Sequence[EntityId]) -> dict[EntityId, int]:
        """How many facts name each, of those that some do."""
        return {symptom: count for symptom, count in self.kb.named(symptoms, Relation.SYMPTOM).items() if count}

    def _otherwise(self, mentions: Sequence[Mention], complaint: EntityId) -> list[EntityId]:
        """Other symptoms that a complaint may be recorded as: what it surely stands for, and by its other names."""
        said = [m for m in mentions if any(c.entity == complaint for c in m.candidates)]
        sure = [c.entity for m in said for c in m.candidates if c.score >= SURE and c.type is EntityType.SYMPTOM]
        names = (*(normalise(a.name) for a in self.kb.aliases(complaint)), *recorded_as(entity_name(complaint)))
        return list(dict.fromkeys([*sure, *self._own_names(names)]))

    def _own_names(self, names: Sequence[str]) -> list[EntityId]:
        """The symptoms that bear these names."""
        own = (c for name in names for c in self.names.candidates(name) if c.via == OWN_NAME)
        return [c.entity for c in own if c.type is EntityType.SYMPTOM]

    def _sharing(self, complaints: Sequence[EntityId], parts: Sequence[str]) -> list[RankedSubject]:
        """Diseases with these complaints; if each could be anywhere and it is told where, of these parts alone."""
        if not parts or any(entity_name(complaint) not in GENERAL - SKIN for complaint in complaints):
            return self.graph.rank_subjects(Relation.SYMPTOM, complaints, limit=RANKED_READ)
        places = tuple(EntityId(f"{EntityType.BODY_PART}:{part}") for part in parts)
        conditions = (Condition(Relation.SYMPTOM, tuple(complaints)), Condition(Relation.BODY_PART, places))
        found = self.graph.subjects_meeting(conditions, limit=RANKED_READ)
        return [replace(subject, score=float(len(subject.matched))) for subject in found]


def weighed(found: Sequence[RankedSubject], said: Recorded, named: Mapping[EntityId, int]) -> list[RankedSubject]:
    """Matches by the complaints they share, each weighed once by how many facts name it under any of its names.

    A disease recorded with 盗汗 and 自汗 is no better match for 出汗, nor one with a rare name of it. The score of the
    graph is the sum of ln(N / df) over the names matched, from which N is read again.
    """
    usual: Counter[EntityId] = Counter()
    for name, complaints in said.items():
        usual.update(dict.fromkeys(complaints, named.get(name, 0)))

    def shared(subject: RankedSubject) -> dict[EntityId, float]:
        weights: dict[EntityId, float] = {}
        for fact in subject.matched:
            for complaint, weight in said.get(EntityId(str(fact.object)), {}).items():
                weights[complaint] = max(weight, weights.get(complaint, 0.0))
        return weights

    everywhere = max((_total(subject, named) for subject in found), default=0.0)
    told = {complaint: everywhere - math.log(max(1, count)) for complaint, count in usual.items()}
    weights = [shared(subject) for subject in found]
    return [
        replace(subject, score=sum(own.get(complaint, 0.0) * told[complaint] for complaint in told))
        for subject, own in zip(found, weights, strict=True)
    ]


def _total(subject: RankedSubject, named: Mapping[EntityId, int]) -> float:
    """Ln N, as one match tells it."""
    names = {fact.object for fact in subject.matched if isinstance(fact.object, str)}
    return (subject.score + sum(math.log(max(1, named.get(EntityId(n), 1))) for n in names)) / max(1, len(names))


def _seen_by(mentions: Sequence[Mention], person: Person) -> frozenset[str]:
    """Departments to which the complaints are taken; none where one of them (乏力) is seen by all alike."""
    told = [m for m in mentions if m.present and any(c.type is EntityType.SYMPTOM for c in m.candidates)]
    homes = [load_desk().departments([mention], person) for mention in told]
    return frozenset[str]().union(*homes) if all(homes) else frozenset()


def _lacking(found: Sequence[RankedSubject], said: Recorded) -> set[EntityId]:
    """Matches that lack a complaint which another has; not those that share `_TELLING`, which are no chance."""
    shared = {s.subject: {one for fact in s.matched for one in said.get(EntityId(str(fact.object)), {})} for s in found}
    known = set[EntityId]().union(*shared.values())
    return {subject for subject, own in shared.items() if own != known and len(own) < _TELLING}


def _described(
    ranked: RankedSubject,
    facts: Sequence[GraphFact],
    told: Told,
    said: Recorded,
    parts: Sequence[str],
    desk: Collection[str],
) -> Contender:
    """A match with what the graph says beside it.

    `said`: the symptoms told, by what records call them; `parts` of the body that the complaints are of; `desk`: the
    departments to which such a complaint is taken.
    """
    recorded = {f.object_text for f in facts if f.relation is Relation.BODY_PART}
    symptoms = {f.object: f.object_text for f in facts if f.relation is Relation.SYMPTOM and isinstance(f.object, str)}
    symptoms |= {told: name for symptom, name in symptoms.items() for told in said.get(symptom, {})}
    departments = [f.object_text for f in facts if f.relation is Relation.DEPARTMENT]
    population = [f.object_text for f in facts if f.relation is Relation.POPULATION]
    return Contender(
        ranked,
        symptoms,
        limited_to(ranked.name, [f.object_text for f in first_departments(facts)]),
        frozenset(group for text in population for group in groups_preferred(text)),
        frozenset(told.absent) & symptoms.keys(),
        bool(parts) and elsewhere(recorded, parts),
        any(one[:_FIELD] in other for one in desk for other in departments),
        traditional=2 * sum(department.startswith(_CHINESE) for department in departments) > len(departments),
    )

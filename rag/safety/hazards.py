"""What speaks against drugs: between them, and for one patient. Pure but for its reads.

A *hazard* needs a record: a fact of the graph, a sentence of a monograph, or names that mean the same thing. No
hazard says nothing of safety; it means that the knowledge base has no such record. Everything is looked up for all
drugs at once: at most three reads of the graph, whatever their number. Nothing is cut off, so the order of the drugs
changes nothing and one more drug removes nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import combinations

from rag.answer.rendering import fact_text
from rag.domain import AliasKind, EntityId, Evidence, GraphFact, Literal
from rag.linking.medicines import base_names
from rag.linking.names import entity_name, entity_type
from rag.question.intent import REMEDIES
from rag.question.patient import SURE, About, Concern, group_entities
from rag.retrieval.retriever import Retriever
from rag.retrieval.selection import MIRRORED
from rag.safety.leaflets import Statement, statements
from rag.text import normalise
from rag.vocabulary import EntityType, Relation

SAFETY_RELATIONS = (Relation.CONTRAINDICATION, Relation.CAUTION, Relation.INTERACTION, Relation.INCOMPATIBLE)
OF_ONE = (Relation.CONTRAINDICATION, Relation.CAUTION, Relation.INGREDIENT, Relation.DRUG_CLASS)
OF_PARTS = (Relation.CONTRAINDICATION, Relation.CAUTION, Relation.DRUG_CLASS)
_ALL = 100_000
"""More than any drug has of these relations: what is cut off would be a hazard lost."""


class Kind(StrEnum):
    """What a hazard is about."""

    CONTRAINDICATION = "contraindication"
    CAUTION = "caution"
    INTERACTION = "interaction"
    INCOMPATIBILITY = "incompatibility"
    ALLERGY = "allergy"
    DUPLICATE = "duplicate"


class Level(StrEnum):
    """How grave a hazard is, the gravest first."""

    CONTRAINDICATED = "contraindicated"
    MAJOR = "major"
    MODERATE = "moderate"
    CAUTION = "caution"
    MINOR = "minor"
    UNKNOWN = "unknown"


LEVEL_LABELS: Mapping[Level, str] = {
    Level.CONTRAINDICATED: "禁用", Level.MAJOR: "严重", Level.MODERATE: "中等", Level.CAUTION: "慎用",
    Level.MINOR: "轻微", Level.UNKNOWN: "未分级",
}  # fmt: skip
_RANK = {level: n for n, level in enumerate(Level)}
_SEVERITIES = {
    "严重": Level.MAJOR, "重度": Level.MAJOR, "major": Level.MAJOR, "中等": Level.MODERATE, "中度": Level.MODERATE,
    "moderate": Level.MODERATE, "轻微": Level.MINOR, "轻度": Level.MINOR, "minor": Level.MINOR,
    "禁忌": Level.CONTRAINDICATED, "禁用": Level.CONTRAINDICATED, "contraindicated": Level.CONTRAINDICATED,
}  # fmt: skip
_KINDS = {
    Relation.CONTRAINDICATION: Kind.CONTRAINDICATION,
    Relation.CAUTION: Kind.CAUTION,
    Relation.INTERACTION: Kind.INTERACTION,
    Relation.INCOMPATIBLE: Kind.INCOMPATIBILITY,
}


@dataclass(frozen=True)
class Step:
    """One step of a path: what a record says, and which record; names alone have none."""

    text: str
    evidence_id: str | None = None
    fact: GraphFact | None = None
    source: str | None = None


def _step(fact: GraphFact) -> Step:
    return Step(fact_text(fact), fact.id, fact, fact.source)


@dataclass(frozen=True)
class Hazard:
    """What speaks against `drugs` (one, or two together) because of `because`: another drug or what the patient is."""

    kind: Kind
    level: Level
    drugs: tuple[EntityId, ...]
    because: str
    path: tuple[Step, ...]
    text: str

    @property
    def evidence_ids(self) -> tuple[str, ...]:
        """Records of the path, in its order."""
        return tuple(dict.fromkeys(step.evidence_id for step in self.path if step.evidence_id))


def ordered(found: Iterable[Hazard]) -> tuple[Hazard, ...]:
    """The gravest first, then by kind, drugs, words and records; what a source says twice in the same words once."""
    unique: dict[object, Hazard] = {}
    for hazard in sorted(found, key=_place):
        sources = tuple(step.source for step in hazard.path)
        key = (hazard.kind, hazard.level, hazard.drugs, hazard.because, hazard.text, sources)
        first = unique.setdefault(key, hazard)
        further = tuple(step for step in hazard.path if step not in first.path)
        unique[key] = replace(first, path=(*first.path, *further)) if further else first
    return tuple(sorted(unique.values(), key=_place))


def _place(hazard: Hazard) -> tuple[object, ...]:
    kinds = list(Kind)
    return _RANK[hazard.level], kinds.index(hazard.kind), hazard.drugs, hazard.text, hazard.because, hazard.evidence_ids


def _told_once(found: Sequence[Hazard]) -> Iterator[Hazard]:
    """With a fact joined to the sentence that it was read out of: the same source says both."""
    quoted = {key for hazard in found for key in _quoted_keys(hazard)}
    joined: dict[object, list[Step]] = defaultdict(list)
    kept: list[Hazard] = []
    for hazard in found:
        stated = [step for step in hazard.path if step.fact is not None and step.fact.relation in _READ_OUT]
        key = next((key for step in stated if (key := (*_key(hazard), step.source)) in quoted), None)
        if key is None:
            kept.append(hazard)
        else:
            joined[key] += stated
    for hazard in kept:
        further = dict.fromkeys(step for key in _quoted_keys(hazard) for step in joined[key])
        steps = sorted(further, key=lambda step: step.evidence_id or "")
        yield replace(hazard, path=(*hazard.path, *steps)) if steps else hazard


def _quoted_keys(hazard: Hazard) -> list[tuple[object, ...]]:
    return [(*_key(hazard), step.source) for step in hazard.path if step.fact is None and step.evidence_id]


def _key(hazard: Hazard) -> tuple[object, ...]:
    return hazard.level, hazard.drugs, hazard.because


_READ_OUT = (Relation.CONTRAINDICATION, Relation.CAUTION)

# ---------------------------------------------------------------- what is looked at


@dataclass(frozen=True)
class _Part:
    """A substance of a drug with the steps that lead to it; the drug itself with none."""

    drug: EntityId
    entity: EntityId
    steps: tuple[Step, ...] = ()


@dataclass
class _Known:
    """What the graph and the monographs say of the drugs and their parts."""

    names: Mapping[EntityId, str]
    parts: list[_Part]
    own: Mapping[EntityId, list[GraphFact]]
    between: Sequence[GraphFact]
    said: Sequence[Statement]

    def name(self, entity: EntityId) -> str:
        return self.names.get(entity, entity_name(entity))

    def classes(self, entity: EntityId) -> list[tuple[str, GraphFact]]:
        """Classes that the graph gives a drug, narrow enough to mean something."""
        found = [f for f in self.own.get(entity, ()) if f.relation is Relation.DRUG_CLASS]
        return [(term, fact) for fact in found for term in _class_terms(fact)]


_BROAD = re.compile(r"系统|中成药|其他|用药$|辅助|诊断|营养|^药物$|^抗生素$|^西药$|抗肿瘤药|激素类药物?$|^维生素|外用")
_CLASS_SPLIT = re.compile(r"[，,；;、/（）()]")


def _class_terms(fact: GraphFact) -> list[str]:
    text = fact.object.text if isinstance(fact.object, Literal) else fact.object_text
    terms = (normalise(term).strip() for term in _CLASS_SPLIT.split(text))
    return [term for term in terms if len(term) > 2 and not _BROAD.search(term)]


@dataclass(frozen=True)
class Subject:
    """Whom to look at: `drugs` against `others` (drugs and foods, `drugs` included where they count among themselves).

    `thorough` also reads what is said of the ingredients of each drug, one read of the graph more; without `records`
    only the graph is asked, once, for what lies between the drugs and the others.
    """

    drugs: tuple[EntityId, ...]
    others: tuple[EntityId, ...] = ()
    concerns: tuple[Concern, ...] = ()
    records: bool = True
    thorough: bool = False

    def crossing(self, a: EntityId, b: EntityId) -> bool:
        """Whether one is a drug to look at and the other something to look at it against."""
        return a != b and ((a in self._drugs and b in self._others) or (b in self._drugs and a in self._others))

    @cached_property
    def _drugs(self) -> frozenset[EntityId]:
        return frozenset(self.drugs)

    @cached_property
    def _others(self) -> frozenset[EntityId]:
        return frozenset(self.others)


def hazards(retriever: Retriever, subject: Subject) -> tuple[Hazard, ...]:
    """Everything found, the gravest first."""
    if not subject.drugs or not (subject.others or subject.concerns):
        return ()
    known = _look_up(retriever, subject)
    found = [*_between(known, subject), *_for_the_patient(known, subject), *_said(known, subject)]
    return ordered(_told_once([*found, *_duplicates(known, subject), *_allergies(known, subject)]))


def _look_up(retriever: Retriever, subject: Subject) -> _Known:
    """At most three reads of the graph: the drugs, their ingredients, what lies between everything."""
    graph, everything = retriever.graph, _unique((*subject.drugs, *subject.others))
    parts = [_Part(entity, entity) for entity in everything]
    parts += [named for part in tuple(parts) if _is_remedy(part.entity) for named in _by_name(part, retriever)]
    allergens = {e for c in subject.concerns if c.about is About.ALLERGY for e in c.entities if _is_remedy(e)}
    own: dict[EntityId, list[GraphFact]] = defaultdict(list)
    if subject.records:
        asked = _unique((*(part.entity for part in parts), *sorted(allergens)))
        plan = {entity: OF_ONE for entity in asked if _is_remedy(entity)}
        for fact in graph.neighbourhood(plan, limit_each=_ALL).outgoing:
            own[fact.subject].append(fact)
        ingredients = [part for known in tuple(parts) for part in _ingredients(known, own)]
        ingredients += [named for part in tuple(ingredients) for named in _by_name(part, retriever)]
        parts += ingredients
        unread = {part.entity: OF_PARTS for part in ingredients if part.entity not in plan}
        if subject.thorough and unread:
            for fact in graph.neighbourhood(unread, limit_each=_ALL).outgoing:
                own[fact.subject].append(fact)
    drugs, others = set(subject.drugs), set(subject.others)
    left = {part.entity for part in parts if part.drug in drugs}
    right = {part.entity for part in parts if part.drug in others} | group_entities(subject.concerns, retriever.names)
    between = graph.between(sorted(left), sorted(right), SAFETY_RELATIONS)
    names = retriever.kb.entities({*everything, *(part.entity for part in parts)})
    said = _statements(retriever, parts, subject) if subject.records else []
    return _Known({key: entity.name for key, entity in names.items()}, parts, own, between, said)


def _unique(entities: Iterable[EntityId]) -> list[EntityId]:
    return list(dict.fromkeys(entities))


def _is_remedy(entity: EntityId) -> bool:
    return entity_type(entity) in REMEDIES


def _by_name(part: _Part, retriever: Retriever) -> Iterator[_Part]:
    """The substance that a name holds beside its form or preparation: 阿司匹林 in 阿司匹林肠溶片, 半夏 in 法半夏."""
    name = entity_name(part.entity)
    for base in base_names(name, entity_type(part.entity)):
        for candidate in retriever.names.candidates(base):
            sure = candidate.score >= SURE and candidate.via != AliasKind.TRADE  # 咳喘停膏 is no 咳喘停
            if sure and _is_remedy(candidate.entity) and candidate.entity != part.entity:
                yield _Part(part.drug, candidate.entity, (*part.steps, Step(f"{name}按名称含{candidate.name}")))


def _ingredients(part: _Part, own: Mapping[EntityId, Sequence[GraphFact]]) -> Iterator[_Part]:
    for fact in own.get(part.entity, ()):
        if fact.relation is Relation.INGREDIENT and isinstance(fact.object, str) and fact.object != part.drug:
            yield _Part(part.drug, EntityId(fact.object), (*part.steps, _step(fact)))


def _statements(retriever: Retriever, parts: Sequence[_Part], subject: Subject) -> list[Statement]:
    """Sentences of monographs that warn of something, for all drugs at once; of ingredients only if `thorough`."""
    owners = _unique(p.entity for p in parts if _is_remedy(p.entity) and (subject.thorough or not p.steps))
    passages = retriever.kb.passages(retriever.kb.about(owners, limit_each=_ALL)) if owners else {}
    return [statement for key, passage in passages.items() for statement in statements(key, passage)]


# ---------------------------------------------------------------- between drugs


def _between(known: _Known, subject: Subject) -> Iterator[Hazard]:
    """Interactions and incompatibilities of two drugs, or of substances in them."""
    by_entity: dict[EntityId, list[_Part]] = defaultdict(list)
    for part in known.parts:
        by_entity[part.entity].append(part)
    for fact in _once(f for f in known.between if f.relation in MIRRORED):
        for a in by_entity.get(fact.subject, ()):
            for b in by_entity.get(EntityId(str(fact.object)), ()):
                if subject.crossing(a.drug, b.drug):
                    yield _pair(known, a, b, fact)


def _once(facts: Iterable[GraphFact]) -> list[GraphFact]:
    """Of two mirrored facts of one source the first; what another source says is another record."""
    unique: dict[tuple[frozenset[object], Relation, str], GraphFact] = {}
    for fact in sorted(facts, key=lambda f: (-f.grade_rank, f.id)):
        if fact.subject != fact.object:
            unique.setdefault((frozenset((fact.subject, fact.object)), fact.relation, fact.source), fact)
    return list(unique.values())


def _pair(known: _Known, a: _Part, b: _Part, fact: GraphFact) -> Hazard:
    pair = sorted((a, b), key=lambda part: part.drug)
    path = (*pair[0].steps, _step(fact), *pair[1].steps)
    because = "与".join(known.name(part.drug) for part in pair)
    return Hazard(_KINDS[fact.relation], level_of(fact), tuple(p.drug for p in pair), because, path, _joined(path))


def _joined(path: Sequence[Step]) -> str:
    return "；".join(step.text for step in path) + "。"


def level_of(fact: GraphFact) -> Level:
    """By the relation, and for interactions by the severity that the record gives."""
    if fact.relation in (Relation.CONTRAINDICATION, Relation.INCOMPATIBLE):
        return Level.CONTRAINDICATED
    if fact.relation is Relation.CAUTION:
        return Level.CAUTION
    return _SEVERITIES.get(normalise(fact.qualifiers.severity or ""), Level.UNKNOWN)


def _duplicates(known: _Known, subject: Subject) -> Iterator[Hazard]:
    """Two drugs of the list that hold one substance; two formulas may well share a herb."""
    holding: dict[EntityId, dict[EntityId, _Part]] = defaultdict(dict)
    for part in sorted(known.parts, key=lambda p: (len(p.steps), [step.text for step in p.steps])):
        if entity_type(part.entity) is EntityType.DRUG:
            holding[part.entity].setdefault(part.drug, part)
    for substance, parts in holding.items():
        for a, b in combinations(sorted(parts.values(), key=lambda p: p.drug), 2):
            if subject.crossing(a.drug, b.drug):
                path = (*a.steps, *b.steps)
                because = f"都含{known.name(substance)}"
                text = f"{known.name(a.drug)}与{known.name(b.drug)}{because}，可能重复用药（{_joined(path)[:-1]}）。"
                yield Hazard(Kind.DUPLICATE, Level.MODERATE, (a.drug, b.drug), because, path, text)


# ---------------------------------------------------------------- for the patient


def _for_the_patient(known: _Known, subject: Subject) -> Iterator[Hazard]:
    """Contraindications and cautions whose object is what the patient is or has, or what was asked about."""
    drugs, listed = set(subject.drugs), set(subject.others)
    allergies = {c.label: _called(known, c) for c in subject.concerns if c.about is About.ALLERGY}
    facts: dict[EntityId, dict[str, GraphFact]] = defaultdict(dict)
    for fact in [*(f for found in known.own.values() for f in found), *known.between]:
        if fact.relation in (Relation.CONTRAINDICATION, Relation.CAUTION):
            facts[fact.subject][fact.id] = fact
    for part in known.parts:
        for fact in facts.get(part.entity, {}).values() if part.drug in drugs else ():
            path = (*part.steps, _step(fact))
            for concern in subject.concerns:
                further = _allergic_by(fact, allergies[concern.label]) if concern.label in allergies else ()
                if further or meets(concern, fact):
                    kind = Kind.ALLERGY if concern.label in allergies else _KINDS[fact.relation]
                    whole = (*path, *further)
                    yield Hazard(kind, level_of(fact), (part.drug,), concern.label, whole, _joined(whole))
            if fact.object in listed and not any(meets(concern, fact) for concern in subject.concerns):
                because = known.name(EntityId(str(fact.object)))
                yield Hazard(_KINDS[fact.relation], level_of(fact), (part.drug,), because, path, _joined(path))


def _called(known: _Known, allergy: Concern) -> dict[str, tuple[Step, ...]]:
    """Names of the allergen, and of the classes that the graph gives it with the record that says so."""
    classes = {term: (_step(fact),) for entity in sorted(allergy.entities) for term, fact in known.classes(entity)}
    own = (*allergy.names, *(normalise(known.name(entity)) for entity in sorted(allergy.entities)))
    return classes | dict.fromkeys(own, ())


def _allergic_by(fact: GraphFact, called: Mapping[str, tuple[Step, ...]]) -> tuple[Step, ...]:
    """The records by which an allergy to a class is one to the allergen; nothing where the fact names itself."""
    text = normalise(fact.object_text)
    return next((steps for name, steps in called.items() if steps and _allergic_place(text, name)), ())


_DEGREE = re.compile(
    r"严重|重度|中重度|中度|轻度|活动性|未控制的?|未经控制的?|难治性|失代偿期?|患者$|病人$|者$|病史$|史$"
)


def meets(concern: Concern, fact: GraphFact) -> bool:
    """Whether the object of a fact is what the concern is, or a graver form of it (严重肾功能不全)."""
    if fact.object in concern.entities:
        return True
    text = normalise(fact.object_text)
    if concern.about is About.ALLERGY:
        return any(_allergic_place(text, name) for name in concern.names)
    if concern.met is not None:
        found = concern.met(text)
        whole = found is not None and len(_DEGREE.sub("", text)) <= len(found.group()) + _SLACK
        return found is not None and (whole or entity_type(EntityId(str(fact.object))).value == "population")
    bare = _DEGREE.sub("", text)
    return any(bare == _DEGREE.sub("", name) for name in concern.names)


_SLACK = 3
"""Characters that the name of a disease may have beside the words for a group; else it is another (妊娠期高血压)."""


# ---------------------------------------------------------------- what monographs say


def _said(known: _Known, subject: Subject) -> Iterator[Hazard]:
    """Sentences of monographs that speak of the patient or of another drug of the list."""
    owners: dict[EntityId, list[_Part]] = defaultdict(list)
    for part in known.parts:
        owners[part.entity].append(part)
    drugs, others = set(subject.drugs), set(subject.others)
    against = [part for part in known.parts if part.drug in others]
    looked_at = [part for part in known.parts if part.drug in drugs]
    for statement in known.said:
        for part in owners.get(statement.about, ()):
            if part.drug in drugs and statement.of_people:
                yield from _of_the_patient(known, part, statement, subject.concerns)
            if not statement.interaction or statement.harmless:
                continue
            beside = [*(against if part.drug in drugs else ()), *(looked_at if part.drug in others else ())]
            for other in dict.fromkeys(beside):
                if other.drug != part.drug and other.entity != part.entity:
                    yield from _of_another(known, part, other, statement)


def _of_the_patient(known: _Known, part: _Part, statement: Statement, concerns: Sequence[Concern]) -> Iterator[Hazard]:
    for concern in concerns:
        if concern.about is About.ALLERGY:
            continue
        place = concern.met(statement.text) if concern.met is not None else _first(concern.names, statement.text)
        if place is None:
            continue
        level = statement.level(place.start())
        if level:
            kind = Kind.CONTRAINDICATION if level == "forbidden" else Kind.CAUTION
            grave = Level.CONTRAINDICATED if level == "forbidden" else Level.CAUTION
            yield _quoted(known, part, statement, kind, grave, concern.label, place)


def _first(names: Iterable[str], text: str) -> re.Match[str] | None:
    """The first of the names that stands in the text; a short one by itself, for 洋地黄 is no 地黄."""
    return next((m for name in names if len(name) > 1 and (m := _named(name, text))), None)


_SHORT_NAME = 2
_BY_ITSELF = r"(?<![^\W与和及或对他它用种类含加服使于])"


def _named(name: str, text: str) -> re.Match[str] | None:
    return re.search((_BY_ITSELF if len(name) <= _SHORT_NAME else "") + re.escape(name), text)


def _quoted(
    known: _Known, part: _Part, statement: Statement, kind: Kind, level: Level, because: str, place: re.Match[str],
    further: tuple[Step, ...] = (), with_drug: EntityId | None = None,
) -> Hazard:  # fmt: skip
    quote = statement.quote(place.start(), place.end())
    listed = "" if statement.told_itself else {"forbidden": "（禁用）", "careful": "（慎用）", None: ""}[statement.lead]
    text = f"{known.name(part.entity)}的{statement.aspect}{listed}：“{quote}”"
    said = Step(text, statement.passage, source=statement.source)
    path = (*part.steps, said, *further)
    drugs = (part.drug,) if with_drug is None else tuple(sorted((part.drug, with_drug)))
    return Hazard(kind, level, drugs, because, path, _joined(path))


def _of_another(known: _Known, part: _Part, other: _Part, statement: Statement) -> Iterator[Hazard]:
    """The sentence names the other drug, or a class that the graph gives it."""
    because = "与".join(known.name(drug) for drug in sorted((part.drug, other.drug)))
    place = _first((normalise(known.name(other.entity)),), statement.text)
    further = other.steps
    if place is None:
        own = {term for term, _ in known.classes(part.entity)}  # the class of both is what the monograph is about
        classes = [(term, fact) for term, fact in known.classes(other.entity) if term not in own]
        named = ((_class_place(term, statement.text), fact) for term, fact in classes)
        place, fact = next(((m, fact) for m, fact in named if m is not None), (None, None))
        further = (*other.steps, _step(fact)) if fact is not None else further
    if place is None:
        return
    level = {"forbidden": Level.CONTRAINDICATED, "careful": Level.CAUTION, None: Level.UNKNOWN}[
        statement.told(place.start())
    ]
    yield _quoted(known, part, statement, Kind.INTERACTION, level, because, place, further, other.drug)


def _class_place(term: str, text: str) -> re.Match[str] | None:
    """The class by itself: 利尿药 is not 保钾利尿药 and not 噻嗪类利尿药."""
    return re.search(rf"(?<![^\W与和及或对他它用种])(?:{re.escape(term)})", text)


# ---------------------------------------------------------------- allergies


def _allergies(known: _Known, subject: Subject) -> Iterator[Hazard]:
    """The drug is the allergen, belongs to its class, or its monograph forbids it to those allergic to either."""
    allergies = [concern for concern in subject.concerns if concern.about is About.ALLERGY]
    drugs = set(subject.drugs)
    by_owner: dict[EntityId, list[Statement]] = defaultdict(list)
    for statement in known.said:
        if "过敏" in statement.text and statement.of_people:
            by_owner[statement.about].append(statement)
    for part in (part for part in known.parts if part.drug in drugs):
        for allergy in allergies:
            yield from _allergy(known, part, allergy, by_owner.get(part.entity, ()))


def _allergy(known: _Known, part: _Part, allergy: Concern, said: Sequence[Statement]) -> Iterator[Hazard]:
    called = _called(known, allergy)
    same = part.entity in allergy.entities or normalise(known.name(part.entity)) in allergy.names
    if same:
        path = (*part.steps, Step(f"所填过敏药物与{known.name(part.entity)}是同一种"))
        yield Hazard(Kind.ALLERGY, Level.CONTRAINDICATED, (part.drug,), allergy.label, path, _joined(path))
        called |= dict.fromkeys(("本品", "本药", "该药", "该品"), ())
    else:
        yield from _by_class(known, part, allergy, called)
    for statement in said:
        hits = ((_allergic_place(statement.text, name), steps) for name, steps in called.items())
        place, further = next(((m, steps) for m, steps in hits if m is not None), (None, ()))
        found = place or re.search("过敏体质", statement.text)
        if found is not None:
            forbidden = place is not None and statement.level(found.start()) == "forbidden"
            level = Level.CONTRAINDICATED if forbidden else Level.CAUTION
            yield _quoted(known, part, statement, Kind.ALLERGY, level, allergy.label, found, further)


def _allergic_place(text: str, name: str) -> re.Match[str] | None:
    return re.search(rf"{re.escape(name)}[^，。；;,]{{0,20}}过敏", text)


def _by_class(known: _Known, part: _Part, allergy: Concern, called: Mapping[str, tuple[Step, ...]]) -> Iterator[Hazard]:
    """`青霉素` in the class 青霉素类抗生素 of the drug; or one class of substances (…类) for both."""
    for term, fact in known.classes(part.entity):
        named = any(len(name) > 1 and name in term for name in allergy.names)
        shared = called.get(term, ()) if "类" in term else ()
        if named or shared:
            path = (*part.steps, _step(fact), *shared)
            level = Level.MAJOR if named else Level.CAUTION
            text = f"{_joined(path)[:-1]}，所填过敏：{allergy.label.removesuffix('过敏')}。"
            yield Hazard(Kind.ALLERGY, level, (part.drug,), allergy.label, path, text)


# ---------------------------------------------------------------- records


def evidence_of(retriever: Retriever, found: Iterable[Hazard]) -> dict[str, Evidence]:
    """The records of findings by id, in their order."""
    steps = {step.evidence_id: step for hazard in found for step in hazard.path if step.evidence_id is not None}
    facts = retriever.as_evidence([step.fact for step in steps.values() if step.fact is not None])
    passages = retriever.kb.evidence([key for key, step in steps.items() if step.fact is None])
    known = {e.id: e for e in facts} | passages
    return {key: known[key] for key in steps if key in known}

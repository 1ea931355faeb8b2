"""Which names of a question count, and which of the facts and fields that were found belong to what is asked. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from rag.domain import Candidate, EntityId, Evidence, GraphFact, Intent, Literal, Mention
from rag.linking.names import OWN_NAME, entity_type
from rag.question.illnesses import is_illness
from rag.question.people import speaks_of
from rag.retrieval.differential import Told
from rag.safety.levels import Level, level_named
from rag.text import normalise
from rag.vocabulary import RELATIONS, REMEDIES, EntityType, Relation

ASPECTS: Mapping[Relation, tuple[str, ...]] = {
    Relation.INDICATION: ("适应证", "适应症"),
    Relation.EFFICACY: ("适应证", "药理作用"),
    Relation.CONTRAINDICATION: ("禁忌证", "禁忌"),
    Relation.CAUTION: ("注意事项",),
    Relation.ADVERSE: ("不良反应",),
    Relation.DOSAGE: ("用法用量",),
    Relation.INTERACTION: ("药物相互作用",),
    Relation.DOSAGE_FORM: ("剂型",),
    Relation.DRUG_CLASS: ("药品类型",),
}
"""Fields of a monograph that answer a relation."""
NEXT: Mapping[Relation, Relation] = {
    Relation.CONTRAINDICATION: Relation.CAUTION,
    Relation.CAUTION: Relation.CONTRAINDICATION,
}
"""What is told where nothing is recorded of what was asked."""
MIRRORED = frozenset({Relation.INTERACTION, Relation.INCOMPATIBLE})
"""Relations that hold both ways."""
DEPARTMENTS_EACH = 3
SURE = 0.5
"""Candidates below this score are alternatives to ask about."""

_SUBJECT_TYPES = frozenset(subject for row in RELATIONS.values() for subject in row.subjects)


def is_remedy(candidate: Candidate) -> bool:
    """Surely a drug, herb or formula."""
    return candidate.score >= SURE and candidate.type in REMEDIES


def may_be_subject(mention: Mention) -> bool:
    """True if facts can be about one of its candidates."""
    return any(c.type in _SUBJECT_TYPES for c in mention.candidates)


def subjects_of(mentions: Sequence[Mention], intent: Intent) -> list[Mention]:
    """What facts may be about. Symptoms that come with a disease or a remedy are its context, the object is not it."""
    usable = [m for m in mentions if not m.modifier and not m.negated and may_be_subject(m)]
    if _unknown_illness(mentions) and not any(_answers_itself(m, intent) for m in usable):
        return []  # what the complaints of an illness that is not known are examined by is no answer
    usable = [m for m in usable if all(c.entity not in intent.object for c in m.candidates)] or usable
    if intent.comparison:
        usable = [m for m in usable if any(c.type is not EntityType.SYMPTOM for c in m.candidates)] or usable
        return usable
    now = [m for m in usable if not m.past]
    usable = (
        now if any(_has_record_of(m, intent) for m in now) else usable
    )  # not the 糖尿病史 of who has something else
    certain = [m for m in usable if all(c.type is not EntityType.SYMPTOM for c in m.candidates)]
    certain = certain or [m for m in usable if any(map(is_illness, m.candidates))]  # 消化性溃疡, and not its 腹胀
    certain = [m for m in certain if m.best.name not in _KINDS] or certain  # the 肿瘤 of `胶质瘤，这种肿瘤…`
    fitting = [m for m in usable if _has_record_of(m, intent)]
    if fitting and not any(m in fitting for m in certain):
        certain = fitting  # `缺铁性贫血要查铁蛋白吗，还查哪些`: what an indicator is examined by is not recorded
    kinds = {c.type for m in certain for c in m.candidates}
    if kinds and kinds <= REMEDIES and intent.relations == (Relation.DRUG,):
        return usable  # `偏头痛用什么止疼药`: the class of drugs is no subject
    return certain or usable


def _unknown_illness(mentions: Sequence[Mention]) -> bool:
    """`十二指肠类癌综合征` where 十二指肠类癌 alone is known."""
    unknown = (m for m in mentions if m.modifier and not m.negated)
    return any(c.type is EntityType.DISEASE for m in unknown for c in m.candidates[:1])


def _answers_itself(mention: Mention, intent: Intent) -> bool:
    """Whether it is more than a complaint, and what is asked can be said of it."""
    complaint = any(c.type is EntityType.SYMPTOM for c in mention.candidates)
    return not complaint and (not intent.relations or _has_record_of(mention, intent))


_KINDS = frozenset({"肿瘤", "癌症", "恶性肿瘤", "良性肿瘤", "炎症", "感染"})
"""Of a question that names one of their kind as well, they only say what it is."""


def _has_record_of(mention: Mention, intent: Intent) -> bool:
    """Whether a relation asked for can be said of an illness or a remedy that a mention names."""
    able = {kind for relation in intent.relations for kind in RELATIONS[relation].subjects}
    return any(c.type in able and c.type is not EntityType.SYMPTOM for c in mention.candidates)


def relations_wanted(candidate: Candidate, mention: Mention, intent: Intent) -> tuple[Relation, ...]:
    """The relations asked for; all, where it matters whether this one is described at all.

    So it does where another entity lists this one's own name, and where others would be asked about in its place.
    """
    rivals = bool(choices(mention)) or (
        candidate.via == OWN_NAME and any(c.via != OWN_NAME for c in mention.candidates)
    )
    following = [NEXT[relation] for relation in intent.relations if relation in NEXT]
    return () if rivals else tuple(dict.fromkeys((*intent.relations, *following)))


def asked_or_next(facts: Sequence[GraphFact], intent: Intent, monograph: Sequence[Evidence]) -> list[GraphFact]:
    """What was asked; of a subject whose record has none of it, what comes next to it."""
    told = {(fact.subject, fact.relation) for fact in facts}
    told |= {
        (e.passage.about, r)
        for e in monograph
        if e.passage and e.passage.about
        for r in _relations_of(e.passage.aspect)
    }
    instead = {NEXT[r]: r for r in intent.relations if r in NEXT and NEXT[r] not in intent.relations}
    return [
        fact for fact in facts if fact.relation not in instead or (fact.subject, instead[fact.relation]) not in told
    ]


def of_the_pair(mentions: Sequence[Mention], intent: Intent, monograph: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Of two remedies asked about together only the fields that name the other."""
    remedies = _remedies_named(mentions)
    if len(remedies) < 2 or not intent.relations or not set(intent.relations) <= MIRRORED:
        return monograph
    return tuple(e for e in monograph if any(_names_another(e, m) for m in remedies))


def _remedies_named(mentions: Sequence[Mention]) -> list[Mention]:
    return [m for m in mentions if not m.negated and not m.modifier and any(is_remedy(c) for c in m.candidates)]


def _names_another(evidence: Evidence, mention: Mention) -> bool:
    about = evidence.passage.about if evidence.passage else None
    text, names = normalise(evidence.text), (normalise(mention.surface), *(c.name for c in mention.candidates))
    return all(c.entity != about for c in mention.candidates) and any(name in text for name in names)


def points_last(facts: Sequence[GraphFact]) -> list[GraphFact]:
    """Acupoints after what else treats an illness."""
    objects = {f.id: f.object for f in facts if not isinstance(f.object, Literal)}
    return sorted(facts, key=lambda f: f.id in objects and entity_type(objects[f.id]) is EntityType.ACUPOINT)


def gravest_first(facts: Sequence[GraphFact]) -> list[GraphFact]:
    """Interactions by how grave their record says they are; everything else stays in its order before them."""
    levels = list(Level)
    graded = [level_named(f.qualifiers.severity) if f.relation in MIRRORED else Level.CONTRAINDICATED for f in facts]
    order = sorted(range(len(facts)), key=lambda n: levels.index(graded[n]))
    return [facts[n] for n in order]


def _relations_of(aspect: str | None) -> list[Relation]:
    return [relation for relation, aspects in ASPECTS.items() if aspect in aspects]


def for_them(people: Collection[str], evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Without doses that say nothing of the people they are asked for: an adult's dose is none for a child."""
    return tuple(e for e in evidence if not _is_dose(e) or all(speaks_of(one, normalise(e.text)) for one in people))


def _is_dose(evidence: Evidence) -> bool:
    if evidence.fact is not None:
        return evidence.fact.relation is Relation.DOSAGE
    return evidence.passage is not None and evidence.passage.aspect == "用法用量"


def entities_named(mention: Mention) -> list[EntityId]:
    """The entities that a mention names when none of them is described."""
    sure = [c for c in mention.candidates if c.score >= SURE]
    return [c.entity for c in sure if c.via == OWN_NAME] or [c.entity for c in sure]


def first_departments(facts: Sequence[GraphFact]) -> list[GraphFact]:
    """The first few departments among facts."""
    return [fact for fact in facts if fact.relation is Relation.DEPARTMENT][:DEPARTMENTS_EACH]


def told_symptoms(mentions: Sequence[Mention]) -> Told:
    """The symptoms that a question states and those that it denies, each once."""
    present = [c.entity for m in _of_the_patient(mentions) for c in _first_symptoms(m)]
    absent = [c.entity for m in mentions if m.negated for c in _first_symptoms(m)]
    return Told(
        tuple(dict.fromkeys(present)), tuple(entity for entity in dict.fromkeys(absent) if entity not in present)
    )


def parts_told(mentions: Sequence[Mention]) -> tuple[str, ...]:
    """Parts of the body that the symptoms told are of, as records call them."""
    return tuple(dict.fromkeys(part for m in _of_the_patient(mentions) for part in m.parts))


def asked_of(intent: Intent, subjects: Collection[EntityId]) -> set[Relation]:
    """`能吃吗` asked of a drug is no question about food."""
    remedies = any(entity_type(subject) in REMEDIES for subject in subjects)
    return set(intent.relations) - ({Relation.FOOD_GOOD, Relation.FOOD_BAD} if remedies else set())


def between_remedies(
    facts: list[GraphFact], subjects: Collection[EntityId], mentions: Sequence[Mention]
) -> list[GraphFact]:
    """Of two remedies asked about together, described or not, only what lies between; of mirrored facts one."""
    described = sum(entity_type(subject) in REMEDIES for subject in subjects)
    if described < 2 and len(_remedies_named(mentions)) < 2:
        return facts
    kept: dict[object, GraphFact] = {}
    for fact in facts:
        if fact.relation not in MIRRORED:
            kept.setdefault(fact.id, fact)
        elif fact.object in subjects:
            kept.setdefault((frozenset((fact.subject, fact.object)), fact.relation), fact)
    return list(kept.values())


def entities_meant(candidates: Sequence[Candidate], known: set[EntityId]) -> list[EntityId]:
    """The entities that carry the name itself if any is described; else those that surely list it as an alias."""
    own = [c.entity for c in candidates if c.via == OWN_NAME and c.entity in known]
    if own:
        return own
    return [c.entity for c in candidates if c.score >= SURE and c.entity in known]


def _of_the_patient(mentions: Sequence[Mention]) -> list[Mention]:
    """What is there now: the writer's own, else that of whomever the question is about (a child, a parent)."""
    present = [m for m in mentions if m.present and any(c.type is EntityType.SYMPTOM for c in m.candidates)]
    present = [m for m in present if not _says_no_more(m, present)]
    return [m for m in present if not m.third_person] or present


def _says_no_more(mention: Mention, others: Sequence[Mention]) -> bool:
    """`坐久了更疼`, after `腰疼`: the same complaint once more, and not a pain that could be anywhere."""
    said = _ONE_THING.get(mention.surface, "") if not mention.parts else ""
    return bool(said) and any(m.start < mention.start and set(m.surface) & set(said) for m in others)


_ONE_THING: Mapping[str, str] = {
    "疼": "疼痛",
    "痛": "疼痛",
    "痒": "痒",
    "肿": "肿",
    "咳": "咳",
    "吐": "吐",
    "烧": "烧热",
    "晕": "晕",
}
"""Complaints of one character, and what the words hold that tell the same more fully."""


def _first_symptoms(mention: Mention) -> list[Candidate]:
    """The symptom that carries the name itself; only without one, those that surely list it as an alias."""
    symptoms = [c for c in mention.candidates if c.type is EntityType.SYMPTOM and c.score >= SURE]
    return [c for c in symptoms if c.via == OWN_NAME] or symptoms


def with_held(mentions: Sequence[Mention], held: Sequence[tuple[Mention, Candidate]]) -> tuple[Mention, ...]:
    """`mentions` where a product stands for what it is made of, if that is told in its place."""
    made_of: dict[Mention, tuple[Candidate, ...]] = {}
    for mention, candidate in held:
        made_of[mention] = (*made_of.get(mention, ()), candidate)
    return tuple(replace(m, candidates=made_of[m]) if m in made_of else m for m in mentions)


def choices(mention: Mention) -> list[Candidate]:
    """What to ask about an unsure mention, best first."""
    return [c for c in mention.candidates if c.score < SURE][:5]


def with_what_is_consumed(
    facts: Sequence[GraphFact], fields: Sequence[Evidence], mentions: Sequence[Mention], intent: Intent
) -> list[GraphFact]:
    """`喝酒后能吃布洛芬吗`: where it is told of, what else the remedy interacts with is no answer."""
    if not intent.relations or not set(intent.relations) <= MIRRORED:
        return list(facts)
    taken = [m for m in mentions if any(c.type in (EntityType.FOOD, EntityType.CAUSE) for c in m.candidates)]
    entities = {c.entity for m in taken for c in m.candidates}
    names = {name for m in taken for name in (normalise(m.surface), *(c.name for c in m.candidates))}
    hits = [fact for fact in facts if fact.object in entities]
    told = hits or any(name in normalise(field.text) for field in fields for name in names)
    return hits if told else list(facts)

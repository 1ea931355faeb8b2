"""Everything a question finds in one version: facts both ways, ranked diseases, passages.

At most one graph round trip for facts and one for ranking symptoms; passages come from the sparse index (text and
the ids of mentioned entities) and the dense one, fused with the weights fitted for the question's language.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.avoided import AGAINST, against, states_in, warning
from rag.deciding import CAUSED_BY, TOWARDS, narrowed
from rag.differential import Contender, Told, order
from rag.domain import (
    EDITOR,
    AliasKind,
    Candidate,
    Condition,
    EntityId,
    Evidence,
    GraphFact,
    Intent,
    Literal,
    Mention,
    Neighbourhood,
    PassageKind,
    RankedSubject,
)
from rag.excerpts import telling, without
from rag.fusion import Tuning, fuse, fuse_languages
from rag.intent import REMEDIES
from rag.linking import OWN_NAME, Names, entity_name, entity_type
from rag.patient import concerns_of, group_entities, patient_in
from rag.people import groups_in, speaks_of
from rag.population import NOBODY, Person, groups_preferred, limited_to
from rag.ports import Embedder, GraphReader, KnowledgeBase
from rag.quoting import quotable
from rag.remedies import (
    INDICATIONS,
    asks_drugs,
    ill_in,
    indicated_for,
    monographs_for,
    remedies_for,
    told_drugs,
    with_indications,
)
from rag.rendering import fact_evidence
from rag.support import supports
from rag.text import TEXT_VERSION, Language, language_of, normalise, tokens
from rag.vocabulary import RELATIONS, EntityType, Polarity, Relation
from rag.weighting import default_weights

FACTS_EACH = 200
"""Facts read per entity and relation; the longest list of the reference graph has 160."""
RANKED = 10
RANKED_BESIDE = 3
"""Diseases shown where a bare symptom leads to something else that was asked for."""
RANKED_READ = 100
"""Read before ties are broken."""
CONTENDERS = 40
"""Of those the best, whose other symptoms are read too."""
SYMPTOMS_EACH = 60
"""Facts read for each of them and a relation; a disease lists 8 symptoms on average."""
LISTED = 50
"""Diseases that meet conditions, shown in full answers."""
DEPARTMENTS_OF = 3
DEPARTMENTS_EACH = 3
CANDIDATE_PASSAGES = 100
ACROSS_LANGUAGES: Mapping[str, float] = {"names": 1.0, "dense": 0.5}
"""Between languages entity names lead; the embedding, which knows both through the term file, helps."""
MONOGRAPH_PASSAGES = 40

_ASPECTS: Mapping[Relation, tuple[str, ...]] = {
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


_NEXT: Mapping[Relation, Relation] = {
    Relation.CONTRAINDICATION: Relation.CAUTION,
    Relation.CAUTION: Relation.CONTRAINDICATION,
}
"""What is told where nothing is recorded of what was asked."""
_OF_CARE = frozenset({Relation.DEPARTMENT, Relation.COST, Relation.INSURANCE})

_Meant = Mapping[Mention, Sequence[EntityId]]


@dataclass(frozen=True)
class Retrieved:
    """What was found, each list best first.

    `facts` answer the relations asked, `ranked` are diseases by matched symptoms with their facts in `matches`,
    `contenders` the same and those behind them with what else is known of them, where the question may be asked back,
    `monograph` holds fields of drug monographs, `passages` the rest of the literature; `subjects` are the entities the
    question is about and that are described, `named` also those that are not, `unsure` the mentions to ask about.
    `people` are the groups whose dose is asked for: no other dose is among the rest.
    """

    facts: tuple[Evidence, ...] = ()
    ranked: tuple[RankedSubject, ...] = ()
    contenders: tuple[Contender, ...] = ()
    matches: tuple[Evidence, ...] = ()
    monograph: tuple[Evidence, ...] = ()
    passages: tuple[Evidence, ...] = ()
    subjects: tuple[EntityId, ...] = ()
    named: tuple[EntityId, ...] = ()
    unsure: tuple[Mention, ...] = ()
    people: tuple[str, ...] = ()


@dataclass(frozen=True)
class Retriever:
    """The retrieval step over one version."""

    kb: KnowledgeBase
    graph: GraphReader
    names: Names
    embedder: Embedder | None
    tuning: Tuning

    def retrieve(
        self,
        question: str,
        mentions: Sequence[Mention],
        intent: Intent,
        *,
        top_k: int,
        person: Person = NOBODY,
        conditions: Sequence[Condition] = (),
    ) -> Retrieved:
        """Facts, ranking and passages for one question about one person, or about the diseases that meet conditions."""
        if conditions and (listed := self.graph.subjects_meeting(conditions, limit=LISTED)):
            return self._listed(listed, conditions)
        if intent.avoids:
            return self._avoided(question, mentions)
        facts, indicated, unsure, meant = self._facts(mentions, intent)
        remedies = [] if told_drugs(facts, mentions, intent) else remedies_for(question, mentions, indicated)
        if remedies:
            facts, unsure = [fact for fact in facts if fact.relation is not Relation.DRUG] + remedies, []
        passages = self.passages(question, mentions, top_k=top_k)
        treated: Sequence[object] = remedies
        if asks_drugs(intent) and not remedies:
            passages, treated = self._with_remedies(passages, mentions, top_k)
        if intent.reverse and treated:
            intent = replace(intent, reverse=False)
            meant = ill_in(mentions)
        people = groups_in(normalise(question)) if Relation.DOSAGE in intent.relations else ()
        contenders, departments = self._contenders(mentions, intent, person) if intent.reverse else ((), [])
        ranked = tuple(c.ranked for c in contenders[: RANKED if not intent.groups else RANKED_BESIDE])
        if ranked:
            facts = departments
        subjects = list(dict.fromkeys(entity for entities in meant.values() for entity in entities))
        excerpts = self._excerpts(question, mentions) if not (intent.relations or intent.reverse) else ()
        excerpts += self._of_points(question, mentions)
        subjects += [e.passage.about for e in excerpts if e.passage is not None and e.passage.about is not None]
        subjects += [fact.object for fact in remedies if not isinstance(fact.object, Literal)]
        monograph = _of_the_pair(mentions, intent, self._monograph(subjects, intent))
        return Retrieved(
            facts=_for_them(people, self.as_evidence(_points_last(_asked_or_next(facts, intent, monograph)))),
            ranked=ranked,
            contenders=contenders,
            matches=self.as_evidence([fact for subject in ranked for fact in subject.matched]),
            monograph=_for_them(people, (*monograph, *self._towards(mentions, intent), *excerpts)),
            people=people,
            passages=passages,
            subjects=tuple(dict.fromkeys(subjects)),
            named=tuple(dict.fromkeys(entity for m in meant for entity in meant[m] or _named(m))),
            unsure=tuple(unsure),
        )

    def _with_remedies(
        self, passages: tuple[Evidence, ...], mentions: Sequence[Mention], top_k: int
    ) -> tuple[tuple[Evidence, ...], list[Evidence]]:
        """Passages and those of them that are indicated for a symptom; where the question's own words (`哺乳期`) found
        none, by the illness alone.
        """  # noqa: D205
        treated = monographs_for(passages, mentions)
        ill = list(ill_in(mentions))
        if treated or not ill or len(ill) == len(mentions):
            return passages, treated
        more = self.passages(" ".join(m.surface for m in ill), ill, top_k=top_k)
        treated = monographs_for(more, mentions)
        return (*passages, *(e for e in treated if e not in passages)), treated

    def _listed(self, found: Sequence[RankedSubject], conditions: Sequence[Condition]) -> Retrieved:
        """All of them, each with the facts that meet the conditions; first those whose record uses the very word."""
        words = {word for condition in conditions for word in condition.words}
        ranked = sorted(found, key=lambda s: not any(_plain_group(f) in words for f in s.matched))
        matches = self.as_evidence([fact for subject in ranked for fact in subject.matched])
        return Retrieved(ranked=tuple(ranked), matches=matches)

    def _avoided(self, question: str, mentions: Sequence[Mention]) -> Retrieved:
        """Remedies whose records speak against what is named, and the monographs that do."""
        concerns = concerns_of(patient_in(question, mentions, self.names), self.names)
        states = dict.fromkeys([*states_in(mentions), *sorted(group_entities(concerns, self.names))], AGAINST)
        found = self.graph.neighbourhood(states, limit_each=FACTS_EACH).incoming if states else ()
        ranked = against([fact for fact in found if fact.object in states])
        words = " ".join(["禁忌 禁用 慎用", *(m.surface for m in mentions)])
        told = warning(self.passages(words, mentions, top_k=CANDIDATE_PASSAGES), mentions, concerns)
        matches = self.as_evidence([fact for subject in ranked for fact in subject.matched])
        return Retrieved(ranked=ranked, matches=matches, monograph=tuple(told), named=tuple(states_in(mentions)))

    def as_evidence(self, facts: Sequence[GraphFact]) -> tuple[Evidence, ...]:
        """Graph facts with the text that their citations quote."""
        sources = {EDITOR.id: EDITOR} | self.kb.sources({fact.source for fact in facts})
        return tuple(fact_evidence(fact, sources[fact.source]) for fact in facts if fact.source in sources)

    # ------------------------------------------------------------ the graph

    def _facts(
        self, mentions: Sequence[Mention], intent: Intent
    ) -> tuple[list[GraphFact], list[GraphFact], list[Mention], _Meant]:
        """Facts of what each mention surely stands for, remedies, mentions to ask about, what each mention means."""
        usable = [self._cared_for(m, intent) for m in _about(mentions, intent)]
        ill = ill_in(mentions) if asks_drugs(intent) else {}
        treated = {entity: (Relation.INDICATION,) for entities in ill.values() for entity in entities}
        if intent.reverse:
            around = self.graph.neighbourhood(treated, limit_each=FACTS_EACH) if treated else Neighbourhood()
            return [], indicated_for(around, treated), [], {}
        if not intent.relations:
            return [], [], [], {}
        plan: dict[EntityId, tuple[Relation, ...]] = {c.entity: () for m in usable for c in choices(m)}
        plan |= {c.entity: intent.relations for m in usable for c in self._translations(m)}
        plan |= {c.entity: _wanted(c, m, intent) for m in usable for c in m.candidates if c.score >= SURE}
        asking: dict[EntityId, tuple[Relation, ...]] = {
            entity: TOWARDS for entity in intent.object if plan and entity_type(entity) in REMEDIES
        }
        if Relation.COMPLICATION in intent.relations and plan:
            asking |= {e: CAUSED_BY for e in intent.object if entity_type(e) is EntityType.DISEASE and e not in plan}
        plan = with_indications(plan, treated)
        around = self.graph.neighbourhood(asking | plan, limit_each=FACTS_EACH) if plan else Neighbourhood()
        found = around.outgoing
        known = {fact.subject for fact in found} | self._described(plan)
        meant = {m: _meant([*m.candidates, *self._translations(m)], known) for m in usable}
        subjects = {entity for entities in meant.values() for entity in entities}
        asked = _asked_of(intent, subjects)
        asked |= {_NEXT[relation] for relation in asked if relation in _NEXT}
        facts = [fact for fact in found if fact.subject in subjects and fact.relation in asked]
        listed = any(fact.object in intent.object for fact in facts)
        facts += [
            fact
            for fact in found
            if fact.subject in asking and fact.object in subjects and not (listed and fact.relation in CAUSED_BY)
        ]
        facts = narrowed(intent, _between(facts, subjects, mentions))
        unsure = [m for m in usable if not meant[m] and any(c.entity in known for c in choices(m))]
        return facts, indicated_for(around, treated), unsure, meant

    def _cared_for(self, mention: Mention, intent: Intent) -> Mention:
        """`白内障手术` as 白内障 where department, costs or insurance are asked for: those of the illness are known."""
        asked = [relation for relation in intent.relations if relation in _OF_CARE]
        if not asked or any(c.type in RELATIONS[r].subjects for r in intent.relations for c in mention.candidates):
            return mention
        for name, start, _ in self.names.find(normalise(mention.surface)[:-1]):
            ill = [c for c in self.names.candidates(name) if c.type is EntityType.DISEASE and c.score >= SURE]
            if start == 0 and ill:
                return replace(mention, candidates=tuple(ill))
        return mention

    def _translations(self, mention: Mention) -> list[Candidate]:
        """Where a name is foreign or short, what surely lists the Chinese name it stands for as an alias.

        `hepatitis B` is 乙型肝炎 in the term file, and a graph may call it 乙肝 and list 乙型肝炎.
        """
        foreign = [c for c in mention.candidates if c.via in _FOREIGN and c.score >= SURE]
        listed = [other for c in foreign for other in self.names.candidates(c.name) if other.type is c.type]
        return [other for other in listed if other.score >= SURE and other.via != OWN_NAME]

    def _described(self, plan: Mapping[EntityId, object]) -> set[EntityId]:
        """Entities that have passages of their own."""
        passages = self.kb.passages(self.kb.about(list(plan), limit_each=1))
        return {passage.about for passage in passages.values() if passage.about is not None}

    def _contenders(
        self, mentions: Sequence[Mention], intent: Intent, person: Person
    ) -> tuple[tuple[Contender, ...], list[GraphFact]]:
        """Diseases by the symptoms they share with the question, and where the best of them are treated.

        One read ranks; one more tells departments and, where it may change the order or lead to a question back, what
        else the best ones list.
        """
        told = told_symptoms(mentions)
        if not told.present:
            return (), []
        found = self.graph.rank_subjects(Relation.SYMPTOM, told.present, limit=RANKED_READ)
        first = order([Contender(subject) for subject in found], person)
        wide = not intent.groups or bool(told.absent) or person != NOBODY
        relations = (Relation.DEPARTMENT, Relation.SYMPTOM, Relation.POPULATION) if wide else (Relation.DEPARTMENT,)
        best = first[: CONTENDERS if wide else DEPARTMENTS_OF]
        plan = {c.ranked.subject: relations for c in best}
        facts = self.graph.neighbourhood(plan, limit_each=SYMPTOMS_EACH if wide else DEPARTMENTS_EACH).outgoing
        known: dict[EntityId, list[GraphFact]] = {c.ranked.subject: [] for c in best}
        for fact in facts:
            known[fact.subject].append(fact)
        ordered = order([_described(c.ranked, known[c.ranked.subject], told) for c in best], person)
        departments = [fact for c in ordered[:DEPARTMENTS_OF] for fact in _departments(known[c.ranked.subject])]
        return (*ordered, *first[len(best) :]), departments

    # ------------------------------------------------------------ passages

    def _monograph(self, subjects: Sequence[EntityId], intent: Intent) -> tuple[Evidence, ...]:
        """Passages about the drugs in question, in the order of the fields asked for."""
        drugs = [entity for entity in subjects if entity_type(entity) in REMEDIES]
        if not drugs:
            return ()
        aspects = [aspect for relation in intent.relations for aspect in _ASPECTS.get(relation, ())]
        found = self.kb.evidence(self.kb.about(drugs, limit_each=MONOGRAPH_PASSAGES))
        rank = {aspect: n for n, aspect in enumerate(dict.fromkeys(aspects))}
        kept = [e for e in found.values() if e.passage is not None and e.passage.aspect in rank]
        order = {entity: n for n, entity in enumerate(drugs)}
        return tuple(sorted(kept, key=lambda e: _monograph_key(e, order, rank)))

    def _excerpts(self, question: str, mentions: Sequence[Mention]) -> tuple[Evidence, ...]:
        """Where no field is asked for (`能不能静推`): what the monographs of the remedies named say on it."""
        named = [m for m in mentions if not m.modifier and any(_is_remedy(c) for c in m.candidates)]
        remedies = list(dict.fromkeys(c.entity for m in named for c in m.candidates if _is_remedy(c)))
        if not remedies:
            return ()
        found = self.kb.evidence(self.kb.about(remedies, limit_each=MONOGRAPH_PASSAGES)).values()
        told = [(quote, e) for e in found if e.kind == PassageKind.MONOGRAPH for quote in quotable(e.text)]
        chosen = set(telling(without(question, named), [quote for quote, _ in told]))
        return tuple({e.id: e for quote, e in told if quote in chosen}.values())

    def _of_points(self, question: str, mentions: Sequence[Mention]) -> tuple[Evidence, ...]:
        """Where an acupoint is and how it is used, if that is asked: fields that no relation holds."""
        fields = [field for said, field in _POINT_FIELDS if said.search(question)]
        named = [c.entity for m in mentions if not m.negated for c in m.candidates if c.type is EntityType.ACUPOINT]
        if not (fields and named):
            return ()
        found = self.kb.evidence(self.kb.about(list(dict.fromkeys(named)), limit_each=MONOGRAPH_PASSAGES)).values()
        return tuple(e for e in found if e.passage is not None and e.passage.aspect in fields)

    def _towards(self, mentions: Sequence[Mention], intent: Intent) -> list[Evidence]:
        """Of the remedies that a yes/no question asks about, what their monographs say of the others named in it."""
        remedies = [entity for entity in intent.object if entity_type(entity) in REMEDIES]
        if not remedies:
            return []
        others = [m for m in mentions if all(c.entity not in intent.object for c in m.candidates)]
        names = {name for m in others for name in (normalise(m.surface), *(c.name for c in m.candidates))}
        found = self.kb.evidence(self.kb.about(remedies, limit_each=MONOGRAPH_PASSAGES)).values()
        against = any(RELATIONS[relation].polarity is Polarity.AGAINST for relation in intent.relations)
        told = [
            e for e in found if e.passage is not None and e.passage.aspect in (_SPEAKING if against else INDICATIONS)
        ]
        return [e for e in told if any(name in normalise(e.text) for name in names)]

    def passages(self, question: str, mentions: Sequence[Mention], *, top_k: int) -> tuple[Evidence, ...]:
        """The `top_k` passages for a question, best first."""
        arms = self.arms(question, mentions)
        hits = fuse_languages(arms, self.tuning.weights[language_of(question)])[:top_k]
        support = supports(arms, self.kb.passage_count, self.tuning.thresholds)
        found = self.kb.evidence([name for name, _, _ in hits])
        return tuple(
            replace(found[name], score=score, arms=parts, support=support.get(name, 0.0))
            for name, score, parts in hits
            if name in found
        )

    def arms(self, question: str, mentions: Sequence[Mention]) -> dict[str, list[tuple[str, float]]]:
        """(passage id, score) of each arm: the question's words, its vector, and the other language by concepts.

        Passages in the other language share no words with the question, so they are searched for by the names of the
        entities in it, and ranked among themselves. `names` is no arm: it is what they were found by, for the support.
        """
        language = language_of(question)
        weights = self.tuning.weights[language]
        terms = self._terms(question)
        concepts = self.concepts(mentions)
        other: Language = "en" if language == "zh" else "zh"
        own_dense, other_dense = self._dense(question, language)
        arms = {
            "sparse": self.kb.search_sparse(
                terms, concepts=concepts, limit=CANDIDATE_PASSAGES, concept_boost=weights["concepts"], language=language
            ),
            "dense": own_dense,
        }
        names = self._translated(concepts, other)
        by_name = self.kb.search_sparse(
            terms | dict.fromkeys(names, 1.0), concepts=concepts, limit=CANDIDATE_PASSAGES, language=other
        )
        across = fuse({"names": by_name, "dense": other_dense}, ACROSS_LANGUAGES)
        return arms | {"graph": [(name, score) for name, score, _ in across], "names": by_name}

    def _terms(self, question: str) -> dict[str, float]:
        """The weight of each term of a question, and those under which an older version indexed the same words."""
        terms = default_weights().of(question)
        if self.kb.text_version != TEXT_VERSION:
            terms = dict.fromkeys(tokens(question, self.kb.text_version), 1.0) | terms
        return terms

    def _dense(self, question: str, language: Language) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """(passage id, inner product) in the question's language and in the other."""
        if self.embedder is None:
            return [], []
        hits = self.kb.search_dense(self.embedder.encode([question], kind="query")[0], limit=CANDIDATE_PASSAGES)
        found = self.kb.passages([name for name, _ in hits])
        own = {name for name, passage in found.items() if language_of(passage.text) == language}
        return [hit for hit in hits if hit[0] in own], [hit for hit in hits if hit[0] not in own]

    def _translated(self, concepts: Sequence[EntityId], language: Language) -> list[str]:
        """The index terms of the entities' names in `language`."""
        names = [entity_name(entity) for entity in concepts]
        names += [alias.name for entity in concepts for alias in self.kb.aliases(entity)]
        return list(dict.fromkeys(term for name in names if language_of(name) == language for term in tokens(name)))

    def concepts(self, mentions: Sequence[Mention]) -> list[EntityId]:
        """Entities to look for in passages: what a mention surely means, and what those entities are also called."""
        direct = [c for m in mentions if not m.negated and not m.modifier for c in m.candidates if c.score >= SURE]
        found: dict[EntityId, None] = {c.entity: None for c in direct}
        for candidate in direct:
            for alias in self.kb.aliases(candidate.entity):
                for other in self.names.candidates(alias.name):
                    if other.via == OWN_NAME and other.type == candidate.type and other.score >= SURE:
                        found.setdefault(other.entity)
        return list(found)


_SPEAKING = INDICATIONS | {"禁忌证", "禁忌", "注意事项"}
"""Fields of a monograph that tell what it is for or not for."""
_POINT_FIELDS = (
    (re.compile("在哪|哪里|哪儿|位置|定位|怎么找|如何找|取穴|找准|部位"), "定位"),
    (re.compile("怎么[扎刺按灸揉]|如何[扎刺按灸揉]|针刺|进针|刺法|操作|艾灸|按摩|按揉|多深"), "操作"),
    (re.compile("解剖|血管|神经|肌肉"), "解剖"),
)
MIRRORED = frozenset({Relation.INTERACTION, Relation.INCOMPATIBLE})
"""Relations that hold both ways."""
SURE = 0.5
"""Candidates below this score are alternatives to ask about."""

_SUBJECT_TYPES = frozenset(subject for row in RELATIONS.values() for subject in row.subjects)


def _is_remedy(candidate: Candidate) -> bool:
    return candidate.score >= SURE and candidate.type in REMEDIES


def may_be_subject(mention: Mention) -> bool:
    """True if facts can be about one of its candidates."""
    return any(c.type in _SUBJECT_TYPES for c in mention.candidates)


def _about(mentions: Sequence[Mention], intent: Intent) -> list[Mention]:
    """What facts may be about. Symptoms that come with a disease or a remedy are its context, the object is not it."""
    usable = [m for m in mentions if not m.modifier and not m.negated and may_be_subject(m)]
    usable = [m for m in usable if all(c.entity not in intent.object for c in m.candidates)] or usable
    if intent.comparison:
        usable = [m for m in usable if any(c.type is not EntityType.SYMPTOM for c in m.candidates)] or usable
        return usable
    certain = [m for m in usable if all(c.type is not EntityType.SYMPTOM for c in m.candidates)]
    return certain or usable


def _wanted(candidate: Candidate, mention: Mention, intent: Intent) -> tuple[Relation, ...]:
    """The relations asked for; all, where another entity lists this one's own name and it matters who is described."""
    rivals = candidate.via == OWN_NAME and any(c.via != OWN_NAME for c in mention.candidates)
    following = [_NEXT[relation] for relation in intent.relations if relation in _NEXT]
    return () if rivals else tuple(dict.fromkeys((*intent.relations, *following)))


def _asked_or_next(facts: Sequence[GraphFact], intent: Intent, monograph: Sequence[Evidence]) -> list[GraphFact]:
    """What was asked; of a subject whose record has none of it, what comes next to it."""
    told = {(fact.subject, fact.relation) for fact in facts}
    told |= {
        (e.passage.about, r)
        for e in monograph
        if e.passage and e.passage.about
        for r in _relations_of(e.passage.aspect)
    }
    instead = {_NEXT[r]: r for r in intent.relations if r in _NEXT and _NEXT[r] not in intent.relations}
    return [
        fact for fact in facts if fact.relation not in instead or (fact.subject, instead[fact.relation]) not in told
    ]


def _of_the_pair(mentions: Sequence[Mention], intent: Intent, monograph: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Of two remedies asked about together only the fields that name the other."""
    remedies = _remedies_named(mentions)
    if len(remedies) < 2 or not intent.relations or not set(intent.relations) <= MIRRORED:
        return monograph
    return tuple(e for e in monograph if any(_names_another(e, m) for m in remedies))


def _remedies_named(mentions: Sequence[Mention]) -> list[Mention]:
    return [m for m in mentions if not m.negated and not m.modifier and any(_is_remedy(c) for c in m.candidates)]


def _names_another(evidence: Evidence, mention: Mention) -> bool:
    about = evidence.passage.about if evidence.passage else None
    text, names = normalise(evidence.text), (normalise(mention.surface), *(c.name for c in mention.candidates))
    return all(c.entity != about for c in mention.candidates) and any(name in text for name in names)


def _points_last(facts: Sequence[GraphFact]) -> list[GraphFact]:
    """Acupoints after what else treats an illness."""
    objects = {f.id: f.object for f in facts if not isinstance(f.object, Literal)}
    return sorted(facts, key=lambda f: f.id in objects and entity_type(objects[f.id]) is EntityType.ACUPOINT)


def _relations_of(aspect: str | None) -> list[Relation]:
    return [relation for relation, aspects in _ASPECTS.items() if aspect in aspects]


def _for_them(people: Collection[str], evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Without doses that say nothing of the people they are asked for: an adult's dose is none for a child."""
    return tuple(e for e in evidence if not _is_dose(e) or all(speaks_of(one, normalise(e.text)) for one in people))


def _is_dose(evidence: Evidence) -> bool:
    if evidence.fact is not None:
        return evidence.fact.relation is Relation.DOSAGE
    return evidence.passage is not None and evidence.passage.aspect == "用法用量"


def _named(mention: Mention) -> list[EntityId]:
    """The entities that a mention names when none of them is described."""
    sure = [c for c in mention.candidates if c.score >= SURE]
    return [c.entity for c in sure if c.via == OWN_NAME] or [c.entity for c in sure]


def _plain_group(fact: GraphFact) -> str:
    """`老年人` as `老年`."""
    return fact.object_text.removesuffix("人群").removesuffix("人")


def _departments(facts: Sequence[GraphFact]) -> list[GraphFact]:
    return [fact for fact in facts if fact.relation is Relation.DEPARTMENT][:DEPARTMENTS_EACH]


def _described(ranked: RankedSubject, facts: Sequence[GraphFact], told: Told) -> Contender:
    """A match with what the graph says beside it."""
    symptoms = {f.object: f.object_text for f in facts if f.relation is Relation.SYMPTOM and isinstance(f.object, str)}
    population = [f.object_text for f in facts if f.relation is Relation.POPULATION]
    return Contender(
        ranked,
        symptoms,
        limited_to(ranked.name, [f.object_text for f in _departments(facts)]),
        frozenset(group for text in population for group in groups_preferred(text)),
        frozenset(told.absent) & symptoms.keys(),
    )


def told_symptoms(mentions: Sequence[Mention]) -> Told:
    """The symptoms that a question states and those that it denies, each once."""
    present = [c.entity for m in _of_the_patient(mentions) for c in _first_symptoms(m)]
    absent = [c.entity for m in mentions if m.negated for c in _first_symptoms(m)]
    return Told(
        tuple(dict.fromkeys(present)), tuple(entity for entity in dict.fromkeys(absent) if entity not in present)
    )


def _asked_of(intent: Intent, subjects: Collection[EntityId]) -> set[Relation]:
    """`能吃吗` asked of a drug is no question about food."""
    remedies = any(entity_type(subject) in REMEDIES for subject in subjects)
    return set(intent.relations) - ({Relation.FOOD_GOOD, Relation.FOOD_BAD} if remedies else set())


_FOREIGN = frozenset({AliasKind.ENGLISH, AliasKind.LATIN, AliasKind.ABBREVIATION, AliasKind.COLLOQUIAL})


def _between(facts: list[GraphFact], subjects: Collection[EntityId], mentions: Sequence[Mention]) -> list[GraphFact]:
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


def _meant(candidates: Sequence[Candidate], known: set[EntityId]) -> list[EntityId]:
    """The entities that carry the name itself if any is described; else those that surely list it as an alias."""
    own = [c.entity for c in candidates if c.via == OWN_NAME and c.entity in known]
    if own:
        return own
    return [c.entity for c in candidates if c.score >= SURE and c.entity in known]


def _of_the_patient(mentions: Sequence[Mention]) -> list[Mention]:
    """What is there now: the writer's own, else that of whomever the question is about (a child, a parent)."""
    present = [m for m in mentions if m.present]
    return [m for m in present if not m.third_person] or present


def _first_symptoms(mention: Mention) -> list[Candidate]:
    """The symptom that carries the name itself; only without one, those that surely list it as an alias."""
    symptoms = [c for c in mention.candidates if c.type is EntityType.SYMPTOM and c.score >= SURE]
    return [c for c in symptoms if c.via == OWN_NAME] or symptoms


def choices(mention: Mention) -> list[Candidate]:
    """What to ask about an unsure mention, best first."""
    return [c for c in mention.candidates if c.score < SURE][:5]


_ITEM = re.compile(r"\s*[(（]?(\d{1,2})[.．、)）]")


def _monograph_key(
    evidence: Evidence, order: Mapping[EntityId, int], rank: Mapping[str, int]
) -> tuple[int, int, int, str]:
    """By drug, by field, by the number that the text begins with (1. before 2.), then by id."""
    passage = evidence.passage
    if passage is None or passage.about is None or passage.aspect is None:
        return (len(order), len(rank), 0, evidence.id)
    item = _ITEM.match(passage.text)
    number = int(item[1]) if item else 0
    return (order.get(passage.about, len(order)), rank[passage.aspect], number, evidence.id)

"""Everything a question finds in one version: facts both ways, ranked diseases, passages.

At most one graph round trip for facts and one for ranking symptoms; passages come from the sparse index (text and
the ids of mentioned entities) and the dense one, fused with the weights fitted for the question's language.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rag.answer.rendering import fact_evidence
from rag.checking.quoting import quotable
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
from rag.linking.names import OWN_NAME, Names, entity_name, entity_type
from rag.ports import Embedder, GraphReader, KnowledgeBase, Reranker
from rag.question.books import BookQuestion, book_question, told_in
from rag.question.deciding import CAUSED_BY, TOWARDS, narrowed
from rag.question.intent import REMEDIES
from rag.question.patient import concerns_of, group_entities, patient_in
from rag.question.people import groups_in
from rag.question.population import NOBODY, Person, suited
from rag.retrieval.avoided import AGAINST, against, states_in, warning
from rag.retrieval.corroboration import backed, drugs_in, substances
from rag.retrieval.differential import Contender
from rag.retrieval.excerpts import telling, without
from rag.retrieval.fusion import Fused, Tuning, fuse, fuse_languages, in_new_order
from rag.retrieval.initialisms import WEIGHT as INITIALISM_WEIGHT
from rag.retrieval.initialisms import initialisms
from rag.retrieval.other_words import english_words
from rag.retrieval.ranking import Ranking
from rag.retrieval.remedies import (
    INDICATIONS,
    asks_drugs,
    asks_points,
    ill_in,
    indicated_for,
    monographs_for,
    points_among,
    remedies_for,
    told_drugs,
    with_indications,
)
from rag.retrieval.selection import (
    ASPECTS,
    NEXT,
    SURE,
    asked_of,
    asked_or_next,
    between_remedies,
    choices,
    entities_meant,
    entities_named,
    for_them,
    is_remedy,
    of_the_pair,
    points_last,
    relations_wanted,
    subjects_of,
)
from rag.retrieval.support import supports
from rag.retrieval.weighting import default_weights
from rag.text import TEXT_VERSION, Language, language_of, normalise, tokens
from rag.vocabulary import RELATIONS, EntityType, Polarity, Relation

FACTS_EACH = 200
"""Facts read per entity and relation; the longest list of the reference graph has 160."""
RANKED = 10
RANKED_BESIDE = 3
"""Diseases shown where a bare symptom leads to something else that was asked for."""
LISTED = 50
"""Diseases that meet conditions, shown in full answers."""
CANDIDATE_PASSAGES = 100
RERANKED = 30
"""Passages that a reranker reads."""
ACROSS_LANGUAGES: Mapping[str, float] = {"names": 1.0, "dense": 0.5}
"""Between languages entity names lead; the embedding, which knows both through the term file, helps."""
MONOGRAPH_PASSAGES = 40
_BOOK_PASSAGES = 200
_LANGUAGES_KEPT = 200_000

_OF_CARE = frozenset({Relation.DEPARTMENT, Relation.COST, Relation.INSURANCE})

_Meant = Mapping[Mention, Sequence[EntityId]]


@dataclass(frozen=True)
class Retrieved:
    """What was found, each list best first.

    `facts` answer the relations asked, `ranked` are diseases by matched symptoms with their facts in `matches`,
    `contenders` the same and those behind them with what else is known of them, where the question may be asked back,
    `monograph` holds fields of drug monographs, `passages` the rest of the literature; `subjects` are the entities the
    question is about and that are described, `named` also those that are not, `unsure` the mentions to ask about.
    `people` are the groups whose dose is asked for: no other dose is among the rest. `books` are passages of classics,
    where `book` asks for them. `nowhere` is a complaint by which nothing was ranked, as it could be anywhere.
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
    books: tuple[Evidence, ...] = ()
    book: BookQuestion | None = None
    nowhere: str = ""


@dataclass(frozen=True)
class Retriever:
    """The retrieval step over one version."""

    kb: KnowledgeBase
    graph: GraphReader
    names: Names
    embedder: Embedder | None
    tuning: Tuning
    reranker: Reranker | None = None
    languages: dict[str, Language] = field(default_factory=dict, repr=False, compare=False)
    """Of the passages that vectors have found so far, by id. A passage never changes under its id."""

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
        points = asks_points(question, mentions)
        facts, indicated, unsure, meant = self._facts(mentions, intent, treated=points or asks_drugs(intent))
        told = told_drugs(facts, mentions, intent) and not points
        remedies = [] if told else remedies_for(question, mentions, indicated)
        if points:
            facts, unsure = points_among(facts) + remedies, []
        elif remedies:
            facts, unsure = [fact for fact in facts if fact.relation is not Relation.DRUG] + remedies, []
        passages = self.passages(question, mentions, top_k=top_k)
        treated: Sequence[object] = remedies
        if asks_drugs(intent) and not remedies:
            passages, treated = self._with_remedies(passages, mentions, top_k)
        if intent.reverse and treated:
            intent = replace(intent, reverse=False)
            meant = ill_in(mentions)
        people = groups_in(normalise(question)) if Relation.DOSAGE in intent.relations else ()
        ranking = Ranking(self.kb, self.graph, self.names)
        contenders, departments = ranking.contenders(mentions, intent, person) if intent.reverse else ((), [])
        ranked = tuple(c.ranked for c in contenders[: RANKED if not intent.groups else RANKED_BESIDE])
        if ranked:
            facts = departments
        subjects = list(dict.fromkeys(entity for entities in meant.values() for entity in entities))
        excerpts = self._excerpts(question, mentions) if not (intent.relations or intent.reverse) else ()
        excerpts += self._of_points(question, mentions)
        book = book_question(question)
        subjects += [e.passage.about for e in excerpts if e.passage is not None and e.passage.about is not None]
        subjects += [fact.object for fact in remedies if not isinstance(fact.object, Literal)]
        monograph = of_the_pair(mentions, intent, self._monograph(subjects, intent))
        return Retrieved(
            facts=for_them(people, self._backed(suited(points_last(asked_or_next(facts, intent, monograph)), person))),
            ranked=ranked,
            contenders=contenders,
            matches=self.as_evidence([fact for subject in ranked for fact in subject.matched]),
            monograph=for_them(people, (*monograph, *self._towards(mentions, intent), *excerpts)),
            people=people,
            passages=passages,
            subjects=tuple(dict.fromkeys(subjects)),
            named=tuple(dict.fromkeys(entity for m in meant for entity in meant[m] or entities_named(m))),
            unsure=tuple(unsure),
            books=self._of_books(book, mentions) if book is not None else (),
            book=book,
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

    def _backed(self, facts: Sequence[GraphFact]) -> tuple[Evidence, ...]:
        """Facts as evidence, drugs that other sources bear out before the others of an illness."""
        told = self.as_evidence(facts)
        holding = {drug: substances(drug, self.names) for drug in drugs_in(told)}
        if not holding:
            return told
        held = list(dict.fromkeys(substance for found in holding.values() for substance in found))
        leaflets = self.kb.evidence(self.kb.about(held, limit_each=MONOGRAPH_PASSAGES))
        return backed(told, leaflets.values(), holding)

    # ------------------------------------------------------------ the graph

    def _facts(
        self, mentions: Sequence[Mention], intent: Intent, *, treated: bool
    ) -> tuple[list[GraphFact], list[GraphFact], list[Mention], _Meant]:
        """Facts of what each mention surely stands for, remedies if `treated`, mentions to ask about, meanings."""
        usable = [self._cared_for(m, intent) for m in subjects_of(mentions, intent)]
        ill = ill_in(mentions) if treated else {}
        treatable = {entity: (Relation.INDICATION,) for entities in ill.values() for entity in entities}
        if intent.reverse:
            around = self.graph.neighbourhood(treatable, limit_each=FACTS_EACH) if treatable else Neighbourhood()
            return [], indicated_for(around, treatable), [], {}
        if not intent.relations:
            return [], [], [], {}
        plan: dict[EntityId, tuple[Relation, ...]] = {c.entity: () for m in usable for c in choices(m)}
        plan |= {c.entity: intent.relations for m in usable for c in self._translations(m)}
        plan |= {c.entity: relations_wanted(c, m, intent) for m in usable for c in m.candidates if c.score >= SURE}
        asking: dict[EntityId, tuple[Relation, ...]] = {
            entity: TOWARDS for entity in intent.object if plan and entity_type(entity) in REMEDIES
        }
        if Relation.COMPLICATION in intent.relations and plan:
            asking |= {e: CAUSED_BY for e in intent.object if entity_type(e) is EntityType.DISEASE and e not in plan}
        plan = with_indications(plan, treatable)
        around = self.graph.neighbourhood(asking | plan, limit_each=FACTS_EACH) if plan else Neighbourhood()
        found = around.outgoing
        known = {fact.subject for fact in found} | self._described(plan)
        meant = {m: entities_meant([*m.candidates, *self._translations(m)], known) for m in usable}
        subjects = {entity for entities in meant.values() for entity in entities}
        asked = asked_of(intent, subjects)
        asked |= {NEXT[relation] for relation in asked if relation in NEXT}
        facts = [fact for fact in found if fact.subject in subjects and fact.relation in asked]
        listed = any(fact.object in intent.object for fact in facts)
        facts += [
            fact
            for fact in found
            if fact.subject in asking and fact.object in subjects and not (listed and fact.relation in CAUSED_BY)
        ]
        facts = narrowed(intent, between_remedies(facts, subjects, mentions))
        unsure = [m for m in usable if not meant[m] and any(c.entity in known for c in choices(m))]
        return facts, indicated_for(around, treatable), unsure, meant

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

    # ------------------------------------------------------------ passages

    def _monograph(self, subjects: Sequence[EntityId], intent: Intent) -> tuple[Evidence, ...]:
        """Passages about the drugs in question, in the order of the fields asked for."""
        drugs = [entity for entity in subjects if entity_type(entity) in REMEDIES]
        if not drugs:
            return ()
        aspects = [aspect for relation in intent.relations for aspect in ASPECTS.get(relation, ())]
        found = self.kb.evidence(self.kb.about(drugs, limit_each=MONOGRAPH_PASSAGES))
        rank = {aspect: n for n, aspect in enumerate(dict.fromkeys(aspects))}
        kept = [e for e in found.values() if e.passage is not None and e.passage.aspect in rank]
        order = {entity: n for n, entity in enumerate(drugs)}
        return _by_turns(sorted(kept, key=lambda e: _monograph_key(e, order, rank)), intent)

    def _excerpts(self, question: str, mentions: Sequence[Mention]) -> tuple[Evidence, ...]:
        """Where no field is asked for (`能不能静推`): what the monographs of the remedies named say on it."""
        named = [m for m in mentions if not m.modifier and any(is_remedy(c) for c in m.candidates)]
        remedies = list(dict.fromkeys(c.entity for m in named for c in m.candidates if is_remedy(c)))
        if not remedies:
            return ()
        found = self.kb.evidence(self.kb.about(remedies, limit_each=MONOGRAPH_PASSAGES)).values()
        told = [(quote, e) for e in found if e.kind == PassageKind.MONOGRAPH for quote in quotable(e.text)]
        chosen = set(telling(without(question, named), [quote for quote, _ in told]))
        return tuple({e.id: e for quote, e in told if quote in chosen}.values())

    def _of_books(self, book: BookQuestion, mentions: Sequence[Mention]) -> tuple[Evidence, ...]:
        """What classics say of it, the best first."""
        hits = self.kb.search_sparse(
            self._terms(f"{book.title} {book.rest}"),
            concepts=self.concepts(mentions),
            limit=_BOOK_PASSAGES,
            language="zh",
        )
        found = self.kb.evidence([name for name, _ in hits])
        return told_in(book, mentions, [found[name] for name, _ in hits if name in found])

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
        hits = self.reranked(question, fuse_languages(arms, self.tuning.weights[language_of(question)]))[:top_k]
        best = [name for name, _, _ in hits]
        support = supports(arms, self.kb.passage_count, self.tuning.thresholds, best)
        found = self.kb.evidence(best)
        return tuple(
            replace(found[name], score=score, arms=parts, support=support.get(name, 0.0))
            for name, score, parts in hits
            if name in found
        )

    def reranked(self, question: str, hits: Fused) -> Fused:
        """The best of `hits` in the order of their scores and of what the reranker says; the scores stay.

        It counts by the weight `rerank.LANGUAGE` of the tuning; without one, or without a reranker, nothing moves.
        """
        weight = self.tuning.thresholds.get(f"rerank.{language_of(question)}", 0.0)
        if self.reranker is None or weight <= 0:
            return hits
        best = hits[:RERANKED]
        found = self.kb.passages([name for name, _, _ in best])
        texts = [f"{passage.title or ''}\n{passage.text}".strip() for passage in found.values()]
        read = dict(zip(found, map(float, self.reranker.scores(question, texts)), strict=True))
        return [*in_new_order(best, read, weight), *hits[RERANKED:]]

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
        names = dict.fromkeys(self._translated(concepts, other), 1.0)
        words = english_words(_without_names(question, mentions)) if other == "en" else {}
        by_name = self.kb.search_sparse(
            terms | words | names, concepts=concepts, limit=CANDIDATE_PASSAGES, language=other
        )
        across = fuse({"names": by_name, "dense": other_dense}, ACROSS_LANGUAGES)
        return arms | {"graph": [(name, score) for name, score, _ in across], "names": by_name}

    def _terms(self, question: str) -> dict[str, float]:
        """The weight of each term of a question, and those under which an older version indexed the same words."""
        terms = default_weights().of(question)
        if self.kb.text_version != TEXT_VERSION:
            terms = dict.fromkeys(tokens(question, self.kb.text_version), 1.0) | terms
        if language_of(question) == "en":
            terms = dict.fromkeys(initialisms(question), INITIALISM_WEIGHT) | terms
        return terms

    def _dense(self, question: str, language: Language) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """(passage id, inner product) in the question's language and in the other."""
        if self.embedder is None:
            return [], []
        hits = self.kb.search_dense(self.embedder.encode([question], kind="query")[0], limit=CANDIDATE_PASSAGES)
        languages = self._languages([name for name, _ in hits])
        own = {name for name, written in languages.items() if written == language}
        return [hit for hit in hits if hit[0] in own], [hit for hit in hits if hit[0] not in own]

    def _languages(self, ids: Sequence[str]) -> dict[str, Language]:
        """What each passage is written in; only those that were not met before are read."""
        known = {name: self.languages[name] for name in ids if name in self.languages}
        passages = self.kb.passages([name for name in ids if name not in known])
        read = {name: language_of(passage.text) for name, passage in passages.items()}
        if len(self.languages) > _LANGUAGES_KEPT:
            self.languages.clear()
        self.languages.update(read)
        return known | read

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


def _without_names(question: str, mentions: Sequence[Mention]) -> str:
    """What a question says beside its names; those are translated by the term file."""
    chars = list(question)
    for mention in mentions:
        if not mention.carried:
            chars[mention.start : mention.end] = " " * (mention.end - mention.start)
    return "".join(chars)


def _plain_group(fact: GraphFact) -> str:
    """`老年人` as `老年`."""
    return fact.object_text.removesuffix("人群").removesuffix("人")


_FOREIGN = frozenset({AliasKind.ENGLISH, AliasKind.LATIN, AliasKind.ABBREVIATION, AliasKind.COLLOQUIAL})


_ITEM = re.compile(r"\s*[(（]?(\d{1,2})[.．、)）]")


def _by_turns(fields: Sequence[Evidence], intent: Intent) -> tuple[Evidence, ...]:
    """Of each thing asked for the first piece, then the second: a long dose leaves room for what it must not be given
    with. The order among pieces of one thing stays.
    """  # noqa: D205
    asked = {
        aspect: n for n, group in reversed([*enumerate(intent.groups)]) for r in group for aspect in ASPECTS.get(r, ())
    }
    turn: Counter[object] = Counter()
    numbered = []
    for evidence in fields:
        passage = evidence.passage
        thing = (passage.about, asked.get(passage.aspect or "")) if passage is not None else None
        numbered.append((turn[thing], evidence))
        turn[thing] += 1
    return tuple(evidence for _, evidence in sorted(numbered, key=lambda one: one[0]))


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

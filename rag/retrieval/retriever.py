"""Everything a question finds in one version: facts both ways, ranked diseases, passages.

At most one graph round trip for facts and one for ranking symptoms; passages come from `rag.retrieval.passages`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.answer.rendering import fact_evidence
from rag.domain import EDITOR, Condition, Evidence, GraphFact, Intent, Literal, Mention, RankedSubject
from rag.linking.names import Names, entity_type
from rag.ports import GraphReader, KnowledgeBase
from rag.question.allergens import without_allergy
from rag.question.books import BookQuestion, book_question, definition
from rag.question.concerns import concerns_of, group_entities
from rag.question.partners import speaks_of
from rag.question.patient import patient_in
from rag.question.people import groups_in
from rag.question.population import NOBODY, Person, suited
from rag.retrieval.avoided import AGAINST, BRINGING, against, allergens_of, bringing, states_in, warning
from rag.retrieval.books import Books
from rag.retrieval.corroboration import backed, drugs_in, substances
from rag.retrieval.differential import RANKED, Contender
from rag.retrieval.facts import FACTS_EACH, FactSearch, Stated
from rag.retrieval.found import Retrieved
from rag.retrieval.monographs import PASSAGES_EACH, Monographs
from rag.retrieval.passages import CANDIDATE_PASSAGES, PassageSearch
from rag.retrieval.products import told_instead
from rag.retrieval.ranking import Ranking
from rag.retrieval.remedies import (
    asks_drugs,
    asks_points,
    ill_in,
    kinds_asked,
    monographs_for,
    points_among,
    remedies_for,
    told_drugs,
)
from rag.retrieval.selection import (
    asked_or_next,
    entities_named,
    for_them,
    gravest_first,
    of_the_pair,
    points_last,
    with_what_is_consumed,
)
from rag.retrieval.textbook import beside_entries, fields_asked, other_fields
from rag.text import normalise
from rag.vocabulary import Relation

RANKED_BESIDE = 3
"""Diseases shown where a bare symptom leads to something else that was asked for."""
LISTED = 50
"""Diseases that meet conditions, shown in full answers."""


@dataclass(frozen=True)
class Retriever:
    """The retrieval step over one version."""

    kb: KnowledgeBase
    graph: GraphReader
    names: Names
    search: PassageSearch

    def __post_init__(self) -> None:
        if self.search.kb is not self.kb:
            raise ValueError("the search reads another knowledge base, which would show what this one withholds")

    def over(self, kb: KnowledgeBase, graph: GraphReader) -> Retriever:
        """The same over other ports to the same version, such as those that withhold what was withdrawn."""
        return replace(self, kb=kb, graph=graph, search=replace(self.search, kb=kb))

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
        book = book_question(question, mentions)
        if (found := self._otherwise(question, mentions, intent, conditions, book)) is not None:
            return found
        book = None if book is not None and book.guessed else book

        # 1) facts about what is named; remedies where no record lists the drugs that are asked for
        points = asks_points(question, mentions)
        search = FactSearch(self.kb, self.graph, self.names)
        stated = search.stated(mentions, intent, treated=points or asks_drugs(intent))
        stated, remedies = _with_remedies(question, mentions, intent, stated, points=points)
        facts, meant = stated.facts, stated.meant

        # 2) passages; monographs among them may treat what is named
        passages = self.search.passages(question, mentions, top_k=top_k)
        treated: Sequence[object] = remedies
        if asks_drugs(intent) and not remedies:
            passages, treated = self._with_indicated(passages, mentions, top_k)
        if intent.reverse and treated:
            intent, meant = replace(intent, reverse=False), ill_in(mentions)

        # 3) diseases by their symptoms
        contenders, ranked, departments = self._ranking(mentions, intent, person)
        facts = departments if ranked else facts
        if intent.beside:
            facts = [f for f in facts if speaks_of(f"{f.subject_name} {f.object_text}", intent.beside)]
            passages = tuple(e for e in passages if speaks_of(e.text, intent.beside))

        # 4) fields of textbooks and of monographs
        books, monographs = Books(self.kb, self.search), Monographs(self.kb)
        excerpts = monographs.excerpts(question, mentions) if not (intent.relations or intent.reverse) else ()
        if entries := books.textbooks(fields_asked(question, mentions), mentions):
            facts = beside_entries(facts, entries, mentions, intent)
            excerpts, passages = entries, other_fields(entries, passages)
        subjects = list(dict.fromkeys(entity for entities in meant.values() for entity in entities))
        subjects += [e.passage.about for e in excerpts if e.passage is not None and e.passage.about is not None]
        subjects += [fact.object for fact in remedies if not isinstance(fact.object, Literal)]
        fields = () if entries and not intent.explicit else monographs.fields(subjects, intent)
        fields = of_the_pair(mentions, intent, fields)
        facts = with_what_is_consumed(facts, fields, mentions, intent)
        fields = tuple(e for e in fields if not intent.beside or speaks_of(e.text, intent.beside))

        # 5) all of it in order, without doses for other people
        people = groups_in(normalise(question)) if Relation.DOSAGE in intent.relations else ()
        facts = suited(gravest_first(points_last(asked_or_next(facts, intent, fields))), person)
        found = Retrieved(
            facts=for_them(people, self._backed(facts)),
            ranked=ranked,
            contenders=contenders,
            matches=self._matches(ranked),
            monograph=for_them(people, (*fields, *monographs.towards(mentions, intent), *excerpts)),
            people=people,
            passages=passages,
            subjects=tuple(dict.fromkeys(subjects)),
            named=tuple(dict.fromkeys(entity for m in meant for entity in meant[m] or entities_named(m))),
            unsure=tuple(stated.unsure),
            books=books.classics(book, mentions) if book is not None else (),
            book=book,
            entries=entries,
            instead=told_instead(meant, self.names),
        )
        return found if found.answers or Relation.SYMPTOM not in intent.relations else self._defined(found, mentions)

    def as_evidence(self, facts: Sequence[GraphFact]) -> tuple[Evidence, ...]:
        """Graph facts with the text that their citations quote."""
        sources = {EDITOR.id: EDITOR} | self.kb.sources({fact.source for fact in facts})
        return tuple(fact_evidence(fact, sources[fact.source]) for fact in facts if fact.source in sources)

    # ------------------------------------------------------------ questions that are answered another way

    def _otherwise(
        self,
        question: str,
        mentions: Sequence[Mention],
        intent: Intent,
        conditions: Sequence[Condition],
        book: BookQuestion | None,
    ) -> Retrieved | None:
        """Diseases that meet conditions, what to avoid, old sayings; None for all other questions."""
        if conditions and (listed := self.graph.subjects_meeting(conditions, limit=LISTED)):
            return self._listed(listed, conditions)
        if intent.avoids:
            return self._avoided(question, mentions, intent)
        if book is not None and book.guessed:
            books = Books(self.kb, self.search).classics(book, mentions)
            return Retrieved(books=books, book=book) if books else None
        return None

    def _listed(self, found: Sequence[RankedSubject], conditions: Sequence[Condition]) -> Retrieved:
        """All of them, each with the facts that meet the conditions; first those whose record uses the very word.

        Of a department alone also how it is introduced.
        """
        words = {word for condition in conditions for word in condition.words}
        ranked = sorted(found, key=lambda s: not any(_plain_group(f) in words for f in s.matched))
        alone = conditions[0].objects if [c.relation for c in conditions] == [Relation.DEPARTMENT] else ()
        about = self.kb.evidence(self.kb.about(alone, limit_each=PASSAGES_EACH)).values() if alone else ()
        introduced = tuple(e for e in about if e.title and e.text.startswith(e.title))
        return Retrieved(ranked=tuple(ranked), matches=self._matches(ranked), monograph=introduced)

    def _avoided(self, question: str, mentions: Sequence[Mention], intent: Intent) -> Retrieved:
        """Remedies whose records speak against what is named, or say that they bring it about; monographs that do."""
        relations = BRINGING if intent.brings else AGAINST
        concerns = concerns_of(patient_in(question, mentions, self.names), self.names)
        if allergens_of(concerns):
            mentions = without_allergy(mentions)  # every monograph speaks of who is allergic to it
        states = dict.fromkeys([*states_in(mentions), *sorted(group_entities(concerns, self.names))], relations)
        found = self.graph.neighbourhood(states, limit_each=FACTS_EACH).incoming if states else ()
        kinds = kinds_asked(question)
        ranked = against([f for f in found if f.object in states and entity_type(f.subject) in kinds], relations)
        field = "不良反应" if intent.brings else "禁忌 禁用 慎用"
        words = " ".join([field, *(m.surface for m in mentions)])
        passages = self.search.passages(words, mentions, top_k=CANDIDATE_PASSAGES)
        told = bringing(passages, mentions) if intent.brings else warning(passages, mentions, concerns)
        told = [e for e in told if e.passage and e.passage.about and entity_type(e.passage.about) in kinds]
        named = tuple(states_in(mentions))
        return Retrieved(ranked=ranked, matches=self._matches(ranked), monograph=tuple(told), named=named)

    def _defined(self, found: Retrieved, mentions: Sequence[Mention]) -> Retrieved:
        """With how classics define it, where nothing else is known of an illness."""
        book = definition(mentions)
        books = Books(self.kb, self.search).classics(book, mentions) if book is not None else ()
        return replace(found, books=books, book=book) if books else found

    # ------------------------------------------------------------ steps

    def _with_indicated(
        self, passages: tuple[Evidence, ...], mentions: Sequence[Mention], top_k: int
    ) -> tuple[tuple[Evidence, ...], list[Evidence]]:
        """Passages and those of them that are indicated for a symptom; where the question's own words (`哺乳期`) found
        none, by the illness alone.
        """  # noqa: D205
        treated = monographs_for(passages, mentions)
        ill = list(ill_in(mentions))
        if treated or not ill or len(ill) == len(mentions):
            return passages, treated
        more = self.search.passages(" ".join(m.surface for m in ill), ill, top_k=top_k)
        treated = monographs_for(more, mentions)
        return (*passages, *(e for e in treated if e not in passages)), treated

    def _ranking(
        self, mentions: Sequence[Mention], intent: Intent, person: Person
    ) -> tuple[tuple[Contender, ...], tuple[RankedSubject, ...], list[GraphFact]]:
        """Where diseases are asked for: those that share symptoms, the best of them, where these are treated."""
        if not intent.reverse:
            return (), (), []
        contenders, departments = Ranking(self.kb, self.graph, self.names).contenders(mentions, intent, person)
        best = contenders[: RANKED if not intent.groups else RANKED_BESIDE]
        return contenders, tuple(c.ranked for c in best), departments

    def _matches(self, ranked: Sequence[RankedSubject]) -> tuple[Evidence, ...]:
        return self.as_evidence([fact for subject in ranked for fact in subject.matched])

    def _backed(self, facts: Sequence[GraphFact]) -> tuple[Evidence, ...]:
        """Facts as evidence, drugs that other sources bear out before the others of an illness."""
        told = self.as_evidence(facts)
        holding = {drug: substances(drug, self.names) for drug in drugs_in(told)}
        if not holding:
            return told
        held = list(dict.fromkeys(substance for found in holding.values() for substance in found))
        leaflets = self.kb.evidence(self.kb.about(held, limit_each=PASSAGES_EACH))
        return backed(told, leaflets.values(), holding)


def _with_remedies(
    question: str, mentions: Sequence[Mention], intent: Intent, stated: Stated, *, points: bool
) -> tuple[Stated, list[GraphFact]]:
    """What is indicated for what is named in place of its drugs; of acupoints (`points`) all, beside nothing else."""
    known = told_drugs(stated.facts, mentions, intent) and not points
    remedies = [] if known else remedies_for(question, mentions, stated.indicated)
    if points:
        return replace(stated, facts=points_among(stated.facts) + remedies, unsure=()), remedies
    if remedies:
        others = [fact for fact in stated.facts if fact.relation is not Relation.DRUG]
        return replace(stated, facts=others + remedies, unsure=()), remedies
    return stated, remedies


def _plain_group(fact: GraphFact) -> str:
    """`老年人` as `老年`."""
    return fact.object_text.removesuffix("人群").removesuffix("人")

"""Passages for a question: sparse by its words and the ids of what it names, dense, and across languages; fused.

Weights are fitted per language. Ranking always returns something: what of it may support an answer is told elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rag.domain import EntityId, Evidence, Mention
from rag.linking.names import OWN_NAME, Names, entity_name
from rag.ports import Embedder, KnowledgeBase, Reranker
from rag.retrieval.fusion import Fused, Tuning, fuse, fuse_languages, in_new_order
from rag.retrieval.initialisms import WEIGHT as INITIALISM_WEIGHT
from rag.retrieval.initialisms import initialisms
from rag.retrieval.other_words import english_words
from rag.retrieval.selection import SURE
from rag.retrieval.support import supports
from rag.retrieval.weighting import default_weights
from rag.text import TEXT_VERSION, Language, language_of, tokens

CANDIDATE_PASSAGES = 100
RERANKED = 30
"""Passages that a reranker reads."""
ACROSS_LANGUAGES: Mapping[str, float] = {"names": 1.0, "dense": 0.5}
"""Between languages entity names lead; the embedding, which knows both through the term file, helps."""
_LANGUAGES_KEPT = 200_000


@dataclass(frozen=True)
class PassageSearch:
    """The search over the passages of one version."""

    kb: KnowledgeBase
    names: Names
    embedder: Embedder | None
    tuning: Tuning
    reranker: Reranker | None = None
    languages: dict[str, Language] = field(default_factory=dict, repr=False, compare=False)
    """Of the passages that vectors have found so far, by id. A passage never changes under its id."""

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
        terms = self.terms(question)
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

    def terms(self, question: str) -> dict[str, float]:
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


def _without_names(question: str, mentions: Sequence[Mention]) -> str:
    """What a question says beside its names; those are translated by the term file."""
    chars = list(question)
    for mention in mentions:
        if not mention.carried:
            chars[mention.start : mention.end] = " " * (mention.end - mention.start)
    return "".join(chars)

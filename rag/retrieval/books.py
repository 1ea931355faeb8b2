"""Passages of classics, and entries of textbooks in the fields asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.domain import EntityId, Evidence, Mention
from rag.linking.names import entity_name
from rag.ports import KnowledgeBase
from rag.question.books import BookQuestion, told_in
from rag.retrieval.monographs import PASSAGES_EACH
from rag.retrieval.passages import PassageSearch
from rag.retrieval.textbook import entries_named, entries_told

_READ = 200
"""Passages judged, best first."""


@dataclass(frozen=True)
class Books:
    """The books of one version."""

    kb: KnowledgeBase
    search: PassageSearch

    def classics(self, book: BookQuestion, mentions: Sequence[Mention]) -> tuple[Evidence, ...]:
        """What classics say of it, the best first."""
        names = self._names(f"{book.title} {book.rest}", self.search.concepts(mentions))
        found = self.kb.evidence(names)
        return told_in(book, mentions, [found[name] for name in names if name in found])

    def textbooks(self, fields: Sequence[str], mentions: Sequence[Mention]) -> tuple[Evidence, ...]:
        """What textbooks tell in fields that no relation holds, under the disease that is named."""
        entries, ill = entries_named(mentions)
        if not (fields and entries):
            return ()
        about = self.kb.about(entries, limit_each=PASSAGES_EACH)
        under = self._names(" ".join(map(entity_name, ill)), ill) if ill else []
        return entries_told(fields, mentions, self.kb.evidence([*about, *under]).values())

    def _names(self, text: str, concepts: Sequence[EntityId]) -> list[str]:
        """Ids of the passages that hold the words of `text` or mention the concepts."""
        terms = self.search.terms(text)
        return [name for name, _ in self.kb.search_sparse(terms, concepts=concepts, limit=_READ, language="zh")]

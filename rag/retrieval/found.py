"""What retrieval finds for one question."""

from __future__ import annotations

from dataclasses import dataclass

from rag.domain import Candidate, EntityId, Evidence, Mention, RankedSubject
from rag.question.books import BookQuestion
from rag.retrieval.differential import Contender
from rag.vocabulary import SORTS


@dataclass(frozen=True)
class Retrieved:
    """What was found, each list best first.

    `facts` answer the relations asked, `ranked` are diseases by matched symptoms with their facts in `matches`,
    `contenders` the same and those behind them with what else is known of them, where the question may be asked back,
    `monograph` holds fields of drug monographs, `passages` the rest of the literature; `subjects` are the entities the
    question is about and that are described, `named` also those that are not, `unsure` the mentions to ask about.
    `people` are the groups whose dose is asked for: no other dose is among the rest. `books` are passages of classics,
    where `book` asks for them. `entries` are those of `monograph` that textbooks tell in the very fields asked for.
    `nowhere` is a complaint by which nothing was ranked, as it could be anywhere.
    `instead`: products without a record of their own, with what they hold, whose record is among the rest.
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
    entries: tuple[Evidence, ...] = ()
    nowhere: str = ""
    instead: tuple[tuple[Mention, Candidate], ...] = ()

    @property
    def answers(self) -> bool:
        """Whether the graph, a monograph or a book that was asked for tells something."""
        return bool(self.facts or self.ranked or self.monograph or self.books)

    @property
    def of_a_sort(self) -> bool:
        """Whether `ranked` are remedies that are of the sort asked for."""
        return bool(self.ranked) and all(fact.relation in SORTS for one in self.ranked for fact in one.matched)

"""Which sentences of a text are made up: they name something, or an amount, that nothing known about the question has.

Deterministic and without a model. A sentence that names nothing and no amount claims nothing here, and a known name in
a wrong role (a symptom told as a cause) is not noticed: the share is a lower bound of what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.domain import EntityId, Evidence
from rag.editions import Edition
from rag.retrieval.selection import SURE
from rag.text import normalise, quantities, sentences
from rag.vocabulary import RELATIONS, TYPE_LABELS, Relation

_MARK = re.compile(r"\[\d+\]")
_MOST = 2_000
"""Facts of each relation that are looked at."""
_LABELS = frozenset(
    normalise(word) for row in RELATIONS.values() for word in (row.label, *row.aliases, *row.cues)
) | frozenset(map(normalise, TYPE_LABELS.values()))


@dataclass(frozen=True)
class Known:
    """What a sentence may draw on: entities, texts (normalised, as the question) and amounts (low, high, unit)."""

    question: str
    entities: frozenset[EntityId]
    text: str
    amounts: frozenset[tuple[float, float, str]]


@dataclass(frozen=True)
class Judged:
    """Sentences of one text that claim something, and those of them that are made up."""

    claims: int
    made_up: tuple[str, ...]


class Judge:
    """Judges by the names and facts of one version."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition

    def known(self, question: str, gold: Sequence[str], evidence: Sequence[Evidence]) -> Known:
        """All facts of what the question names, `gold` (names from the raw record) and the evidence shown for it."""
        asked = {c.entity for m in self._edition.linker.link(question) for c in m.candidates if c.score >= SURE}
        every = frozenset[Relation]()
        found = self._edition.retriever.graph.neighbourhood(dict.fromkeys(asked, every), limit_each=_MOST)
        facts = [*found.outgoing, *found.incoming]
        facts += [e.fact for e in evidence if e.fact is not None]
        entities = {f.subject for f in facts} | {f.object for f in facts if isinstance(f.object, str)}
        texts = [question, *gold, *(text for f in facts for text in (f.subject_name, f.object_text))]
        texts += [text for e in evidence for text in (e.title or "", e.text)]
        joined = "\n".join(map(normalise, texts))
        amounts = frozenset((q.low, q.high, q.unit) for q in quantities(joined))
        entities |= asked.union(*(e.entities for e in evidence))
        return Known(normalise(question), frozenset(entities), joined, amounts)

    def judge(self, text: str, known: Known) -> Judged:
        """Sentence by sentence."""
        claims, made_up = 0, []
        for sentence in sentences(text):
            said = normalise(_MARK.sub("", sentence))
            named = [name for name, _, _ in self._edition.linker.names.find(said) if name not in _LABELS]
            amounts = [(q.low, q.high, q.unit) for q in quantities(said) if q.unit]
            if not amounts and all(name in known.question for name in named):
                continue  # the question said again
            claims += 1
            if not all(self._founded(name, known) for name in named) or not known.amounts.issuperset(amounts):
                made_up.append(sentence)
        return Judged(claims, tuple(made_up))

    def _founded(self, name: str, known: Known) -> bool:
        candidates = self._edition.linker.names.candidates(name)
        return name in known.text or any(c.entity in known.entities for c in candidates if c.score >= SURE)

"""The generator: books that are asked for, rankings, facts, monographs and the rest of the literature, in this order.

Every sentence carries the marks of the evidence it states. Objects of one relation are listed behind one another with
a mark each; literature is quoted word for word, an English conclusion in the original.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

from rag.domain import Evidence, GenerationRequest, PassageKind
from rag.generators.extractive.facts import ranking, stated_facts
from rag.generators.extractive.literature import literature
from rag.generators.extractive.monographs import monographs, to_the_point
from rag.generators.extractive.sentences import Budget
from rag.retrieval.selection import MIRRORED


class ExtractiveGenerator:
    """Implements `rag.ports.Generator` without weights."""

    identity = "extractive"

    def stream(self, request: GenerationRequest, cancel: Event) -> Iterator[str]:
        """One sentence a piece, facts first, within `request.limits.characters` unless `detail` is full."""
        for sentence in _sentences(request, Budget(request)):
            if cancel.is_set():
                return
            yield sentence


def _of_a_pair(evidence: Evidence) -> bool:
    """Of an overview what a drug interacts with comes last: the list is long, and first is asked what it is for."""
    return evidence.fact is not None and evidence.fact.relation in MIRRORED


def _sentences(request: GenerationRequest, budget: Budget) -> Iterator[str]:
    numbered = to_the_point(request, list(enumerate(request.evidence, start=1)))
    first = numbered[0][1].kind if numbered else None
    quoted = [(n, e) for n, e in numbered if e.kind == PassageKind.CLASSIC and first == e.kind]
    yield from literature(request, quoted, budget)
    numbered = [one for one in numbered if one not in quoted]
    yield from ranking(request, numbered, budget)
    pairs = [] if request.intent.explicit else [one for one in numbered if _of_a_pair(one[1])]
    yield from stated_facts(request, [one for one in numbered if one not in pairs], budget)
    yield from monographs(request, numbered, budget)
    yield from stated_facts(request, pairs, budget)
    yield from literature(request, numbered, budget)

"""What the monographs of remedies say: the fields that are asked for, and what they say of what else is named."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.checking.quoting import quotable
from rag.domain import EntityId, Evidence, Intent, Mention, PassageKind
from rag.linking.names import entity_type
from rag.ports import KnowledgeBase
from rag.retrieval.excerpts import telling, without
from rag.retrieval.remedies import INDICATIONS
from rag.retrieval.selection import ASPECTS, is_remedy
from rag.text import normalise
from rag.vocabulary import RELATIONS, REMEDIES, Polarity

PASSAGES_EACH = 40
"""Passages read of one entity."""
_SPEAKING = INDICATIONS | {"禁忌证", "禁忌", "注意事项"}
"""Fields that tell what a remedy is for or not for."""
_ITEM = re.compile(r"\s*[(（]?(\d{1,2})[.．、)）]")


@dataclass(frozen=True)
class Monographs:
    """The monographs of one version."""

    kb: KnowledgeBase

    def fields(self, subjects: Sequence[EntityId], intent: Intent) -> tuple[Evidence, ...]:
        """Passages about the remedies among `subjects`, in the order of the fields asked for."""
        drugs = [entity for entity in subjects if entity_type(entity) in REMEDIES]
        aspects = [aspect for relation in intent.relations for aspect in ASPECTS.get(relation, ())]
        rank = {aspect: n for n, aspect in enumerate(dict.fromkeys(aspects))}
        kept = [e for e in self._about(drugs) if e.passage is not None and e.passage.aspect in rank]
        order = {entity: n for n, entity in enumerate(drugs)}
        return _by_turns(sorted(kept, key=lambda e: _place(e, order, rank)), intent)

    def excerpts(self, question: str, mentions: Sequence[Mention]) -> tuple[Evidence, ...]:
        """Where no field is asked for (`能不能静推`): what the monographs of the remedies named say on it."""
        named = [m for m in mentions if not m.modifier and any(is_remedy(c) for c in m.candidates)]
        remedies = list(dict.fromkeys(c.entity for m in named for c in m.candidates if is_remedy(c)))
        found = self._about(remedies)
        told = [(quote, e) for e in found if e.kind == PassageKind.MONOGRAPH for quote in quotable(e.text)]
        chosen = set(telling(without(question, named), [quote for quote, _ in told])) if told else set()
        return tuple({e.id: e for quote, e in told if quote in chosen}.values())

    def towards(self, mentions: Sequence[Mention], intent: Intent) -> list[Evidence]:
        """Of the remedies that a yes/no question asks about, what their monographs say of the others named in it.

        Where they name none of those, and it is asked what a remedy is for: what they say it is for.
        """
        found = self._about([entity for entity in intent.object if entity_type(entity) in REMEDIES])
        against = any(RELATIONS[relation].polarity is Polarity.AGAINST for relation in intent.relations)
        fields = _SPEAKING if against else INDICATIONS
        told = [e for e in found if e.passage is not None and e.passage.aspect in fields]
        return naming(told, mentions, intent) or ([] if against else told)

    def _about(self, remedies: Sequence[EntityId]) -> Collection[Evidence]:
        return self.kb.evidence(self.kb.about(remedies, limit_each=PASSAGES_EACH)).values() if remedies else ()


def naming(texts: Iterable[Evidence], mentions: Sequence[Mention], intent: Intent) -> list[Evidence]:
    """Those that name what a yes/no question names beside its object."""
    others = [m for m in mentions if all(c.entity not in intent.object for c in m.candidates)]
    names = {name for m in others for name in (normalise(m.surface), *(c.name for c in m.candidates))}
    return [e for e in texts if any(name in normalise(e.text) for name in names)]


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


def _place(evidence: Evidence, order: Mapping[EntityId, int], rank: Mapping[str, int]) -> tuple[int, int, int, str]:
    """By drug, by field, by the number that the text begins with (1. before 2.), then by id."""
    passage = evidence.passage
    if passage is None or passage.about is None or passage.aspect is None:
        return (len(order), len(rank), 0, evidence.id)
    item = _ITEM.match(passage.text)
    number = int(item[1]) if item else 0
    return (order.get(passage.about, len(order)), rank[passage.aspect], number, evidence.id)

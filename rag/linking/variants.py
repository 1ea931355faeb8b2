"""Names that a question holds otherwise than they are written: shortened, parted, misspelt, described. Pure.

Which of them count beside the names as they are written is for `rag.linking.detection` to say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from rag.domain import AliasKind, Candidate, EntityId
from rag.linking.complaints import Stretch, parted_complaints, placed_complaints, short_complaints
from rag.linking.described import described_complaints
from rag.linking.match import NEAR, SUFFERED, Match, is_disease
from rag.linking.measures import states_of
from rag.linking.names import OWN_NAME, TYPE_ORDER, Names, entity_type
from rag.linking.near_names import NearNames
from rag.linking.parted_names import parted_names
from rag.linking.sites import place_of
from rag.linking.typed_names import typed_names
from rag.vocabulary import EntityType

_HAD = SUFFERED | {EntityType.TREATMENT}
"""What a part of the body may have, or have done to it."""
_PLACES = frozenset({EntityType.BODY_PART, EntityType.ACUPOINT})
"""胆囊 and 阑尾 are points as well."""
_SHORT = 2
_MISTYPED = frozenset({EntityType.DISEASE, EntityType.SYMPTOM, EntityType.DRUG})
"""What a slip of the pen may be taken for; of other things there are fewer, and ordinary words sound like them."""


class Variants:
    """Finds what stands for names of one version in other words, spellings or sounds; `exact` are names as written."""

    def __init__(self, names: Names) -> None:
        self._names = names

    @cached_property
    def _near(self) -> NearNames:
        """Built at the first question, in a fraction of a second, unless it was warmed."""
        return NearNames([name for name, kinds in self._names.owners.items() if not _only_folk(kinds)])

    def warm(self, rest: Callable[[], None]) -> None:
        """Build everything now, calling `rest` often."""
        self._near.warm(rest)

    def short(self, text: str, exact: Sequence[Match]) -> Iterator[Match]:
        """Complaints of one character, where the sentence shows that they stand by themselves."""
        for start, end, names in short_complaints(text, _stretches(exact)):
            if candidates := next(filter(None, map(self._names.candidates, names)), ()):
                yield Match(start, end, _rated(candidates, alone=True))

    def _placed(self, text: str) -> Iterator[Match]:
        """Complaints right behind a part of the body, as that of the part or as what may be anywhere."""
        for start, end, complaint in placed_complaints(text):
            place = place_of(text, start, end, complaint, ())
            known = (self._complaints(name) for name in (*(place.names if place else ()), complaint))
            if candidates := next(filter(None, known), ()):
                yield Match(start, end, _rated(candidates, alone=True))

    def _complaints(self, name: str) -> list[Candidate]:
        """What bears a name itself, if a complaint does."""
        own = [c for c in self._names.candidates(name) if c.via == OWN_NAME]
        return own if any(c.type is EntityType.SYMPTOM for c in own) else []

    def longer(self, text: str, exact: Sequence[Match]) -> Iterator[Match]:
        """What may take the place of names as they are written."""
        yield from self._placed(text)  # of two that cover the same the later one counts
        yield from self._parted(text, exact)
        yield from self._of_a_part(text, exact)
        yield from self._described(text)
        yield from self._typed(text, exact)
        yield from self._measured(text, exact)
        yield from self._misspelt(text)

    def _parted(self, text: str, exact: Sequence[Match]) -> Iterator[Match]:
        """Complaints with an adverb inside (`背也疼`), by the name without it."""
        others = _stretches([m for m in exact if not m.is_one_of({EntityType.SYMPTOM})])
        ills = [m for m in exact if m.end - m.start > _SHORT and is_disease(m.candidates)]
        for start, end, names in parted_complaints(text, others):
            if any(start < m.start and m.end == end for m in ills):
                continue  # 后心绞痛 of 治疗后心绞痛
            candidates = next(filter(None, map(self._names.candidates, names)), ())
            if any(c.type is EntityType.SYMPTOM for c in candidates):
                yield Match(start, end, _rated(candidates, alone=True))

    def _of_a_part(self, text: str, exact: Sequence[Match]) -> Iterator[Match]:
        """What a part of the body has, by the name without what only says where in it, or how often."""
        for part in (m for m in exact if EntityType.BODY_PART in m.types and m.types <= _PLACES):
            for start, end, names in parted_names(text, part.start, part.end):
                found = (c for name in names for c in self._names.candidates(name) if c.type in _HAD)
                if known := tuple(c for c in found if c.score >= NEAR):
                    yield Match(start, end, _rated(known, alone=True))
                    break

    def _described(self, text: str) -> Iterator[Match]:
        """Complaints that are described, by the name that comes nearest."""
        for start, end, names in described_complaints(text):
            known = (self._names.candidates(name) for name in names)
            found = (each for each in known if any(c.type is EntityType.SYMPTOM for c in each))
            if candidates := next(found, ()):
                yield Match(start, end, _rated(candidates, alone=True))

    def _typed(self, text: str, exact: Sequence[Match]) -> Iterator[Match]:
        """Illnesses with a type beside them, by the name that holds both."""
        for ill in (match for match in exact if is_disease(match.candidates)):
            for start, end, names in typed_names(text, ill.start, ill.end):
                if known := next(filter(is_disease, map(self._names.candidates, names)), ()):
                    yield Match(start, end, _rated(known, alone=True))

    def _measured(self, text: str, exact: Sequence[Match]) -> Iterator[Match]:
        """Measures that are high or low and germs that were found, by the name of the illness that is."""
        for measure in exact:
            for start, end, names in states_of(text, measure.start, measure.end, measure.types):
                each = ([c for c in self._names.candidates(name) if c.type in SUFFERED] for name in names)
                known = next(filter(None, each), [])
                if known and known[0].via == OWN_NAME:  # 低血钾 is a symptom and what 低钾血症 is called
                    yield Match(start, end, _rated(known, alone=True))

    def _misspelt(self, text: str) -> Iterator[Match]:
        """Stretches of `text` that are another spelling of a name or a slip for one."""
        found: dict[tuple[int, int], set[str]] = defaultdict(set)
        for start, end, name in self._near.spelt(text, self._names):
            found[start, end].add(name)
        for start, end, name in (*self._near.slips(text), *self._near.typed(text)):
            if any(c.type in _MISTYPED for c in self._names.candidates(name)):
                found[start, end].add(name)
        for (start, end), names in found.items():
            meant = [{c.entity: c for c in self._names.candidates(name)} for name in sorted(names)]
            shared = set.intersection(*(set(one) for one in meant))
            candidates = {entity: c for one in meant for entity, c in one.items() if not shared or entity in shared}
            if candidates:
                yield Match(start, end, _rated(list(candidates.values()), alone=bool(shared)))


def _only_folk(kinds: Mapping[EntityId, str]) -> bool:
    """Whether only lists of herbs have a name: such names hold every pair of characters, and would hide slips."""
    return all(kind == AliasKind.SYNONYM and entity_type(e) is EntityType.HERB for e, kind in kinds.items())


def _stretches(matches: Sequence[Match]) -> list[Stretch]:
    return [Stretch(m.start, m.end, any(c.type is not EntityType.BODY_PART for c in m.candidates)) for m in matches]


def _rated(candidates: Sequence[Candidate], *, alone: bool) -> tuple[Candidate, ...]:
    """Best first; where several names are equally near, none is sure."""
    share = NEAR if alone else NEAR / 2
    rated = [replace(c, score=c.score * share) for c in candidates]
    return tuple(sorted(rated, key=lambda c: (-c.score, TYPE_ORDER[c.type], c.entity)))

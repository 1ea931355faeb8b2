"""A question -> mentions with candidates: what it names, how that is modified, and what is said of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.domain import Candidate, Mention
from rag.linking.assertion import assertions
from rag.linking.detection import Detector
from rag.linking.match import NEAR, SUFFERED, Match
from rag.linking.modifiers import Modifiers
from rag.linking.names import OWN_NAME, Names
from rag.linking.sites import GENERAL, Place, place_of
from rag.linking.variants import Variants
from rag.text import normalise_with_map
from rag.vocabulary import EntityType

_SUPPOSED = SUFFERED | {EntityType.DRUG, EntityType.PATHOGEN, EntityType.CAUSE}
"""What may be feared or supposed; an examination is merely asked about."""
_PATIENTS = re.compile("(?:患者|病人|人群|人|者)$")


class Linker:
    """Links questions against the names of one version; `rest` as in `Names`, for building what finds near names."""

    def __init__(self, names: Names, rest: Callable[[], None] | None = None) -> None:
        self.names = names
        variants = Variants(names)
        self._detector = Detector(names, variants)
        self._modifiers = Modifiers(names)
        if rest:
            variants.warm(rest)
            self._modifiers.warm(rest)

    def link(self, question: str) -> tuple[Mention, ...]:
        """Mentions in order; `question[m.start:m.end] == m.surface` for each."""
        text, origin = normalise_with_map(question)
        found = self._detector.find(text, [question[place].isupper() for place in origin])
        marks = assertions(text, [(match.start, match.end) for match in found])
        mentions: list[Mention] = []
        said: dict[str, Place] = {}
        for match, mark, modifier in zip(found, marks, self._modifiers.of(text, found), strict=True):
            first, last = origin[match.start], origin[match.end - 1] + 1
            candidates, parts = self._placed(text, match, found, said)
            if parts and mentions and _is_its_place(mentions[-1], first):
                first = mentions.pop().start
            mentions.append(Mention(
                question[first:last], first, last, candidates, modifier=modifier, negated=mark.negated,
                past=mark.past, third_person=mark.third_person and match.is_one_of(SUFFERED),
                hypothetical=mark.hypothetical and match.is_one_of(_SUPPOSED), parts=parts,
            ))  # fmt: skip
        return tuple(mentions)

    def _placed(
        self, text: str, match: Match, found: Sequence[Match], said: dict[str, Place]
    ) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
        """What a match stands for; a complaint that can be anywhere as that of the part said with it, and the parts.

        `said` keeps where complaints are: one that is named again (`这种疼痛`) is still there.
        """
        candidates = self._with_illness(text, match)
        complaint = next((c.name for c in candidates if c.type is EntityType.SYMPTOM), "")
        if complaint not in GENERAL:
            return candidates, ()
        others = (m for m in found if m is not match and not m.is_one_of({EntityType.BODY_PART}))
        taken = [(m.start, m.end) for m in others if not _in_one_breath(text, m, match)]
        place = place_of(text, match.start, match.end, complaint, taken) or said.get(complaint)
        if place is None:
            return candidates, ()
        said[complaint] = place
        return self._of_part(place) or tuple(c for c in candidates if c.type is EntityType.SYMPTOM), place.parts

    def _of_part(self, place: Place) -> tuple[Candidate, ...]:
        """What is called as a complaint of that part is, by its own name."""
        for name in place.names:
            own = [replace(c, score=NEAR) for c in self.names.candidates(name) if c.via == OWN_NAME]
            if any(c.type is EntityType.SYMPTOM for c in own):
                return tuple(own)
        return ()

    def _with_illness(self, text: str, match: Match) -> tuple[Candidate, ...]:
        """A group named by its illness (`糖尿病患者`) stands for those who have it, and for the illness asked about."""
        found = _PATIENTS.search(text[match.start : match.end])
        if found is None or any(c.type is not EntityType.POPULATION for c in match.candidates):
            return match.candidates
        stem = text[match.start : match.end - len(found.group())]
        ill = [c for c in self.names.candidates(stem) if c.type is EntityType.DISEASE and c.score >= NEAR]
        return (*match.candidates, *(replace(c, score=NEAR * c.score) for c in ill))


def _in_one_breath(text: str, before: Match, complaint: Match) -> bool:
    """Whether a complaint follows another at once and so is where that is: 发痒 of `眼睛干涩发痒` is of the eyes."""
    joined = text[before.end : complaint.start] in _JOINED
    return joined and all(c.type is EntityType.SYMPTOM for c in before.candidates)


_JOINED = frozenset({"", "、", "和", "又", "还", "且", "并", "而且"})


def _is_its_place(before: Mention, start: int) -> bool:
    """Whether the mention right before a complaint is nothing but its place: 腹部 of 腹部疼痛."""
    return before.end == start and all(c.type is EntityType.BODY_PART for c in before.candidates)

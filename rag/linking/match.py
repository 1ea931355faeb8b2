"""A stretch of a question and what it may stand for, before anything is said about it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rag.domain import Candidate
from rag.linking.names import OWN_NAME
from rag.vocabulary import EntityType

NEAR = 0.8
"""What is left of a candidate's score where the name was not typed as it is written."""
SUFFERED = frozenset({EntityType.DISEASE, EntityType.SYMPTOM, EntityType.SYNDROME, EntityType.POPULATION})
"""What somebody has; a drug is nobody's."""


@dataclass(frozen=True)
class Match:
    """A stretch of the normalised question and what it may stand for."""

    start: int
    end: int
    candidates: tuple[Candidate, ...]

    @property
    def types(self) -> frozenset[EntityType]:
        """Everything that it may be."""
        return frozenset(c.type for c in self.candidates)

    def is_one_of(self, types: Collection[EntityType]) -> bool:
        """Whether it may stand for something of one of these types."""
        return any(candidate.type in types for candidate in self.candidates)

    def is_inside(self, outer: Match) -> bool:
        """Whether `outer` covers all of it."""
        return outer.start <= self.start and self.end <= outer.end


def is_disease(candidates: Sequence[Candidate]) -> bool:
    """Whether it is first of all the own name of a disease."""
    return bool(candidates) and candidates[0].type is EntityType.DISEASE and candidates[0].via == OWN_NAME

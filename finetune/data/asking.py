"""Questions about the facts of a knowledge base, in varied wording, drawn by a seed."""

from __future__ import annotations

import random
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import yaml

from rag.domain import EntityId, Fact, Literal
from rag.ports import KnowledgeBase
from rag.text import normalise
from rag.vocabulary import RELATIONS

ASKED, SAFETY, LACKING = "asked", "safety", "lacking"
WORDINGS = Path(__file__).with_name("grounded_wordings.yaml")


class Drawn(NamedTuple):
    """A question and the fact that answers it."""

    question: str
    fact: Fact


class Asking:
    """Draws questions; nothing is asked about what is `without` or held out, a share of the subjects."""

    def __init__(self, kb: KnowledgeBase, seed: int, without: frozenset[str], hold_out: float) -> None:
        self.chance = random.Random(seed)
        self._kb, self._seed, self._without, self._share = kb, seed, without, hold_out
        self._wordings = yaml.safe_load(WORDINGS.read_text(encoding="utf-8"))

    def draw(self, kind: str) -> Drawn | None:
        """A question of `ASKED` or `SAFETY`: a subject first, so that those with many facts are not asked for more."""
        subjects = self._by_subject[kind]
        if not subjects:
            return None
        fact = self.chance.choice(subjects[self.chance.choice(list(subjects))])
        wording = self.chance.choice(self._wordings[kind][fact.relation])
        return Drawn(wording.format(s=self._name(fact.subject), o=self._object(fact)), fact)

    def lacking(self, fact: Fact) -> str:
        """The sentence that says this is not in the evidence."""
        wording: str = self.chance.choice(self._wordings[LACKING])
        return wording.format(s=self._name(fact.subject), r=RELATIONS[fact.relation].label)

    @cached_property
    def facts(self) -> Sequence[Fact]:
        """All whose subject may be asked about, by id."""
        every = (record for record in self._kb.scan("fact") if isinstance(record, Fact))
        return [fact for fact in every if self._named(fact.subject).isdisjoint(self.unwanted)]

    def facts_of(self, subject: EntityId) -> Sequence[Fact]:
        """Those of one subject."""
        return self._facts_by_subject.get(subject, ())

    @cached_property
    def unwanted(self) -> frozenset[str]:
        """Names, normalised, that no row may contain."""
        subjects = {record.subject for record in self._kb.scan("fact") if isinstance(record, Fact)}
        out = (self._named(subject) for subject in subjects if self._is_drawn(subject))
        return frozenset(map(normalise, self._without)).union(*out)

    @cached_property
    def _facts_by_subject(self) -> Mapping[EntityId, list[Fact]]:
        found: dict[EntityId, list[Fact]] = defaultdict(list)
        for fact in self.facts:
            found[fact.subject].append(fact)
        return found

    @cached_property
    def _by_subject(self) -> Mapping[str, Mapping[EntityId, list[Fact]]]:
        return {
            kind: {
                subject: kept
                for subject, facts in self._facts_by_subject.items()
                if (kept := [fact for fact in facts if fact.relation in self._wordings[kind]])
            }
            for kind in (ASKED, SAFETY)
        }

    def _is_drawn(self, subject: EntityId) -> bool:
        """By a hash, so that more facts do not change who is held out."""
        return zlib.crc32(f"{self._seed}:{subject}".encode()) / 2**32 < self._share

    def _named(self, entity: EntityId) -> frozenset[str]:
        return frozenset(normalise(name) for name in (self._name(entity), *(a.name for a in self._kb.aliases(entity))))

    def _object(self, fact: Fact) -> str:
        return fact.object.text if isinstance(fact.object, Literal) else self._name(fact.object)

    @staticmethod
    def _name(entity: EntityId) -> str:
        return entity.partition(":")[2]

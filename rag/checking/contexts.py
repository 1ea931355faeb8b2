"""What a value stands with: the stretches of text before and behind it, and what they name. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from rag.checking.amount import Amount
from rag.text import is_han

Words = frozenset[str]


class Where(Enum):
    """Where a stretch of a context stands."""

    WITH, BEFORE, EARLIER, BEHIND = range(4)
    """With the value; before it; before the semicolon that stands before it; behind it."""


_OF_SEGMENT = frozenset({Where.WITH, Where.BEFORE})


@dataclass(frozen=True)
class Level:
    """The words of one stretch of a context."""

    words: Words
    where: Where
    taken: bool = False
    """Whether a value of the kind stands there, so that the words may be its holder."""


def key_of(amount: Amount) -> str:
    """A value as a word of the context of others."""
    return f"{amount.low:g}-{amount.high:g}{amount.unit}{amount.bound}"


def characters_of(words: Words) -> Words:
    """The characters of pairs of Han neighbours."""
    return frozenset(char for word in words if is_han(word[0]) for char in word)


@dataclass(frozen=True)
class Held:
    """A value and its context, the nearest stretch first. Values of one `kind` stand for each other."""

    amount: Amount
    kind: str
    context: tuple[Level, ...]
    segment: int
    """Number of its segment."""
    around: Words
    """All that its segment says."""

    def holds(self, word: str) -> bool:
        """Whether the word stands in its context, what stands behind it apart."""
        place = self._places.get(word)
        return place is not None and self.context[place].where is not Where.BEHIND

    def may_hold(self, word: str, other: Held) -> bool:
        """Whether the word may: both of its characters do, or its segment has it and `other` stands in a later one."""
        return self.level_of(word) is not None or (other.segment > self.segment and word in self.around)

    def level_of(self, word: str) -> int | None:
        """How far from the value the word stands, or the farther of its two characters; None: nowhere."""
        if word in self._places or not is_han(word[0]):
            return self._places.get(word)
        found = [self._places[char] for char in word if char in self._places]
        return max(found) if len(found) == len(word) else None

    def knows(self, word: str, spare: Words) -> bool:
        """Whether its context holds the word, character by character, but for what is `spare`."""
        parts = word if is_han(word[0]) else (word,)
        return word in self._places or all(part in self._places or part in spare for part in parts)

    def distance_of(self, places: Sequence[int]) -> tuple[bool, int, int]:
        """How far all of the words stand: before a semicolon or not, the farthest of them, and all together."""
        farthest = max(places)
        return self.context[farthest].where is Where.EARLIER, farthest, sum(places)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """Word, and character of a Han word -> where it stands first."""
        told = ((w, n) for n, level in enumerate(self.context) for w in level.words | characters_of(level.words))
        return dict(reversed(list(told)))

    def words_within(self, place: int) -> Words:
        """The words up to the stretch at `place`."""
        return frozenset().union(*(level.words for level in self.context[: place + 1]))

    @cached_property
    def leading(self) -> tuple[Level, ...]:
        """What its own segment says before it, all else only where that is nothing."""
        own = tuple(level for level in self.context if level.where in _OF_SEGMENT)
        return own or self.context

    @cached_property
    def said(self) -> Words:
        """The words of its segment."""
        return frozenset().union(*(level.words for level in self.context if level.where is not Where.EARLIER))

    @cached_property
    def free(self) -> Words:
        """The words of its segment that no other value has taken."""
        free = (level.words for level in self.context if level.where is Where.WITH or not level.taken)
        earlier = (level.words for level in self.context if level.where is Where.EARLIER)
        return frozenset().union(*free) - frozenset().union(*earlier)

    def holders_before(self, place: int) -> Words:
        """The words that may be a holder and stand nearer than `place`: all of its segment for one outside of it."""
        where, nearer = self.context[place].where, self.context[:place]
        if where is Where.BEHIND:
            return frozenset()
        outside = where is Where.EARLIER
        return frozenset().union(*(x.words for x in nearer if x.taken or (outside and x.where in _OF_SEGMENT)))

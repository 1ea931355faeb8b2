"""Whether each value of a sentence belongs to what it belongs to in the evidence: `成人0.5g，儿童0.25g`. Pure.

Another value of the same kind is the one meant where its context (`rag.checking.contexts`) holds more of the words
that stand beside the sentence's value, or the same ones nearer, with another holder in between at the sentence's value.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.checking.amount import Amount
from rag.checking.clauses import Segment
from rag.checking.contexts import Held, Where, characters_of, key_of
from rag.checking.phrases import GLUE
from rag.checking.stretches import held_in
from rag.text import is_han

_JOINING = frozenset(word for word in GLUE.pattern.split("|") if len(word) == 1) | frozenset("治")


def misheld(said: Sequence[Segment], there: Sequence[Held], title: frozenset[str]) -> bool:
    """Whether a value of `said` has another holder in the evidence; words of the title are none."""
    spare = title | characters_of(title) | _JOINING
    return any(_elsewhere(held, there, spare) for held in held_in(said) if held.amount.unit)


def _elsewhere(mine: Held, there: Sequence[Held], spare: frozenset[str]) -> bool:
    rivals = [held for held in there if held.kind == mine.kind]
    known = [held.amount for held in rivals]
    same = [held for held in rivals if _same(mine.amount, held.amount, known)]
    others = [held for held in rivals if not any(held is each for each in same)]
    return bool(same) and all(any(_closer(other, held, mine, spare) for other in others) for held in same)


def _same(mine: Amount, other: Amount, known: Sequence[Amount]) -> bool:
    return mine.alike(other) and mine.stated_by([other, *(o for o in known if not mine.alike(o))])


def _closer(other: Held, held: Held, mine: Held, spare: frozenset[str]) -> bool:
    """Whether `other` rather than `held` stands with the words of `mine`, the nearest words first."""
    for level in mine.leading:
        others = level.taken and level.where is not Where.WITH
        words = [word for word in level.words if not (others and word[0].isdigit())]
        theirs = sum(other.holds(word) and not held.may_hold(word, other) for word in words)
        ours = sum(held.holds(word) and not other.may_hold(word, held) for word in words)
        if theirs != ours:
            return theirs > ours
        if others:
            continue
        places = [(other.level_of(word), held.level_of(word)) for word in words]
        known = all(other.knows(word, spare) for word in words)
        nearer = _nearer([(a, b) for a, b in places if a is not None and b is not None], other, held, mine)
        if nearer is not None and (known or not nearer):
            return nearer
    return False


def _nearer(places: Sequence[tuple[int, int]], other: Held, held: Held, mine: Held) -> bool | None:
    """Whether the words that both hold stand nearer at `other`, with another holder in between at `held`."""
    if not places:
        return None
    theirs, ours = zip(*places, strict=True)
    near, far = other.distance_of(theirs), held.distance_of(ours)
    if far[0] and not near[0] and held.segment == other.segment:
        return True
    if near < far and _strange(held.holders_before(max(ours)), other, max(theirs), mine.said):
        return True
    if near > far and _strange(other.holders_before(max(theirs)), held, max(ours), mine.free):
        return False
    return None


def _strange(holders: frozenset[str], other: Held, place: int, mine: frozenset[str]) -> bool:
    """Whether one of the words names what neither the other value, up to `place`, nor `mine` does."""
    characters = characters_of(mine)
    named = holders - other.words_within(place) - mine - {key_of(other.amount)}
    return any(not (is_han(word[0]) and characters.issuperset(word)) for word in named)

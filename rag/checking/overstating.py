"""What a sentence says beyond its evidence in the words of it: of all for some, without the exception. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import permutations

from rag.checking.amount import Amount
from rag.checking.amounts import amounts
from rag.checking.clauses import GAP, Clause, Segment, bare, canonical, content_of
from rag.checking.contexts import characters_of
from rag.checking.ground import Ground, Text
from rag.checking.signs import ALLOW, NEGATIVE

_ALL = re.compile(
    r"所有|全部|全都|一律|一概|无一例外|普遍|人人|每[个名位例](?=患者|病人|人|孩子|儿童|孕妇)|\ball\b|\bevery(?:one|body)?\b|\balways\b"
)
_EACH = re.compile(r"都|均|皆")
"""Says all only where the evidence says less."""
_MOST = re.compile(r"多数|大部分|\bmost\b|\bmajority\b|往往|通常|一般|\busually\b|\boften\b")
_SOME = re.compile(r"(?<!大)部分|少数|个别|有些|有的|某些|偶|\bsome\b|\ba few\b|\bfew\b|\boccasionally\b")
_MANY = re.compile(r"多数|大部分|\bmost\b|\bmajority\b")
_OFTEN = re.compile(r"多|常(?!规)|主要|一般|往往|\boften\b|\busually\b|\bmainly\b|\bcommon")
"""What is told so may be told of most."""
_NAMED = 2
"""Pairs of characters that name something."""
_STRENGTHS = ((_ALL, None), (_EACH, (_MOST, _SOME)), (_MANY, (_SOME,)))
"""What may be said of how many, the strongest first, and of what the evidence then must not speak alone."""
_UNCONDITIONAL = re.compile(
    r"一律|一概|绝对|任何情况|无论|不论|不管|始终|所有|\bnever\b|\balways\b|\bunder any\b|\bin all\b|\bno matter\b"
)
_UNLESS = re.compile(r"除非|除外|以外|\bunless\b|\bexcept\b")
_ONLY = re.compile(r"仅(?:在|当|限|用于|于)|只有|只能|只在|方可|才能|才可|\bonly (?:if|when|in|after|for)\b")


def overstated(clause: Clause, ground: Ground, used: Sequence[Segment], said: str) -> str | None:
    """Why the clause of the sentence `said` says more than its segments, or None."""
    if _extends(clause, ground, used):
        return "population_not_in_evidence"
    if _leaves_out(clause, ground, used, said) or _said_of_another(clause, ground, used, said):
        return "polarity_not_in_evidence"
    return "citation_does_not_support" if _merges(clause, ground) else None


def closest_to(own: frozenset[str], used: Sequence[Segment]) -> Clause:
    """The clause of the evidence that shares most with `own`."""
    parts = [part for segment in used for part in segment.clauses]
    return max(parts, key=lambda part: len(own & bare(part.text)))


def _extends(clause: Clause, ground: Ground, used: Sequence[Segment]) -> bool:
    """Whether it speaks of all where the evidence does not, or of most where it speaks of some."""
    for said, weaker in _STRENGTHS:
        if said.search(clause.text):
            own = bare(said.sub(GAP, clause.text)) - ground.title_content
            parts = [part for segment in used for part in segment.clauses if not own or own & bare(part.text)]
            told, less = _shared(own, parts, (said,)), _shared(own, parts, weaker or ())
            if (told >= 0 and told >= less) or said.search(ground.title):
                return False
            if said is _MANY and told < 0:
                closest = closest_to(own, used)
                over = used[0].clauses if closest.label else (closest,)
                return not any(_OFTEN.search(part.text) for part in over)
            return weaker is None or told >= 0 or any(word.search(closest_to(own, used).text) for word in weaker)
    return False


def _shared(own: frozenset[str], parts: Sequence[Clause], words: Sequence[re.Pattern[str]]) -> int:
    """How much of `own` the best of the clauses with one of the words holds; -1 where none has any."""
    return max((len(own & bare(p.text)) for p in parts if any(word.search(p.text) for word in words)), default=-1)


def _leaves_out(clause: Clause, ground: Ground, used: Sequence[Segment], said: str) -> bool:
    """Whether it leaves out the only condition that the evidence makes, or denies what the evidence excepts."""
    own = bare(clause.text) - ground.title_content
    closest = closest_to(own, used[:1])
    if _ONLY.search(closest.text) and not _ONLY.search(said) and bare(closest.text) - ground.title_content - own:
        return True
    if _UNLESS.search(said):
        return False
    clauses = used[0].clauses
    place = next((n for n, part in enumerate(clauses) if _UNLESS.search(part.text)), None)
    if place is None:
        return False
    return bool(_UNCONDITIONAL.search(clause.whole)) or _takes_excepted(clause, own, clauses, place)


def _takes_excepted(clause: Clause, own: frozenset[str], clauses: Sequence[Clause], place: int) -> bool:
    """Whether it speaks as the rule does, or denies as it does, of what stands behind `除非`."""
    rule, excepted = (frozenset().union(*(bare(c.text) for c in some)) for some in (clauses[:place], clauses[place:]))
    told, taken = len(own & rule), len(own & (excepted - rule))
    return taken >= _NAMED and (told >= _NAMED or (_denies(clause) and 2 * taken > told))


def _said_of_another(clause: Clause, ground: Ground, used: Sequence[Segment], said: str) -> bool:
    """Whether it denies of one what is affirmed of it and denied of another, or the other way round."""
    own = bare(clause.text) - ground.title_content
    predicate = frozenset().union(*(m.scope for m in clause.marks if m.kind in NEGATIVE or m.kind == ALLOW)) & own
    denied = _denies(clause)
    found: dict[bool, tuple[frozenset[str], frozenset[str]]] = {}
    for near, words, denies in _told(predicate, used):
        found[denies] = max(found.get(denies, _NOTHING), (near, words), key=lambda each: len(own & each[0]))
    if not predicate or len(found) < 2:
        return False
    (same, named), (opposite, words) = found[denied], found[not denied]
    strange = characters_of(named - words) - characters_of(bare(canonical(said)))
    return len(own & opposite) > len(own & same) and bool(strange)


_NOTHING: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())


def _told(predicate: frozenset[str], used: Sequence[Segment]) -> Iterator[tuple[frozenset[str], frozenset[str], bool]]:
    """Of each clause that tells the predicate, or follows one that does: its words, its names, whether it denies."""
    for segment in used:
        headed = any(part.label and _denies(part) for part in segment.clauses)
        reach: frozenset[str] = frozenset()
        for part in segment.clauses:
            if not part.label:
                words = bare(part.text)
                reach |= words
                if predicate <= reach:
                    yield (words if predicate <= words else reach), _named(part), headed or _denies(part)


def _named(part: Clause) -> frozenset[str]:
    """Its words but for those of denial and permission."""
    text = part.text
    for mark in part.marks:
        text = text[: mark.start] + GAP * (mark.end - mark.start) + text[mark.end :]
    return bare(text)


def _denies(part: Clause) -> bool:
    return any(mark.kind in NEGATIVE for mark in part.marks)


def _merges(clause: Clause, ground: Ground) -> bool:
    """Whether it says of the subject of one piece of evidence what another says of its own."""
    told = (content_of(clause.text[mark.start : mark.end]) for mark in clause.marks)
    own, named = bare(clause.text).difference(*told), clause.content
    for one, other in permutations(ground.passages, 2):
        subject, theirs = one.title - other.title, other.title - one.title - one.text
        if _apart(one, other) and named & subject and not named & theirs:
            known = one.text.union(one.title, *(p.text for p in ground.passages if p is not other))
            if (own & other.text) - known or any(_held_by(a, other) and not _held_by(a, one) for a in clause.amounts):
                return True
    return False


def _held_by(amount: Amount, text: Text) -> bool:
    """Whether the text or its titles state such an amount."""
    return any(amount.alike(other) for segment in text.segments for other in segment.amounts) or any(
        amount.alike(other) for other in amounts(text.name)
    )


def _apart(one: Text, other: Text) -> bool:
    """Whether two texts are of different subjects: nothing in common, or the end of the name (甲型肝炎, 乙型肝炎)."""
    if one.title - other.title <= other.text or other.title - one.title <= one.text:
        return False
    return not one.title & other.title or (one.name != other.name and one.name[-2:] == other.name[-2:])

"""Whether a sentence in its own words says what passages say, and nothing else. Pure.

Both are read into clauses (`rag.checking.clauses`). A clause of the sentence has to be covered, word by word, by
stretches of the evidence, by words that mean the same and by words that only join. What can turn a statement (denial,
direction, bound, period, who does what to whom) has to agree with the place it is taken from (`rag.checking.turning`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.checking.amount import PER_DAY, TIMES_OF_DAY, Amount
from rag.checking.bounds import periods
from rag.checking.clauses import GAP, Clause, Segment, canonical, content_of, read
from rag.checking.coverage import wording_reason
from rag.checking.grades import grades_in
from rag.checking.ground import Ground
from rag.checking.holders import misheld
from rag.checking.overstating import overstated
from rag.checking.parallels import told_of_the_other
from rag.checking.phrases import GLUE, PEOPLE
from rag.checking.turning import turned
from rag.checking.wording import without
from rag.text import normalise

_LEAST_SHARED = 0.2
"""A sentence that shares less of its words with the text it cites is about something else."""


def reason_against(claim: str, ground: Ground) -> str | None:
    """Why normalised `claim` does not restate the ground, or None; the reasons are those of `rag.checking.checker`."""
    segments = read(claim)
    said = frozenset().union(*(segment.content for segment in segments)) if segments else frozenset()
    if not said & ground.content and not _tells_values_only(segments):
        return "citation_does_not_support"
    for segment in segments:
        before: Segment | None = None
        for clause in segment.clauses:
            used = _support(clause, ground, before)
            reason = _clause_reason(clause, ground, used, claim) if used else "number_not_in_evidence"
            if reason == "wording_not_in_evidence" and len(said & ground.text_content) < _LEAST_SHARED * len(said):
                return "citation_does_not_support"
            if reason:
                return reason
            before = used[0] if used else None
    if not grades_in(claim) <= grades_in(GAP.join([ground.title, ground.text])):
        return "number_not_in_evidence"
    spare = [normalise(ground.passages[0].name)] if len(ground.passages) == 1 else []
    spare += _told_by_age(segments, ground)
    said_of = read(without(canonical(claim), spare)) if spare else segments
    return "number_not_in_evidence" if misheld(said_of, ground.held, ground.title_content) else None


def _told_by_age(segments: Sequence[Segment], ground: Ground) -> list[str]:
    """Groups of people that the sentence names beside an age and the evidence by the age alone."""
    aged = any(amount.unit == "个月" for segment in segments for amount in segment.amounts)
    return [word for word in _AGED if word not in ground.text] if aged else []


_AGED = ("儿童", "婴儿", "老年人", "child", "elderly")


def _tells_values_only(segments: Sequence[Segment]) -> bool:
    """Whether nothing is left of a sentence without its values and words that join."""
    clauses = [clause for segment in segments for clause in segment.clauses]
    aged = any(amount.unit == "个月" for clause in clauses for amount in clause.amounts)  # 儿童 of `6至14岁的儿童`
    told = (PEOPLE.sub(GAP, clause.text) if aged else clause.text for clause in clauses)
    bare = all(not content_of(GLUE.sub(GAP, text.replace("剂量", GAP))) for text in told)
    return bare and any(clause.amounts for clause in clauses)


def _clause_reason(clause: Clause, ground: Ground, used: Sequence[Segment], said: str) -> str | None:
    reason = (
        wording_reason(clause, ground, used) or turned(clause, ground, used) or overstated(clause, ground, used, said)
    )
    return reason or ("relation_not_in_evidence" if told_of_the_other(clause, used) else None)


def _support(clause: Clause, ground: Ground, before: Segment | None) -> list[Segment]:
    """The segments that the clause is taken from, the one with its numbers first; none where none has them all.

    Of several the one that the clause `before` was taken from comes first, unless another says more.
    """
    wanted = clause.topic - ground.title_content
    asked = [amount for amount in clause.amounts if not amount.stated_by(ground.title_amounts)]
    left = [segment for segment in ground.segments if _holds(segment, asked, clause, ground.title_content)]
    if not left:
        return []
    used = [max(left, key=lambda segment: _worth(segment, wanted, clause) + (segment is before))]
    rest = [segment for segment in ground.segments if segment is not used[0]]
    wanted = wanted - used[0].content
    while wanted and rest:
        best = max(rest, key=lambda segment: len(wanted & segment.content))
        if not wanted & best.content:
            break
        used.append(best)
        rest.remove(best)
        wanted = wanted - best.content
    return used


def _holds(segment: Segment, asked: Sequence[Amount], clause: Clause, title: frozenset[str]) -> bool:
    """Whether the segment states all amounts, each in the clause that is closest where it states one in two ways."""
    if not asked:
        return clause.amounts != () or periods(clause.whole) <= segment.periods
    for amount in asked:
        known = amount.stated_by(segment.amounts) or _at_a_time_of_day(amount, segment) or _goes_on(amount, segment)
        if not known:
            return False
        rivals = [part for part in segment.clauses if any(amount.alike(o) for o in part.amounts)]
        if len(rivals) > 1 and not any(
            amount.stated_by(part.amounts) for part in _nearest(amount, rivals, clause, title)
        ):
            return False
    doubled = [a for a in asked if sum(a.alike(o) for o in asked) > 1]
    return all(sum(a.alike(o) for o in segment.amounts) > 1 for a in doubled)


def _at_a_time_of_day(amount: Amount, segment: Segment) -> bool:
    """`每天早上1.5mg` of `每日1.5mg，晨服`: the time of day may stand by itself."""
    daily = amount.per in TIMES_OF_DAY and amount.per in segment.periods
    return daily and replace(amount, per=PER_DAY).stated_by(segment.amounts)


def _goes_on(amount: Amount, segment: Segment) -> bool:
    """`透析者每日1.2g` of `非透析者每日0.8g，透析者1.2g`: a period goes on to what is told in the same unit."""
    period = ""
    for other in segment.amounts:
        if other.unit == amount.unit:
            period = other.per or period
            if not other.per and amount.per == period and amount.stated_by([replace(other, per=period)]):
                return True
    return False


def _nearest(amount: Amount, rivals: Sequence[Clause], clause: Clause, title: frozenset[str]) -> Sequence[Clause]:
    """Of the clauses that state such an amount those with the amount next to it, else those with the same words."""
    place = clause.amounts.index(amount)
    for neighbour in (*clause.amounts[place + 1 : place + 2], *clause.amounts[max(0, place - 1) : place]):
        beside = [part for part in rivals if neighbour.stated_by(part.amounts)]
        if beside:
            return beside
    own = clause.core - title
    closest = max(len(own & part.core) for part in rivals)
    return [part for part in rivals if len(own & part.core) == closest]


def _worth(segment: Segment, wanted: frozenset[str], clause: Clause) -> float:
    return len(wanted & segment.content) + 0.5 * len(clause.content & segment.content) / (1 + len(segment.content))

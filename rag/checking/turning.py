"""What turns a statement: whom it is about, and what is denied or allowed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.checking.amount import OF_AGE
from rag.checking.bounds import periods
from rag.checking.clauses import Clause, Mark, Segment, core_of
from rag.checking.comparing import compared
from rag.checking.degrees import excess_reason, rarity_reason
from rag.checking.ground import Ground
from rag.checking.headings import heading_reason
from rag.checking.phrases import GLUE, PEOPLE
from rag.checking.refusals import LESS, LIST, refusal_reason
from rag.checking.routes import forbidden_route
from rag.checking.signs import AGREEING, ALLOW, DENY, FORBID, NEGATIVE, PRAISE
from rag.checking.verdicts import turns_verdict
from rag.text import HAN, is_han, normalise


def turned(clause: Clause, ground: Ground, used: Sequence[Segment]) -> str | None:
    """Why the clause turns what its segments say, or None; the reasons are those of `rag.checking.checker`."""
    return (
        _people_reason(clause, ground, used)
        or _polarity_reason(clause, ground, used)
        or refusal_reason(clause, ground, used)
        or rarity_reason(clause, ground, used)
        or excess_reason(clause, ground)
        or _needless_reason(clause, ground)
        or heading_reason(clause, used)
        or ("polarity_not_in_evidence" if forbidden_route(clause, used) or turns_verdict(clause, used) else None)
        or compared(clause, ground, used)
    )


def _people_reason(clause: Clause, ground: Ground, used: Sequence[Segment]) -> str | None:
    """Groups of people are those of the closest clause, where it names any."""
    people = _people(clause.text)
    if any(amount.unit == "个月" and amount.high <= OF_AGE for amount in clause.amounts):
        people -= _YOUNG  # told by their age, which is judged by itself
    if not people:
        return None
    parts = [part for segment in used for part in segment.clauses]
    stating = [part for part in parts if any(amount.alike(o) for amount in clause.amounts for o in part.amounts)]
    parts = stating or parts
    own = clause.core - people - ground.title_content
    closest = max(len(own & part.core) for part in parts)
    there = frozenset().union(*(_people(part.whole) for part in parts if len(own & part.core) == closest))
    if there and not people & (there | _people(ground.title)):
        return "population_not_in_evidence"
    return None


_YOUNG = frozenset({"儿童", "婴儿", "child"})


def _same_words(own: frozenset[str], clause: Clause, part: Clause) -> bool:
    """Whether the clause of the evidence is the sentence's but for words that turn it, of the same period if of any."""
    often, there = periods(clause.whole), periods(part.whole)
    if often and there and not often & there:
        return False
    shared = len(own & part.core)
    return bool(shared) and shared >= 0.9 * len(own) and shared >= 0.9 * len(part.core)


def _denied_alike(own: frozenset[str], clause: Clause, used: Sequence[Segment]) -> Iterator[set[int]]:
    """Of each clause of the evidence in the same words: how often it denies, without and with what stands over it."""
    for segment in used:
        heads = sum(_denials(part) for part in segment.clauses if part.label)
        for part in segment.clauses:
            if not part.label and _same_words(own, clause, part) and not _tells_effect(clause, part):
                yield {_denials(part), _denials(part) + heads}


def _tells_effect(clause: Clause, part: Clause) -> bool:
    """Whether the clause tells what is brought about and the evidence who must not: `有乙者禁用` beside `引起乙`."""
    return not clause.marks and bool(_CONSEQUENCE.search(clause.text)) and not _CONSEQUENCE.search(part.text)


def _denials(part: Clause) -> int:
    return sum(mark.kind in NEGATIVE for mark in part.marks)


def _people(text: str) -> frozenset[str]:
    return frozenset(word.removesuffix("s") for word in PEOPLE.findall(text))


def _polarity_reason(clause: Clause, ground: Ground, used: Sequence[Segment]) -> str | None:
    there = [(mark, part, words) for segment in used for mark, part, words in _marked(segment)]
    own = _beside_title(clause.core, ground)
    for mark in clause.marks:
        scope = _beside_title(mark.scope, ground) or own
        agreeing = [_closeness(scope, own, e, part, w) for e, part, w in there if _agrees(mark, e, part, clause)]
        if mark.kind == ALLOW and not agreeing and not _praised(clause.text[mark.start : mark.end], used):
            continue
        against = [
            _closeness(scope, own, e, part, words)
            for e, part, words in there
            if e.kind not in AGREEING[mark.kind] and (e.kind in NEGATIVE or mark.kind in NEGATIVE)
        ]
        if not max(agreeing, default=0.0) or max(against, default=0.0) > max(agreeing):
            return "polarity_not_in_evidence"
    negatives = [mark for mark in clause.marks if mark.kind in NEGATIVE]
    parts = [part for segment in used for part in segment.clauses]
    if len(negatives) > 1 and len(negatives) > max(map(_denials, parts), default=0):
        return "polarity_not_in_evidence"
    if any(len(negatives) not in denied for denied in _denied_alike(own, clause, used)):
        return "polarity_not_in_evidence"
    return _denied_unsaid(clause, ground, used, own)


def _praised(said: str, used: Sequence[Segment]) -> bool:
    """Whether permission says more than `可用`; 适合 does not of what the evidence is for."""
    fits = _FITTING.search(said) and any(_MEANT_FOR.search(part.text) for segment in used for part in segment.clauses)
    return bool(PRAISE.search(said)) and not fits


_FITTING, _MEANT_FOR = re.compile("适合|适用|适宜"), re.compile("用于|适应证|主治")


def _denied_unsaid(clause: Clause, ground: Ground, used: Sequence[Segment], own: frozenset[str]) -> str | None:
    """Why the evidence denies what the clause says without denying it, or None."""
    parts = [part for segment in used for part in segment.clauses]
    if _keeps_apart(clause) and any(map(_keeps_apart, parts)):
        return None
    agreed = {kind for mark in clause.marks if mark.kind in NEGATIVE for kind in AGREEING[mark.kind]}
    near = {id(part) for part in used[0].clauses} if clause.amounts else None
    for e, part in [(mark, holder) for holder in parts for mark in holder.marks]:
        if near is not None and id(part) not in near:
            continue
        advised = part.label and e.kind == FORBID and LESS.search(clause.text)
        if e.kind not in NEGATIVE or e.kind in agreed or advised or _better_matched(e, part, own, used):
            continue
        if _NEEDLESS.match(part.text, e.start) and not core_of(part.text[e.end :]):
            continue  # 多数无需治疗 denies nothing else of the many
        if not _warns_of(clause, e, part) and _denies(e, part, clause, own, ground.title_content):
            return "polarity_not_in_evidence"
    return None


def _beside_title(words: frozenset[str], ground: Ground) -> frozenset[str]:
    """Without those of the titles, and without what only joins a title to what the evidence says elsewhere.

    米合 of `不宜与阿佐塞米合用` is nothing that a passage about it would hold.
    """
    names = [passage.name for passage in ground.passages if passage.name]
    ends, starts = ({normalise(name)[place] for name in names} for place in (-1, 0))
    joined = {word for word in words if is_han(word[0]) and (word[0] in ends or word[-1] in starts)}
    return words - ground.title_content - (joined - ground.text_content)


def _warns_of(clause: Clause, e: Mark, part: Clause) -> bool:
    """Whether the clause tells what comes of an act that the evidence forbids or avoids (`自行停药可引起复发`)."""
    advised = e.kind == FORBID or part.text[e.start : e.end] in _AVOIDING
    return advised and bool(_CONSEQUENCE.search(clause.text)) and not clause.marks


_AVOIDING = frozenset({"避免", "不应", "不要"})


_HARM = re.compile("引起|加重|复发|\\bcauses?\\b")
"""`不会引起…`: no prohibition says so."""
_ADVICE = re.compile("别|不要|避免|不应|不宜|不适宜|不建议")
"""Of what a list forbids: 不要吃辣椒 of 忌吃食物：辣椒."""
_CONSEQUENCE = re.compile("(?<!不)(?:引起|加重|恶化|复发|反跳)")


def _keeps_apart(part: Clause) -> bool:
    """Whether it tells how long two things are kept apart, which `不宜同服` beside it does not deny."""
    return "隔" in part.text and bool(part.amounts)


def _better_matched(e: Mark, part: Clause, own: frozenset[str], used: Sequence[Segment]) -> bool:
    """Whether another clause holds what the mark bears on and is closer: `过敏者禁用，过敏体质者慎用`."""
    overlap = len(own & part.core)
    others = [other for segment in used for other in segment.clauses if other is not part and not other.label]
    return bool(e.scope) and any(e.scope <= other.core and len(own & other.core) > overlap for other in others)


def _denies(e: Mark, part: Clause, clause: Clause, own: frozenset[str], title: frozenset[str]) -> bool:
    """Whether a sign of denial in the evidence bears on what the clause says without one."""
    scope = (e.scope - title) or e.scope
    if scope and len(scope & clause.core) >= 0.6 * len(scope):
        return True
    stop = min((mark.start for mark in part.marks if mark.start >= e.end), default=len(part.text))
    items = [core_of(said) for item in LIST.split(part.text[e.end : stop]) for said in (item, GLUE.sub(" ", item))]
    if any(len(item) and item <= clause.core for item in items):
        return True
    allowing = any(mark.kind == ALLOW for mark in clause.marks)
    if not part.core - title and periods(part.whole) & periods(clause.whole):
        return True
    return allowing and bool(own) and len(own & part.core) >= 0.6 * len(own)


def _agrees(mark: Mark, e: Mark, part: Clause, clause: Clause) -> bool:
    """Whether the evidence's mark may stand behind that of the sentence; over a list it must be the same."""
    advised = e.kind == FORBID or part.text[e.start : e.end] in _AVOIDING
    if mark.kind == DENY and advised and _HARM.search(clause.text, mark.start):
        return False
    if part.label and e.kind == FORBID and _ADVICE.match(clause.text, mark.start):
        return True
    return e.kind == mark.kind if part.label else e.kind in AGREEING[mark.kind]


def _marked(segment: Segment) -> Iterator[tuple[Mark, Clause, frozenset[str]]]:
    """Each mark with its clause and the words that it may bear on: at its end, those of the list before it too."""
    before: frozenset[str] = frozenset()
    for part in segment.clauses:
        for mark in part.marks:
            yield mark, part, part.core | (before if mark.end == len(part.text) else frozenset())
        listed = not part.marks and not part.label and not _CONSEQUENCE.search(part.text)
        before = before | part.core if listed else frozenset()


def _closeness(scope: frozenset[str], own: frozenset[str], e: Mark, part: Clause, words: frozenset[str]) -> float:
    """How much of `scope` the mark bears on, 0 to 1; a mark over a list, as in `禁忌：`, bears on all of it."""
    if part.label or not scope or not (e.scope or core_of(part.unmarked)):
        return 0.5
    around = 0.5 * len(own & words) / len(own) if own else 0.0
    return max(len(scope & e.scope) / len(scope), 0.9 * len(scope & words) / len(scope), around)


_NEEDLESS = re.compile(rf"(?:无需|无须|毋需|毋须|不需要?|不必|不用)([{HAN}]{{2}})")


def _needless_reason(clause: Clause, ground: Ground) -> str | None:
    """Whether what the evidence calls needless is called needed: 需要治疗 of `多数无需治疗`."""
    if any(mark.kind == DENY for mark in clause.marks):
        return None
    for act in {match[1] for match in _NEEDLESS.finditer(ground.text)}:
        needed = re.compile(f"(?<![无不毋])(?:需要?|须|必须|应该?|应当){act}")
        if needed.search(clause.text) and not needed.search(ground.text):
            return "polarity_not_in_evidence"
    return None

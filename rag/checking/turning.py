"""What turns a statement: whom it is about, what is denied or allowed, directions, who acts on whom. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.checking.amounts import periods
from rag.checking.clauses import Clause, Ground, Mark, Segment, content_of, core_of
from rag.checking.phrases import AGREEING, ALLOW, DENY, FORBID, NEGATIVE, OPPOSITE, PEOPLE, PRAISE

_LIST = re.compile(r"[、和或及与]| and | or ")


def turned(clause: Clause, ground: Ground, used: Sequence[Segment]) -> str | None:
    """Why the clause turns what its segments say, or None; the reasons are those of `rag.checking.checker`."""
    return (
        _people_reason(clause, ground, used)
        or _polarity_reason(clause, ground, used)
        or _way_reason(clause, used)
        or _order_reason(clause, ground, used)
    )


def _people_reason(clause: Clause, ground: Ground, used: Sequence[Segment]) -> str | None:
    """Groups of people are those of the closest clause, where it names any."""
    people = _people(clause.text)
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


def _same_words(own: frozenset[str], clause: Clause, part: Clause) -> bool:
    """Whether the clause of the evidence is the sentence's but for words that turn it, of the same period if of any."""
    often, there = periods(clause.whole), periods(part.whole)
    if often and there and not often & there:
        return False
    shared = len(own & part.core)
    return bool(shared) and shared >= 0.9 * len(own) and shared >= 0.9 * len(part.core)


def _denials(part: Clause) -> int:
    return sum(mark.kind in NEGATIVE for mark in part.marks)


def _people(text: str) -> frozenset[str]:
    return frozenset(word.removesuffix("s") for word in PEOPLE.findall(text))


def _polarity_reason(clause: Clause, ground: Ground, used: Sequence[Segment]) -> str | None:
    there = [(mark, part) for segment in used for part in segment.clauses for mark in part.marks]
    own = clause.core - ground.title_content
    for mark in clause.marks:
        scope = (mark.scope - ground.title_content) or own
        agreeing = [_closeness(scope, own, e, part) for e, part in there if _agrees(mark, e, part, clause)]
        if mark.kind == ALLOW and not agreeing and not PRAISE.search(clause.text[mark.start : mark.end]):
            continue
        against = [
            _closeness(scope, own, e, part)
            for e, part in there
            if e.kind not in AGREEING[mark.kind] and (e.kind in NEGATIVE or mark.kind in NEGATIVE)
        ]
        if not max(agreeing, default=0.0) or max(against, default=0.0) > max(agreeing):
            return "polarity_not_in_evidence"
    negatives = [mark for mark in clause.marks if mark.kind in NEGATIVE]
    if len(negatives) > 1 and len(negatives) > sum(e.kind in NEGATIVE for e, _ in there):
        return "polarity_not_in_evidence"
    parts = [part for segment in used for part in segment.clauses]
    if any(_same_words(own, clause, part) and _denials(part) != len(negatives) for part in parts):
        return "polarity_not_in_evidence"
    agreed = {kind for mark in negatives for kind in AGREEING[mark.kind]}
    near = {id(part) for part in used[0].clauses} if clause.amounts else None
    for e, part in there:
        if near is not None and id(part) not in near:
            continue
        if e.kind not in NEGATIVE or e.kind in agreed or _better_matched(e, part, own, used):
            continue
        if not _warns_of(clause, e) and _denies(e, part, clause, own, ground.title_content):
            return "polarity_not_in_evidence"
    return None


def _warns_of(clause: Clause, e: Mark) -> bool:
    """Whether the clause tells what comes of an act that the evidence forbids (`自行停药可引起复发`)."""
    return e.kind == FORBID and bool(_CONSEQUENCE.search(clause.text)) and not clause.marks


_HARM = re.compile("引起|加重|复发|\\bcauses?\\b")
"""`不会引起…`: no prohibition says so."""
_CONSEQUENCE = re.compile("(?<!不)(?:引起|加重|恶化|复发|反跳)")


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
    items = [core_of(item) for item in _LIST.split(part.text[e.end : stop])]
    if any(len(item) and item <= clause.core for item in items):
        return True
    allowing = any(mark.kind == ALLOW for mark in clause.marks)
    if not part.core - title and periods(part.whole) & periods(clause.whole):
        return True
    return allowing and bool(own) and len(own & part.core) >= 0.6 * len(own)


def _agrees(mark: Mark, e: Mark, part: Clause, clause: Clause) -> bool:
    """Whether the evidence's mark may stand behind that of the sentence; over a list it must be the same."""
    if mark.kind == DENY and e.kind == FORBID and _HARM.search(clause.text, mark.start):
        return False
    return e.kind == mark.kind if part.label else e.kind in AGREEING[mark.kind]


def _closeness(scope: frozenset[str], own: frozenset[str], e: Mark, part: Clause) -> float:
    """How much of `scope` the mark bears on, 0 to 1; a mark over a list, as in `禁忌：`, bears on all of it."""
    if part.label or not scope or not (e.scope or part.core):
        return 0.5
    around = 0.5 * len(own & part.core) / len(own) if own else 0.0
    return max(len(scope & e.scope) / len(scope), 0.9 * len(scope & part.core) / len(scope), around)


def _closest(way: Mark, others: Sequence[Mark]) -> float:
    return max((len(way.scope & o.scope) / (len(way.scope) or 1) for o in others), default=0.0)


def _way_reason(clause: Clause, used: Sequence[Segment]) -> str | None:
    there = [mark for segment in used for part in segment.clauses for mark in part.ways]
    for way in clause.ways:
        if _counts_right(clause, way):
            continue
        same = [e for e in there if e.kind == way.kind]
        if not same:
            return "polarity_not_in_evidence"
        other = [e for e in there if e.kind == OPPOSITE[way.kind]]
        if _closest(way, other) > _closest(way, same):
            return "polarity_not_in_evidence"
    return None


def _counts_right(clause: Clause, way: Mark) -> bool:
    """`A为21.8%，高于B的15.7%`: a comparison of two amounts of the sentence that is right by itself."""
    word = clause.text[way.start : way.end]
    place = clause.whole.find(word)
    if clause.before is None or place < 0 or not re.fullmatch(r"高于|低于|多于|少于", word):
        return False
    behind = next((a for a in clause.amounts), None)
    if len(clause.amounts) != 1 or behind is None or behind.unit != clause.before.unit:
        return False
    return (clause.before.low > behind.high) if word in ("高于", "多于") else (clause.before.high < behind.low)


_CAUSAL = re.compile(
    r"引起|使|令|(?:降低|升高|减弱|增强|减少|增加|提高|抑制)(?!的)|\bcause\b|\b(?:in|de)creas\w+\b|\breduc\w+\b|"
    r"\blower\w+\b|\brais\w+\b"
)
_COMPARED = re.compile(r"高于|低于|优于|多于|少于|不如|相比|\bthan\b|\bcompared with\b")
_BROUGHT_ABOUT = re.compile(r"引起|\bcause\b")
_AGENT_BEHIND = re.compile(r"由|被|因|\bby\b")
_CAUSES_LISTED = re.compile(r"病因|诱因|危险因素|高危因素|原因|causes? of")
_EFFECTS_LISTED = re.compile(r"不良反应|的并发症|的症状|(?<!病)毒性(?=$|、)|symptoms? of|complications? of|adverse")
_FROM_TO = re.compile(r"[由从].*(?:降至|降到|升至|升到|增至|减至|增加到|减少到|上升到|下降到)|\bfrom\b.* to ")


def _order_reason(clause: Clause, ground: Ground, used: Sequence[Segment]) -> str | None:
    """Who does what to whom, from which value to which, and which of two is the greater one."""
    parts = [part for segment in used for part in segment.clauses]
    causal, compared = _CAUSAL.search(clause.text), _COMPARED.search(clause.text)
    for part in parts:
        if causal and any(_exchanged(clause, causal, part, found, ground) for found in _CAUSAL.finditer(part.text)):
            return "relation_not_in_evidence"
        if compared and any(_compared_round(clause, compared, part, found) for found in _COMPARED.finditer(part.text)):
            return "relation_not_in_evidence"
    match = _BROUGHT_ABOUT.search(clause.text)
    if match and _against_the_list(clause.text, match, ground):
        return "relation_not_in_evidence"
    if _FROM_TO.search(clause.whole) and any(_backwards(clause, part) for part in parts):
        return "number_not_in_evidence"
    return None


Sides = tuple[frozenset[str], frozenset[str]]


def _sides(text: str, cue: re.Match[str], title: str = "") -> Sides:
    """What stands before a cue (and in the title) and what behind it; content of both is neither's."""
    left, right = content_of(text[: cue.start()]) | content_of(title), content_of(text[cue.end() :])
    return left - right, right - left


def _exchanged(clause: Clause, cue: re.Match[str], part: Clause, found: re.Match[str], ground: Ground) -> bool:
    """Whether agent and patient of the evidence stand in each other's place."""
    (left, right), (agent, patient) = _sides(clause.text, cue), _sides(part.text, found, ground.title)
    if _AGENT_BEHIND.search(clause.text[: cue.start()]) or clause.text[cue.end() :].startswith(" by"):
        return False
    return bool(left & patient and right & agent) and not left & agent


def _compared_round(clause: Clause, cue: re.Match[str], part: Clause, found: re.Match[str]) -> bool:
    """Whether the two that the evidence compares stand in each other's place."""
    (left, right), (greater, other) = _sides(clause.text, cue), _sides(part.text, found)
    return bool(left & other and right & greater) and not right & other


def _against_the_list(said: str, match: re.Match[str], ground: Ground) -> bool:
    """Whether a sentence lets the listed effects bring about their cause, or the subject its listed causes."""
    left, right = content_of(said[: match.start()]), content_of(said[match.end() :])
    if _AGENT_BEHIND.search(said[: match.start()]) or said[match.end() :].startswith(" by"):
        left, right = right, left
    for segment in ground.segments:
        subject = ground.title_content
        for part in segment.clauses:
            label = _CAUSES_LISTED.search(part.text) or _EFFECTS_LISTED.search(part.text)
            if label is None:
                continue
            ends = content_of(part.text[: label.start()]) | subject
            behind = content_of(part.text[label.end() :])
            listed = behind.union(*(p.content for p in segment.clauses if p is not part)) - ends
            if part.label:
                listed = listed.union(*(s.content for s in ground.segments)) - ends
            causes, effects = (listed, ends) if _CAUSES_LISTED.search(part.text) else (ends, listed)
            if left & effects and right & causes and not left & causes:
                return True
    return False


def _backwards(clause: Clause, part: Clause) -> bool:
    """Whether the last two amounts of the sentence stand in the evidence in the other order."""
    *_, first, second = (*clause.amounts, *clause.amounts)[-2:]
    order = [amount for amount in part.amounts if amount.alike(first) or amount.alike(second)]
    return len(order) == 2 and order[0].alike(second) and not first.alike(second)

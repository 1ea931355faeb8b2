"""Directions and comparisons: whether a clause tells them as its evidence does. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rag.checking.clauses import GAP, Clause, Mark, Segment, bare
from rag.checking.effects import CAUSAL, Sides, against_the_list, cause_first, exchanged, sides_of
from rag.checking.factors import tells_factor, turns_factor
from rag.checking.ground import Ground
from rag.checking.signs import ALIKE, DOWN, OPPOSITE, SAME_WAY, UP
from rag.text import HAN, is_han


def compared(clause: Clause, ground: Ground, used: Sequence[Segment]) -> str | None:
    """Why the clause turns a direction, a comparison or an effect of its segments, or None."""
    return _way_reason(clause, ground, used) or _order_reason(clause, ground, used)


def _closest(way: Mark, others: Sequence[Mark]) -> tuple[float, float]:
    """How much of what the direction ends in, and of all it bears on, one of `others` shares."""
    ends = max((len(way.head & o.scope) / (len(way.head) or 1) for o in others), default=0.0)
    return ends, max((len(way.scope & o.scope) / (len(way.scope) or 1) for o in others), default=0.0)


def _way_reason(clause: Clause, ground: Ground, used: Sequence[Segment]) -> str | None:
    parts = [part for segment in used for part in segment.clauses]
    there = [mark for part in parts for mark in part.ways]
    for way in clause.ways:
        if _counts_right(clause, way):
            continue
        same = [e for e in there if e.kind in SAME_WAY[way.kind]]
        if not same and _is_converse_of(clause, way, used, ground.title_content):
            continue
        if _DOSED.fullmatch(clause.text[way.start : way.end]) and any(
            clause.text[way.start : way.end] in part.text for part in parts
        ):
            continue
        if not same and (_falls_below(clause, way) or _named_by(clause, way, parts) or tells_factor(clause, used)):
            continue
        if not same:
            return "polarity_not_in_evidence"
        other = [e for e in there if e.kind in OPPOSITE[way.kind]]
        if other and _measured_so(clause, way, parts, OPPOSITE) and not _measured_so(clause, way, parts, SAME_WAY):
            return "polarity_not_in_evidence"
        if _closest(way, other) > _closest(way, same):
            return "polarity_not_in_evidence"
        compares = clause.text[way.start : way.end].endswith("于")
        if _told_otherwise(clause, way, used, OPPOSITE[way.kind] | {ALIKE} if compares else frozenset({ALIKE})):
            return "polarity_not_in_evidence"
    return None


def _measured_so(clause: Clause, way: Mark, parts: Sequence[Clause], kinds: Mapping[str, frozenset[str]]) -> bool:
    """Whether what stands right beside the direction goes in one of `kinds` in the evidence: 浓度 of `浓度降低`."""
    measures = {pair for pair in _beside(clause.text, way) if len(pair) > 1 and is_han(pair[0]) and is_han(pair[1])}
    ways = ((part.text, e) for part in parts for e in part.ways if e.kind in kinds[way.kind])
    return any(not measures.isdisjoint(_beside(text, e)) for text, e in ways)


def _beside(text: str, way: Mark) -> tuple[str, str]:
    return text[max(0, way.start - 2) : way.start], text[way.end : way.end + 2]


def _falls_below(clause: Clause, way: Mark) -> bool:
    """`降至300以下` of `低于300`: the bounds say the direction and are judged by themselves."""
    word, bounds = clause.text[way.start : way.end], {amount.bound for amount in clause.amounts}
    return (word in ("降至", "降到") and bounds == {"<"}) or (word in ("升至", "升到") and bounds == {">"})


_LEVEL = re.compile("血([钾钠钙镁磷氯])|尿酸|血糖|血压")


def _named_by(clause: Clause, way: Mark, parts: Sequence[Clause]) -> bool:
    """Whether the evidence names the direction by an illness: 血钾升高 of 高钾血症."""
    sign, against = {UP: ("高", "低"), DOWN: ("低", "高")}.get(way.kind, ("", ""))
    level = _LEVEL.search(clause.text)
    if not sign or level is None:
        return False
    names = (f"{level[1] or level[0]}血症", level[0])
    told = GAP.join(part.text for part in parts)
    return any(sign + name in told and against + name not in told for name in names)


_DOSED = re.compile("减量|减半|酌减|加量|增量|翻倍")
"""Directions of the dose: nothing else goes up or down by them."""


def _is_converse_of(clause: Clause, way: Mark, used: Sequence[Segment], title: frozenset[str]) -> bool:
    """Whether it tells a comparison from the other side; its own first side may stand in the clause before."""
    cue = _COMPARED.search(clause.text)
    if cue is None or cue.start() != way.start:
        return False
    left, right = sides_of(clause.text, cue)
    for segment in used:
        before = title
        for part in segment.clauses:
            for found in _COMPARED.finditer(part.text):
                opposite = (cue[0] in _LESS) != (found[0] in _LESS)
                if opposite and _other_way(left, right, sides_of(part.text, found), before):
                    return True
            before |= part.content
    return False


def _other_way(left: frozenset[str], right: frozenset[str], there: Sides, before: frozenset[str]) -> bool:
    first, second = there
    return bool(right & (first | before - second)) and not right & second and bool(not left or left & second)


_ALIKE = re.compile(r"相当(?!于)|(?:没有|无)(?:明显|显著)?差别")
_CARRIED = 0.9
"""What a word counts that stands in a clause before."""


def _told_otherwise(clause: Clause, way: Mark, used: Sequence[Segment], outcomes: frozenset[str]) -> bool:
    """Whether what is closest to what the clause tells has one of the other outcomes."""
    own, same, other = bare(clause.text), 0.0, 0.0
    before: frozenset[str] = frozenset()
    for segment in used:
        before = before if segment.continues else frozenset()
        for part in segment.clauses:
            words, kinds = bare(part.text), {e.kind for e in part.ways}
            shared = len(own & words) + _CARRIED * len(own & before - words)
            if kinds & SAME_WAY[way.kind] or _is_converse(clause, part, before):
                same = max(same, shared)
            elif kinds & outcomes or _ALIKE.search(part.text):
                other = max(other, shared)
            before |= words
    return other > same > 0


def _is_converse(clause: Clause, part: Clause, before: frozenset[str]) -> bool:
    """`B少于A` of `A多于B`."""
    cue, found = _COMPARED.search(clause.text), _COMPARED.search(part.text)
    if cue is None or found is None or (cue[0] in _LESS) == (found[0] in _LESS):
        return False
    return _change_places(sides_of(clause.text, cue), sides_of(part.text, found), before)


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


_COMPARED = re.compile(
    r"高于|低于|优于|劣于|多于|少于|大于|小于|不如|相比|\bthan\b|\bcompared with\b|\b(?:superior|inferior) to\b"
)
_LESS = frozenset({"低于", "劣于", "少于", "小于", "不如"})
_FROM_TO = re.compile(r"[由从].*(?:降至|降到|升至|升到|增至|减至|增加到|减少到|上升到|下降到)|\bfrom\b.* to ")


def _order_reason(clause: Clause, ground: Ground, used: Sequence[Segment]) -> str | None:
    """Who does what to whom, from which value to which, and which of two is the greater one."""
    parts = [part for segment in used for part in segment.clauses]
    causal, compared = CAUSAL.search(clause.text), _COMPARED.search(clause.text)
    if causal and exchanged(clause, causal, parts, ground):
        return "relation_not_in_evidence"
    for segment in used:
        before: frozenset[str] = frozenset()
        for part in segment.clauses:
            cues = _COMPARED.finditer(part.text)
            if compared and any(_compared_round(clause, compared, part, found, before) for found in cues):
                return "relation_not_in_evidence"
            before |= part.content
    sides = cause_first(clause.text)
    if (sides and against_the_list(sides, ground)) or turns_factor(clause, used) or _said_of_lesser(clause, parts):
        return "relation_not_in_evidence"
    if _FROM_TO.search(clause.whole) and any(_backwards(clause, part) for part in parts):
        return "number_not_in_evidence"
    return None


def _compared_round(
    clause: Clause, cue: re.Match[str], part: Clause, found: re.Match[str], before: frozenset[str]
) -> bool:
    """Whether the two that the evidence compares stand in each other's place; the first may stand before the clause."""
    if (cue[0] in _LESS) != (found[0] in _LESS):
        return False
    return _change_places(sides_of(clause.text, cue), sides_of(part.text, found), before)


def _change_places(said: Sides, there: Sides, before: frozenset[str]) -> bool:
    (left, right), (greater, other) = said, there
    first = greater | before - other
    if not left & other or not right & first:
        return False
    crosswise, straight = len(left & other) + len(right & first), len(left & first) + len(right & other)
    return not (right & other and left & first) or crosswise > straight


_GREATEST = re.compile(rf"(?P<who>[{HAN}a-z]{{2,10}}?)(?:的)?(?:明显|也|均)?[更较](?P<way>[高多大好低少小差])(?!于)")
_FIRST_NAME = re.compile(rf"[{HAN}a-z]{{2,12}}?(?=的|$|[^{HAN}a-z])")
_BY = {"高": "高于", "多": "多于", "大": "大于", "好": "优于", "低": "低于", "少": "少于", "小": "小于", "差": "劣于"}


def _said_of_lesser(clause: Clause, parts: Sequence[Clause]) -> bool:
    """`乙组更高` of `甲组高于乙组`."""
    for match in _GREATEST.finditer(clause.text):
        for part in parts:
            before, _, after = part.text.partition(_BY[match["way"]])
            lesser = _FIRST_NAME.match(after)
            if lesser and lesser[0] in match["who"] and lesser[0] not in before:
                return True
    return False


_VERSUS = re.compile(r"\b(?:versus|vs)\b")
"""Between values that stand beside each other and do not follow."""


def _backwards(clause: Clause, part: Clause) -> bool:
    """Whether the last two amounts of the sentence stand in the evidence in the other order."""
    if not clause.amounts or _VERSUS.search(part.text):
        return False
    *_, first, second = (*clause.amounts, *clause.amounts)[-2:]
    order = [amount for amount in part.amounts if amount.alike(first) or amount.alike(second)]
    return len(order) == 2 and order[0].alike(second) and not first.alike(second)

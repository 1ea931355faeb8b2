"""Whether a sentence in its own words says what passages say, and nothing else. Pure.

Both are read into clauses (`rag.checking.clauses`). A clause of the sentence has to be covered, word by word, by
stretches of the evidence, by words that mean the same and by words that only join. What can turn a statement (denial,
direction, bound, period, who does what to whom) has to agree with the place it is taken from (`rag.checking.turning`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from rag.checking.amount import PER_DAY, TIMES_OF_DAY, Amount, is_of_age
from rag.checking.bounds import periods
from rag.checking.clauses import GAP, WORDS, Clause, Segment, canonical, content_of, read, stems
from rag.checking.grades import grades_in
from rag.checking.ground import Ground
from rag.checking.holders import misheld
from rag.checking.overstating import overstated
from rag.checking.phrases import ENGLISH_GLUE, GLUE, LICENSED, LICENSED_ALONE, MODIFIER, PEOPLE, SUFFIX
from rag.checking.turning import turned
from rag.checking.wording import without
from rag.text import HAN, is_han, normalise

_LEAST_SHARED = 0.2
"""A sentence that shares less of its words with the text it cites is about something else."""


_OF_AGE = 18 * 12
"""Months."""
_REMEDY_LIKE = re.compile(
    f"[{HAN}](?:霉素|西林|沙星|洛尔|地平|普利|沙坦|他汀|列汀|列净|替丁|拉唑|康唑|硝唑|洛芬|昔布|西泮|唑仑|单抗|替尼|"
    f"韦|胶囊|颗粒|"
    "口服液|注射液|疫苗|冲剂|滴剂|糖浆|丸|片|散|膏|汤|酊|素|碱|苷)|"
    r"[a-z]{3,}(?:mab|nib|cillin|statin|olol|pril|sartan|azole|mycin|floxacin|prazole|tidine|profen|vir|zepam|zolam)\b"
)
"""Names that look like a drug's, known to the knowledge base or not."""


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
    bare = all(not content_of(GLUE.sub(GAP, text)) for text in told)
    return bare and any(clause.amounts for clause in clauses)


def _clause_reason(clause: Clause, ground: Ground, used: Sequence[Segment], said: str) -> str | None:
    return (
        _wording_reason(clause, ground, used) or turned(clause, ground, used) or overstated(clause, ground, used, said)
    )


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


# ---------------------------------------------------------------- wording


def _wording_reason(clause: Clause, ground: Ground, used: Sequence[Segment]) -> str | None:
    allowed = GAP.join([ground.title, ground.labels, *(segment.text for segment in used)])
    left = _uncovered(clause, allowed, ground.words)
    if clause.ways:
        left = [word for word in left if word not in _MEASURED]
    rest = [piece for part in left for piece in _unexplained(part, ground.text)]
    rest = [piece for piece in rest if not _counts_the_list(piece, clause.text)]
    if any(amount.unit == "个月" and amount.high <= _OF_AGE for amount in clause.amounts):
        rest = [piece for piece in rest if piece not in ("儿童", "child", "婴儿")]
    if any(is_of_age(amount) for amount in clause.amounts):
        rest = [piece for piece in rest if piece not in ("老年人", "老年", "elderly")]
    if any(amount.bound == "内" for amount in clause.amounts):
        rest = [piece for piece in rest if piece != "后"]  # `发作后12小时内` of `发作12小时内`
    if rest:
        if any(PEOPLE.search(piece) for piece in rest):
            return "population_not_in_evidence"
        strange = [found[0] for found in _REMEDY_LIKE.finditer(clause.text) if found[0] not in ground.text]
        return "entity_not_in_evidence" if strange else "wording_not_in_evidence"
    if _conflicts(clause, ground, used):
        return "citation_does_not_support"
    return "entity_not_in_evidence" if _stripped_name(clause.unmarked, allowed) else None


def _counts_the_list(piece: str, text: str) -> bool:
    """Whether a numeral only counts what the clause lists: `甲、乙和丙三种`."""
    counted = re.search(f"{piece}[种类项个]", text) if piece in _COUNTS else None
    return counted is not None and len(_ITEMS.split(text[: counted.start()])) == _COUNTS[piece]


_COUNTS = {numeral: count for count, numeral in enumerate("两三四五六七八九", start=2)}
_ITEMS = re.compile("、|以及|[和及与]")


_MEASURED = frozenset("risk risks odds rate rates likelihood frequency incidence duration number cause".split())
"""In what a thing goes up or down: `reduced the risk of relapse` of `reduced relapse`."""


def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))


def _covered(text: str, pairs: frozenset[str]) -> list[bool]:
    covered = [False] * len(text)
    for i in range(len(text) - 1):
        if text[i : i + 2] in pairs:
            covered[i] = covered[i + 1] = True
    return covered


def _uncovered(clause: Clause, allowed: str, words: frozenset[str]) -> list[str]:
    """Han stretches and Latin words that the evidence does not hold; marks and directions are judged by themselves.

    A word that only joins is found whole, also where the evidence holds its end: 具有 of `有传染性`.
    """
    text = clause.text
    covered = _covered(text, _cached_pairs(allowed))
    joining = [match.span() for match in GLUE.finditer(text) if len(match[0]) > 1]
    for start, end in [*((mark.start, mark.end) for mark in (*clause.marks, *clause.ways)), *joining]:
        covered[start:end] = [True] * (end - start)
    left: list[str] = []
    for match in WORDS.finditer(text):
        word = match.group()
        if is_han(word[0]):
            piece = "".join(GAP if covered[i] else text[i] for i in range(*match.span()))
            left += [part for part in piece.split(GAP) if part]
        elif word not in words and word not in ENGLISH_GLUE and not _marked(match, clause):
            if not set(stems(word)) <= _cached_content(allowed):
                left.append(word)
    return left


def _marked(match: re.Match[str], clause: Clause) -> bool:
    return any(mark.start <= match.start() < mark.end for mark in (*clause.marks, *clause.ways))


@lru_cache(maxsize=4096)
def _cached_pairs(text: str) -> frozenset[str]:
    return _pairs(text)


@lru_cache(maxsize=4096)
def _cached_content(text: str) -> frozenset[str]:
    return content_of(text)


def _unexplained(piece: str, allowed: str) -> list[str]:
    """What is left of an uncovered stretch without words that join and words that the evidence's subject allows."""
    if not is_han(piece[0]):
        joins = (piece in _THAN and _COMPARING.search(allowed)) or (piece in _HARM and _CAUSES.search(allowed))
        return [] if joins else [piece]
    for spoken, words in LICENSED:
        if words.search(piece) and spoken.search(allowed):
            piece = words.sub(GAP, piece)
    alone = {word for spoken, word in LICENSED_ALONE if spoken.search(allowed)}
    return [part for part in GLUE.sub(GAP, piece).split(GAP) if part and part not in alone]


_THAN = frozenset({"than", "compared", "versus", "relative"})
_HARM, _CAUSES = frozenset({"adverse", "effect", "effects"}), re.compile(r"\bcause\b")
_COMPARING = re.compile(r"\b(?:versus|vs|compared|than|(?:non)?inferior to|superior to)\b")


def _stripped_name(said: str, allowed: str) -> bool:
    """Whether a stretch of the sentence stands in the evidence only beside what makes it another thing."""
    start = 0
    while start < len(said):
        end = start + 1
        while end < len(said) and not said[start:end].isspace() and said[start : end + 1] in allowed:
            end += 1
        piece = said[start:end].strip()
        if len(piece) >= 2 and is_han(piece[-1]) and _only_modified(piece, said[:start], said[end:], allowed):
            return True
        start = end
    return False


def _only_modified(piece: str, before: str, after: str, allowed: str) -> bool:
    """Every occurrence of `piece` has a modifier beside it that the sentence does not have there."""
    start, seen = allowed.find(piece), False
    while start >= 0:
        seen = True
        modifier = MODIFIER.search(allowed[max(0, start - 4) : start])
        suffix = SUFFIX.match(allowed[start + len(piece) : start + len(piece) + 6])
        apart = modifier and not before.endswith(modifier[0]) and not after.startswith(modifier[0])  # 哮喘急性发作
        if not apart and not (suffix and not after.startswith(suffix[0])):
            return False
        start = allowed.find(piece, start + 1)
    return seen


def _conflicts(clause: Clause, ground: Ground, used: Sequence[Segment]) -> bool:
    """Whether the numbers of a segment are told of something else than what that segment is about."""
    if not clause.amounts or len(used) < 2:
        return False
    first = used[0]
    head = first.head - ground.title_content
    missing = clause.core - ground.title_content - first.content
    return bool(missing and head - clause.content)

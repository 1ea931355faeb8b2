"""Whether a sentence in its own words says what passages say, and nothing else. Pure.

Both are read into clauses: canonical words, amounts, marks of denial, directions. A clause of the sentence has to be
covered, word by word, by stretches of the evidence, by words that mean the same and by words that only join. What can
turn a statement (denial, direction, bound, period, who does what to whom) has to agree with the place it is taken from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from rag.amounts import Amount, amounts, periods, plain_units, without_amounts
from rag.phrases import (
    AGREEING,
    ALLOW,
    ENGLISH_GLUE,
    GLUE,
    IN_CONTEXT,
    KEPT_LATIN,
    LICENSED,
    MARKS,
    MASKED,
    MODIFIER,
    NEGATIVE,
    OPPOSITE,
    PEOPLE,
    PRAISE,
    SAME_LATIN,
    SUFFIX,
    SYNONYMS,
    WAYS,
)
from rag.text import HAN, is_han, normalise, tokens

_GAP = "\n"
_LEAST_SHARED = 0.2
"""A sentence that shares less of its words with the text it cites is about something else."""
_LIST = re.compile(r"[、和或及与]| and | or ")
_WORDS = re.compile(f"[{HAN}]+|[a-zα-ω0-9*+]+(?:['-][a-zα-ω0-9*+]+)*")
_SEGMENT = re.compile(r"[。；;！!？?\n]+|\.(?=\s|$)")
_CLAUSE = re.compile(r"[，,：:]+(?!\d{3}\b)")
_ENGLISH_CLAUSE = re.compile(
    r"\s(?:and|but|whereas|while|versus)\s(?=(?:\w+\s){0,2}?(?:did|was|were|is|are|does|increas|decreas|reduc|rais|"
    r"lower|improv|slightly)\w*)"
)
_LABEL = re.compile(r"^[^:]{1,16}:")
_BEFORE_NUMBER = re.compile(r"[\d一二两三四五六七八九十]|每|起始|维持")
_LIGHT = re.compile(
    r"使用|服用|用于|应用|治疗|患者|病人|的人|可以|需要|应当|不能|不宜|不得|不可|禁用|禁止|慎用|可用|禁忌|剂量|每次|"
    r"每日|起始|维持|没有|未能|并不|"
    r"引起|症状|检查|并发症|病因|不良反应|[用者的了服可应时及和与会能使对]|\b(?:contraindicated|should|must|not|with|"
    r"when|the|is|was)\b"
)
_WORDS_KEPT = list(SYNONYMS)
_FINDER = AhoCorasick(_WORDS_KEPT, matchkind=MatchKind.LeftmostLongest, implementation=Implementation.ContiguousNFA)


@lru_cache(maxsize=8192)
def canonical(text: str) -> str:
    """Normalised `text` with words that mean the same made one word."""
    pieces, last = [], 0
    for index, start, end in _FINDER.find_matches_as_indexes(text):
        pieces += [text[last:start], SYNONYMS[_WORDS_KEPT[index]]]
        last = end
    text = "".join([*pieces, text[last:]])
    for pattern, kept in IN_CONTEXT:
        text = pattern.sub(kept, text)
    return SAME_LATIN.sub(lambda match: KEPT_LATIN[(match.lastindex or 1) - 1], text)


# ---------------------------------------------------------------- reading


@dataclass(frozen=True)
class Mark:
    """A sign of denial or permission, or a direction: its kind, and the content it bears on."""

    kind: str
    scope: frozenset[str]
    start: int
    end: int


@dataclass(frozen=True)
class Clause:
    """What stands between two commas. `text` is canonical, amounts and periods taken out."""

    text: str
    amounts: tuple[Amount, ...]
    whole: str = ""
    """Canonical, with everything in it."""
    label: bool = False
    """Whether a colon follows."""
    before: Amount | None = None
    """The last amount of the clause before."""

    @cached_property
    def content(self) -> frozenset[str]:
        """Pairs of Han neighbours and Latin stems."""
        return content_of(self.text)

    @cached_property
    def core(self) -> frozenset[str]:
        """Content without what is said of any remedy or patient."""
        return _core_of(self.text)

    @cached_property
    def topic(self) -> frozenset[str]:
        """Core without directions: they are judged where the clause is taken from, and must not choose that place."""
        return _core_of(_without_ways(self.text))

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        """Signs of denial and permission."""
        return tuple(_marks(self.text))

    @cached_property
    def ways(self) -> tuple[Mark, ...]:
        """Directions."""
        return tuple(_ways(self.text))


@dataclass(frozen=True)
class Segment:
    """What stands between two full stops or semicolons."""

    clauses: tuple[Clause, ...]
    head: frozenset[str] = frozenset()
    """Content before the first number: what the segment is about."""

    @cached_property
    def content(self) -> frozenset[str]:
        """Content of all clauses."""
        return frozenset().union(*(clause.content for clause in self.clauses))

    @cached_property
    def amounts(self) -> tuple[Amount, ...]:
        """Amounts of all clauses."""
        return tuple(amount for clause in self.clauses for amount in clause.amounts)

    @cached_property
    def periods(self) -> frozenset[str]:
        """Periods that the segment names, attached to an amount or not."""
        return frozenset().union(*(periods(clause.whole) for clause in self.clauses))

    @cached_property
    def text(self) -> str:
        """Everything, with and without amounts."""
        return _GAP.join(f"{clause.text}{_GAP}{clause.whole}" for clause in self.clauses)


def content_of(text: str) -> frozenset[str]:
    """Pairs of Han neighbours and Latin stems of canonical text, words that only join left out."""
    found: set[str] = set()
    for run in _WORDS.findall(text):
        if is_han(run[0]):
            found.update(run[i : i + 2] for i in range(len(run) - 1))
        elif run not in ENGLISH_GLUE:
            found.update(_stems(run))
    return frozenset(found)


@lru_cache(maxsize=8192)
def _stems(word: str) -> tuple[str, ...]:
    return tuple(tokens(word)) or (word,)


@lru_cache(maxsize=2048)
def read(text: str) -> tuple[Segment, ...]:
    """The segments of `text` as it is shown."""
    segments = []
    for piece in _SEGMENT.split(normalise(text)):
        clauses: list[Clause] = []
        for part, label in _clause_texts(piece):
            before = clauses[-1].amounts[-1] if clauses and clauses[-1].amounts else None
            clauses.append(_clause(part, label, before))
        if clauses:
            head = canonical(_BEFORE_NUMBER.split(_LABEL.sub("", piece), maxsplit=1)[0])
            segments.append(Segment(tuple(clauses), _core_of(head)))
    return tuple(segments)


def _clause_texts(piece: str) -> Iterator[tuple[str, bool]]:
    """(clause, whether a colon follows)."""
    last = 0
    for match in [*_CLAUSE.finditer(piece), None]:
        part = piece[last : match.start() if match else len(piece)]
        for small in _ENGLISH_CLAUSE.split(part):
            if small.strip():
                yield small.strip(), bool(match and ":" in match[0])
        last = match.end() if match else last


def _clause(text: str, label: bool, before: Amount | None) -> Clause:
    text = plain_units(text)
    found = tuple(amounts(text))
    return Clause(canonical(without_amounts(text, found)), found, canonical(text), label, before)


def _marks(text: str) -> Iterator[Mark]:
    masked = MASKED.sub(lambda match: "\0" * len(match[0]), text)
    found: list[tuple[int, int, str]] = []
    for kind, pattern in MARKS:
        for match in pattern.finditer(masked):
            found.append((match.start(), match.end(), kind))
        masked = pattern.sub(lambda match: "\0" * len(match[0]), masked)
    for start, end, kind in sorted(found):
        yield Mark(kind, _scope(text, start, end), start, end)


def _scope(text: str, start: int, end: int) -> frozenset[str]:
    """The content behind a mark up to the next comma of a list, or before it where nothing follows."""
    behind = _core_of(_without_ways(re.split(r"、|\band\b|\bbut\b", text[end:])[0]))
    return behind or _core_of(_without_ways(text[:start]))


def _without_ways(text: str) -> str:
    for _, pattern in WAYS:
        text = pattern.sub(_GAP, text)
    return text


def _core_of(text: str) -> frozenset[str]:
    """Content without the words that are said of any remedy or patient."""
    return content_of(_LIGHT.sub(_GAP, text))


def _ways(text: str) -> Iterator[Mark]:
    masked = text
    found: list[tuple[int, int, str]] = []
    for kind, pattern in WAYS:
        for match in pattern.finditer(masked):
            found.append((match.start(), match.end(), kind))
        masked = pattern.sub(lambda match: "\0" * len(match[0]), masked)
    for start, end, kind in sorted(found):
        stop = min((a for a, _, _ in found if a >= end), default=len(text))
        behind = _core_of(re.split(r"、|，|\band\b|\bbut\b", text[end:stop])[0])
        yield Mark(kind, behind or _core_of(text[max(0, start - 16) : start]), start, end)


# ---------------------------------------------------------------- judging


@dataclass(frozen=True)
class Ground:
    """All that may support a sentence: passages with their titles."""

    segments: tuple[Segment, ...]
    title: str
    """Canonical titles, aspects and the like: they support words of any clause."""

    @cached_property
    def title_content(self) -> frozenset[str]:
        """Content of the titles."""
        return content_of(self.title)

    @cached_property
    def text_content(self) -> frozenset[str]:
        """Content of the texts."""
        return frozenset().union(*(segment.content for segment in self.segments))

    @cached_property
    def text(self) -> str:
        """Titles and texts."""
        return _GAP.join([self.title, *(segment.text for segment in self.segments)])

    @cached_property
    def content(self) -> frozenset[str]:
        """Content of titles and texts."""
        return self.title_content.union(*(segment.content for segment in self.segments))

    @cached_property
    def title_amounts(self) -> tuple[Amount, ...]:
        """Amounts in the titles."""
        return tuple(amounts(self.title))

    @cached_property
    def labels(self) -> str:
        """What stands before colons: it names the subject of what follows, also behind a semicolon."""
        return _GAP.join(part.text for segment in self.segments for part in segment.clauses if part.label)

    @cached_property
    def words(self) -> frozenset[str]:
        """Latin words and numbers."""
        return frozenset(word for word in _WORDS.findall(self.text) if not is_han(word[0]))


@lru_cache(maxsize=512)
def ground_of(texts: tuple[str, ...], titles: tuple[str, ...]) -> Ground:
    """What `texts` under `titles` may support; an answer asks again and again of the same."""
    segments = tuple(segment for text in texts for segment in read(text))
    return Ground(segments, canonical(normalise(_GAP.join(dict.fromkeys(titles)))))


def reason_against(claim: str, ground: Ground) -> str | None:
    """Why normalised `claim` does not restate the ground, or None; the reasons are those of `rag.checking`."""
    segments = read(claim)
    said = frozenset().union(*(segment.content for segment in segments)) if segments else frozenset()
    if not said & ground.content:
        return "citation_does_not_support"
    for segment in segments:
        before: Segment | None = None
        for clause in segment.clauses:
            used = _support(clause, ground, before)
            reason = _clause_reason(clause, ground, used) if used else "number_not_in_evidence"
            if reason == "wording_not_in_evidence" and len(said & ground.text_content) < _LEAST_SHARED * len(said):
                return "citation_does_not_support"
            if reason:
                return reason
            before = used[0] if used else None
    return None


def _clause_reason(clause: Clause, ground: Ground, used: Sequence[Segment]) -> str | None:
    return (
        _wording_reason(clause, ground, used)
        or _people_reason(clause, ground, used)
        or _polarity_reason(clause, ground, used)
        or _way_reason(clause, used)
        or _order_reason(clause, ground, used)
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
        if not amount.stated_by(segment.amounts):
            return False
        rivals = [part for part in segment.clauses if any(amount.alike(o) for o in part.amounts)]
        if len(rivals) > 1 and not any(
            amount.stated_by(part.amounts) for part in _nearest(amount, rivals, clause, title)
        ):
            return False
    doubled = [a for a in asked if sum(a.alike(o) for o in asked) > 1]
    return all(sum(a.alike(o) for o in segment.amounts) > 1 for a in doubled)


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
    allowed = _GAP.join([ground.title, ground.labels, *(segment.text for segment in used)])
    left = _uncovered(clause, allowed, ground.words)
    rest = [piece for part in left for piece in _unexplained(part, ground.text)]
    if any(amount.unit == "个月" and amount.high <= _OF_AGE for amount in clause.amounts):
        rest = [piece for piece in rest if piece not in ("儿童", "child", "婴儿")]
    if rest:
        if any(PEOPLE.search(piece) for piece in rest):
            return "population_not_in_evidence"
        strange = [found[0] for found in _REMEDY_LIKE.finditer(clause.text) if found[0] not in ground.text]
        return "entity_not_in_evidence" if strange else "wording_not_in_evidence"
    if _conflicts(clause, ground, used):
        return "citation_does_not_support"
    return "entity_not_in_evidence" if _stripped_name(clause.text, allowed) else None


_OF_AGE = 18 * 12
"""Months."""


def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))


def _covered(text: str, pairs: frozenset[str]) -> list[bool]:
    covered = [False] * len(text)
    for i in range(len(text) - 1):
        if text[i : i + 2] in pairs:
            covered[i] = covered[i + 1] = True
    return covered


def _uncovered(clause: Clause, allowed: str, words: frozenset[str]) -> list[str]:
    """Han stretches and Latin words that the evidence does not hold; marks and directions are judged by themselves."""
    text = clause.text
    covered = _covered(text, _cached_pairs(allowed))
    for mark in (*clause.marks, *clause.ways):
        covered[mark.start : mark.end] = [True] * (mark.end - mark.start)
    left: list[str] = []
    for match in _WORDS.finditer(text):
        word = match.group()
        if is_han(word[0]):
            piece = "".join(_GAP if covered[i] else text[i] for i in range(*match.span()))
            left += [part for part in piece.split(_GAP) if part]
        elif word not in words and word not in ENGLISH_GLUE and not _marked(match, clause):
            if not set(_stems(word)) <= _cached_content(allowed):
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
        return [piece]
    for spoken, words in LICENSED:
        if words.search(piece) and spoken.search(allowed):
            piece = words.sub(_GAP, piece)
    return [part for part in GLUE.sub(_GAP, piece).split(_GAP) if part]


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
        if not (modifier and not before.endswith(modifier[0])) and not (suffix and not after.startswith(suffix[0])):
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


# ---------------------------------------------------------------- what turns a statement


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


def _same_words(own: frozenset[str], part: Clause) -> bool:
    """Whether the clause of the evidence is the sentence's but for words that turn it."""
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
        agreeing = [_closeness(scope, own, e, part) for e, part in there if _agrees(mark, e, part)]
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
    if any(_same_words(own, part) and _denials(part) != len(negatives) for segment in used for part in segment.clauses):
        return "polarity_not_in_evidence"
    agreed = {kind for mark in negatives for kind in AGREEING[mark.kind]}
    near = {id(part) for part in used[0].clauses} if clause.amounts else None
    for e, part in there:
        if near is not None and id(part) not in near:
            continue
        if e.kind not in NEGATIVE or e.kind in agreed or _better_matched(e, part, own, used):
            continue
        if _denies(e, part, clause, own, ground.title_content):
            return "polarity_not_in_evidence"
    return None


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
    items = [_core_of(item) for item in _LIST.split(part.text[e.end : stop])]
    if any(len(item) and item <= clause.core for item in items):
        return True
    allowing = any(mark.kind == ALLOW for mark in clause.marks)
    if not part.core - title and periods(part.whole) & periods(clause.whole):
        return True
    return allowing and bool(own) and len(own & part.core) >= 0.6 * len(own)


def _agrees(mark: Mark, e: Mark, part: Clause) -> bool:
    """Whether the evidence's mark may stand behind that of the sentence; over a list it must be the same."""
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


_REMEDY_LIKE = re.compile(
    f"[{HAN}](?:霉素|西林|沙星|洛尔|地平|普利|沙坦|他汀|列汀|列净|替丁|拉唑|康唑|硝唑|洛芬|昔布|西泮|唑仑|单抗|替尼|"
    f"韦|胶囊|颗粒|"
    "口服液|注射液|疫苗|冲剂|滴剂|糖浆|丸|片|散|膏|汤|酊|素|碱|苷)|"
    r"[a-z]{3,}(?:mab|nib|cillin|statin|olol|pril|sartan|azole|mycin|floxacin|prazole|tidine|profen|vir|zepam|zolam)\b"
)
"""Names that look like a drug's, known to the knowledge base or not."""

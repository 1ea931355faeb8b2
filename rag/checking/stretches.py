"""The values of a text, each with its context: the words beside it, then those of the stretches before it. Pure.

A clause is cut into stretches at the separators of a list: `成人0.5g、儿童0.25g` has two, and the context of the second
value is 儿童, then 成人.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise, takewhile

from rag.checking.amount import Amount
from rag.checking.bounds import spans_of
from rag.checking.clauses import GAP, Clause, Segment, canonical, content_of
from rag.checking.contexts import Held, Level, Where, Words, key_of

_SEPARATOR = re.compile(r"[、/(（)）]|和|与|及(?!以)|而|或|比(?!例|率)|对(?!照)|\b(?:and|or|but|versus|vs|than)\b")
_RANGE = re.compile(r"[\s至到~–-]+| to ")
_NO_HOLDER = re.compile(
    r"引起|大约|约|[高低多少长短大小优劣好差]于|[降升增减][至到]|最[大高多](?:剂量)?|总量|累计|总计|合计|每[次日天周月晚早年]|[一1][次日]|"
    r"以[上下内]|患者|病人|分别|依次|(?<![高低])剂量(?!组)|用量|使用|服用|应用|给药|可以|需要|应当|不[得能应可宜]?超过|至少|"
    r"(?<!外)用|(?<!口)服|[者的了可应时为及会在则均各约共达]"
)
"""What is said of a value of whichever holder."""
_RESPECTIVELY = re.compile(r"分别|依次|respectively|\([^()]*\d[^()]*(?:versus|vs|对|比)[^()]*\d[^()]*\)")
_ITEM = re.compile(rf"{_SEPARATOR.pattern}|[高低多少优劣]于")
_TOTAL = re.compile(r"(?:共|合计|总计|累计|总量)[为计是]?\s*$|\ba total of $")
"""Before a value that is of all that was told."""
_AGE = re.compile(r"岁|月龄|year")
_GIVEN = frozenset("次 μg μg/天 ml μl 单位 μg/kg 片 粒 袋 丸 滴 支 瓶 包 喷 揿 吸 剂".split())
"""What is measured of a remedy: such a value holds no other."""
_TO_AGE = re.compile(r"[至到~–-]\d+岁")
_BODY = 1e9
"""μg; from here on a weight is one of a body."""


def held_in(segments: Sequence[Segment]) -> tuple[Held, ...]:
    """All values with their contexts, which go on behind a semicolon."""
    found: list[Held] = []
    earlier: list[_Stretch] = []
    for number, segment in enumerate(segments):
        earlier = earlier if segment.continues else []
        told = list(_told(segment, earlier, number))
        for n, clause in enumerate(segment.clauses):
            own = [held for held in told if any(held.amount is amount for amount in clause.amounts)]
            start = _respective_from(segment.clauses, n)
            found += own if start is None or not own else _respectively(own, found, segment.clauses[: n + 1], start)
        earlier = [*reversed(_cut(segment)), *earlier]
    return tuple(found)


def _respective_from(clauses: Sequence[Clause], n: int) -> int | None:
    """From where on the values of a clause are told respectively."""
    match = _RESPECTIVELY.search(clauses[n].plain)
    if match:
        return match.start()
    behind = n + 1 < len(clauses) and clauses[n + 1].plain.startswith("respectively")
    return clauses[n].amounts[0].start if behind and clauses[n].amounts else None


def _cut(segment: Segment) -> list[_Stretch]:
    return [stretch for clause in segment.clauses for stretch in _stretches(clause)]


def _told(segment: Segment, earlier: Sequence[_Stretch], number: int) -> Iterator[Held]:
    """The values of a segment."""
    stretches = _cut(segment)
    everything = frozenset().union(*(stretch.words() for stretch in stretches))
    shared = any(_respective_from(segment.clauses, n) is not None for n in range(len(segment.clauses)))
    for n, stretch in enumerate(stretches):
        for amount, kind in stretch.kinds.items():
            own = Level(stretch.around(amount) | _common_tail(stretches, stretch, kind), Where.WITH, taken=True)
            head = Level(stretch.head(amount), Where.BEFORE, taken=True)
            before = [own, head, *_levels(reversed(stretches[:n]), Where.BEFORE, kind)]
            if stretch.tells_total(amount):
                before = [_merged(before, stretches[:n])]
            behind = stretches[n + 1 :] if shared else _until(kind, stretches[n + 1 :])
            context = [*before, *_levels(earlier, Where.EARLIER, kind), *_levels(behind, Where.BEHIND, kind)]
            yield Held(amount, kind, tuple(level for level in context if level.words), number, everything)


def _levels(stretches: Iterable[_Stretch], where: Where, kind: str) -> list[Level]:
    """Of stretches, the nearest first. From the first other value of the kind on they are taken."""
    told = list(stretches)
    taken = list(accumulate((kind in stretch.kinds.values() for stretch in told), operator.or_))
    return [Level(s.words(kind), where, t and where is not Where.BEHIND) for s, t in zip(told, taken, strict=True)]


def _until(kind: str, stretches: Sequence[_Stretch]) -> Iterator[_Stretch]:
    return takewhile(lambda stretch: kind not in stretch.kinds.values(), stretches)


def _merged(levels: Sequence[Level], stretches: Sequence[_Stretch]) -> Level:
    """One level for a total: of all stretches up to the last other total."""
    parts = list(takewhile(lambda stretch: not any(map(stretch.tells_total, stretch.kinds)), reversed(stretches)))
    return Level(frozenset().union(*(level.words for level in levels[: len(parts) + 2])), Where.WITH, taken=True)


def _respectively(own: Sequence[Held], before: Sequence[Held], clauses: Sequence[Clause], start: int) -> list[Held]:
    """`A组和B组分别为1%和2%`: the first is of A, the second of B; they may have been told with values before."""
    told = [held for held in own if held.amount.start >= start and held.kind == own[-1].kind]
    models = [held.context[0].words for held in before if held.kind == own[-1].kind and held.context]
    choices = [_items(clauses[-1], start), *(_items(clause, len(clause.plain)) for clause in clauses[-2:-1]), models]
    items = next((choice[-len(told) :] for choice in choices if len(choice) >= len(told) > 1), [])
    given = dict(zip(map(id, told), items, strict=False))
    return [
        replace(held, context=(Level(given[id(held)], Where.WITH, taken=True), *held.context))
        if id(held) in given
        else held
        for held in own
    ]


def _items(clause: Clause, end: int) -> list[Words]:
    """The items of the list that stands in a clause up to `end`."""
    whole = _Stretch(_with_gaps(clause), 0, clause, {a: _kind(a, clause.plain) for a in clause.amounts})
    cuts = [0, *(match.end() for match in _ITEM.finditer(whole.text, 0, end)), end]
    return [words for a, b in pairwise(cuts) if (words := whole.words_of(a, b, clause.amounts))]


@dataclass(frozen=True)
class _Stretch:
    """What stands between two separators of a list; `text` has gaps for its values, their bounds and periods."""

    text: str
    start: int
    clause: Clause
    kinds: Mapping[Amount, str]
    """Its values, in order, and what each measures."""

    def words(self, kind: str = "") -> Words:
        """All of its words, values of the kind apart."""
        return self.words_of(self.start, self.end, [a for a, k in self.kinds.items() if k != kind])

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def tail(self, kind: str) -> Words:
        """The words behind its last value of the kind."""
        return self.words_of(max(a.end for a, k in self.kinds.items() if k == kind), self.end, self.kinds)

    def around(self, amount: Amount) -> Words:
        """The words that belong to one of its values: those before it, and behind the last of its kind."""
        same = [a for a, kind in self.kinds.items() if kind == self.kinds[amount]]
        earlier = [a.end for a in same if a.end <= amount.start and not self._is_range(a, amount)]
        later = [a for a in same if a.start >= amount.end and not self._is_range(amount, a)]
        end = amount.end if later else self.end
        return self.words_of(max(earlier, default=self.start), end, [a for a in self.kinds if a is not amount])

    def head(self, amount: Amount) -> Words:
        """The words before the first of its values of the kind, where `amount` is a later one."""
        first = next(a for a, kind in self.kinds.items() if kind == self.kinds[amount])
        return self.words_of(self.start, first.start, ()) if first is not amount else frozenset()

    def tells_total(self, amount: Amount) -> bool:
        """Whether the value is of all that was told."""
        return bool(_TOTAL.search(self.text[: amount.start - self.start]))

    def _is_range(self, first: Amount, second: Amount) -> bool:
        return bool(_RANGE.fullmatch(self.text, first.end - self.start, second.start - self.start))

    def words_of(self, start: int, end: int, amounts: Iterable[Amount]) -> Words:
        """The words from `start` to `end`, each of `amounts` there as one."""
        within = [a for a in amounts if start <= a.start and a.end <= end and a.unit not in _GIVEN]
        keys = {key_of(a) for a in within}
        said = _NO_HOLDER.sub(GAP, canonical(self.text[start - self.start : end - self.start]))
        return content_of(said) | keys


def _common_tail(stretches: Sequence[_Stretch], own: _Stretch, kind: str) -> Words:
    """What stands behind the last value of a list, said of all of them where the others have nothing behind them."""
    valued = [s for s in stretches if s.clause is own.clause and kind in s.kinds.values()]
    if len(valued) < 2 or any(stretch.tail(kind) for stretch in valued[:-1]):
        return frozenset()
    return valued[-1].tail(kind)


def _stretches(clause: Clause) -> list[_Stretch]:
    text, amounts = _with_gaps(clause), clause.amounts
    cuts = [0]
    for first, second in pairwise(amounts):
        match = _SEPARATOR.search(text, first.end, second.start)
        cuts += [match.end()] if match else []
    found = []
    for start, end in pairwise([*cuts, len(text)]):
        own = {a: _kind(a, clause.plain) for a in amounts if start <= a.start and a.end <= end}
        found.append(_Stretch(text[start:end], start, clause, own))
    return found


def _with_gaps(clause: Clause) -> str:
    """The clause, as long as it is, without its values, their bounds and periods."""
    text = clause.plain
    for start, end in spans_of(text, clause.amounts):
        text = text[:start] + GAP * (end - start) + text[end:]
    return text


def _kind(amount: Amount, text: str) -> str:
    """What the value measures."""
    if amount.unit == "μg" and amount.low >= _BODY:
        return "weight"
    if _AGE.search(text[amount.start : amount.end]) or _TO_AGE.match(text, amount.end):
        return "age"
    return f"{amount.unit} {amount.per}" if amount.unit == "次" else amount.unit

"""Sentences and passages as clauses: canonical words, amounts, marks of denial and permission, directions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from rag.checking.amount import Amount
from rag.checking.amounts import amounts
from rag.checking.bounds import periods, without_amounts
from rag.checking.lists import Lists, numbered
from rag.checking.phrases import ENGLISH_GLUE, GLUE, IN_CONTEXT, KEPT_LATIN, SAME_LATIN, SYNONYMS
from rag.checking.signs import MARKS, MASKED, WAYS
from rag.checking.units import plain_units
from rag.text import HAN, is_han, normalise, tokens

GAP = "\n"
WORDS = re.compile(f"[{HAN}]+|[a-zα-ω0-9*+]+(?:['-][a-zα-ω0-9*+]+)*")
_SEGMENT = re.compile(rf"[。；;！!？?\n]+|\.(?=\s|$)|(?<=[{HAN}])(?<![一二三四五六七八九十])\.(?=[{HAN}]|[a-z]{{2}})")
_CLAUSE = re.compile(r"[，,：:]+(?!\d{3}(?!\d))|、(?=[宜忌][吃食饮]|不[宜可能][吃食饮喝])")
_ENGLISH_CLAUSE = re.compile(
    r"\s(?:and|but|whereas|while|versus)\s(?=(?:\w+\s){0,2}?(?:did|was|were|is|are|does|increas|decreas|reduc|rais|"
    r"lower|improv|slightly)\w*)"
)
_COMPARED_WITH = re.compile(
    r"(?:与|和|同|较)([^，,]{2,14})相比[，,]([^，,]{2,24}?)(?:更|较为?)([好差高低多少大小])(?=$|[，,(])"
)
_THAN = {"好": "优于", "差": "劣于"}
_LABEL = re.compile(r"^[^:]{1,16}:")
_BEFORE_NUMBER = re.compile(r"[\d一二两三四五六七八九十]|每|起始|维持")
_LIGHT = re.compile(
    r"而且|并且|以及|使用|服用|用于|应用|治疗|患者|病人|的人|可以|需要|应当|不能|不宜|不得|不可|禁用|禁止|慎用|可用|禁忌|剂量|每次|"
    r"每日|起始|维持|没有|未能|并不|"
    r"引起|症状|检查|并发症|病因|不良反应|[用者的了服可应时及和与会能使对在]|(?<![高低多少大小优劣])于|\b(?:contraindicated|should|must|not|with|"
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
    head: frozenset[str] = frozenset()
    """Of a direction: what stands behind its last 的, `认知功能` of 提高患者的认知功能."""


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
    plain: str = ""
    """As it is written, units apart: what the offsets of the amounts refer to."""

    @cached_property
    def content(self) -> frozenset[str]:
        """Pairs of Han neighbours and Latin stems."""
        return content_of(self.text)

    @cached_property
    def core(self) -> frozenset[str]:
        """Content without what is said of any remedy or patient."""
        return core_of(self.text)

    @cached_property
    def topic(self) -> frozenset[str]:
        """Core without directions: they are judged where the clause is taken from, and must not choose that place."""
        return core_of(_without_ways(self.text))

    @cached_property
    def unmarked(self) -> str:
        """The text without signs of denial and permission."""
        text = self.text
        for mark in self.marks:
            text = text[: mark.start] + GAP * (mark.end - mark.start) + text[mark.end :]
        return text

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
    continues: bool = False
    """Whether it stands behind a semicolon."""

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
        return GAP.join(f"{clause.text}{GAP}{clause.whole}{GAP}{clause.plain}" for clause in self.clauses)


def content_of(text: str) -> frozenset[str]:
    """Pairs of Han neighbours and Latin stems of canonical text, words that only join left out."""
    found: set[str] = set()
    for run in WORDS.findall(text):
        if is_han(run[0]):
            found.update(run[i : i + 2] for i in range(len(run) - 1))
        elif run not in ENGLISH_GLUE:
            found.update(stems(run))
    return frozenset(found)


def bare(text: str) -> frozenset[str]:
    """Content without the words that join."""
    return content_of(GLUE.sub(GAP, text))


@lru_cache(maxsize=8192)
def stems(word: str) -> tuple[str, ...]:
    """Of a Latin word; the word itself where it has none."""
    return tuple(tokens(word)) or (word,)


@lru_cache(maxsize=2048)
def read(text: str, heading: str = "") -> tuple[Segment, ...]:
    """The segments of `text` as it is shown, each under `heading` where it has no label of its own.

    The label before the first of numbered items stands over all of them: `禁忌证：1.血友病。2.孕妇。`.
    """
    segments = []
    mark, lists = "", Lists()
    for piece, following in ((numbered(piece), mark) for piece, mark in _pieces(normalise(text))):
        above = [part for part in (lists.over(piece, heading),) if part]
        clauses: list[Clause] = [_clause(part, True, None) for part in above]
        for part, is_label in _clause_texts(_compared(piece)):
            before = clauses[-1].amounts[-1] if clauses and clauses[-1].amounts else None
            clauses.append(_clause(part, is_label, before))
        if len(clauses) > len(above):
            head = canonical(_BEFORE_NUMBER.split(_LABEL.sub("", piece), maxsplit=1)[0])
            segments.append(Segment(tuple(clauses), core_of(head), mark == ";"))
        mark = following
    return tuple(segments)


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """(what stands between two full stops or semicolons, the mark behind it)."""
    last = 0
    for match in _SEGMENT.finditer(text):
        yield text[last : match.start()], match[0]
        last = match.end()
    yield text[last:], ""


def _compared(piece: str) -> str:
    """`与A相比，B更好` as `B优于A`."""
    return _COMPARED_WITH.sub(lambda m: f"{m[2]}{_THAN.get(m[3], f'{m[3]}于')}{m[1]}", piece)


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
    return Clause(canonical(without_amounts(text, found)), found, canonical(text), label, before, text)


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
    behind = core_of(_without_ways(re.split(r"、|\b(?:and|but|when|if|because)\b", text[end:])[0]))
    return behind or core_of(_without_ways(text[:start]))


def _without_ways(text: str) -> str:
    for _, pattern in WAYS:
        text = pattern.sub(GAP, text)
    return text


def core_of(text: str) -> frozenset[str]:
    """Content without the words that are said of any remedy or patient."""
    return content_of(_LIGHT.sub(GAP, text))


_PREDICATE = re.compile(r" (?:was|were|is|are|be|occurred) (?:also |significantly )?$")


def _ways(text: str) -> Iterator[Mark]:
    masked = text
    found: list[tuple[int, int, str]] = []
    for kind, pattern in WAYS:
        for match in pattern.finditer(masked):
            found.append((match.start(), match.end(), kind))
        masked = pattern.sub(lambda match: "\0" * len(match[0]), masked)
    for start, end, kind in sorted(found):
        stop = min((a for a, _, _ in found if a >= end), default=len(text))
        said = re.split(r"、|，|\band\b|\bbut\b", text[end:stop])[0]
        predicate = _PREDICATE.search(text[:start])
        before = core_of(text[: predicate.start()].rpartition(",")[2]) if predicate else frozenset()
        scope = before or core_of(said) or core_of(text[max(0, start - 16) : start])
        yield Mark(kind, scope, start, end, core_of(said.rpartition("的")[2]))

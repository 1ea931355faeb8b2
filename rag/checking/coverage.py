"""Whether every word of a clause stands in its evidence, means the same or only joins. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rag.checking.amount import OF_AGE, is_of_age
from rag.checking.clauses import GAP, WORDS, Clause, Segment, bare, content_of, stems
from rag.checking.ground import Ground
from rag.checking.phrases import ENGLISH_GLUE, GLUE, LICENSED, LICENSED_ALONE, MODIFIER, PEOPLE, SUFFIX
from rag.text import HAN, is_han

_REMEDY_LIKE = re.compile(
    f"[{HAN}](?:霉素|西林|沙星|洛尔|地平|普利|沙坦|他汀|列汀|列净|替丁|拉唑|康唑|硝唑|洛芬|昔布|西泮|唑仑|单抗|替尼|"
    f"韦|胶囊|颗粒|"
    "口服液|注射液|疫苗|冲剂|滴剂|糖浆|丸|片|散|膏|汤|酊|素|碱|苷)|"
    r"[a-z]{3,}(?:mab|nib|cillin|statin|olol|pril|sartan|azole|mycin|floxacin|prazole|tidine|profen|vir|zepam|zolam)\b"
)
"""Names that look like a drug's, known to the knowledge base or not."""


def wording_reason(clause: Clause, ground: Ground, used: Sequence[Segment]) -> str | None:
    """Why the clause says more than the words of its segments, or None; the reasons are those of the checker."""
    allowed = GAP.join([ground.title, ground.labels, *(segment.text for segment in used)])
    left = _uncovered(clause, allowed, ground.words)
    if clause.ways:
        left = [word for word in left if word not in _MEASURED]
    rest = [piece for part in left for piece in _unexplained(part, ground.text)]
    rest = [piece for piece in rest if not _counts_the_list(piece, clause.text)]
    if any(amount.unit == "个月" and amount.high <= OF_AGE for amount in clause.amounts):
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
        joins = joins or (piece == "cause" and _OCCURS.search(allowed))
        return [] if joins else [piece]
    for spoken, words in LICENSED:
        if words.search(piece) and spoken.search(allowed):
            piece = words.sub(GAP, piece)
    alone = {word for spoken, word in LICENSED_ALONE if spoken.search(allowed)}
    return [part for part in GLUE.sub(GAP, piece).split(GAP) if part and part not in alone]


_THAN = frozenset({"than", "compared", "versus", "relative"})


_OCCURS = re.compile(r"\bmay occur\b|\boccurs? with\b")


_HARM, _CAUSES = frozenset({"adverse", "effect", "effects"}), re.compile(r"\bcause\b|\badverse\b")


_COMPARING = re.compile(r"\b(?:versus|vs|compared|than|(?:non)?inferior to|superior to)\b")


def _stripped_name(said: str, allowed: str) -> bool:
    """Whether a stretch of the sentence stands in the evidence only beside what makes it another thing."""
    start = 0
    while start < len(said):
        end = start + 1
        while end < len(said) and not said[start:end].isspace() and said[start : end + 1] in allowed:
            end += 1
        piece = said[start:end].strip()
        if (
            len(piece) >= 2
            and is_han(piece[-1])
            and _names(piece, allowed)
            and _only_modified(piece, said[:start], said[end:], allowed)
        ):
            return True
        start = end
    return False


def _names(piece: str, allowed: str) -> bool:
    """Whether a stretch names something: not 患者, the end of 低于, or the level that 高血压 is of."""
    licensed = any(words.fullmatch(piece) and spoken.search(allowed) for spoken, words in LICENSED)
    return bool(bare(piece)) and piece[0] != "于" and not licensed


def _only_modified(piece: str, before: str, after: str, allowed: str) -> bool:
    """Every occurrence of `piece` has a modifier beside it that the sentence does not have there."""
    start, seen = allowed.find(piece), False
    while start >= 0:
        seen = True
        modifier = MODIFIER.search(allowed[max(0, start - 4) : start])
        suffix = SUFFIX.match(allowed[start + len(piece) : start + len(piece) + 6])
        denied = (
            piece.startswith(_DENIABLE) and allowed[max(0, start - 1) : start] == "不" and not before.endswith("不")
        )
        apart = (
            modifier and not before.endswith(modifier[0]) and not after.removeprefix("的").startswith(modifier[0])
        )  # 哮喘急性发作
        if not apart and not denied and not (suffix and not after.startswith(suffix[0])):
            return False
        start = allowed.find(piece, start + 1)
    return seen


_DENIABLE = ("稳定", "典型", "完全", "规则")
"""What begins another name with 不 before it: `不稳定型心绞痛`."""


def _conflicts(clause: Clause, ground: Ground, used: Sequence[Segment]) -> bool:
    """Whether the numbers of a segment are told of something else than what that segment is about."""
    if not clause.amounts or len(used) < 2:
        return False
    first = used[0]
    head = first.head - ground.title_content
    missing = clause.core - ground.title_content - first.content
    return bool(missing and head - clause.content)

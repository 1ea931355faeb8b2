"""Red flags and first aid for questions written in English, out of `english.yaml`; the actions are in English too.

The rules of `triage.yaml` are words of Chinese. A sentence counts that tells of somebody, or that is no question of
general knowledge; what is denied, past or asked of patients at large does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from rag.domain import Triage
from rag.text import language_of, normalise, sentences

_TABLE = "english.yaml"
_SOMEBODY = re.compile(
    r"\b(?:i|i'm|im|i've|my|me|myself|he|he's|she|she's|his|her|him|himself|herself|someone|somebody|"
    r"(?:this|that|a|the) (?:man|woman|boy|girl|guy|lady|person|baby|child)|"
    r"husband|wife|mother|father|mom|dad|son|daughter|"
    r"grandmother|grandfather|friend|colleague)\b"
)
_GENERAL = re.compile(
    r"^(?:what|which|why|does|do|is there|are there|can|could|should|how (?:is|are|do|does|to|can|common|often))\b|"
    r"\b(?:patients|symptoms? of|signs? of|causes? of|treatments? (?:of|for)|risk (?:of|factors?)|associat\w+ with|"
    r"difference between|"
    r"prevent\w*|definition|mean(?:s|ing))\b"
)
_DENIED = re.compile(
    r"\b(?:no|not|without|never|denies|denied|isn't|wasn't|didn't|doesn't|don't|neither|nor)\b[^,;.]{0,40}$"
)
_PAST = re.compile(
    r"\b(?:last (?:year|month)|(?:years?|months?) ago|used to|in the past|previously|history of|"
    r"when i was|as a child)\b"
)
_NOW = re.compile(r"\b(?:now|again|today|tonight|just|right now|currently|still)\b")


@dataclass(frozen=True)
class _Rule:
    verdict: Triage
    any_of: tuple[tuple[re.Pattern[str], ...], ...]
    sure: bool


def english_flag(question: str) -> Triage:
    """The verdict of the gravest rule that a sentence of an English question meets; none for other languages."""
    return _first(question, _load().rules)


def english_aid(question: str) -> Triage:
    """What to do after an accident that is no red flag; nothing for other languages."""
    return _first(question, _load().aid)


def surely_aided(question: str) -> bool:
    """Whether first aid has words for it that leave nothing to be seen by a second look."""
    return _first(question, [rule for rule in _load().aid if rule.sure]).action is not None


def in_english(question: str, verdict: Triage) -> Triage:
    """What the second look saw in an English question, with words that its reader can follow."""
    if not verdict.red_flag or language_of(question) != "en":
        return verdict
    own = (rule.verdict for rule in _load().rules if rule.verdict.category == verdict.category)
    told = next(own, _load().unclear)
    return replace(verdict, action=told.action, label=told.label)


def _first(question: str, rules: Sequence[_Rule]) -> Triage:
    if language_of(question) != "en":
        return Triage()
    told = [normalise(sentence).replace("\u2019", "'") for sentence in sentences(question)]
    present = [sentence for sentence in told if _is_present(sentence)]
    fires = (rule.verdict for rule in rules if any(_meets(sentence, rule.any_of) for sentence in present))
    return next(fires, Triage())


def _is_present(sentence: str) -> bool:
    if _PAST.search(sentence) and not _NOW.search(sentence):
        return False
    return _SOMEBODY.search(sentence) is not None or _GENERAL.search(sentence) is None


def _meets(sentence: str, any_of: Sequence[Sequence[re.Pattern[str]]]) -> bool:
    return any(all(_found(sentence, words) for words in all_of) for all_of in any_of)


def _found(sentence: str, words: re.Pattern[str]) -> bool:
    """Somewhere in the sentence and not denied there; what itself says `can't` is no denial."""
    return any(not _DENIED.search(sentence[: match.start()]) for match in words.finditer(sentence))


@dataclass(frozen=True)
class _Table:
    rules: tuple[_Rule, ...]
    aid: tuple[_Rule, ...]
    unclear: Triage


@cache
def _load() -> _Table:
    table = yaml.safe_load((files("rag.triage") / _TABLE).read_text(encoding="utf-8"))
    rules, aid = (tuple(_rule(row, red=kind == "rules") for row in table[kind]) for kind in ("rules", "aid"))
    return _Table(rules, aid, Triage(True, "unclear", table["unclear"]["action"], table["unclear"]["label"]))


def _rule(row: Mapping[str, Any], *, red: bool) -> _Rule:
    source = f" (Source: {row['source'].replace('；', '; ')})" if "source" in row else ""
    verdict = Triage(red, row["id"], row["action"] + source, row["label"])
    any_of = tuple(tuple(map(re.compile, all_of)) for all_of in row["any_of"])
    return _Rule(verdict, any_of, row.get("sure", False))

"""Red flags by rule, before retrieval: one table (`triage.yaml`), read strictly, compiled once, no model involved.

A rule fires when one of its patterns does; a pattern fires when every group of words in `all_of` is *live* within the
same clause, sentence or question. A word found in the text is live unless it is negated, told as past, supposed, or
part of a general question. Reassurance ("他说没事", "老毛病了") is deliberately no such scope.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from rag.domain import Patient, Triage
from rag.errors import ConfigurationError
from rag.text import normalise, sentences
from rag.triage.table import PatientTest, Pattern, Rule, TriageRules, parse_aid, parse_rules
from rag.triage.values import parse_values
from rag.triage.words import Words, places_in

__all__ = ["TriageRules", "calming", "contexts", "first_aid", "load_rules", "surely", "told", "triage"]

_CLAUSE_END = re.compile(r"[,;:!?。\n]|$")
_NOBODY = Patient()
_OF_VALUES = frozenset({"knowledge"})
"""Scopes that do not silence a value: `血糖20有哪些危害` tells it all the same."""
_REACH = 160  # characters; keeps the cost of a question without punctuation linear in its length
_NEGATION_REACH = 40  # characters before a word in which 没有A、B和 may stand


def load_rules(path: Path | None = None) -> TriageRules:
    """Compile the table at `path` (default: the packaged one); a table that cannot be meant: ConfigurationError.

    The packaged tables of what wants a doctor soon, of first aid and of dangerous values come with either.
    """
    source = path or files("rag.triage").joinpath("triage.yaml")
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{source}: the triage table cannot be read as UTF-8 text ({error})") from error
    packaged = ("soon.yaml", "first_aid.yaml", "values.yaml")
    soon, aid, values = (files("rag.triage").joinpath(name) for name in packaged)
    return replace(
        parse_rules(text, str(source)),
        aid=tuple(rule for table in (soon, aid) for rule in parse_aid(table.read_text(encoding="utf-8"), str(table))),
        values=parse_values(values.read_text(encoding="utf-8"), str(values)),
    )


def triage(question: str, patient: Patient | None, rules: TriageRules) -> Triage:
    """Return the verdict of the first, that is gravest, rule that fires; pure, under 1 ms for 200 characters."""
    return _verdict(_first(rules.rules, _Reading(question, rules), patient or _NOBODY))


def surely(question: str, patient: Patient | None, rules: TriageRules) -> Triage:
    """Return the verdict of the first rule that fires by a pattern which nothing learnt may take back."""
    return _verdict(_first(rules.sure, _Reading(question, rules), patient or _NOBODY))


def calming(question: str, patient: Patient | None, rules: TriageRules) -> str | None:
    """The first rule of first aid that surely has words for this and so needs no learnt alarm; None without one."""
    rule = _first(rules.calming, _Reading(question, rules), patient or _NOBODY)
    return rule.id if rule is not None else None


def _verdict(rule: Rule | None) -> Triage:
    return Triage(True, rule.id, rule.action, rule.label) if rule is not None else Triage()


def told(question: str, rules: TriageRules) -> bool:
    """Whether the question tells of a film, a book, a lesson or an examination."""
    return bool(rules.scopes.told.search(normalise(question)))


def contexts(question: str, rules: TriageRules) -> tuple[str, ...]:
    """What the markers of the table say of the question as a whole: asked in general or not, past, told."""
    text = normalise(question)
    asked = "asked" if rules.scopes.knowledge.search(text) else "unasked"
    markers = {"past": rules.scopes.past, "told": rules.scopes.told}
    return (asked, *(name for name, marker in markers.items() if marker.search(text)))


def first_aid(question: str, patient: Patient | None, rules: TriageRules) -> Triage:
    """What to do after an accident that is no red flag, or about a dangerous value, which may be one.

    The action with the guidance it follows; nothing without one.
    """
    reading = _Reading(question, rules)
    values = [
        verdict
        for measure in rules.values
        for start, end, verdict in measure.dangers(reading.text)
        if not reading.cancelled(start, end, _OF_VALUES)
    ]
    if red := next((verdict for verdict in values if verdict.red_flag), None):
        return red
    rule = _first(rules.aid, reading, patient or _NOBODY)
    if rule is not None:
        return Triage(False, rule.id, f"{rule.action}（依据：{rule.source}）", rule.label)
    return values[0] if values else Triage()


def _first(rules: Sequence[Rule], reading: _Reading, patient: Patient) -> Rule | None:
    """The first rule that fires."""
    fires = (r for r in rules if any(_fires(pattern, reading, r.ignore, patient) for pattern in r.patterns))
    return next(fires, None)


def _fires(pattern: Pattern, reading: _Reading, ignore: frozenset[str], patient: Patient) -> bool:
    if not pattern.needed <= reading.begun:
        return False  # nearly every pattern ends here, before any expression is tried
    if not (_admits(pattern.patient, patient) and all(reading.spans(words) for words in pattern.all_of)):
        return False
    unit = reading.unit(pattern.within)
    common: set[int] | None = None
    for words in pattern.all_of:
        found = {unit(start) for start, end in reading.spans(words) if not reading.cancelled(start, end, ignore)}
        common = found if common is None else common & found
        if not common:
            return False
    excluded = {unit(start) for words in pattern.unless for start, _ in reading.spans(words)}
    return bool(common and common - excluded)


def _admits(test: PatientTest, patient: Patient) -> bool:
    """Conditions hold only on what is known: an unknown age is not below anything."""
    young = test.age_below is None or (patient.age is not None and patient.age < test.age_below)
    old = test.age_from is None or (patient.age is not None and patient.age >= test.age_from)
    return young and old and (test.pregnant is None or patient.pregnant is test.pregnant)


class _Reading:
    """One question, normalised, with the bounds of its clauses and sentences and what was found in it so far."""

    def __init__(self, question: str, rules: TriageRules) -> None:
        self.text = "\n".join(normalise(sentence) for sentence in sentences(question))
        self._places = places_in(self.text, rules.heads)
        self.begun = set[Words]().union(*(rules.heads[head] for head in self._places))
        self._scopes = rules.scopes
        self._clause_ends = [match.start() for match in _CLAUSE_END.finditer(self.text)]
        self._sentence_ends = [match.start() for match in re.finditer(r"\n|$", self.text)]
        self._found: dict[Words, Sequence[tuple[int, int]]] = {}
        self._known: dict[tuple[str, int, int], bool] = {}

    def unit(self, within: str) -> Callable[[int], int]:
        """The function from an offset to the number of the clause or sentence around it (0 for the whole question)."""
        if within == "question":
            return lambda _: 0
        ends = self._clause_ends if within == "clause" else self._sentence_ends
        return lambda offset: bisect_left(ends, offset)

    def spans(self, words: Words) -> Sequence[tuple[int, int]]:
        """Where `words` stand in the text."""
        if words not in self._found:
            self._found[words] = words.spans(self.text, self._places)
        return self._found[words]

    def cancelled(self, start: int, end: int, ignore: frozenset[str]) -> bool:
        """True if some scope takes the words at [start, end) out of the present; scopes in `ignore` are not asked."""
        return any(self._holds(name, start, end) for name in _SCOPES if name not in ignore)

    def _holds(self, name: str, start: int, end: int) -> bool:
        """Whether one scope takes these words out; many patterns ask the same of the same words."""
        key = name, start, end
        if key not in self._known:
            self._known[key] = _SCOPES[name](self, start, end)
        return self._known[key]

    def _bounds(self, ends: Sequence[int], offset: int) -> tuple[int, int]:
        """Start and end of the clause or sentence at `offset`, as far as `_REACH` characters either way."""
        index = bisect_left(ends, offset)
        start = ends[index - 1] + 1 if index else 0
        return max(start, offset - _REACH), min(ends[index], offset + _REACH)

    def negated(self, start: int, end: int) -> bool:
        """没有X, 没有A、B和X, or X + 没有 at the end of the clause."""
        clause_start, clause_end = self._bounds(self._clause_ends, start)
        before = self._scopes.negated_before.search(self.text, max(clause_start, start - _NEGATION_REACH), start)
        return bool(before) or bool(self._scopes.negated_after.fullmatch(self.text, end, max(end, clause_end)))

    def past(self, start: int, end: int) -> bool:
        """A past marker in the clause, or earlier in the sentence if the episode is told as over; `now` undoes both."""
        clause_start, clause_end = self._bounds(self._clause_ends, start)
        sentence_start, _ = self._bounds(self._sentence_ends, start)
        clause_end = max(end, clause_end)
        if self._scopes.past_after.match(self.text, end, clause_end):
            return not self._now_between(clause_start, clause_end)
        if marker := _last(self._scopes.past, self.text, clause_start, clause_end):
            return not self._now_between(min(marker.end(), start), clause_end)
        marker = _last(self._scopes.past, self.text, sentence_start, clause_start)
        if marker is None or not self._scopes.over.search(self.text, clause_end):
            return False
        return not self._now_between(marker.end(), clause_end)

    def supposed(self, start: int, end: int) -> bool:
        """如果 … X earlier in the sentence, 担心/避免 … X in the clause; the present (现在, 刚才) undoes it."""
        clause_start, _ = self._bounds(self._clause_ends, start)
        sentence_start, _ = self._bounds(self._sentence_ends, start)
        marker = self._scopes.supposed.search(self.text, sentence_start, start)
        marker = marker or self._scopes.feared.search(self.text, clause_start, start)
        return marker is not None and not self._scopes.now.search(self.text, marker.end(), end)

    def general(self, start: int, end: int) -> bool:
        """A knowledge question: its marker in a clause that names nobody, or in a question that names nobody at all."""
        clause_start, clause_end = self._bounds(self._clause_ends, start)
        if self._scopes.knowledge.search(self.text, clause_start, clause_end):
            return not (self._scopes.person.search(self.text, clause_start, clause_end)
                        or self._now_between(clause_start, clause_end))  # fmt: skip
        sentence_start, sentence_end = self._bounds(self._sentence_ends, start)
        asked = self._scopes.knowledge.search(self.text, sentence_start, sentence_end)
        return bool(asked) and not self._about_somebody

    def story(self, start: int, end: int) -> bool:
        """Told of a film, a book, a lesson or an examination, wherever in the question that is said."""
        return self._told

    @cached_property
    def _told(self) -> bool:
        return bool(self._scopes.told.search(self.text))

    @cached_property
    def _about_somebody(self) -> bool:
        return bool(self._scopes.person.search(self.text)) or self._now_between(0, len(self.text))

    def _now_between(self, start: int, end: int) -> bool:
        return any(marker.search(self.text, start, end) for marker in (self._scopes.now, self._scopes.sudden))


_SCOPES: dict[str, Callable[[_Reading, int, int], bool]] = {
    "story": _Reading.story,
    "negation": _Reading.negated,
    "past": _Reading.past,
    "supposition": _Reading.supposed,
    "knowledge": _Reading.general,
}


def _last(pattern: re.Pattern[str], text: str, start: int, end: int) -> re.Match[str] | None:
    found = list(pattern.finditer(text, start, end))
    return found[-1] if found else None

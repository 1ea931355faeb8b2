"""The format of `triage.yaml`: read strictly, every word compiled, every mistake a ConfigurationError that names it.

`rag.triage.words` explains what a word may hold.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Set
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import yaml

from rag.errors import ConfigurationError
from rag.triage.values import Measure
from rag.triage.words import FORBIDDEN, Heads, Words, compile_words, heads_of

SCOPE_NAMES = frozenset({"negation", "past", "supposition", "knowledge", "story"})
_WITHIN = ("clause", "sentence", "question")


@dataclass(frozen=True)
class PatientTest:
    """What must be known of the patient: age in years, pregnancy."""

    age_below: float | None = None
    age_from: float | None = None
    pregnant: bool | None = None


@dataclass(frozen=True)
class Pattern:
    """Groups of words that must all be live in one unit of text, and groups that must not stand there.

    `sure`: what the second look may not take back of a red flag; of first aid what may take back its alarm.
    """

    all_of: tuple[Words, ...]
    unless: tuple[Words, ...]
    within: str
    patient: PatientTest
    sure: bool = False

    @cached_property
    def needed(self) -> Set[Words]:
        """The groups without which it never fires."""
        return frozenset(self.all_of)


@dataclass(frozen=True)
class Rule:
    """One red flag; `action` begins with what to do, `source` names the guidance it follows."""

    id: str
    label: str
    action: str
    source: str
    ignore: frozenset[str]
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True)
class Scopes:
    """The words that take a finding out of the present; the names are explained in `triage.yaml`."""

    negated_before: re.Pattern[str]
    negated_after: re.Pattern[str]
    past: re.Pattern[str]
    past_after: re.Pattern[str]
    over: re.Pattern[str]
    now: re.Pattern[str]
    sudden: re.Pattern[str]
    supposed: re.Pattern[str]
    feared: re.Pattern[str]
    knowledge: re.Pattern[str]
    told: re.Pattern[str]
    person: re.Pattern[str]


@dataclass(frozen=True)
class TriageRules:
    """The compiled table, gravest rule first; `aid` are those of accidents that are no red flag, `values` the measures
    whose values may be dangerous.
    """  # noqa: D205

    rules: tuple[Rule, ...]
    scopes: Scopes
    aid: tuple[Rule, ...] = ()
    values: tuple[Measure, ...] = ()

    @cached_property
    def sure(self) -> tuple[Rule, ...]:
        """The rules with those of their patterns alone that the second look may not take back."""
        return _surely(self.rules)

    @cached_property
    def calming(self) -> tuple[Rule, ...]:
        """Likewise the rules of first aid."""
        return _surely(self.aid)

    @cached_property
    def heads(self) -> Heads:
        """What the words of any rule begin with."""
        patterns = [pattern for rule in (*self.rules, *self.aid) for pattern in rule.patterns]
        return heads_of(words for pattern in patterns for words in (*pattern.all_of, *pattern.unless))


def _surely(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    kept = ((rule, tuple(pattern for pattern in rule.patterns if pattern.sure)) for rule in rules)
    return tuple(replace(rule, patterns=patterns) for rule, patterns in kept if patterns)


class _UniqueKeyLoader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys without a word; in a safety table that would lose a list."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=deep)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def parse_rules(text: str, where: str) -> TriageRules:
    """Compile the YAML `text`; `where` names it in messages. Raises ConfigurationError."""
    table = _Table(where)
    top = table.mapping(table.document(text), "the table", {"scopes", "words", "rules"}, set())
    scopes = table.scopes(top["scopes"])
    return TriageRules(table.worded_rules(top), scopes)


def parse_aid(text: str, where: str) -> tuple[Rule, ...]:
    """Likewise a table of rules without scopes of its own, gravest first."""
    table = _Table(where)
    return table.worded_rules(table.mapping(table.document(text), "the table", {"words", "rules"}, set()))


class _Table:
    """Turns parts of the parsed document into compiled ones; `at` is the path shown in a message."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.used: set[str] = set()

    def wrong(self, at: str, given: str, expected: str) -> ConfigurationError:
        return ConfigurationError(f"{self.where}: {at}: {given}; {expected}")

    def document(self, text: str) -> object:
        """The YAML `text` as it stands."""
        try:
            return yaml.load(text, Loader=_UniqueKeyLoader)
        except yaml.YAMLError as error:
            raise ConfigurationError(f"{self.where}: not valid YAML: {' '.join(str(error).split())}") from error

    def worded_rules(self, top: Mapping[str, Any]) -> tuple[Rule, ...]:
        """`rules` with the lists of `words` that they name; each list must be used."""
        vocabulary = {
            name: self.words(words, f"words.{name}") for name, words in self.mapping(top["words"], "words").items()
        }
        rules = self.rules(top["rules"], vocabulary)
        if unused := sorted(set(vocabulary) - self.used):
            raise self.wrong("words", f"{unused} is used by no rule", "use it or remove it")
        return rules

    def mapping(
        self, value: object, at: str, required: set[str] | None = None, optional: set[str] | None = None
    ) -> Mapping[str, Any]:
        """`value` as a mapping with text keys; with `required` given, of exactly these keys and the optional ones."""
        if not isinstance(value, dict) or not value or not all(isinstance(key, str) for key in value):
            raise self.wrong(at, f"{value!r:.60} is no mapping", "give names and values")
        if required is not None:
            allowed = required | (optional or set())
            if missing := sorted(required - set(value)):
                raise self.wrong(at, f"{missing} is missing", f"give {sorted(required)}")
            if unknown := sorted(set(value) - allowed):
                raise self.wrong(at, f"unknown key {unknown}", f"known are {sorted(allowed)}")
        return value

    def text(self, value: object, at: str) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(at, f"{value!r:.60} is no text", "give a non-empty text")
        return value.strip()

    def items(self, value: object, at: str) -> list[Any]:
        if not isinstance(value, list) or not value:
            raise self.wrong(at, f"{value!r:.60} is no list", "give a list with at least one item")
        return value

    def words(self, value: object, at: str) -> Words:
        """Words: a list, or text with white space between them."""
        listed = value.split() if isinstance(value, str) else value
        words = [self.text(word, f"{at}[{i}]") for i, word in enumerate(self.items(listed, at))]
        if twice := sorted({word for word in words if words.count(word) > 1}):
            raise self.wrong(at, f"{twice} stands twice", "remove the second")
        for word in words:
            if sign := FORBIDDEN.search(word):
                raise self.wrong(
                    at, f"{word!r} holds {sign.group()!r}", "only text and the signs ( | ) ? ~ # are words"
                )
        try:
            return compile_words(words)
        except re.error:
            raise self._unfit(words, at) from None

    def _unfit(self, words: list[str], at: str) -> ConfigurationError:
        """Name the word that cannot be compiled; words are compiled one by one only to find it."""
        for word in words:
            try:
                compile_words([word])
            except re.error as error:
                return self.wrong(at, f"{word!r} cannot be compiled ({error})", "check its ( | ) ? ~")
        return self.wrong(at, "the words cannot be compiled together", "check their ( | ) ? ~")

    def scopes(self, value: object) -> Scopes:
        """Scope markers are regular expressions, one per name, written out in the table."""
        names = {field.name for field in fields(Scopes)}
        given = self.mapping(value, "scopes", names)
        return Scopes(**{name: self.expression(given[name], f"scopes.{name}") for name in names})

    def expression(self, value: object, at: str) -> re.Pattern[str]:
        try:
            return re.compile("".join(self.text(value, at).split()))
        except re.error as error:
            raise self.wrong(at, f"no regular expression ({error})", "correct it") from error

    def rules(self, value: object, vocabulary: Mapping[str, Words]) -> tuple[Rule, ...]:
        rules = tuple(self.rule(item, i, vocabulary) for i, item in enumerate(self.items(value, "rules")))
        ids = [rule.id for rule in rules]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise self.wrong("rules", f"id {twice} stands twice", "give every rule its own id")
        return rules

    def rule(self, value: object, index: int, vocabulary: Mapping[str, Words]) -> Rule:
        at = f"rules[{index}]"
        given = self.mapping(value, at, {"id", "label", "action", "source", "any_of"}, {"ignore"})
        name = self.text(given["id"], f"{at}.id")
        at = f"rules[{index}] ({name})"
        ignore = frozenset(given.get("ignore") or ())
        if unknown := sorted(ignore - SCOPE_NAMES):
            raise self.wrong(f"{at}.ignore", f"unknown scope {unknown}", f"known are {sorted(SCOPE_NAMES)}")
        patterns = [self.pattern(p, f"{at}.any_of[{i}]", vocabulary)
                    for i, p in enumerate(self.items(given["any_of"], f"{at}.any_of"))]  # fmt: skip
        label, action, source = (self.text(given[key], f"{at}.{key}") for key in ("label", "action", "source"))
        return Rule(name, label, action, source, ignore, tuple(patterns))

    def pattern(self, value: object, at: str, vocabulary: Mapping[str, Words]) -> Pattern:
        given = self.mapping(value, at, {"all_of"}, {"within", "unless", "patient", "sure"})
        within = given.get("within", "sentence")
        if within not in _WITHIN:
            raise self.wrong(f"{at}.within", f"{within!r} is unknown", f"give one of {list(_WITHIN)}")
        if not isinstance(sure := given.get("sure", False), bool):
            raise self.wrong(f"{at}.sure", f"{sure!r} does not fit", "give true or false")
        unless = self.items(given["unless"], f"{at}.unless") if "unless" in given else []
        return Pattern(
            all_of=tuple(self.group(g, f"{at}.all_of", vocabulary) for g in self.items(given["all_of"], at)),
            unless=tuple(self.group(g, f"{at}.unless", vocabulary) for g in unless),
            within=within,
            patient=self.patient(given["patient"], f"{at}.patient") if "patient" in given else PatientTest(),
            sure=sure,
        )

    def group(self, value: object, at: str, vocabulary: Mapping[str, Words]) -> Words:
        """A name out of `words`, or a list of words in place."""
        if not isinstance(value, str):
            return self.words(value, at)
        if value not in vocabulary:
            raise self.wrong(at, f"{value!r} is not in words", "add it there or give a list of words")
        self.used.add(value)
        return vocabulary[value]

    def patient(self, value: object, at: str) -> PatientTest:
        given = self.mapping(value, at, set(), {"age_below", "age_from", "pregnant"})
        for key, item in given.items():
            fits = isinstance(item, bool) if key == "pregnant" else isinstance(item, int | float) and item is not True
            if not fits:
                raise self.wrong(f"{at}.{key}", f"{item!r} does not fit", "ages are years, pregnant is true or false")
        return PatientTest(**given)

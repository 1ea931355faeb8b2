"""Both languages say everything, and the pages ask only for what there is."""

from __future__ import annotations

import ast
import string

import pytest

from kg_loader.audit import MEANINGS
from tests.source_tree import ROOT
from ui.words import PARTS, WORDS, say, say_or

UI = sorted((ROOT / "ui").rglob("*.py"))


def test_no_text_is_missing() -> None:
    assert [key for key, texts in WORDS.items() if len(texts) != 2 or not all(texts)] == []


def test_no_text_is_said_by_two_parts() -> None:
    assert sum(len(part.WORDS) for part in PARTS) == len(WORDS)


def test_both_languages_have_the_same_places() -> None:
    formatter = string.Formatter()
    places = {key: [{name for _, name, _, _ in formatter.parse(text) if name} for text in WORDS[key]] for key in WORDS}
    assert {key: found for key, found in places.items() if found[0] != found[1]} == {}


def test_every_text_that_a_page_asks_for_exists() -> None:
    asked = {
        node.args[0].value
        for path in UI
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "t"
        if isinstance(node.args[0], ast.Constant)
    }
    assert len(asked) > 80
    assert asked <= set(WORDS)


def test_every_rule_of_the_audit_has_a_name() -> None:
    assert {f"rule_{rule}" for rule in MEANINGS} <= set(WORDS)


def test_an_unknown_word_of_the_service_is_shown_as_it_is() -> None:
    assert say_or("zh", "reason", "no_citation") == "没有出处"
    assert say_or("zh", "reason", "a_new_reason") == "a new reason"
    with pytest.raises(KeyError):
        say("zh", "no such text")

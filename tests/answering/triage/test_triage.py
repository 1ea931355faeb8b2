"""The red-flag table against its cases, its strictness, and what hostile or odd text does to it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from rag.domain import Patient
from rag.errors import ConfigurationError
from rag.text import normalise
from rag.triage import rules as module
from rag.triage.rules import TriageRules, load_rules, triage
from rag.triage.words import heads_of, places_in

CASES = yaml.safe_load(Path(__file__).with_name("triage_cases.yaml").read_text(encoding="utf-8"))
TEN = 10
RULE = """
scopes: {scopes}
words: {{chest: 胸痛 胸闷, sweat: 大汗}}
rules:
  - {{id: a, label: L, action: 立即拨打120, source: S, any_of: [{{all_of: [chest, sweat]}}]}}
"""


@dataclass(frozen=True)
class Case:
    """A question with the category it must raise, None for none at all."""

    text: str
    category: str | None
    patient: Patient | None
    held_out: bool


def _cases() -> list[Case]:
    return [
        Case(
            text=case["text"],
            category=case.get("category", category) if kind == "positive" else None,
            patient=Patient(**case["patient"]) if "patient" in case else None,
            held_out=case.get("held_out", False),
        )
        for category, kinds in CASES.items()
        for kind, listed in kinds.items()
        for case in listed
    ]


@pytest.fixture(scope="module")
def rules() -> TriageRules:
    return load_rules()


def _wrong(cases: list[Case], rules: TriageRules) -> list[str]:
    found = [(case, triage(case.text, case.patient, rules).category) for case in cases]
    return [f"{case.text} -> {category}" for case, category in found if category != case.category]


def test_every_rule_has_its_cases(rules: TriageRules) -> None:
    assert [rule.id for rule in rules.rules] != []
    assert {rule.id for rule in rules.rules} == set(CASES)
    assert len(CASES) >= TEN
    for category, kinds in CASES.items():
        assert min(len(kinds["positive"]), len(kinds["negative"])) >= 14, category


@pytest.mark.parametrize("urgent", [True, False], ids=["recall", "false alarms"])
def test_cases_known_to_the_rules_are_all_right(rules: TriageRules, urgent: bool) -> None:
    known = [case for case in _cases() if not case.held_out and (case.category is not None) is urgent]
    assert _wrong(known, rules) == []


@pytest.mark.parametrize("urgent", [True, False], ids=["recall", "false alarms"])
def test_cases_held_out_of_tuning_are_nearly_all_right(
    rules: TriageRules, urgent: bool, record_property: Callable[[str, object], None]
) -> None:
    held_out = [case for case in _cases() if case.held_out and (case.category is not None) is urgent]
    wrong = _wrong(held_out, rules)
    record_property("held_out_wrong", f"{len(wrong)} of {len(held_out)}")
    assert len(wrong) <= 0.05 * len(held_out), wrong


def test_actions_come_first_and_name_the_numbers(rules: TriageRules) -> None:
    for rule in rules.rules:
        assert rule.source
        assert rule.label
        assert "120" in rule.action
        assert rule.action.startswith("立即") or rule.id == "suicidal"
    suicidal = triage("我不想活了", None, rules)
    assert suicidal.action is not None
    assert "12356" in suicidal.action


@pytest.mark.parametrize(
    ("text", "urgent"),
    [
        ("胸\u200b痛,大\u200d汗", True),
        ("胸痛\n大汗", False),  # two lines are two statements
        ("突然胸痛 ,冷 汗", True),
        ("我爸突然说话不清，嘴歪，他说没事", True),
        ("我爸突然说话不清，嘴歪，老毛病了", True),
        ("没有胸痛、大汗和气短", False),
        ("去年胸痛大汗，今天又胸痛大汗", True),
        ("", False),
        ("\x00\x07", False),
        ("<script>alert(1)</script>MATCH (n) DETACH DELETE n", False),
    ],
)
def test_odd_text(rules: TriageRules, text: str, urgent: bool) -> None:
    assert triage(text, None, rules).red_flag is urgent


def test_patient_conditions_hold_only_on_what_is_known(rules: TriageRules) -> None:
    assert triage("体温38.5", Patient(age=0.1), rules).category == "infant_fever"
    assert not triage("体温38.5", Patient(), rules).red_flag
    assert not triage("体温38.5", Patient(age=30), rules).red_flag
    assert triage("下面大出血", Patient(pregnant=True), rules).category == "pregnancy_emergency"
    assert not triage("头疼，眼花", Patient(pregnant=False), rules).red_flag


@pytest.mark.seconds
def test_p99_is_under_a_millisecond_for_200_characters(rules: TriageRules) -> None:
    everything = "".join(case.text + "。" for case in _cases() if case.category is None)
    texts = [everything[i : i + 200] for i in range(0, len(everything) - 200, 10)]
    rounds = [[_work_seconds(), *(_seconds(text, rules) for text in texts)] for _ in range(25)]
    work, *best = map(min, zip(*rounds, strict=True))  # the machine is shared: each has a chance at a quiet moment
    assert sorted(best)[int(0.99 * len(best))] < 1e-3 * max(1.0, work / _WORK_S)


_WORK_S = 0.9e-3
"""What the work below takes on a quiet core of the machine whose figures the documentation gives."""


def _work_seconds() -> float:
    """How long a fixed piece of work takes here and now; a full machine slows every core."""
    start = time.process_time()
    sum(n * n for n in range(20_000))
    return time.process_time() - start


def _seconds(text: str, rules: TriageRules) -> float:
    start = time.process_time()
    triage(text, None, rules)
    return time.process_time() - start


@pytest.mark.seconds
@pytest.mark.parametrize("piece", ["胸口", "没有、", "没有胸痛和", "1", "吃了一", "血", "去年胸痛好了"])
def test_long_repetitive_text_costs_no_more_than_its_length(rules: TriageRules, piece: str) -> None:
    assert _seconds((piece * 5000)[:5000], rules) < 1.0


def _table(scopes: str | None = None) -> str:
    packaged = yaml.safe_load((Path(module.__file__).with_name("triage.yaml")).read_text(encoding="utf-8"))
    return RULE.format(scopes=scopes or yaml.safe_dump(packaged["scopes"], default_flow_style=True, width=10_000))


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "table.yaml"
    path.write_text(_table(), encoding="utf-8")
    assert triage("胸痛大汗", None, load_rules(path)).category == "a"
    assert not triage("胸痛", None, load_rules(path)).red_flag


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("label: L, ", "", "label"),
        ("[chest, sweat]}", "[chest, sweat], sure: 1}", "give true or false"),
        ("label: L", "label: L, lable: M", "lable"),
        ("[chest, sweat]", "[chest, swaet]", "swaet"),
        ("[chest, sweat]", "[chest]", "sweat"),
        ("大汗", "大汗(", "大汗("),
        ("大汗", "大汗 大汗", "twice"),
        ("大汗", "大.汗", "大.汗"),
        ("大汗", "大汗~", "gap"),
        ("大汗", '"大?"', "empty"),
        ("any_of:", "ignore: [pastt], any_of:", "pastt"),
        ("{all_of:", "{within: page, all_of:", "page"),
        ("{all_of:", "{patient: {age_below: young}, all_of:", "young"),
        ("sweat:", "chest:", "twice"),
        ("rules:", "rulez:", "rules"),
        ("  - {id", "  - id", "YAML"),
    ],
)
def test_a_mistake_in_the_table_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "table.yaml"
    text = _table()
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=str(path)) as caught:
        load_rules(path)
    assert says in str(caught.value)


def test_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "table.yaml"
    with pytest.raises(ConfigurationError, match=r"table\.yaml"):
        load_rules(path)
    path.write_bytes("胸痛".encode("gb18030"))
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load_rules(path)


def test_it_needs_neither_index_nor_model() -> None:
    slow = ("faiss", "tantivy", "numpy", "pydantic")
    code = f"import sys, rag.triage.rules; print([m for m in {slow} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_words_are_found_where_their_expression_finds_them(rules: TriageRules) -> None:
    """Only places where a word may begin are tried; nothing is lost by it."""
    every = {words for rule in rules.rules for p in rule.patterns for words in (*p.all_of, *p.unless)}
    heads = heads_of(every)
    for case in _cases():
        text = normalise(case.text)
        places = places_in(text, heads)
        for words in every:
            assert list(words.spans(text, places)) == [m.span() for m in words.pattern.finditer(text)]

"""The gate: what it sees between two versions, when it refuses, and what is left then."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from kg_loader.gate import (
    ANY,
    GAINED,
    LOST,
    NUMBERS,
    OUTCOME,
    PACKAGED,
    WARNINGS,
    Gate,
    Question,
    compare,
    compare_versions,
    gate_of,
    parse_limits,
    read_questions,
)
from kg_loader.report import IngestReport
from kg_loader.sources.format import Item
from rag.domain import EntityId, Fact, Literal, Qualifiers, Record, Retraction, Source
from rag.errors import DataError, GateError, NotFoundError, UsageError
from rag.snapshot import Library
from rag.vocabulary import Grade, Relation
from tests.fakes import FakeLibrary, fake_pipeline
from tests.kb import BOOK, disease, generated, has_symptom, publish, settings_for

SYMPTOMS = Question(question="甲病有哪些症状")
RATE = Question(question="甲病的治愈率")
OTHER = Question(question="乙病有哪些症状")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "data")


def rate(text: str, source: Source = BOOK) -> Fact:
    return Fact(disease("甲病"), Relation.CURE_RATE, Literal(text, "cure_rate"), source.id)


BEFORE: list[Item] = [BOOK, has_symptom("甲病", "头晕"), has_symptom("乙病", "头晕"), rate("约70%")]


def gated(
    library: Library, items: Sequence[Item], *questions: Question, limits: str | None = None, dataset: str = "a"
) -> IngestReport:
    """Publish with a gate."""
    gate = Gate("q.txt", questions, parse_limits(limits) if limits else {})
    return publish(library, {dataset: items}, gate=gate)


# ---------------------------------------------------------------- what it sees


def test_what_changed_is_told_question_by_question(library: Library) -> None:
    publish(library, {"a": BEFORE})
    after: list[Item] = [BOOK, has_symptom("甲病", "恶寒"), has_symptom("乙病", "头晕"), rate("约80%")]
    report = gated(library, after, SYMPTOMS, RATE, OTHER).gate
    assert report is not None
    assert (report.old, report.new, report.questions) == (1, 2, 3)
    assert report.counts == {ANY: 2, OUTCOME: 0, LOST: 2, GAINED: 2, NUMBERS: 1, WARNINGS: 0}
    symptoms, cure = report.changes
    assert (symptoms.question, symptoms.kinds, symptoms.numbers) == ("甲病有哪些症状", (LOST, GAINED), ())
    assert "甲病的症状：头晕〔一本参考书〕" in symptoms.lost[0]
    assert "甲病的症状：恶寒〔一本参考书〕" in symptoms.gained[0]
    assert cure.numbers == ("-70%", "+80%")
    assert report.refusals() == []


def test_a_disease_that_is_gone_changes_the_outcome(library: Library) -> None:
    publish(library, {"a": BEFORE})
    after: list[Item] = [BOOK, has_symptom("乙病", "头晕"), has_symptom("丙病", "头晕")]
    report = gated(library, after, SYMPTOMS).gate
    assert report is not None
    (change,) = report.changes
    assert (change.before, change.after) == ("answered", "not_in_kb")
    assert OUTCOME in change.kinds


def test_warnings_that_come_and_go_are_told() -> None:
    drug, other = EntityId("drug:甲药"), EntityId("drug:乙药")
    interaction = Fact(drug, Relation.INTERACTION, other, BOOK.id, Qualifiers(severity="严重"))
    forms = [Fact(one, Relation.DOSAGE_FORM, Literal("片剂", "dosage_form"), BOOK.id) for one in (drug, other)]
    versions = []
    both: tuple[list[Record], list[Record]] = ([BOOK, interaction, *forms], [BOOK, *forms])
    for records in both:
        made = FakeLibrary()
        made.publish(records)
        versions.append(fake_pipeline(made))
    old, new = versions
    question = Question(question="甲药和乙药能一起吃吗")
    report = compare(lambda: old, lambda: new, Gate("q", (question,)))
    (change,) = report.changes
    assert WARNINGS in change.kinds
    assert any(line.startswith("-") and "乙药" in line for line in change.warnings)


def test_nothing_changed_nothing_told(library: Library) -> None:
    publish(library, {"a": BEFORE})
    other: list[Item] = [BOOK, has_symptom("丙病", "头晕")]
    report = gated(library, other, SYMPTOMS, RATE, limits="0", dataset="b").gate
    assert report is not None
    assert (report.changes, report.refusals()) == ((), [])
    assert publish(library, {"b": other}).gate is None, "no gate, no report"
    assert gated(library, other, SYMPTOMS, dataset="b").gate is None, "no new version"


def test_a_retraction_that_comes_with_the_version_counts(library: Library) -> None:
    trial = Source("一项试验", "journal-article", Grade.TRIAL, pmid="123")
    fact = has_symptom("甲病", "头晕", trial)
    publish(library, {"a": [trial, fact, BOOK, has_symptom("乙病", "头晕")]})
    after: list[Item] = [trial, fact, BOOK, has_symptom("乙病", "头晕"), Retraction("pmid:123", "pmid:999")]
    report = gated(library, after, SYMPTOMS, limits="lost=100%").gate
    assert report is not None
    (change,) = report.changes
    assert LOST in change.kinds


# ---------------------------------------------------------------- when it refuses


@pytest.mark.parametrize(
    ("limits", "refused"),
    [("0", True), ("50%", True), ("0.7", False), ("100%", False), ("outcome", False), ("outcome,numbers", True),
     ("numbers=0.5", False), ("lost=10%", True), ("warnings,outcome,gained=0.9", False)],
)  # fmt: skip
def test_limits(library: Library, limits: str, refused: bool) -> None:
    publish(library, {"a": BEFORE})
    after: list[Item] = [BOOK, has_symptom("甲病", "恶寒"), has_symptom("乙病", "头晕"), rate("约80%")]
    if not refused:
        assert gated(library, after, SYMPTOMS, RATE, OTHER, limits=limits).version == 2
        return
    with pytest.raises(GateError, match=r"the gate refuses version 2: .* of 3 answers changed") as caught:
        gated(library, after, SYMPTOMS, RATE, OTHER, limits=limits)
    assert caught.value.report["passed"] is False
    assert caught.value.exit_code == 4


def test_a_refused_version_is_gone_and_the_old_one_serves(library: Library) -> None:
    publish(library, {"a": BEFORE})
    before = library.pointer()
    after: list[Item] = [BOOK, has_symptom("乙病", "头晕")]
    for _ in range(2):
        with pytest.raises(GateError):
            gated(library, after, SYMPTOMS, limits="outcome")
        assert library.pointer() == before
        assert list(library.folders()) == [1]
        assert [path.name for path in library.snapshots.iterdir()] == [library.snapshot_folder(1).name]
    assert library.staging.exists(), "the same command with other limits goes on from here"
    report = gated(library, after, SYMPTOMS, limits="outcome=100%")
    assert report.version == 4, "a number is never used twice"
    assert not library.staging.exists()


def test_going_on_after_a_refusal_reads_nothing_again(library: Library) -> None:
    publish(library, {"a": BEFORE})
    points: list[str] = []
    after = generated(3, 20)
    with pytest.raises(GateError):
        gated(library, after, SYMPTOMS, limits="0")
    gate = Gate("q", (SYMPTOMS,), {})
    publish(library, {"a": after}, gate=gate, reached=points.append)
    assert "staging.committed" not in points
    assert "gate.asked" in points


def test_expectations_refuse_whatever_the_limits(library: Library) -> None:
    publish(library, {"a": BEFORE})
    wanted = replace_question(SYMPTOMS, outcome=("answered",), must_cite=("symptom:头晕",))
    after: list[Item] = [BOOK, has_symptom("甲病", "恶寒"), has_symptom("乙病", "头晕")]
    with pytest.raises(GateError, match="1 of 1 answers are not as expected"):
        gated(library, after, wanted, limits="100%")
    report = gated(library, after, wanted).gate
    assert report is not None
    assert report.changes[0].failed == ("symptom:头晕 is not cited",)


def replace_question(question: Question, **values: object) -> Question:
    return question.model_copy(update=values)


@pytest.mark.parametrize(
    ("values", "failed"),
    [
        ({"outcome": ("partial", "not_in_kb")}, "outcome answered, expected partial or not_in_kb"),
        ({"must_cite": ("disease:甲病", "disease:乙病")}, "disease:乙病 is not cited"),
        ({"must_not_cite": ("symptom:头晕",)}, "symptom:头晕 is cited"),
        ({"must_not_cite": ("symptom:頭暈",)}, "symptom:頭暈 is cited"),
        ({"must_cite": (has_symptom("甲病", "头晕").id, BOOK.id), "outcome": ("answered",)}, None),
        ({"must_not_cite": (BOOK.id,)}, f"{BOOK.id} is cited"),
    ],
)
def test_what_may_be_expected(library: Library, values: dict[str, object], failed: str | None) -> None:
    report = gated(library, BEFORE, replace_question(SYMPTOMS, **values)).gate
    assert report is not None
    assert report.old is None, "the first version has nothing before it; expectations count all the same"
    assert [line for change in report.changes for line in change.failed] == ([failed] if failed else [])


def test_a_first_version_may_be_refused(library: Library) -> None:
    with pytest.raises(GateError):
        gated(library, BEFORE, replace_question(SYMPTOMS, must_cite=("symptom:腹痛",)), limits="0")
    assert library.pointer() is None
    assert library.folders() == {}


def test_a_question_that_names_no_entity_and_one_that_is_an_emergency(library: Library) -> None:
    publish(library, {"a": BEFORE})
    urgent = Question(question="我突然胸口压榨样剧痛，大汗，喘不上气", outcome=("emergency",))
    report = gated(library, [*BEFORE, has_symptom("丁病", "恶寒")], urgent, Question(question="今天天气怎么样")).gate
    assert report is not None
    assert report.failed == 0


def test_two_versions_by_hand(library: Library, tmp_path: Path) -> None:
    publish(library, {"a": BEFORE})
    publish(library, {"a": [BOOK, has_symptom("甲病", "恶寒"), has_symptom("乙病", "头晕")]})
    file = tmp_path / "q.txt"
    file.write_text("甲病有哪些症状\n", encoding="utf-8")
    settings = settings_for(library.data_dir)
    there, back = (compare_versions(library, settings, a, b, file=file) for a, b in ((1, 2), (2, 1)))
    assert (there.old, there.new) == (1, 2)
    assert there.changes[0].lost == back.changes[0].gained
    with pytest.raises(NotFoundError):
        compare_versions(library, settings, 1, 9, file=file)
    with pytest.raises(UsageError, match="--gate-file"):
        compare_versions(library, settings, 1, 2)


# ---------------------------------------------------------------- what is asked


def test_questions_as_text(tmp_path: Path) -> None:
    path = tmp_path / "q.txt"
    path.write_bytes("\ufeff# 常问\n\n甲病有哪些症状\n  甲病有哪些症状 \n乙病挂什么科\n".encode())
    assert [one.question for one in read_questions(path, longest=50)] == ["甲病有哪些症状", "乙病挂什么科"]


def test_questions_as_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    rows = [
        {"question": "甲", "outcome": "answered", "must_cite": "disease:甲"},
        {"question": "乙", "outcome": ["partial"]},
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    assert [(one.question, one.outcome, one.must_cite) for one in read_questions(path, longest=50)] == [
        ("甲", ("answered",), ("disease:甲",)), ("乙", ("partial",), ()),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"question": "甲", "must": 1}\n', "line 1: must: unknown key; known are question, outcome, must_cite"),
        ('{"question": "甲", "outcome": "good"}\n', "line 1: outcome.0: .*given 'good'"),
        ('{"outcome": "answered"}\n', "line 1: question: "),
        ('{"question": "甲"}\n{"question"\n', "line 2: not JSON"),
        ('{"question": "  "}\n', "line 1: a question of 1 to 20 characters"),
        ("甲" * 21, "line 1: a question of 1 to 20 characters"),
        ("# nothing\n", "0 questions"),
    ],
)
def test_a_file_of_questions_that_cannot_be_meant(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "q"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        read_questions(path, longest=20)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("0", {ANY: 0}), ("0.1", {ANY: 0.1}), ("10%", {ANY: 0.1}), ("outcome", {OUTCOME: 0}),
        ("outcome, lost=5%,any=0.5", {OUTCOME: 0, LOST: 0.05, ANY: 0.5}),
    ],
)  # fmt: skip
def test_limits_are_read(text: str, limits: dict[str, float]) -> None:
    assert parse_limits(text) == limits


@pytest.mark.parametrize("text", ["", ",", "2", "110%", "much", "outcome=x", "lost=", "-1", "0.1.2"])
def test_limits_that_cannot_be_meant(text: str) -> None:
    with pytest.raises(UsageError, match="--gate"):
        parse_limits(text)


def test_settings_name_a_gate(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "q.txt"
    file.write_text("甲病\n", encoding="utf-8")
    plain = settings_for(library.data_dir)
    assert gate_of(plain, (), None, None) is None
    configured = settings_for(library.data_dir, gate_file=file, gate="10%")
    gate = gate_of(configured, (), None, None)
    assert gate is not None
    assert (gate.limits, gate.file, len(gate.questions)) == ({ANY: 0.1}, str(file), 1)
    other = gate_of(configured, (), "0", None)
    assert other is not None
    assert other.limits == {ANY: 0}
    packaged = gate_of(plain, {"sample"}, "0", None)
    assert packaged is not None
    assert packaged.file == str(PACKAGED)
    with pytest.raises(UsageError, match="the gate needs questions"):
        gate_of(plain, {"mine"}, "0", None)


def test_the_report_is_a_document(library: Library) -> None:
    publish(library, {"a": BEFORE})
    after: list[Item] = [BOOK, has_symptom("甲病", "恶寒"), has_symptom("乙病", "头晕")]
    shown = gated(library, after, SYMPTOMS, OTHER, limits="50%,outcome").document()["gate"]
    assert json.loads(json.dumps(shown))["changed"]["any"] == 1

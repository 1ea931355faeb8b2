"""What reaches a terminal: compact citations, aligned columns, no character that could rewrite it."""

from __future__ import annotations

import pytest

from rag.answer.rendering import source_line
from rag.domain import Citation, Patient, Source
from rag.pipeline import Options
from rag.vocabulary import Grade, Relation
from tests.fakes import FakeLibrary, fake_pipeline
from tests.records import entity, fact_of
from yiwen.output import counted, printable, progress, table
from yiwen.printing import citation_lines, print_answer

BOOK = Source("一本书", "book", Grade.REFERENCE, year=2020)
OURS = Source("编者整理", "editorial", Grade.EDITORIAL)
TRIAL = Source("A trial", "journal-article", Grade.TRIAL, year=2021, pmid="123")


def fact(n: int, source: Source) -> Citation:
    return Citation(n, f"f:{n:016x}", "fact", "甲病的症状：头晕", (0, 8), source)


def conclusion(n: int, quote: str = "有效") -> Citation:
    return Citation(n, f"p:{n:016x}", "conclusion", quote, (0, len(quote)), TRIAL)


def test_many_facts_of_one_source_are_one_line() -> None:
    citations = [fact(1, OURS), fact(2, OURS), conclusion(3), fact(4, OURS), fact(5, BOOK)]
    assert list(citation_lines(citations)) == [
        "[1]-[2] [4] 编者整理 3 条图谱事实，首条 f:0000000000000001",
        "[3] A trial（2021，临床试验） “有效” p:0000000000000003 PMID 123",
        "[5] 一本书（2020，工具书或说明书） “甲病的症状：头晕” f:0000000000000005",
    ]


def test_all_citations_are_listed_when_asked_for() -> None:
    lines = list(citation_lines([fact(n, OURS) for n in range(1, 6)], all_citations=True))
    assert [line.split()[0] for line in lines] == [f"[{n}]" for n in range(1, 6)]


def test_long_quotes_are_shortened_unless_all_is_asked_for() -> None:
    long = conclusion(1, "很" * 200)
    assert "很" * 60 + "…" in next(citation_lines([long]))
    assert "很" * 200 in next(citation_lines([long], all_citations=True))


def test_a_source_without_a_year_has_its_grade() -> None:
    assert source_line(Source("某站", "web", Grade.COMPILED)) == "某站（网络整理，未经审校）"


@pytest.mark.parametrize("bad", ["\x1b[31m", "\u202e", "\u2066", "\x00", "\x9b", "\u200b", "\ufeff"])
def test_invisible_characters_are_left_out(bad: str) -> None:
    assert printable(f"甲{bad}病\n乙") in ("甲病\n乙", "甲[31m病\n乙")


def test_columns_are_aligned_with_han_characters(capsys: pytest.CaptureFixture[str]) -> None:
    table(("a", "b"), [("甲病", 1), ("x", 2)])
    assert capsys.readouterr().out == "a     b\n甲病  1\nx     2\n"


def test_records_are_counted_in_words() -> None:
    assert counted({"fact": 1, "entity": 2000, "odd": 3, "passage": 0}) == "2,000 entities, 1 fact"
    assert counted({}) == "nothing"


def test_there_is_no_bar_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as show:
        show("[/] reading", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_warnings_for_which_the_text_has_no_room_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """The text says that there is a list; it must be there."""
    conditions = tuple(f"第{n}类特殊人群患者" for n in range(40))
    groups = [f"population:{name}" for name in conditions]
    library = FakeLibrary()
    library.publish(
        [BOOK, *map(entity, ("disease:偏头痛", "drug:布洛芬", *groups)),
         fact_of("disease:偏头痛", Relation.DRUG, "drug:布洛芬", BOOK),
         *(fact_of("drug:布洛芬", Relation.CONTRAINDICATION, group, BOOK) for group in groups)]
    )  # fmt: skip
    answer = fake_pipeline(library).ask("偏头痛吃什么药", Options(patient=Patient(conditions=conditions)))
    print_answer(answer)
    shown = capsys.readouterr().out
    assert "见警示列表" in answer.text
    assert "警示列表（其余 " in shown
    assert all(warning.text.rstrip("。") in shown for warning in answer.warnings)

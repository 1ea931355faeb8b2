"""What a classic says is quoted from it, with book and chapter; from no other book, and nothing is made up."""

from __future__ import annotations

import pytest

from kg_loader.ingest import ingest
from rag.domain import Outcome, Passage, PassageKind
from rag.linking.linker import Linker
from rag.pipeline import Pipeline
from rag.question.books import book_question, told_in
from rag.settings import Settings
from rag.snapshot import Library
from rag.wiring import build
from tests.answering.records import BOOK, names, told
from tests.kb import SAMPLE

HERBS = """<篇名>青山本草经
书名：青山本草经
作者：某甲
<目录>卷一
<篇名>人参
内容：人参味甘，主补五脏，安精神。生山谷之中，春秋采根。
<篇名>甘草
内容：甘草味甘平，主五脏六腑寒热邪气，坚筋骨。生川谷之中。
"""
FORMULAS = """<篇名>青山要略
书名：青山要略
<目录>卷上
<篇名>麻黄汤方
内容：麻黄三两，桂枝二两，甘草一两，杏仁七十个。右四味，以水九升煮取二升半，温服八合。
<篇名>青脉（阳）
内容：青脉如弦之直。青主肝病，亦主诸痛。
<篇名>辨青山病脉证
内容：青山之为病，口苦咽干，畏见山色，入夜则安，病家当避风寒。
<篇名>黄胆病脉证
内容：黄胆之病，当以十八日为期，治之十日以上瘥，反剧为难治。
<篇名>杂论
内容：凡用人参者，不可与藜芦同煮，煮则相恶，病家宜知之，医者亦宜慎之。
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("books")
    files = [folder / "001-青山本草经.txt", folder / "002-青山要略.txt"]
    for path, text in zip(files, (HERBS, FORMULAS), strict=True):
        path.write_bytes(text.encode("gb18030"))
    settings = Settings(_env_file=None, data_dir=folder / "data")
    ingest(Library(settings.data_dir), [SAMPLE / "facts.csv"], dataset="sample", settings=settings)
    for path in files:
        ingest(Library(settings.data_dir), [path], dataset=path.stem, settings=settings)
    return build(settings)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("青山本草经里人参怎么说", "《青山本草经·人参》：“人参味甘，主补五脏，安精神。生山谷之中，春秋采根”[1]。"),
        (
            "《青山要略》中麻黄汤的记载",
            "《青山要略·麻黄汤方》：“麻黄三两，桂枝二两，甘草一两，杏仁七十个。右四味，以水九升煮取二升半，温服八合”[1]。",
        ),
        ("麻黄汤出自哪本书", "《青山要略·麻黄汤方》：“"),
    ],
)
def test_a_classic_is_quoted_with_its_place(library: Pipeline, question: str, said: str) -> None:
    answer = library.ask(question)
    assert answer.outcome is Outcome.ANSWERED
    assert said in answer.text
    assert answer.dropped == ()
    assert answer.citations[0].source.title in ("青山本草经", "青山要略")


def test_another_book_does_not_answer_for_the_one_that_was_asked(library: Pipeline) -> None:
    answer = library.ask("《青山要略》里人参怎么说")
    assert {c.source.title for c in answer.citations} == {"青山要略"}
    none = library.ask("《绿水本草经》里人参怎么说")
    assert "知识库收录的《绿水本草经》中没有找到与此有关的原文。" in none.text
    assert none.outcome is not Outcome.ANSWERED


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("人参在神农本草经里怎么说", "神农本草经"),
        ("伤寒论里太阳病的脉象", "伤寒论"),
        ("《素问》如何论述咳嗽", "素问"),
        ("古籍中关于桂枝汤组成的记载出自哪本书", ""),
    ],
)
def test_the_book_is_told_apart_from_what_is_asked_of_it(question: str, title: str) -> None:
    found = book_question(question)
    assert found is not None
    assert found.title == title


@pytest.mark.parametrize("question", ["伤寒怎么治", "高血压的治疗方案", "甘草和人参能一起用吗", "本草茶对身体好吗"])
def test_other_questions_ask_no_book(question: str) -> None:
    assert book_question(question) is None


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("青山要略里黄疸怎么治", "“黄胆之病，当以十八日为期"),
        ("青脉主什么病", "“青脉如弦之直。青主肝病，亦主诸痛”"),
        ("青山之为病是什么意思", "“青山之为病，口苦咽干，畏见山色"),
        ("青山要略麻黄汤的组成", "“麻黄三两，桂枝二两"),
    ],
)
def test_books_are_asked_without_being_named(library: Pipeline, question: str, said: str) -> None:
    answer = library.ask(question)
    assert answer.outcome is Outcome.ANSWERED
    assert "《青山要略·" in answer.text
    assert said in answer.text


@pytest.mark.parametrize("question", ["窦房阻滞是什么意思", "痛脉是什么病"])
def test_what_no_book_holds_is_said_without_naming_books(library: Pipeline, question: str) -> None:
    assert "古籍" not in library.ask(question).text


def test_an_illness_in_book_marks_is_no_book() -> None:
    question = "诊断书上写的是《偏头痛？》，要做什么检查"
    assert book_question(question) is not None
    assert book_question(question, Linker(names()).link(question)) is None


def test_a_clause_asked_for_by_its_number_is_asked_for_by_no_words() -> None:
    asked = book_question("伤寒论第一条是什么")
    assert asked is not None
    assert asked.title == "伤寒论"
    assert asked.rest == ""
    assert told_in(asked, [], [told(Passage("方三十三。用前第一方。", PassageKind.CLASSIC, BOOK.id))]) == ()

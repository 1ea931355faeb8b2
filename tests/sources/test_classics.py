"""Classics: a made-up book in the markup of the collections."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg_loader.sources import guess_format
from rag.vocabulary import Grade
from tests.sources.collect import Collected, collect

HEAD = "\n<篇名>静息要略\n书名：静息要略\n作者：无名氏  \n朝代：明·某年  \n年份：公元1600年  \n\n\n\n"
WIDE = "凡头痛之人宜静卧于暗室之中勿见日光勿闻喧声勿食厚味勿劳心神则其痛可缓"


def _read(tmp_path: Path, body: str, *, head: str = HEAD, encoding: str = "gb18030") -> Collected:
    path = tmp_path / "001-静息要略.txt"
    path.write_bytes((head + body).encode(encoding))
    assert guess_format(path) == "classics"
    return collect("classics", path)


def _texts(found: Collected) -> list[tuple[str | None, str]]:
    return [(one.locator, one.text) for one in found.passages]


def _chapter(text: str, name: str = "论头痛", part: str = "卷上") -> str:
    return f"<目录>{part}\n\n<篇名>{name}\n\n内容：{text}\n\n\n\n"


def test_a_book_is_a_source_and_its_chapters_passages(tmp_path: Path) -> None:
    found = _read(tmp_path, _chapter("头痛者，静卧可愈。"))
    (source,) = found.sources
    assert (source.title, source.kind, source.grade) == ("静息要略", "classic", Grade.CLASSIC)
    assert (source.year, source.publisher) == (1600, "明·某年 无名氏")
    assert _texts(found) == [("卷上 · 论头痛", "头痛者，静卧可愈。")]
    assert [one.title for one in found.passages] == ["论头痛"]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_every_encoding_gives_the_same(tmp_path: Path, encoding: str) -> None:
    body = _chapter("头痛者，静卧可愈。")
    assert _read(tmp_path, body, encoding=encoding).records == _read(tmp_path, body).records


@pytest.mark.parametrize(
    ("written", "year"),
    [("公元1644-1911年", None), ("公元1249年[公元年起] 11249", 1249), ("公元219年", 219), ("不详", None), ("", None)],
)
def test_years(tmp_path: Path, written: str, year: int | None) -> None:
    head = HEAD.replace("公元1600年", written)
    assert [one.year for one in _read(tmp_path, _chapter("头痛者，静卧可愈。"), head=head).sources] == [year]


def test_a_book_that_says_nothing_of_itself_is_named_by_its_file(tmp_path: Path) -> None:
    found = _read(tmp_path, _chapter("头痛者，静卧可愈。"), head="")
    assert [(one.title, one.year, one.publisher) for one in found.sources] == [("静息要略", None, None)]


def test_wrapped_lines_are_joined_and_paragraphs_kept(tmp_path: Path) -> None:
    found = _read(tmp_path, _chapter(f"{WIDE} \n矣，此为常法。 \n凡目眩之人亦同。"))
    assert _texts(found) == [("卷上 · 论头痛", f"{WIDE}矣，此为常法。凡目眩之人亦同。")]


def test_numbered_items_are_passages_of_their_own(tmp_path: Path) -> None:
    found = _read(tmp_path, _chapter("1．头痛恶寒者，为外感。\n2．头痛恶\n热者，为内伤。\n上二味，水煎服。"))
    assert _texts(found) == [
        ("卷上 · 论头痛 · 第1条", "头痛恶寒者，为外感。"),
        ("卷上 · 论头痛 · 第2条", "头痛恶热者，为内伤。上二味，水煎服。"),
    ]


@pytest.mark.parametrize("heading", ["\\x静息汤方\\x", "【静息汤方】", "方剂：静息汤方", "又方：静息汤方"])
def test_a_heading_inside_a_chapter(tmp_path: Path, heading: str) -> None:
    body = (
        "头痛之人宜静卧于暗室，勿见日光，勿闻喧声。\n"
        + heading
        + "\n甲草（三两） 乙草（二两），水煎，分三服，日再服之。"
    )
    found = _read(tmp_path, _chapter(body))
    assert [one.locator for one in found.passages] == ["卷上 · 论头痛", "卷上 · 论头痛 · 静息汤方"]
    assert found.passages[1].title == "论头痛 · 静息汤方"
    assert found.passages[1].text.startswith("甲草（三两）")


def test_a_few_words_under_a_heading_go_with_what_follows(tmp_path: Path) -> None:
    body = "\\x气味\\x 辛，温。\n\\x主治\\x 头痛目眩，恶寒发热，周身不适，夜不能寐，不思饮食。"
    assert _texts(_read(tmp_path, _chapter(body, "甲草"))) == [
        ("卷上 · 甲草", "【气味】辛，温。【主治】头痛目眩，恶寒发热，周身不适，夜不能寐，不思饮食。")
    ]


@pytest.mark.parametrize(
    "name",
    ["序", "自序", "原序", "张序", "《静息要略》原序", "后叙", "跋", "由跋", "凡例", "《静息要略》目录", "静息难题词"],
)
def test_prefaces_are_left_out(tmp_path: Path, name: str) -> None:
    found = _read(tmp_path, _chapter("余幼多病，故着此书。", name, "") + _chapter("头痛者，静卧可愈。"))
    assert found.skipped == {"preface": 1}
    assert len(found.passages) == 1


@pytest.mark.parametrize("name", ["序例第一", "灸法早晚次序", "记未病以前之形状"])
def test_chapters_that_only_sound_like_prefaces_stay(tmp_path: Path, name: str) -> None:
    assert len(_read(tmp_path, _chapter("头痛者，静卧可愈。", name)).passages) == 1


def test_the_place_is_the_whole_way_to_it(tmp_path: Path) -> None:
    found = _read(
        tmp_path, _chapter("头痛者，静卧可愈。", part="卷一\\上经") + "<目录>\n<篇名>论目眩\n\n属性：目眩者亦同。\n"
    )
    assert _texts(found) == [("卷一 · 上经 · 论头痛", "头痛者，静卧可愈。"), ("论目眩", "目眩者亦同。")]


def test_figures_rulers_old_colons_and_marks(tmp_path: Path) -> None:
    body = "\\r图1\\p01-a.bmp\\r\n师曰∶此皆\\k头痛\\k之病也，宜静卧于暗室之中。\n@@@\n"
    body += "又一说，头痛之人，宜早卧晚起，勿劳其心神。"
    assert _texts(_read(tmp_path, _chapter(body))) == [
        ("卷上 · 论头痛", "师曰：此皆头痛之病也，宜静卧于暗室之中。"),
        ("卷上 · 论头痛", "又一说，头痛之人，宜早卧晚起，勿劳其心神。"),
    ]


def test_long_text_is_cut_between_sentences(tmp_path: Path) -> None:
    found = _read(tmp_path, _chapter("头痛之人，宜静卧于暗室之中，勿见日光。" * 60 + "甲" * 700 + "。"))
    assert max(len(one.text) for one in found.passages) <= 300
    assert all(one.text.endswith("。") for one in found.passages[:4])
    assert sum(len(one.text) for one in found.passages) == 19 * 60 + 701


def test_a_damaged_line_costs_its_paragraph(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    body = _chapter("1．头痛之人宜\n@\n静卧于暗室。\n2．目眩之人亦同。").encode("gb18030").replace(b"@", b"\xff\xff")
    path.write_bytes(HEAD.encode("gb18030") + body)
    found = collect("classics", path)
    assert [reason for _, reason in found.reasons] == ["bytes that are not valid in the file's encoding"]
    assert _texts(found) == [("卷上 · 论头痛 · 第2条", "目眩之人亦同。")]


def test_empty_chapters_and_stray_text(tmp_path: Path) -> None:
    found = _read(tmp_path, "<目录>卷上\n<篇名>有名无文\n\n内容：\n\n" + _chapter("头痛者，静卧可愈。"), head="")
    assert found.skipped == {"empty chapter": 1}
    path = tmp_path / "b.txt"
    path.write_text("网上抄来的一行\n" + HEAD + _chapter("头痛者，静卧可愈。"), encoding="utf-8")
    assert collect("classics", path).reasons == [(1, "text before the first chapter")]

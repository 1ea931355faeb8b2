"""One article a file: plain text, web pages, Word and PDF. Every article is made up."""

from __future__ import annotations

import gc
import zipfile
from contextlib import suppress
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from pypdf import PdfReader, PdfWriter

from kg_loader.collecting import collector_off
from kg_loader.sources import guess_format
from rag.errors import DataError, NotFoundError, UsageError
from tests.sources.collect import Collected, collect, text_file
from tests.sources.office_files import pdf_file

CLOSING = "静息可以减轻头痛的程度，值得在门诊推广。"
ABSTRACT = f"【摘要】 目的 观察静息的作用。方法 随机分组。结果 差异显著（P＜0.05）。结论 {CLOSING}"
PAPER = [
    "静息对头痛影响的研究",
    "休息杂志 2018年第3期",
    "1 引言",
    "头痛很常见。",
    "5 结论",
    CLOSING,
    "参考文献",
    "[1] 无名氏. 头痛.",
]
ENGLISH = [
    "Darkness for headache",
    "J Rest 2016;3(2):1-9. doi:10.1234/rest.4",
    "1. Introduction",
    "Headache is common.",
    "4. Conclusions",
    "Resting in the dark eased the headache of most.",
    "Acknowledgements",
    "We thank nobody.",
]


def _text(tmp_path: Path, text: str, name: str = "a.txt") -> Collected:
    path = text_file(tmp_path / name, text)
    assert guess_format(path) == "plain-text"
    return collect("plain-text", path)


def _texts(found: Collected) -> list[str]:
    return [one.text for one in found.passages]


# ---------------------------------------------------------------- plain text


@pytest.mark.parametrize(
    "line",
    [
        "【结论】静息可以减轻头痛的程度。",
        "摘要 目的：看。结论：静息可以减轻头痛的程度。",
        "［摘　要］　目的　看。　结论　静息可以减轻头痛的程度。",
    ],
)
def test_a_short_line_that_is_a_sentence(tmp_path: Path, line: str) -> None:
    text = f"题目：静息对头痛的影响\n\n3 结论与讨论 …… 45\n\n{line}\n\n关键词：头痛\n"
    found = _text(tmp_path, text)
    assert _texts(found) == ["静息可以减轻头痛的程度。"]
    assert {one.title for one in found.sources} == {"静息对头痛的影响"}


def test_marks_of_markdown_are_no_text(tmp_path: Path) -> None:
    text = "# Darkness for headache\n\n## Conclusion\n\nIt **eased** the [headache](http://x.y/z) of __most__ people.\n"
    assert _texts(_text(tmp_path, text, "a.md")) == ["It eased the headache of most people."]
    assert _texts(_text(tmp_path, text, "b.txt")) != _texts(_text(tmp_path, text, "a.md"))


@pytest.mark.parametrize(
    ("head", "advice"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", r"password.*save it as \.docx or \.xlsx"),
        (b"\x1f\x8b\x08", "unpack it first"),
        (b"7z\xbc\xaf\x27\x1c", "7z archive"),
        (b"Rar!\x1a\x07", "RAR archive"),
        (b"{\\rtf1 Conclusion", "rich text"),
        (b"PAR1\x15", "Parquet"),
    ],
)
@pytest.mark.parametrize("name", ["a.xlsx", "a.txt"])
def test_what_no_reader_reads_is_told(tmp_path: Path, head: bytes, advice: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(head + b"\x00\x01" * 50)
    with pytest.raises(DataError, match=advice):
        guess_format(path)
    with pytest.raises(DataError, match=advice):
        collect("triples", path)


def test_a_pdf_file_behind_the_words_of_a_server(tmp_path: Path) -> None:
    path = pdf_file(tmp_path / "a.pdf", [["静息对头痛的影响", "【结论】静息可以减轻头痛的程度。"]])
    path.write_bytes(b"\r\nX-Served: 1\r\n" + path.read_bytes())
    assert guess_format(path) == "pdf"
    assert _texts(collect("pdf", path)) == ["静息可以减轻头痛的程度。"]


def test_the_section_at_the_end(tmp_path: Path) -> None:
    found = _text(tmp_path, "\n".join(PAPER))
    assert _texts(found) == [CLOSING]
    assert [(one.title, one.year, one.kind) for one in found.sources] == [("静息对头痛影响的研究", 2018, "document")]


def test_an_english_paper(tmp_path: Path) -> None:
    found = _text(tmp_path, "\r\n".join(ENGLISH))
    assert _texts(found) == ["Resting in the dark eased the headache of most."]
    assert [(one.title, one.year, one.doi) for one in found.sources] == [
        ("Darkness for headache", 2016, "10.1234/rest.4")
    ]


def test_the_abstract_comes_before_the_section(tmp_path: Path) -> None:
    lines = [PAPER[0], ABSTRACT, *PAPER[1:-3], "别的话，不应当被取用在这里。", *PAPER[-2:]]
    assert _texts(_text(tmp_path, "\n".join(lines))) == [CLOSING]


@pytest.mark.parametrize(
    "heading",
    [
        "5 结论",
        "五、结论",
        "结 论",
        "【结论】",
        "# 结论",
        "## 5. 结论与展望",
        "（五）结论",
        "小结",
        "结论：",
        "讨论与结论",
    ],
)
def test_headings_of_the_last_section(tmp_path: Path, heading: str) -> None:
    assert _texts(_text(tmp_path, "\n".join(heading if line == "5 结论" else line for line in PAPER), "a.md")) == [
        CLOSING
    ]


@pytest.mark.parametrize("after", ["参考文献", "参 考 文 献：", "致谢", "6 讨论", "利益冲突 无", "附录", "## 讨论"])
def test_what_ends_a_section(tmp_path: Path, after: str) -> None:
    text = "\n".join(after if line == "参考文献" else line for line in PAPER)
    assert _texts(_text(tmp_path, text)) == [CLOSING]


def test_wrapped_lines_and_divided_words(tmp_path: Path) -> None:
    lines = [
        "Darkness for headache and nothing else",
        "Abstract",
        "Background: Headache is common and it troubles many people of",
        "all ages. Results: Most rested. Conclusions: Resting in the dark treat-",
        "ment eased the headache of most people who came to the clinic and",
        "were asked.",
        "Keywords: headache",
    ]
    assert _texts(_text(tmp_path, "\n".join(lines))) == [
        "Resting in the dark treatment eased the headache of most people who came to the clinic and were asked."
    ]


def test_a_damaged_line_costs_its_section(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    body = "\n".join([*PAPER[:5], "头痛之人不应当", "@", "静息于暗室之中。", "参考文献"])
    path.write_bytes(body.encode().replace(b"@", b"\xff\xfe\xff"))
    found = collect("plain-text", path)
    assert len(found.rejected) == 1
    assert found.skipped == {"no conclusion": 1}


def test_retracted_papers_and_papers_without_conclusion(tmp_path: Path) -> None:
    found = _text(tmp_path, "\n".join(["RETRACTED", *ENGLISH]))
    assert len(found.passages) == 1
    assert set(found.retractions.values()) == {"a stamp on its pages"}
    assert _text(tmp_path, "静息对头痛影响的研究\n摘要\n头痛很常见，本文作了观察。\n").skipped == {"no conclusion": 1}


def test_other_text_files_are_not_guessed(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.txt", "今天天气很好。\n明天也是这样。\n")
    with pytest.raises(DataError):
        assert guess_format(path) == ""


# ---------------------------------------------------------------- HTML

PAGE = """<!DOCTYPE html>
<html><head><meta charset="{charset}"><title>Site | page</title>
<meta name="citation_title" content="静息对头痛影响的研究"><meta name="citation_doi" content="10.1234/rest.5">
<meta name="citation_publication_date" content="2017/05/01"><meta name="citation_journal_title" content="休息杂志">
<meta name="citation_pmid" content="55"><style>p {{}}</style></head>
<body><nav><ul><li>结论</li><li>不相干的导航文字，不应当被取用。</li></ul></nav>
<h1>静息对头痛影响的研究</h1><h2>结论</h2>
<p>静息可以减轻
   头痛的<b>程度</b>，计数 2×10<sup>9</sup>/L。<span style="display:none">隐藏的话。</span></p>
<script>var a = "结论";</script><h2>参考文献</h2><p>[1] 无名氏</p><aside>别处。</aside>
"""


@pytest.mark.parametrize(
    ("charset", "codec"), [("utf-8", "utf-8"), ("gb2312", "gb18030"), ("GBK", "gb18030"), ("big5", "big5hkscs")]
)
def test_a_page_in_the_encoding_that_it_names(tmp_path: Path, charset: str, codec: str) -> None:
    path = tmp_path / "a.html"
    path.write_bytes(PAGE.format(charset=charset).encode(codec, "xmlcharrefreplace"))
    found = collect("html", path)
    assert _texts(found) == ["静息可以减轻 头痛的程度，计数 2×10^9/L。"]
    (source,) = found.sources
    assert (source.title, source.year, source.publisher) == ("静息对头痛影响的研究", 2017, "休息杂志")
    assert (source.doi, source.pmid) == ("10.1234/rest.5", "55")


@pytest.mark.parametrize("before", ["\ufeff", '<?xml version="1.0" encoding="utf-8"?>\n', "<!-- saved -->\n", "\n\n"])
def test_what_stands_before_a_page(tmp_path: Path, before: str) -> None:
    path = text_file(tmp_path / "a.htm", before + PAGE.format(charset="utf-8"))
    assert guess_format(path) == "html"
    assert len(collect("html", path).passages) == 1


def test_an_abstract_in_one_paragraph(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.html", f"<html><body><h1>静息对头痛影响的研究</h1><p>{ABSTRACT}<p>关键词：头痛")
    assert _texts(collect("html", path)) == [CLOSING]


def test_pages_that_hold_nothing(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.html", "<html><body></body></html>")
    assert collect("html", path).skipped == {"no conclusion": 1}
    path.write_bytes(b"<html><body>" + b"\xff\xfe\xff" * 3 + "结论很长的一行文字。".encode() + b"</body></html>")
    with pytest.raises(DataError):
        collect("html", path)


# ---------------------------------------------------------------- Word


def _word(tmp_path: Path) -> Path:
    word = docx.Document()
    word.add_paragraph("静息对头痛影响的研究", style="Title")
    word.add_heading("引言", 1)
    word.add_paragraph("头痛很常见。")
    word.add_heading("结论", 1)
    word.add_paragraph(CLOSING)
    word.add_heading("讨论", 1)
    word.add_paragraph("别的话，不应当被取用在这里。")
    path = tmp_path / "a.docx"
    word.save(str(path))
    return path


def test_a_word_file(tmp_path: Path) -> None:
    path = _word(tmp_path)
    assert guess_format(path) == "docx"
    found = collect("docx", path)
    assert _texts(found) == [CLOSING]
    assert [one.title for one in found.sources] == ["静息对头痛影响的研究"]


def test_tracked_changes_powers_and_breaks(tmp_path: Path) -> None:
    path = _word(tmp_path)
    word = docx.Document(str(path))
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    paragraph = next(one for one in word.paragraphs if one.text == CLOSING)
    paragraph.clear()  # type: ignore[no-untyped-call]
    paragraph.add_run("静息不应当")
    paragraph._p.append(parse_xml(f"<w:del {space}><w:r><w:delText>长期</w:delText></w:r></w:del>"))
    paragraph._p.append(parse_xml(f"<w:ins {space}><w:r><w:t>在饭后</w:t></w:r></w:ins>"))
    paragraph.add_run("进行，计数 2×10")
    paragraph.add_run("9").font.superscript = True
    paragraph.add_run("/L。")
    word.save(str(path))
    assert _texts(collect("docx", path)) == ["静息不应当在饭后进行，计数 2×10^9/L。"]


def test_an_abstract_in_a_table_with_merged_cells(tmp_path: Path) -> None:
    word = docx.Document()
    word.core_properties.title = "静息对头痛影响的研究"
    table = word.add_table(2, 2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = ABSTRACT
    path = tmp_path / "a.docx"
    word.save(str(path))
    found = collect("docx", path)
    assert _texts(found) == [CLOSING]
    assert [one.title for one in found.sources] == ["静息对头痛影响的研究"]


def test_damaged_and_swollen_word_files(tmp_path: Path) -> None:
    path = _word(tmp_path)
    whole = path.read_bytes()
    for number, content in enumerate(
        (whole[: len(whole) // 2], b"PK\x03\x04" + b"x" * 100, b"\xd0\xcf\x11\xe0old Word")
    ):
        broken = tmp_path / f"{number}.docx"
        broken.write_bytes(content)
        with pytest.raises(DataError, match=r"\.docx"):
            collect("docx", broken)
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"<a/>" + b" " * (100 << 20))
    with pytest.raises(DataError, match="unpack"):
        collect("docx", tmp_path / "bomb.docx")
    with zipfile.ZipFile(tmp_path / "other.docx", "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    with pytest.raises(DataError, match="Word file"):
        collect("docx", tmp_path / "other.docx")


# ---------------------------------------------------------------- PDF


def test_a_pdf_file(tmp_path: Path) -> None:
    path = pdf_file(tmp_path / "a.pdf", [PAPER])
    assert guess_format(path) == "pdf"
    found = collect("pdf", path)
    assert _texts(found) == [CLOSING]
    assert [(one.title, one.year) for one in found.sources] == [("静息对头痛影响的研究", 2018)]


def test_running_heads_page_numbers_ligatures_and_divided_words(tmp_path: Path) -> None:
    body = [["Headache is common and it trou-", "bles many."], ["4. Conclusions", "Rest is an e\ufb03cient treat-"]]
    body += [["ment of headache.", "References"], ["[1] Nobody. Headache."]]
    pages = [["Journal of Rest", *lines, f"Page {n} of 4"] for n, lines in enumerate(body, 1)]
    path = pdf_file(tmp_path / "a.pdf", pages, title="Darkness for headache")
    found = collect("pdf", path)
    assert _texts(found) == ["Rest is an efficient treatment of headache."]
    assert [one.title for one in found.sources] == ["Darkness for headache"]


def test_spaces_between_han_characters(tmp_path: Path) -> None:
    lines = [*PAPER[:5], " ".join(CLOSING), *PAPER[6:]]
    assert _texts(collect("pdf", pdf_file(tmp_path / "a.pdf", [lines]))) == [CLOSING]


def test_a_stated_title_that_is_a_file_name_is_no_title(tmp_path: Path) -> None:
    path = pdf_file(tmp_path / "a.pdf", [PAPER], title="Microsoft Word - draft7.docx")
    assert [one.title for one in collect("pdf", path).sources] == ["静息对头痛影响的研究"]


def test_the_pages_of_a_pdf_do_not_pile_up_while_the_collector_is_off(tmp_path: Path) -> None:
    def left(pages: int) -> int:
        path = pdf_file(tmp_path / f"{pages}.pdf", [PAPER] * pages)
        with collector_off():
            gc.collect()
            collect("pdf", path)
            return gc.collect()

    left(1)  # what is made once
    assert left(6) - left(3) < 3 * 40, "of a page its own objects stay, not what reading it took"


def test_protected_pdf_files(tmp_path: Path) -> None:
    writer = PdfWriter(PdfReader(pdf_file(tmp_path / "a.pdf", [PAPER])))
    for password in ("", "secret"):
        path = tmp_path / f"b{password}.pdf"
        writer = PdfWriter(PdfReader(tmp_path / "a.pdf"))
        writer.encrypt(password, "owner", algorithm="RC4-128")
        writer.write(path)
    assert _texts(collect("pdf", tmp_path / "b.pdf")) == [CLOSING]
    with pytest.raises(DataError, match="password"):
        collect("pdf", tmp_path / "bsecret.pdf")


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7\n", b"%PDF-1.7\nnothing\n%%EOF", b"%PDF-1.4\n" + bytes(range(256)) * 40]
)
def test_broken_pdf_files_are_one_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.pdf"):
        collect("pdf", path)


def test_a_pdf_file_cut_anywhere_is_read_or_refused(tmp_path: Path) -> None:
    whole = pdf_file(tmp_path / "a.pdf", [PAPER]).read_bytes()
    path = tmp_path / "b.pdf"
    for end in range(20, len(whole), len(whole) // 12):
        path.write_bytes(whole[:end])
        with suppress(DataError):
            assert _texts(collect("pdf", path)) in ([CLOSING], [])


def test_a_scan_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="run OCR"):
        collect("pdf", pdf_file(tmp_path / "a.pdf", [[], []]))


@pytest.mark.parametrize(
    "name", ["plain-text", "html", "docx", "pdf", "literature-table", "pubmed-xml", "nbib", "ris", "classics"]
)
def test_files_that_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError):
        collect(name, tmp_path / "missing")
    with pytest.raises(UsageError):
        collect(name, tmp_path)

"""MEDLINE `.nbib`, RIS and EndNote's tagged export. Every article is made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg_loader.sources import guess_format
from rag.vocabulary import Grade
from tests.sources.collect import Collected, collect, text_file
from tests.sources.pubmed_files import article, pubmed_file

NBIB = """\
PMID- 41
OWN - NLM
STAT- MEDLINE
DP  - 2019 Mar-Apr
TI  - Darkness for headache: what a long title
      can do.
LID - S0000-0000(19)30001-1 [pii]
LID - 10.1234/rest.1 [doi]
AB  - BACKGROUND: Headache is common. RESULTS: It eased in 4 of 5. CONCLUSIONS: Resting
      in the dark eased the headache.
CI  - (c) 2019 Nobody.
LA  - eng
PT  - Journal Article
PT  - Randomized Controlled Trial
TA  - J Rest
JT  - Journal of Rest
MH  - *Headache/therapy
MH  - Humans
"""


def _nbib(tmp_path: Path, text: str) -> Collected:
    return collect("nbib", text_file(tmp_path / "pubmed.nbib", text))


def test_a_medline_record(tmp_path: Path) -> None:
    found = _nbib(tmp_path, NBIB)
    (source,), (passage,) = found.sources, found.passages
    assert source.title == "Darkness for headache: what a long title can do"
    assert (source.year, source.publisher, source.doi, source.pmid) == (2019, "Journal of Rest", "10.1234/rest.1", "41")
    assert (source.grade, source.licence) == (Grade.TRIAL, "(c) 2019 Nobody.")
    assert (passage.text, passage.locator) == ("Resting in the dark eased the headache.", "CONCLUSIONS")


def test_an_article_is_the_same_source_in_xml(tmp_path: Path) -> None:
    xml = collect("pubmed-xml", pubmed_file(tmp_path / "a.xml", article(1)))
    nbib = _nbib(
        tmp_path,
        "PMID- 1\nDP  - 2019 Mar\nTI  - Darkness for headache.\nJT  - Journal of Rest\nPT  - Journal Article\n"
        "AB  - BACKGROUND: Headache is common. CONCLUSIONS: Resting in the dark eased the headache.\n",
    )
    assert (nbib.sources, nbib.passages) == (xml.sources, xml.passages)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff", "\n\n"])
def test_line_ends_marks_and_blank_lines(tmp_path: Path, end: str, mark: str) -> None:
    path = tmp_path / "a.nbib"
    path.write_bytes((mark + NBIB + "\n\n" + NBIB.replace("41", "42", 1)).replace("\n", end).encode())
    assert guess_format(path) == "nbib"
    found = collect("nbib", path)
    assert {one.pmid for one in found.sources} == {"41", "42"}
    assert found.rejected == []


def test_records_that_no_blank_line_divides(tmp_path: Path) -> None:
    assert len(_nbib(tmp_path, NBIB + NBIB.replace("41", "42", 1)).sources) == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("PT  - Journal Article", "PT  - Retraction of Publication"), "retraction notice"),
        (("PT  - Journal Article", "PT  - Letter"), "opinion or news"),
        (("CONCLUSIONS: Resting\n      in the dark eased the headache.", "4 of 5 rested."), "no conclusion"),
    ],
)
def test_what_does_not_support_is_counted(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    found = _nbib(tmp_path, NBIB.replace(*change))
    assert (found.records, found.skipped) == ([], {reason: 1})


@pytest.mark.parametrize(
    ("change", "stated_by"),
    [
        (("PT  - Journal Article", "PT  - Retracted Publication"), "its publication type"),
        (("OWN - NLM", "RIN - J Rest. 2020;1(1):1. PMID: 9"), "notice pmid:9"),
        (("OWN - NLM", "RIN - J Rest. 2020;1(1):1."), "notice without a number"),
    ],
)
def test_a_retracted_article_is_kept_and_its_retraction_stated(
    tmp_path: Path, change: tuple[str, str], stated_by: str
) -> None:
    found = _nbib(tmp_path, NBIB.replace(*change))
    assert len(found.passages) == 1
    assert found.retractions["pmid:41"] == stated_by
    assert set(found.retractions) == {"pmid:41", *(f"doi:{one.doi}" for one in found.sources if one.doi)}


def test_a_notice_names_what_it_retracts(tmp_path: Path) -> None:
    notice = NBIB.replace("PT  - Journal Article", "PT  - Retraction of Publication")
    found = _nbib(tmp_path, notice.replace("OWN - NLM", "ROF - J Rest. 2020;1(1):1. PMID: 9"))
    assert (found.retractions, found.passages) == ({"pmid:9": "notice pmid:41"}, [])


def test_animals_other_abstracts_and_transliterated_titles(tmp_path: Path) -> None:
    found = _nbib(
        tmp_path,
        NBIB.replace("MH  - Humans", "MH  - *Animals")
        + "\nPMID- 42\nTI  - \nTT  - Jingxi he touteng.\nOAB - 目的 观察。结论:静息可以减轻头痛的程度。\nOABL- chi\n",
    )
    assert {one.pmid: one.grade for one in found.sources} == {"41": Grade.STUDY, "42": Grade.STUDY}
    assert {one.title for one in found.sources} >= {"Jingxi he touteng"}
    assert found.passages[1].text == "静息可以减轻头痛的程度。"


def test_a_record_without_a_number_or_title_costs_itself(tmp_path: Path) -> None:
    found = _nbib(tmp_path, f"PMID- x\nTI  - A\nAB  - B\n\nPMID- 43\nAB  - CONCLUSION: Rest is good.\n\n{NBIB}")
    assert found.reasons == [(1, "no PMID"), (5, "no title")]
    assert len(found.passages) == 1


# ---------------------------------------------------------------- RIS

RIS = """\
TY  - JOUR
T1  - Darkness for headache
AU  - Nobody, A.
PY  - 2015///
JO  - Journal of Rest
DO  - https://doi.org/10.1234/rest.2
AN  - PMID: 77
AB  - Objective: To see. Results: So in 4.5%. Conclusion: Resting in the dark eased
 the headache of most.
UR  - https://example.org/a;https://example.org/b
KW  - headache
ER  - 
"""  # noqa: W291 - as exporters write it
CHINESE = """\
TY  - JOUR
TI  - 静息对头痛的影响
JF  - 休息杂志
Y1  - 2018/03/01
N2  - <正>目的:观察静息的作用。方法:随机分组。结果:差异显著(P<0.05)。结论:静息可以减轻头痛的程度。
KW  - 头痛
ER  -
"""


def _ris(tmp_path: Path, text: str) -> Collected:
    return collect("ris", text_file(tmp_path / "a.ris", text))


def test_a_ris_record(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.ris", RIS)
    assert guess_format(path) == "ris"
    found = collect("ris", path)
    (source,), (passage,) = found.sources, found.passages
    assert (source.title, source.year, source.publisher) == ("Darkness for headache", 2015, "Journal of Rest")
    assert (source.doi, source.pmid, source.url) == ("10.1234/rest.2", "77", "https://example.org/a")
    assert passage.text == "Resting in the dark eased the headache of most."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_chinese_export_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "cnki.ris"
    path.write_bytes(CHINESE.encode(encoding))
    assert guess_format(path) == "ris"
    found = collect("ris", path)
    assert [one.text for one in found.passages] == ["静息可以减轻头痛的程度。"]
    assert [(one.title, one.year, one.publisher) for one in found.sources] == [("静息对头痛的影响", 2018, "休息杂志")]


@pytest.mark.parametrize(
    "text",
    [
        RIS + RIS,
        RIS.replace("ER  - \n", "") + RIS,
        "\n\n" + RIS + "\n\n\n" + RIS,
        (RIS + RIS).replace("  - ", " - "),
        (RIS + RIS).replace("\n", "\r\n"),
        "Provider: Nobody\n\n" + RIS + RIS,
    ],
    ids=["plain", "no end", "blank lines", "one space", "crlf", "a line before"],
)
def test_records_are_told_apart(tmp_path: Path, text: str) -> None:
    found = _ris(tmp_path, text)
    assert [one.text for one in found.passages] == ["Resting in the dark eased the headache of most."] * 2
    assert found.rejected == []


def test_the_longest_abstract_is_read(tmp_path: Path) -> None:
    found = _ris(tmp_path, RIS.replace("KW  - headache", "N2  - See above."))
    assert len(found.passages) == 1


@pytest.mark.parametrize(
    ("line", "kind"), [("THES", "thesis"), ("CONF", "conference-paper"), ("JFULL", "journal-article")]
)
def test_kinds_of_work(tmp_path: Path, line: str, kind: str) -> None:
    assert [one.kind for one in _ris(tmp_path, RIS.replace("JOUR", line)).sources] == [kind]


def test_news_is_left_out_and_retracted_titles_are_kept(tmp_path: Path) -> None:
    found = _ris(
        tmp_path,
        RIS.replace("JOUR", "NEWS")
        + RIS.replace("Darkness for", "RETRACTED ARTICLE: Darkness for")
        + RIS.replace("Darkness for headache", "Retraction notice to Darkness for headache")
        + CHINESE.replace("静息对", "【撤稿】静息对"),
    )
    assert found.skipped == {"opinion or news": 1, "retraction notice": 1}
    assert len(found.sources) == 2
    assert set(found.retractions.values()) == {"its title"}


def test_a_notice_in_words_names_the_article_by_its_doi(tmp_path: Path) -> None:
    notice = RIS.replace("Darkness for headache", "Retraction notice to: Light. DOI 10.1000/LIGHT.7, PMID 88")
    assert set(_ris(tmp_path, notice).retractions) == {"doi:10.1000/light.7", "pmid:88"}


def test_a_type_of_work_in_m3_is_a_grade(tmp_path: Path) -> None:
    found = _ris(tmp_path, RIS.replace("KW  - headache", "M3  - Systematic Review"))
    assert [one.grade for one in found.sources] == [Grade.SYSTEMATIC_REVIEW]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [("T1  - Darkness for headache\n", "", "no title"), ("TY  - JOUR", "TY  - ", "no type of reference (TY)")],
)
def test_a_broken_record_costs_itself(tmp_path: Path, old: str, new: str, reason: str) -> None:
    found = _ris(tmp_path, RIS.replace(old, new) + RIS)
    assert found.reasons == [(1, reason)]
    assert len(found.passages) == 1


ENW = """\
%0 Journal Article
%T Darkness for headache
%A Nobody, A.
%J Journal of Rest
%D 2016
%R 10.1234/rest.3
%X We looked. Most rested. In conclusion, rest is of use in headache.
%U https://example.org/c

%0 Thesis
%T 静息对头痛的影响
%D 2018
%X 目的 观察。结论:静息可以减轻头痛的程度。
"""


def test_endnote_records(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.enw", ENW)
    assert guess_format(path) == "ris"
    found = collect("ris", path)
    assert {(one.title, one.year, one.kind, one.doi) for one in found.sources} == {
        ("Darkness for headache", 2016, "journal-article", "10.1234/rest.3"),
        ("静息对头痛的影响", 2018, "thesis", None),
    }
    assert [one.text for one in found.passages] == [
        "In conclusion, rest is of use in headache.",
        "静息可以减轻头痛的程度。",
    ]


# ---------------------------------------------------------------- other tagged exports

WEB_OF_SCIENCE = """\
FN Clarivate Analytics Web of Science
VR 1.0
PT J
AU Nobody, A
TI Darkness
   for headache
SO JOURNAL OF REST
AB Objective: To see. Results: So in 4.5%. Conclusion: Resting in the dark
   eased the headache of most.
PY 2015
DI 10.1234/rest.2
PM 77
ER

EF
"""
REFWORKS = """\
RT Journal Article
A1 某某
T1 静息对头痛的影响
JF 休息杂志
YR 2018
AB 目的:观察静息的作用。结论:静息可以减轻头痛的程度。
LK https://example.org/a

RT Dissertation/Thesis
T1 静息
AB 目的:观察静息的作用。结论:静息可以减轻头痛的程度。
"""
NOTE_EXPRESS = """\
{Reference Type}: Journal Article
{Title}: 静息对头痛的影响
{Author}: 某某;
{Journal}: 休息杂志
{Year}: 2018
{Abstract}: 目的:观察静息的作用。
结论:静息可以减轻头痛的程度。
{ISBN/ISSN}: 1000-0000
{URL}: https://example.org/a
"""


def test_a_web_of_science_record(tmp_path: Path) -> None:
    path = text_file(tmp_path / "savedrecs.txt", WEB_OF_SCIENCE)
    assert guess_format(path) == "ris"
    found = collect("ris", path)
    (source,), (passage,) = found.sources, found.passages
    assert (source.title, source.year, source.publisher) == ("Darkness for headache", 2015, "JOURNAL OF REST")
    assert (source.doi, source.pmid) == ("10.1234/rest.2", "77")
    assert passage.text == "Resting in the dark eased the headache of most."


@pytest.mark.parametrize(("text", "records"), [(REFWORKS, 2), (NOTE_EXPRESS, 1)], ids=["refworks", "noteexpress"])
def test_the_other_exports_of_cnki(tmp_path: Path, text: str, records: int) -> None:
    path = text_file(tmp_path / "cnki.txt", text)
    assert guess_format(path) == "ris"
    found = collect("ris", path)
    assert [one.text for one in found.passages] == ["静息可以减轻头痛的程度。"] * records
    first = next(one for one in found.sources if one.title == "静息对头痛的影响")
    assert (first.year, first.publisher, first.url) == (2018, "休息杂志", "https://example.org/a")


def test_markup_of_publishers_is_no_text(tmp_path: Path) -> None:
    text = (
        RIS.replace("Darkness for", "<i>Darkness</i> &amp; rest for")
        .replace("eased", "at 10<sup>9</sup>/L of CO&lt;sub&gt;2&lt;/sub&gt; (P &lt; 0.05, n > 3) eased")
        .replace("AB  - ", "AB  - <jats:p>")
    )
    found = _ris(tmp_path, text)
    assert [one.title for one in found.sources] == ["Darkness & rest for headache"]
    assert [one.text for one in found.passages] == [
        "Resting in the dark at 10^9/L of CO2 (P < 0.05, n > 3) eased the headache of most."
    ]

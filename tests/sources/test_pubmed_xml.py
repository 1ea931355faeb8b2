from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from kg_loader.sources import guess_format
from rag.errors import DataError
from rag.vocabulary import Grade
from tests.source_tree import ROOT
from tests.sources.collect import Collected, collect
from tests.sources.pubmed_files import HEAD, STRUCTURED, article, article_set, pubmed_file


def _read(tmp_path: Path, *articles: str) -> Collected:
    return collect("pubmed-xml", pubmed_file(tmp_path / "pubmed.xml", *articles))


def _only(tmp_path: Path, **parts: object) -> str:
    (passage,) = _read(tmp_path, article(**parts)).passages  # type: ignore[arg-type]
    return passage.text


def test_an_article_is_a_source_and_its_conclusion(tmp_path: Path) -> None:
    found = _read(
        tmp_path, article(41, in_article='<ELocationID EIdType="doi" ValidYN="Y">10.1234/Rest.1</ELocationID>')
    )
    (source,), (passage,) = found.sources, found.passages
    assert (source.title, source.year, source.publisher) == ("Darkness for headache", 2019, "Journal of Rest")
    assert (source.pmid, source.doi, source.url) == ("41", "10.1234/Rest.1", "https://pubmed.ncbi.nlm.nih.gov/41/")
    assert (source.grade, source.lineage) == (Grade.STUDY, "PubMed")
    assert (passage.text, passage.locator) == ("Resting in the dark eased the headache.", "CONCLUSIONS")
    assert passage.title == "Darkness for headache"


def test_a_packed_file_is_guessed_and_read_like_the_plain_one(tmp_path: Path) -> None:
    plain = pubmed_file(tmp_path / "a.xml", article(1), article(2))
    packed = tmp_path / "pubmed25n0001.xml.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert guess_format(plain) == guess_format(packed) == "pubmed-xml"
    assert collect("pubmed-xml", plain).records == collect("pubmed-xml", packed).records


@pytest.mark.parametrize(
    ("date", "year"),
    [
        ("<MedlineDate>1998 Dec-1999 Jan</MedlineDate>", 1998),
        ("<MedlineDate>Spring 2003</MedlineDate>", 2003),
        ("<Year>2015</Year><Season>Winter</Season>", 2015),
        ("<Day>3</Day>", None),
        ("", None),
    ],
)
def test_dates_of_every_shape(tmp_path: Path, date: str, year: int | None) -> None:
    assert [one.year for one in _read(tmp_path, article(date=date)).sources] == [year]


def test_the_electronic_date_stands_in(tmp_path: Path) -> None:
    parts = article(date="", in_article='<ArticleDate DateType="Electronic"><Year>2021</Year></ArticleDate>')
    assert [one.year for one in _read(tmp_path, parts).sources] == [2021]


@pytest.mark.parametrize(
    "part",
    [
        '<AbstractText Label="CONCLUSION">{}</AbstractText>',
        '<AbstractText Label="Authors\' conclusions" NlmCategory="CONCLUSIONS">{}</AbstractText>',
        '<AbstractText Label="INTERPRETATION" NlmCategory="UNASSIGNED">{}</AbstractText>',
        '<AbstractText Label="CONCLUSIONS AND RELEVANCE" NlmCategory="UNASSIGNED">{}</AbstractText>',
        '<AbstractText Label="DISCUSSION" NlmCategory="CONCLUSIONS">{}</AbstractText>',
        "<AbstractText>AIM: To see. RESULTS: It was so. CONCLUSIONS: {}</AbstractText>",
        "<AbstractText>BACKGROUND: To see. RESULTS: So in 4.5%. CONCLUSIONS AND RELEVANCE: {}</AbstractText>",
        "<AbstractText>We looked at many. Most rested well. In conclusion, {}</AbstractText>",
        "<AbstractText>We looked at many. Most rested well. These findings suggest that {}</AbstractText>",
    ],
)
def test_the_conclusion_is_found_under_every_name(tmp_path: Path, part: str) -> None:
    text = _only(tmp_path, abstract=part.format("Rest is of use in headache."))
    assert text.endswith("Rest is of use in headache.")
    assert "rested well" not in text
    assert "It was so" not in text


@pytest.mark.parametrize(
    "part",
    [
        "<AbstractText>We looked at many people with headache. Most of them rested well in the dark.</AbstractText>",
        "<AbstractText>We looked. In conclusion, rest is of (ABSTRACT TRUNCATED AT 250 WORDS)</AbstractText>",
        '<AbstractText Label="RESULTS" NlmCategory="RESULTS">Rest eased the headache of most.</AbstractText>',
        "",
    ],
)
def test_without_a_conclusion_nothing_is_taken(tmp_path: Path, part: str) -> None:
    assert _read(tmp_path, article(abstract=part)).skipped == {"no conclusion": 1}


@pytest.mark.parametrize(
    "tail",
    [
        "Trial registration: ABC00000001.",
        "FUNDING: Nobody.",
        "Copyright © 2019 Journal of Rest.",
        "© 2019 The Authors.",
        "KEYWORDS: headache; rest.",
    ],
)
def test_what_is_appended_is_no_conclusion(tmp_path: Path, tail: str) -> None:
    part = f'<AbstractText Label="CONCLUSION">Rest is of use in headache. {tail}</AbstractText>'
    assert _only(tmp_path, abstract=part) == "Rest is of use in headache."


def test_markup_escapes_and_powers_inside_a_text(tmp_path: Path) -> None:
    part = (
        '<AbstractText Label="CONCLUSION">In <i>Testia nova</i>, a count of 2 × 10<sup>9</sup>/L and SpO<sub>2</sub> '
        "&lt; 90% (<b>p</b> &amp;lt; 0.05)<!-- note --> were usual.</AbstractText>"
    )
    assert _only(tmp_path, abstract=part) == (
        "In Testia nova, a count of 2 × 10^9/L and SpO2 < 90% (p < 0.05) were usual."
    )


def test_two_concluding_parts_are_two_passages(tmp_path: Path) -> None:
    part = STRUCTURED + '<AbstractText Label="SIGNIFICANCE" NlmCategory="CONCLUSIONS">Darkness is cheap.</AbstractText>'
    found = _read(tmp_path, article(abstract=part))
    assert [one.locator for one in found.passages] == ["CONCLUSIONS", "SIGNIFICANCE"]


@pytest.mark.parametrize(
    ("types", "grade"),
    [
        (("Practice Guideline", "Journal Article"), Grade.GUIDELINE),
        (("Journal Article", "Systematic Review", "Meta-Analysis"), Grade.SYSTEMATIC_REVIEW),
        (("Randomized Controlled Trial", "Multicenter Study"), Grade.TRIAL),
        (("Clinical Trial, Phase II",), Grade.TRIAL),
        (("Observational Study",), Grade.OBSERVATIONAL),
        (("Case Reports",), Grade.CASE),
        (("Randomized Controlled Trial, Veterinary",), Grade.STUDY),
        (("Review",), Grade.STUDY),
        (("Preprint",), Grade.STUDY),
        ((), Grade.STUDY),
    ],
)
def test_publication_types_are_grades(tmp_path: Path, types: tuple[str, ...], grade: Grade) -> None:
    assert [one.grade for one in _read(tmp_path, article(types=types)).sources] == [grade]


def test_a_trial_in_animals_alone_is_a_study(tmp_path: Path) -> None:
    mesh = "".join(f"<MeshHeading><DescriptorName>{one}</DescriptorName></MeshHeading>" for one in ("Animals", "Rats"))
    parts = article(types=("Clinical Trial",), in_citation=f"<MeshHeadingList>{mesh}</MeshHeadingList>")
    assert [one.grade for one in _read(tmp_path, parts).sources] == [Grade.STUDY]


def _correction(kind: str, pmid: int | None = None) -> str:
    pointed = f'<PMID Version="1">{pmid}</PMID>' if pmid else ""
    return (
        f'<CommentsCorrectionsList><CommentsCorrections RefType="{kind}"><RefSource>J</RefSource>{pointed}'
        "</CommentsCorrections></CommentsCorrectionsList>"
    )


def test_a_retracted_article_is_kept_and_its_retraction_stated(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        article(1, types=("Journal Article", "Retracted Publication")),
        article(2, in_citation=_correction("RetractionIn", 9)),
        article(3, title="RETRACTED: Darkness for headache."),
        article(4),
        article(5, types=("Retraction of Publication",), in_citation=_correction("RetractionOf", 4)),
        article(6, in_citation=_correction("CommentIn", 4)),
    )
    assert found.skipped == {"retraction notice": 1}
    assert {one.pmid for one in found.sources} == {"1", "2", "3", "4", "6"}
    assert found.retractions == {
        "pmid:1": "its publication type",
        "pmid:2": "notice pmid:9",
        "pmid:3": "its title",
        "pmid:4": "notice pmid:5",
    }


def test_a_notice_names_articles_that_are_not_in_its_file(tmp_path: Path) -> None:
    reference = "<RefSource>J Rest. 2020;1(1):1. doi: 10.1000/Abc.1</RefSource>"
    stated = _correction("RetractionOf", 77).replace("<RefSource>J</RefSource>", reference)
    found = _read(tmp_path, article(5, types=("Retraction of Publication",), in_citation=stated))
    assert found.retractions == {"pmid:77": "notice pmid:5", "doi:10.1000/abc.1": "notice pmid:5"}
    assert found.sources == set()


def test_a_retracted_article_without_conclusion_is_a_retraction_all_the_same(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        article(1, abstract="", types=("Retracted Publication",)),
        article(2, types=("Retracted Publication", "Letter")),
    )
    assert found.skipped == {"no conclusion": 1, "opinion or news": 1}
    assert set(found.retractions) == {"pmid:1", "pmid:2"}


def test_opinions_protocols_books_and_deleted_articles_are_left_out(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        article(1, types=("Editorial",)),
        article(2, types=("Clinical Trial Protocol", "Journal Article")),
        article(3),
        "<PubmedBookArticle><BookDocument><PMID>4</PMID></BookDocument></PubmedBookArticle>",
        "<DeleteCitation><PMID>3</PMID></DeleteCitation>",
    )
    assert found.records == []
    assert found.skipped == {"opinion or news": 1, "study protocol": 1, "deleted by PubMed": 1, "book chapter": 1}


def test_the_last_version_of_an_article_counts(tmp_path: Path) -> None:
    newer = STRUCTURED.replace("eased", "slightly eased")
    found = _read(tmp_path, article(1), article(2), article(1, abstract=newer))
    assert found.skipped == {"duplicate": 1}
    assert [one.text for one in found.passages if "slightly" in one.text] != []


def test_translated_titles_questions_and_other_abstracts(tmp_path: Path) -> None:
    chinese = (
        '<OtherAbstract Type="Publisher" Language="chi"><AbstractText>目的 观察。结论:静息可以减轻头痛的程度。'
        "</AbstractText></OtherAbstract>"
    )
    found = _read(
        tmp_path,
        article(1, title="[Darkness for headache]."),
        article(2, title="Does darkness help?"),
        article(3, abstract="", in_citation=chinese),
        article(4, abstract="", in_citation=chinese.replace("chi", "spa")),
    )
    titles = {one.pmid: one.title for one in found.sources}
    assert titles["1"] == "Darkness for headache"
    assert [one.question for one in found.passages] == [None, "Does darkness help?", None]
    assert found.passages[2].text == "静息可以减轻头痛的程度。"
    assert found.skipped == {"no conclusion": 1}


def test_the_identifiers_of_cited_papers_are_not_its_own(tmp_path: Path) -> None:
    cited = (
        '<ArticleIdList><ArticleId IdType="pubmed">1</ArticleId></ArticleIdList><ReferenceList><Reference>'
        '<ArticleIdList><ArticleId IdType="doi">10.9999/other</ArticleId></ArticleIdList></Reference></ReferenceList>'
    )
    assert [one.doi for one in _read(tmp_path, article(data=cited)).sources] == [None]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"title": ""}, "no title"),
        ({"title": "[.]"}, "no title"),
        ({"pmid": "x1"}, "no PMID"),
        ({"pmid": ""}, "no PMID"),
    ],
)
def test_a_broken_article_costs_itself(tmp_path: Path, parts: dict[str, str], reason: str) -> None:
    found = _read(tmp_path, article(**parts), article(2))  # type: ignore[arg-type]
    assert found.reasons == [(1, reason)]
    assert len(found.passages) == 1


def test_a_file_cut_short_gives_what_was_whole(tmp_path: Path) -> None:
    path = pubmed_file(tmp_path / "pubmed.xml", article(1), article(2), article(3))
    path.write_bytes(path.read_bytes()[:-400])
    found = collect("pubmed-xml", path)
    assert len(found.passages) == 2
    ((number, reason),) = found.reasons
    assert number == 3
    assert reason.startswith("broken XML, nothing after this article was read")


def test_a_packed_file_cut_short_is_no_crash(tmp_path: Path) -> None:
    whole = gzip.compress(article_set(*(article(number) for number in range(1, 3000))).encode())
    path = tmp_path / "pubmed.xml.gz"
    path.write_bytes(whole[: len(whole) // 2])
    found = collect("pubmed-xml", path)
    assert len(found.rejected) == 1
    assert 0 < len(found.passages) < 2999


@pytest.mark.parametrize(
    "text",
    [
        "not xml at all",
        "<html><body>error</body></html>",
        f"{HEAD}<PubmedArticleSet></PubmedArticleSet>",
        "<eFetchResult><ERROR>ID list is empty</ERROR></eFetchResult>",
        '<!DOCTYPE a [<!ENTITY x "y">]><PubmedArticleSet>' + article() + "</PubmedArticleSet>",
    ],
)
def test_what_is_no_pubmed_file_is_one_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.xml"):
        collect("pubmed-xml", path)


def test_entities_are_never_expanded(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    outside = f'<!ENTITY f SYSTEM "file://{tmp_path}/secret">'
    body = article(title="&l11; &f;")
    path.write_text(f'<!DOCTYPE a [<!ENTITY l0 "ha">{levels}{outside}]><PubmedArticleSet>{body}</PubmedArticleSet>')
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(DataError, match="entities"):
        collect("pubmed-xml", path)


def test_a_long_file_takes_little_memory(tmp_path: Path) -> None:
    filler = STRUCTURED.replace("Headache is common.", "Headache is common. " * 500)
    path = pubmed_file(tmp_path / "pubmed.xml", *(article(number, abstract=filler) for number in range(1, 4001)))
    assert path.stat().st_size > 40 << 20
    count = (
        "import resource, sys; from pathlib import Path; from kg_loader.sources import FORMATS, ReadContext\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "read = FORMATS['pubmed-xml'].read(Path(sys.argv[1]), ReadContext('x'))\n"
        "next(read); before = peak(); print(1 + sum(1 for _ in read), (peak() - before) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", count, path], capture_output=True, text=True, check=True, cwd=ROOT)
    items, megabytes = map(int, done.stdout.split())
    assert items == 8000
    assert megabytes < 30


def test_formulae_keep_their_powers_and_fractions(tmp_path: Path) -> None:
    inside = (
        "<m:math xmlns:m='http://www.w3.org/1998/Math/MathML'><m:semantics><m:mrow><m:msup><m:mn>10</m:mn><m:mn>9</m:mn>"
        "</m:msup><m:mo>=</m:mo><m:mfrac><m:mrow><m:mi>a</m:mi><m:mo>+</m:mo><m:mi>b</m:mi></m:mrow><m:mi>c</m:mi>"
        "</m:mfrac></m:mrow><m:annotation>10^9</m:annotation></m:semantics></m:math>"
    )
    part = f'<AbstractText Label="CONCLUSION">The counts above {inside} were rare.</AbstractText>'
    found = collect("pubmed-xml", pubmed_file(tmp_path / "a.xml", article(1, abstract=part)))
    assert [one.text for one in found.passages] == ["The counts above 10^9=(a+b)/c were rare."]

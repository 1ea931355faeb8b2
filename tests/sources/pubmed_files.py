"""PubMed XML written by the tests; every article, number and name in it is made up."""

from __future__ import annotations

from pathlib import Path

HEAD = (
    '<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n'
)
STRUCTURED = (
    '<AbstractText Label="BACKGROUND" NlmCategory="BACKGROUND">Headache is common.</AbstractText>'
    '<AbstractText Label="CONCLUSIONS" NlmCategory="CONCLUSIONS">Resting in the dark eased the headache.</AbstractText>'
)


def article(
    pmid: object = 1,
    *,
    title: str = "Darkness for headache.",
    abstract: str = STRUCTURED,
    date: str = "<Year>2019</Year><Month>Mar</Month>",
    types: tuple[str, ...] = ("Journal Article",),
    in_article: str = "",
    in_citation: str = "",
    data: str = "",
) -> str:
    """One PubmedArticle."""
    listed = "".join(f'<PublicationType UI="D1">{one}</PublicationType>' for one in types)
    return (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{pmid}</PMID>'
        f"<Article><Journal><JournalIssue><PubDate>{date}</PubDate></JournalIssue><Title>Journal of Rest</Title>"
        f"</Journal><ArticleTitle>{title}</ArticleTitle><Abstract>{abstract}</Abstract>{in_article}"
        f"<PublicationTypeList>{listed}</PublicationTypeList></Article>{in_citation}</MedlineCitation>"
        f"<PubmedData>{data}</PubmedData></PubmedArticle>\n"
    )


def article_set(*articles: str) -> str:
    """A whole document."""
    return f"{HEAD}<PubmedArticleSet>{''.join(articles)}</PubmedArticleSet>\n"


def pubmed_file(path: Path, *articles: str) -> Path:
    """Writes a document of these articles."""
    path.write_text(article_set(*articles), encoding="utf-8")
    return path

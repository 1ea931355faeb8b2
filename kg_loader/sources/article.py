"""An article as every literature format gives it: bibliography, abstract, publication types -> source and conclusion.

All formats go through here, so that the same rules decide what supports an answer: no article without a conclusion,
none that was retracted, no protocol, no opinion.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kg_loader.sections import NO_CONCLUSION, closing_of, conclusion_of, pieces
from kg_loader.sources.format import Item, ReadContext, RowError
from rag.domain import Passage, PassageKind, Skipped, Source
from rag.text import clean
from rag.vocabulary import GRADE_RANK, Grade

RETRACTED = "retracted"
RETRACTION_NOTICE = "retraction notice"
OPINION = "opinion or news"
PROTOCOL = "study protocol"

_TITLE_MAX = 500
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+")
_PMID = re.compile(r"(?<!\d)\d{1,8}(?!\d)")

GRADES: Mapping[str, Grade] = MappingProxyType(
    {
        "guideline": Grade.GUIDELINE,
        "practice guideline": Grade.GUIDELINE,
        "consensus development conference": Grade.GUIDELINE,
        "consensus development conference, nih": Grade.GUIDELINE,
        "meta-analysis": Grade.SYSTEMATIC_REVIEW,
        "systematic review": Grade.SYSTEMATIC_REVIEW,
        "network meta-analysis": Grade.SYSTEMATIC_REVIEW,
        "randomized controlled trial": Grade.TRIAL,
        "controlled clinical trial": Grade.TRIAL,
        "clinical trial": Grade.TRIAL,
        "clinical trial, phase i": Grade.TRIAL,
        "clinical trial, phase ii": Grade.TRIAL,
        "clinical trial, phase iii": Grade.TRIAL,
        "clinical trial, phase iv": Grade.TRIAL,
        "pragmatic clinical trial": Grade.TRIAL,
        "equivalence trial": Grade.TRIAL,
        "adaptive clinical trial": Grade.TRIAL,
        "observational study": Grade.OBSERVATIONAL,
        "twin study": Grade.OBSERVATIONAL,
        "case reports": Grade.CASE,
        "临床指南": Grade.GUIDELINE,
        "指南": Grade.GUIDELINE,
        "系统评价": Grade.SYSTEMATIC_REVIEW,
        "meta分析": Grade.SYSTEMATIC_REVIEW,
        "随机对照试验": Grade.TRIAL,
        "临床试验": Grade.TRIAL,
        "观察性研究": Grade.OBSERVATIONAL,
        "病例报告": Grade.CASE,
    }
)
"""Publication types (MeSH names in lower case) to grades; anything else is a `study`."""

_SKIPPED_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "retracted publication": RETRACTED,
        "retraction of publication": RETRACTION_NOTICE,
        "retraction notice": RETRACTION_NOTICE,
        "clinical trial protocol": PROTOCOL,
        "editorial": OPINION,
        "editorial material": OPINION,
        "letter": OPINION,
        "comment": OPINION,
        "news": OPINION,
        "newspaper article": OPINION,
        "biography": OPINION,
        "interview": OPINION,
        "personal narrative": OPINION,
    }
)
_RETRACTED_TITLE = re.compile(
    r"\W*(?:retracted(?: article)?\b\s*[:.\])]|\(?retracted\b.*\)$"
    r"|(?:【|\[|［)?(?:已)?撤(?:稿|回)(?:论文|文章)?(?:】|\]|］|[:：]))",
    re.IGNORECASE,
)
_NOTICE_TITLE = re.compile(
    r"\W*(?:retraction(?: notice| note)?\s*(?::|to\b|of\b)|notice of retraction|撤稿声明|关于撤销.{0,40}(?:论文|一文))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Section:
    """A labelled part of an abstract that concludes."""

    label: str
    text: str


@dataclass(frozen=True)
class Article:
    """What a reader found. `conclusions` are set where the format names them, else they are found in `abstract`."""

    title: str
    abstract: str = ""
    conclusions: tuple[Section, ...] = ()
    types: tuple[str, ...] = ()
    year: int | None = None
    journal: str | None = None
    doi: str | None = None
    pmid: str | None = None
    url: str | None = None
    licence: str | None = None
    kind: str = "journal-article"
    grade: Grade | None = None
    retracted: bool = False
    animals_only: bool = False
    lineage: str | None = None
    locator: str | None = None


def records(article: Article, context: ReadContext) -> Iterator[Item]:
    """Source and conclusion of an article, or the one reason to leave it out. RowError without a title."""
    if reason := _left_out(article):
        yield Skipped(reason)
        return
    sections = article.conclusions or _found(article)
    if not sections:
        yield Skipped(NO_CONCLUSION)
        return
    title = _title(article.title)
    source = context.source or _source(article, title)
    yield source
    question = title if title.endswith(("?", "？")) else None
    shown = None if question else title
    for section in sections:
        for text in pieces(section.text):
            yield Passage(
                text=text,
                kind=PassageKind.CONCLUSION,
                source=source.id,
                title=shown,
                question=question,
                locator=section.label,
            )


def _left_out(article: Article) -> str | None:
    """A retraction outweighs every other reason."""
    types = {one.strip().lower() for one in article.types}
    reasons = {_SKIPPED_TYPES[one] for one in types if one in _SKIPPED_TYPES}
    if article.retracted or RETRACTED in reasons or _RETRACTED_TITLE.match(article.title):
        return RETRACTED
    if RETRACTION_NOTICE in reasons or _NOTICE_TITLE.match(article.title):
        return RETRACTION_NOTICE
    return next(iter(sorted(reasons)), None)


def _found(article: Article) -> tuple[Section, ...]:
    text = clean(article.abstract)
    if stated := conclusion_of(text):
        return (Section(article.locator or "结论", stated),)
    if closing := closing_of(text):
        return (Section(article.locator or "摘要末句", closing),)
    return ()


def _title(written: str) -> str:
    """Without the brackets and full stop of a database. RowError where nothing is left."""
    title = clean(written)
    if title.startswith("[") and title.rstrip(".").endswith("]"):  # translated by the database
        title = title.rstrip(".")[1:-1]
    title = title.removesuffix(".").strip()
    if not any(char.isalpha() for char in title):
        raise RowError("no title")
    return title[:_TITLE_MAX]


def _source(article: Article, title: str) -> Source:
    return Source(
        title=title,
        kind=article.kind,
        grade=article.grade or grade_of(article.types, animals_only=article.animals_only),
        year=article.year,
        publisher=article.journal,
        doi=article.doi,
        pmid=article.pmid,
        url=article.url,
        licence=article.licence,
        lineage=article.lineage,
    )


def grade_of(types: Collection[str], *, animals_only: bool = False) -> Grade:
    """The strongest grade that the publication types claim; what was done in animals alone is never above `study`."""
    claimed = [GRADES[one] for written in types if (one := written.strip().lower()) in GRADES]
    best = max(claimed, key=GRADE_RANK.__getitem__, default=Grade.STUDY)
    if animals_only and GRADE_RANK[best] > GRADE_RANK[Grade.STUDY]:
        return Grade.STUDY
    return best


# ---------------------------------------------------------------- fields as people write them


def year_in(text: str | None) -> int | None:
    """The first year in a date such as `2003 Jan-Feb`, `1998 Dec-1999 Jan` or `2015///`; None without one."""
    match = _YEAR.search(text or "")
    return int(match[1]) if match else None


def doi_in(text: str | None) -> str | None:
    """The DOI in a text or URL, without punctuation that follows it; None without one."""
    match = _DOI.search(text or "")
    return match[0].rstrip(".,;)") if match else None


def pmid_in(text: str | None) -> str | None:
    """A PMID that is the whole text, save a prefix such as `PMID:`; None for anything else."""
    plain = re.sub(r"(?i)^(?:pmid|pubmed)\s*[:：]?\s*", "", (text or "").strip())
    return plain if _PMID.fullmatch(plain) else None


def first(values: Iterable[str | None]) -> str | None:
    """The first that is not empty."""
    return next((clean(value) for value in values if value and value.strip()), None)

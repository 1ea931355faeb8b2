"""An article as every literature format gives it: bibliography, abstract, publication types -> source and conclusion.

All formats go through here, so that the same rules decide what supports an answer: no article without a conclusion,
no protocol, no opinion. A retracted article is stored like any other, with the record that says so, which keeps it from
supporting; a notice of retraction becomes that record alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from kg_loader.sections import NO_CONCLUSION, closing_of, conclusion_of, pieces
from kg_loader.sources.format import Item, ReadContext, RowError
from kg_loader.sources.markup import unmarked
from rag.domain import Passage, PassageKind, Retraction, Skipped, Source
from rag.register import doi_key, pmid_key
from rag.text import clean
from rag.vocabulary import GRADE_RANK, Grade

RETRACTION_NOTICE = "retraction notice"
OPINION = "opinion or news"
PROTOCOL = "study protocol"

_TITLE_MAX = 500
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+")
_PMID = re.compile(r"(?<!\d)\d{1,8}(?!\d)")
_NAMED_PMID = re.compile(r"(?i)\b(?:pmid|pubmed(?: id)?)\s*[:：]?\s*(\d{1,8})(?!\d)")

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

_RETRACTED_TYPE = "retracted publication"
_SKIPPED_TYPES: Mapping[str, str] = MappingProxyType(
    {
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
    retracted_by: str | None = None
    """What says that this article was retracted; None: nothing but perhaps its types and title."""
    retracts: tuple[str, ...] = ()
    """Keys (`pmid:...`, `doi:...`) of the articles that this one says were retracted."""
    animals_only: bool = False
    lineage: str | None = None
    locator: str | None = None


def records(article: Article, context: ReadContext) -> Iterator[Item]:
    """Source and conclusion of an article, or the one reason to leave it out, and the retractions that it states.

    RowError without a title.
    """
    article = _plain(article)
    reason = _left_out(article)
    retracted = _retracted(article)
    others = _retracts(article, notice=reason == RETRACTION_NOTICE)
    yield from (Retraction(key, _notice(article)) for key in others)
    stored = [] if reason else list(_stored(article, context))
    yield from stored
    if not stored:
        yield Skipped(reason or NO_CONCLUSION)
    if retracted:
        yield from (Retraction(key, retracted) for key in _retraction_keys(article, context, stored))


def _plain(article: Article) -> Article:
    """Its texts without the markup that publishers and reference managers leave in them."""
    conclusions = tuple(Section(one.label, unmarked(one.text)) for one in article.conclusions)
    return replace(article, title=unmarked(article.title), abstract=unmarked(article.abstract), conclusions=conclusions)


def _stored(article: Article, context: ReadContext) -> Iterator[Source | Passage]:
    """The source and its passages; nothing without a conclusion."""
    sections = article.conclusions or _found(article)
    if not sections:
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
    """Why an article says nothing of its own: it is a notice, a protocol, an opinion."""
    types = {one.strip().lower() for one in article.types}
    reasons = {_SKIPPED_TYPES[one] for one in types if one in _SKIPPED_TYPES}
    if not _retracted(article) and (RETRACTION_NOTICE in reasons or _NOTICE_TITLE.match(article.title)):
        return RETRACTION_NOTICE
    return next(iter(sorted(reasons - {RETRACTION_NOTICE})), None)


def _retracted(article: Article) -> str | None:
    """What says that the article was retracted."""
    if article.retracted_by:
        return article.retracted_by
    if _RETRACTED_TYPE in {one.strip().lower() for one in article.types}:
        return "its publication type"
    return "its title" if _RETRACTED_TITLE.match(article.title) else None


def _retracts(article: Article, *, notice: bool) -> tuple[str, ...]:
    """What the format names as retracted; else, in a notice, every other DOI and PMID in its title and abstract."""
    if article.retracts or not notice:
        return tuple(dict.fromkeys(article.retracts))
    text = clean(f"{article.title}\n{article.abstract}")
    own = {pmid_key(article.pmid), doi_key(article.doi)}
    return tuple(key for key in publications_in(text) if key not in own)


def _notice(article: Article) -> str:
    keys = (pmid_key(article.pmid), doi_key(article.doi))
    return f"notice {next((key for key in keys if key), 'without a number')}"


def _retraction_keys(article: Article, context: ReadContext, stored: Sequence[Source | Passage]) -> Iterator[str]:
    """Its numbers; where no source carries them, the source itself, or its passages if the source is another's."""
    numbers = [key for key in (pmid_key(article.pmid), doi_key(article.doi)) if key]
    yield from numbers
    if not numbers or context.source is not None:
        kind = Source if context.source is None else Passage
        yield from (record.id for record in stored if isinstance(record, kind))


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


def publications_in(text: str | None) -> list[str]:
    """Keys of every DOI, and of every number that is called a PMID, in a text; each once."""
    written = text or ""
    dois = [doi_key(match[0]) for match in _DOI.finditer(written)]
    pmids = [pmid_key(match[1]) for match in _NAMED_PMID.finditer(written)]
    return list(dict.fromkeys(key for key in [*pmids, *dois] if key))


def pmid_in(text: str | None) -> str | None:
    """A PMID that is the whole text, save a prefix such as `PMID:`; None for anything else."""
    plain = re.sub(r"(?i)^(?:pmid|pubmed)\s*[:：]?\s*", "", (text or "").strip())
    return plain if _PMID.fullmatch(plain) else None


def first(values: Iterable[str | None]) -> str | None:
    """The first that is not empty."""
    return next((clean(value) for value in values if value and value.strip()), None)

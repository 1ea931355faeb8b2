"""A search of PubMed as one XML file: searched day by day where it is large, continued where it was interrupted."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from kg_loader.entrez import MOST_OF_ONE_SEARCH, Entrez, Hits
from kg_loader.sealing import Progress, silent
from rag.errors import DataError, UsageError
from rag.snapshot.files import storage_errors

LICENCE = (
    "PubMed records come from the U.S. National Library of Medicine; abstracts may be under the copyright of their "
    "publishers. Terms: https://www.nlm.nih.gov/databases/download/terms_and_conditions.html"
)
BATCH = 200
EARLIEST = date(1900, 1, 1)
_FRESH_S = 24 * 3600
"""A batch of an interrupted run is used again for a day; later its articles may have changed or been retracted."""

_HEAD = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE PubmedArticleSet PUBLIC '
    b'"-//NLM//DTD PubMedArticle, 1st January 2025//EN" "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n'
    b"<PubmedArticleSet>\n"
)
_TAIL = b"</PubmedArticleSet>\n"


@dataclass(frozen=True)
class Fetched:
    """What a download did. `reused` articles were there from an interrupted run; `missing` were found but not given."""

    found: int
    downloaded: int
    reused: int
    missing: int
    unknown: tuple[str, ...]
    file: Path | None
    """None where nothing was found."""


def fetch(
    entrez: Entrez,
    query: str,
    *,
    since: date | None,
    until: date,
    folder: Path,
    name: str,
    most: int,
    progress: Progress = silent,
) -> Fetched:
    """Write every article that matches `query` and came to PubMed from `since` to `until` to `folder/name.xml`.

    Raises UsageError where more than `most` match, StorageError, and what `Entrez` raises; then what was downloaded
    stays, and the same call goes on from there.
    """
    if not query.strip():
        raise UsageError("the query is empty; give what you would type into PubMed's search field")
    first = since or EARLIEST
    whole = entrez.search(query, first, until)
    if whole.count > most:
        raise UsageError(
            f"{whole.count:,} articles match, more than the {most:,} allowed; narrow the query, begin later with "
            "--since, or raise --limit"
        )
    if whole.count == 0:
        return Fetched(0, 0, 0, 0, whole.unknown, None)
    parts = folder / f"{_safe(name)}.parts"
    with storage_errors(folder):
        parts.mkdir(parents=True, exist_ok=True)
        run = _Run(entrez, parts, whole.count, progress)
        files = [
            run.batch(hits, start) for hits in _slices(entrez, query, first, until, whole) for start in _starts(hits)
        ]
        target = _join(files, folder / f"{_safe(name)}.xml")
        shutil.rmtree(parts)
    return Fetched(whole.count, run.downloaded, run.reused, run.missing, whole.unknown, target)


def _slices(entrez: Entrez, query: str, first: date, last: date, hits: Hits) -> Iterator[Hits]:
    """The search, or halves of its time until each is small enough to be given."""
    if hits.count <= MOST_OF_ONE_SEARCH:
        yield hits
        return
    if first >= last:
        raise DataError(f"{hits.count:,} articles came on {first} alone, more than PubMed gives; narrow the query")
    middle = first + (last - first) // 2
    for begin, end in ((first, middle), (middle + timedelta(days=1), last)):
        yield from _slices(entrez, query, begin, end, entrez.search(query, begin, end))


def _starts(hits: Hits) -> range:
    return range(0, len(hits.ids), BATCH)


@dataclass
class _Run:
    """The batches of one download; a batch is known by the articles in it, so that a later run finds it again."""

    entrez: Entrez
    parts: Path
    count: int
    progress: Progress
    downloaded: int = 0
    reused: int = 0
    missing: int = 0

    def batch(self, hits: Hits, start: int) -> Path:
        """The file of the articles from `start` on, downloaded unless it is there."""
        ids = hits.ids[start : start + BATCH]
        path = self.parts / f"{hashlib.blake2b(' '.join(ids).encode(), digest_size=12).hexdigest()}.json"
        if path.exists() and time.time() - path.stat().st_mtime < _FRESH_S:
            given = len(_read(path))
            self.reused += given
        else:
            articles = self.entrez.articles(hits, start, ids)
            _write(path, json.dumps([one.decode() for one in articles], ensure_ascii=False).encode())
            given = len(articles)
            self.downloaded += given
        self.missing += len(ids) - given
        self.progress("pubmed", self.downloaded + self.reused, self.count)
        return path


def _read(path: Path) -> list[str]:
    articles: list[str] = json.loads(path.read_bytes())
    return articles


def _join(files: Sequence[Path], target: Path) -> Path:
    """One document of all batches; the file appears whole or not at all."""
    temporary = target.with_suffix(".xml.tmp")
    with temporary.open("wb") as out:
        out.write(_HEAD)
        for file in files:
            for article in _read(file):
                out.write(article.encode() + b"\n")
        out.write(_TAIL)
    temporary.replace(target)
    return target


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(content)
    temporary.replace(path)


def _safe(name: str) -> str:
    """A data set's name as that of a file; names that differ stay different."""
    plain = re.sub(r"[^\w\-]", "_", name)
    return plain if plain == name else f"{plain}-{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}"

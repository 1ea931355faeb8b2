"""Where the rows of a mapped table come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kg_loader.sources.article import doi_in, pmid_in, year_in
from kg_loader.sources.cells import EDITORIAL, bibliography
from kg_loader.sources.format import RowError
from kg_loader.sources.map_parts import SourceColumns, Value
from rag.domain import Source
from rag.vocabulary import Grade

_MOST_KEPT = 1000


@dataclass
class RowSources:
    """The source of each row, made once for each that differs: `given` for all, or what the row says by `columns`."""

    columns: SourceColumns
    given: Source | None
    made: dict[tuple[str, ...], Source] = field(default_factory=dict)

    def of(self, value: Callable[[Value], str | None]) -> Source:
        """The source of a row whose texts `value` gives. Raises RowError."""
        if self.given is not None:
            return self.given
        said = self.columns
        parts = (said.title, said.grade, said.year, said.journal, said.doi, said.pmid, said.url, said.licence)
        values = tuple(value(part) or "" if part else "" for part in parts)
        if values not in self.made:
            if len(self.made) > _MOST_KEPT:
                self.made.clear()
            self.made[values] = self._source(values)
        return self.made[values]

    def _source(self, values: tuple[str, ...]) -> Source:
        title, grade, year, journal, doi, pmid, url, licence = values
        if not title:
            raise RowError("no title of the source")
        written: dict[str, object] = {
            "source": title, "grade": grade, "journal": journal, "url": url, "licence": licence,
            "year": _or_error(year_in(year), year, "a year"),
            "doi": _or_error(doi_in(doi), doi, "a DOI, 10.…/…"),
            "pmid": _or_error(pmid_in(pmid), pmid, "a PMID, a number"),
        }  # fmt: skip
        found = bibliography(written, kind=self.columns.kind, default=Grade.COMPILED)
        if found.kind == EDITORIAL or self.columns.lineage is None:
            return found
        return Source(**{**{k: v for k, v in vars(found).items() if k != "id"}, "lineage": self.columns.lineage})


def _or_error(found: object, written: str, expected: str) -> object:
    if written and found is None:
        raise RowError(f"{written[:40]!r} is not {expected}")
    return found

"""What rows quote: the sources of their evidence, with the licences that bind a model which learns from them.

A row says so in a column of its own, `quoted`: a list of `{"title", "licence"}`, as `yiwen data grounded` writes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from finetune.data.records import Record

QUOTED = "quoted"


class Quoted:
    """Collects sources by licence while records pass."""

    def __init__(self) -> None:
        self._titles: dict[str, dict[str, None]] = {}

    def passing(self, records: Iterable[Record]) -> Iterator[Record]:
        """The same records."""
        for record in records:
            for source in _sources(record.value):
                self._titles.setdefault(str(source.get("licence") or ""), {})[str(source.get("title") or "")] = None
            yield record

    def by_licence(self) -> dict[str, list[str]]:
        """Titles of sources by licence (empty: not stated), both sorted."""
        return {licence: sorted(titles) for licence, titles in sorted(self._titles.items())}


def _sources(value: object) -> Iterator[Mapping[str, object]]:
    """None where the column is missing, or something else of that name."""
    found = value.get(QUOTED) if isinstance(value, dict) else None
    yield from (one for one in found if isinstance(one, dict)) if isinstance(found, list) else ()

"""Orders are checked when they are given, as far as that can be said without reading the files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kg_loader.encodings import named_encoding, regular_file
from kg_loader.jobs.job import JobFile, Order
from rag.errors import UsageError


def given_files(paths: Sequence[Path]) -> tuple[JobFile, ...]:
    """Files that stay where they are; links are resolved now, so that they cannot lead elsewhere later.

    Raises NotFoundError, UsageError or DataError for what is no readable file.
    """
    found = []
    for path in paths:
        regular_file(path)
        found.append(JobFile(str(path.resolve()), path.name, path.stat().st_size))
    return tuple(found)


def checked(order: Order) -> Order:
    """The order, if its format, encoding and map can be used and it names a file. Raises UsageError, DataError."""
    if not order.files:
        raise UsageError("no files were given; name at least one file to ingest")
    if order.format is not None:
        from kg_loader.sources import FORMATS  # the readers of all formats take a while to import

        if order.format not in FORMATS:
            raise UsageError(f"there is no format {order.format!r}; expected one of {', '.join(FORMATS)}")
    if order.encoding is not None:
        named_encoding(order.encoding)
    if "table_map" in order.options:
        from kg_loader.sources.table_map import parse_map

        parse_map(order.options["table_map"], "the map")
    return order

"""Which columns of a table a map means, by name, by number or by the letter that spreadsheets give."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kg_loader.sources.map_parts import OTHERS, TableMap
from kg_loader.table import Table, nearest
from rag.errors import DataError
from rag.text import normalise

_LETTER = re.compile("#([A-Za-z]{1,3})")


@dataclass(frozen=True)
class Columns:
    """The column of the table behind each name of the map, and those without a name that nobody asked for."""

    known: Mapping[str, str]
    stray: tuple[str, ...]


def resolved(path: Path, table_map: TableMap, table: Table) -> Columns:
    """The columns of a table behind a map. Raises DataError for one that is missing, or that the map leaves out."""
    known: dict[str, str] = {}
    missing: list[str] = []
    ignored = [name for name in table_map.ignore if name != OTHERS]
    for name in dict.fromkeys([*table_map.columns(), *ignored]):
        found = _column(path, name, table.columns)
        if found is not None:
            known[name] = found
        else:
            missing.append(f"{name!r}{nearest(name, table.columns)}")
    if missing:
        raise DataError(
            f"{path}: columns missing: {', '.join(missing)[:500]}; the table has: {', '.join(table.columns)[:1000]}"
        )
    rest = [name for name in table.columns if name not in known.values()]
    unnamed = tuple(name for name in rest if _LETTER.fullmatch(name))
    unmapped = [name for name in rest if name not in unnamed]
    if unmapped and OTHERS not in table_map.ignore:
        raise DataError(
            f"{path}: columns that the map does not speak of: {', '.join(unmapped)[:500]}; "
            f"use them, or name them under `ignore` (`ignore: {OTHERS}` for all)"
        )
    return Columns(known, () if OTHERS in table_map.ignore else unnamed)


def _column(path: Path, name: str, columns: Sequence[str]) -> str | None:
    if name in columns:
        return name
    wanted = normalise(name)
    fitting = [one for one in columns if normalise(one) == wanted]
    if not fitting and (letter := _LETTER.fullmatch(name)):
        at = 0
        for char in letter[1].upper():
            at = at * 26 + ord(char) - ord("A") + 1
        fitting = list(columns[at - 1 : at])
    if not fitting and (twins := [one for one in columns if normalise(one.rpartition("#")[0]) == wanted]):
        raise DataError(f"{path}: {len(twins)} columns are called {name!r}; write {' or '.join(map(repr, twins))}")
    return fitting[0] if fitting else None

"""Any table, read by a map (`kg_loader.sources.table_map`): each row becomes the entities, facts and passages it names.

The rules of the other readers hold: placeholders and junk names are skipped and counted, a row that does not say what
its map asks for is rejected as a whole, and what stands in a cell that is no value (a formula without its result, an
error of Excel) never becomes a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kg_loader.reading import Row
from kg_loader.sources.format import Format, Item, ReadContext, RowError, rejected
from kg_loader.sources.map_parts import OTHERS, TableMap
from kg_loader.sources.mapped_columns import Columns, resolved
from kg_loader.sources.mapped_row import LEFT_OUT, MappedRow, text_of
from kg_loader.sources.mapped_source import RowSources
from kg_loader.sources.table_map import parse_map
from kg_loader.table import Cell, Layout, open_table
from rag.domain import Rejected, Skipped
from rag.errors import UsageError

NAME = "mapped"
TOTAL = "total row"
NOTE = "note below the table"
_TOTAL = re.compile(r"(?:合|总|小|共|累)\s*(?:计|数)|(?:sub|grand )?total|sum", re.IGNORECASE)
_NOTE = re.compile(r"(?:备?注|说明|资料来源|数据来源|制表.{0,3}|notes?|source)\s*[:：].*", re.IGNORECASE | re.DOTALL)


def guess(path: Path, head: bytes) -> bool:
    """Never: only a map makes a table one of this format."""
    return False


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """What the rows of `path` say by `context.table_map`."""
    for _, items in read_rows(path, context):
        yield from items


def read_rows(path: Path, context: ReadContext) -> Iterator[tuple[int, Sequence[Item]]]:
    """(number of the row, what becomes of it). Raises DataError for a map that does not fit the table, UsageError."""
    if context.table_map is None:
        raise UsageError(f"{path}: the format {NAME} needs a map; name it with --map FILE")
    table_map = parse_map(context.table_map, "the map")
    layout = Layout(context.encoding, table_map.sheet, table_map.header, table_map.delimiter)
    table = open_table(path, layout)
    columns = resolved(path, table_map, table)
    sources = RowSources(table_map.source, context.source)
    reader = _Reader(table_map, columns, frozenset(table.columns), sources)
    for row in table.rows:
        if isinstance(row, Row):
            try:
                items: Sequence[Item] = reader.items(row.value)
            except RowError as error:
                items = [rejected(path, row, str(error))]
            yield row.number, items
        else:
            yield row.line if isinstance(row, Rejected) else 0, [row]


@dataclass
class _Reader:
    """What the rows of one table have in common."""

    table_map: TableMap
    columns: Columns
    looked_at: frozenset[str]
    sources: RowSources
    above: dict[str, Cell] = field(default_factory=dict)
    """The last filled cell of each column that is filled down."""

    def items(self, cells: Mapping[str, Cell]) -> list[Item]:
        """What one row says. Raises RowError."""
        late = next((name for name in cells if name not in self.looked_at), None)
        if late is not None and OTHERS not in self.table_map.ignore:
            raise RowError(f"the key {late[:40]!r} is neither used nor ignored")
        reason = _no_row(cells) or self._skipped(cells)
        if reason is not None:
            return [Skipped(reason)]
        return MappedRow(self.table_map, self.columns, self.sources, self._filled(cells)).items()

    def _skipped(self, cells: Mapping[str, Cell]) -> str | None:
        held = (one.holds(text_of(cells.get(self.columns.known[one.column], ""))) for one in self.table_map.skip)
        return LEFT_OUT if any(held) else None

    def _filled(self, cells: Mapping[str, Cell]) -> Mapping[str, Cell]:
        filled = dict(cells)
        for name in self.table_map.fill_down:
            column = self.columns.known[name]
            if filled.get(column):
                self.above[column] = filled[column]
            elif column in self.above:
                filled[column] = self.above[column]
        return filled


def _no_row(cells: Mapping[str, Cell]) -> str | None:
    """Why this is no row of data: a sum or a note below the table."""
    filled = [cell for cell in map(text_of, cells.values()) if cell]
    if filled and _TOTAL.fullmatch(filled[0].rstrip(":： ")):
        return TOTAL
    return NOTE if len(filled) == 1 and _NOTE.fullmatch(filled[0]) else None


FORMAT = Format(NAME, guess, read)

"""XLSX workbooks to rows of texts, streamed. What claims to unfold beyond reason is refused before it is opened."""

from __future__ import annotations

import datetime
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import count, repeat
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from kg_loader.encodings import regular_file
from kg_loader.packed import require_sane_zip
from kg_loader.reading import MAX_LINE, Row, reject
from rag.domain import Rejected
from rag.errors import DataError

ZIP_MARK = b"PK\x03\x04"
_MAX_COLUMNS = 1_000
_FORMULA = re.compile(rb"<f[ >]")
_BROKEN = (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, ParseError, OSError, EOFError)


def is_workbook(path: Path, head: bytes) -> bool:
    """True for a ZIP file called .xlsx or .xlsm."""
    return head.startswith(ZIP_MARK) and path.suffix.lower() in (".xlsx", ".xlsm")


def workbook_rows(path: Path) -> Iterator[Row | Rejected]:
    """Lists of cell texts, every sheet in order, blank rows left out, numbered over all sheets from 1.

    Raises DataError for what is no workbook, is encrypted or unfolds to more than the caps.
    """
    for rows in workbook_sheets(path):
        yield from rows


def workbook_sheets(path: Path) -> Iterator[Iterator[Row | Rejected]]:
    """`workbook_rows` sheet by sheet; each has to be gone through before the next."""
    numbers = count(1)
    with _opened(path) as book:
        for sheet in book.worksheets:
            yield _sheet(path, sheet, numbers)


def _sheet(path: Path, sheet: Any, numbers: Iterator[int]) -> Iterator[Row | Rejected]:  # noqa: ANN401
    for number, cells in _cells(path, sheet, numbers):
        values = [cell_text(cell) for cell in cells]
        if sum(map(len, values)) > MAX_LINE:
            yield reject(path, number, f"row longer than {MAX_LINE} characters")
        elif any(values):
            yield Row(number, values)


def sheet_names(path: Path) -> list[str]:
    """In their order. Raises what `workbook_rows` raises."""
    with _opened(path) as book:
        return [sheet.title for sheet in book.worksheets]


def sheet_rows(path: Path, name: str | None = None) -> Iterator[Row | Rejected]:
    """Lists of cell texts of one sheet as a person sees them, blank rows left out, numbered as in Excel.

    Percentages keep their sign; a formula that was saved without its value is given as written (`=A1+B1`). `name` may
    be left out where there is one sheet. Raises what `workbook_rows` raises, and DataError listing the sheets.
    """
    computed = _has_formulas(path)
    with _opened(path) as book, _opened(path, data_only=False) if computed else nullcontext() as formulas:
        sheet = _sheet_named(path, book, name)
        written = _cells(path, formulas[sheet.title], count(1), values_only=False) if formulas else repeat((0, ()))
        for (number, cells), (_, sources) in zip(
            _cells(path, sheet, count(1), values_only=False), written, strict=False
        ):
            values = [_shown(cell) for cell in cells[:_MAX_COLUMNS]]
            for at, source in enumerate(sources[: len(values)]):
                if source.data_type == "f" and cells[at].value is None:
                    values[at] = f"={str(source.value).lstrip('=')}"
            if sum(map(len, values)) > MAX_LINE:
                yield reject(path, number, f"row longer than {MAX_LINE} characters")
            elif any(values):
                yield Row(number, values)


def _sheet_named(path: Path, book: Any, name: str | None) -> Any:  # noqa: ANN401 - openpyxl is untyped
    titles = [sheet.title for sheet in book.worksheets]
    if name in titles:
        return book[name]
    if name is None and len(titles) == 1:
        return book.worksheets[0]
    asked = f"there is no sheet {name!r}" if name is not None else "several sheets and none is named"
    raise DataError(f"{path}: {asked}; expected one of: {', '.join(titles)[:500]}")


def _has_formulas(path: Path) -> bool:
    """Whether some sheet holds a formula; a look at the packed XML, far cheaper than parsing it."""
    require_sane_zip(path, "an Excel workbook")
    with zipfile.ZipFile(path) as archive:
        for part in archive.namelist():
            if part.startswith("xl/worksheets/"):
                with archive.open(part) as file:
                    tail = b""
                    while block := file.read(1 << 20):
                        if _FORMULA.search(tail + block):
                            return True
                        tail = block[-3:]
    return False


@contextmanager
def _opened(path: Path, *, data_only: bool = True) -> Iterator[Any]:
    """The workbook, streamed. DataError for what is none, is encrypted or unfolds to more than the caps."""
    regular_file(path)
    if path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty (0 bytes)")
    require_sane_zip(path, "an Excel workbook")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions that are not read here
            book = load_workbook(path, read_only=True, data_only=data_only, keep_links=False)
    except _BROKEN as error:
        raise _unreadable(path, 1, error) from error
    try:
        yield book
    finally:
        book.close()


def _cells(
    path: Path,
    sheet: Any,  # noqa: ANN401
    numbers: Iterator[int],
    *,
    values_only: bool = True,
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Every row of a sheet with the next of `numbers`."""
    sheet.reset_dimensions()  # the stated size is often wrong
    rows = sheet.iter_rows(values_only=values_only, max_col=_MAX_COLUMNS if values_only else None)
    before = 0
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except _BROKEN as error:
            raise _unreadable(path, before + 1, error) from error
        before = next(numbers)
        yield before, cells


def _unreadable(path: Path, number: int, error: Exception) -> DataError:
    return DataError(f"{path}: row {number} of the workbook cannot be read ({error}); save it again as .xlsx or as CSV")


def _shown(cell: Any) -> str:  # noqa: ANN401
    value = cell.value
    if isinstance(value, int | float) and not isinstance(value, bool) and "%" in (cell.number_format or ""):
        return f"{value * 100:.10g}%"
    return cell_text(value)


def cell_text(value: object) -> str:
    """A cell as text: whole numbers without a point, dates in ISO form, nothing as an empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, float):
        return f"{value:.15g}"  # as many digits as Excel keeps
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return str(value).strip()

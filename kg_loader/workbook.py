"""XLSX workbooks to rows of texts, streamed. What claims to unfold beyond reason is refused before it is opened."""

from __future__ import annotations

import datetime
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
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


def is_workbook(path: Path, head: bytes) -> bool:
    """True for a ZIP file called .xlsx or .xlsm."""
    return head.startswith(ZIP_MARK) and path.suffix.lower() in (".xlsx", ".xlsm")


def workbook_rows(path: Path) -> Iterator[Row | Rejected]:
    """Lists of cell texts, every sheet in order, blank rows left out, numbered over all sheets from 1.

    Raises DataError for what is no workbook, is encrypted or unfolds to more than the caps.
    """
    regular_file(path)
    if path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty (0 bytes)")
    require_sane_zip(path, "an Excel workbook")
    number = 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions that are not read here
            book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        try:
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # the stated size is often wrong
                for cells in sheet.iter_rows(values_only=True, max_col=_MAX_COLUMNS):
                    number += 1
                    values = [cell_text(cell) for cell in cells]
                    if sum(map(len, values)) > MAX_LINE:
                        yield reject(path, number, f"row longer than {MAX_LINE} characters")
                    elif any(values):
                        yield Row(number, values)
        finally:
            book.close()
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, ParseError, OSError, EOFError) as error:
        raise DataError(
            f"{path}: row {number + 1} of the workbook cannot be read ({error}); save it again as .xlsx or as CSV"
        ) from error


def cell_text(value: object) -> str:
    """A cell as text: whole numbers without a point, dates in ISO form, nothing as an empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return str(value).strip()

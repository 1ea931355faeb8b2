"""Files that are zip archives inside (Word, Excel): how much they may unpack to."""

from __future__ import annotations

import zipfile
from pathlib import Path

from rag.errors import DataError

MOST_PARTS = 5_000
MOST_UNPACKED = 512 << 20
"""Bytes of all parts together; real files of this kind stay far below."""
_MOST_RATIO = 200
_SMALL = 16 << 20


def require_sane_zip(path: Path, what: str) -> None:
    """DataError for what is no whole zip archive, needs a password, or would unpack to far more than it is."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise DataError(f"{path}: not {what}, or cut short: {error}") from error
    if any(part.flag_bits & 1 for part in parts):
        raise DataError(f"{path}: protected by a password; save it without one")
    unpacked = sum(part.file_size for part in parts)
    swollen = unpacked > _SMALL and unpacked > _MOST_RATIO * max(1, path.stat().st_size)
    if len(parts) > MOST_PARTS or unpacked > MOST_UNPACKED or swollen:
        raise DataError(f"{path}: would unpack to {unpacked >> 20} MB in {len(parts)} parts, which {what} never does")

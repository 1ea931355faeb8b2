"""What an ingestion is: which files, known by their content, assert which data sets on top of which version."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from kg_loader.encodings import regular_file
from rag.errors import DataError
from rag.snapshot.files import checksum

_COUNTED_AS = 2
"""Raise it when readers divide files into other items: how many were staged then tells nothing about how to go on."""


@dataclass(frozen=True)
class Input:
    """One file of an ingestion, known by its content. `table_map` is the text of the map it is read by."""

    path: str
    dataset: str
    format: str
    encoding: str | None
    size: int
    xxh3: str
    table_map: str | None = None


def identify(path: Path, dataset: str, format_name: str, encoding: str | None, table_map: str | None = None) -> Input:
    """Look at a file before reading it. Raises what `regular_file` raises."""
    regular_file(path)
    try:
        found = checksum(path, sha256=False)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    return Input(str(path), dataset, format_name, encoding, found.size, found.xxh3, table_map)


@dataclass(frozen=True)
class Plan:
    """What an ingestion is; equal plans share a staging folder."""

    base: str
    inputs: tuple[Input, ...]
    append: bool

    def identity(self) -> str:
        """Canonical JSON; where a file lies does not matter, what it holds does."""
        inputs = [{**asdict(item), "path": Path(item.path).name} for item in self.inputs]
        what = {"base": self.base, "inputs": inputs, "append": self.append, "items": _COUNTED_AS}
        return json.dumps(what, sort_keys=True)

    def datasets(self) -> tuple[str, ...]:
        """Data sets in the order of their first file."""
        return tuple(dict.fromkeys(item.dataset for item in self.inputs))

"""What an ingestion is: which files, known by their content, assert which data sets on top of which version."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rag.errors import DataError, NotFoundError
from rag.snapshot.files import checksum


@dataclass(frozen=True)
class Input:
    """One file of an ingestion, known by its content."""

    path: str
    dataset: str
    format: str
    encoding: str | None
    size: int
    xxh3: str


def identify(path: Path, dataset: str, format_name: str, encoding: str | None) -> Input:
    """Look at a file before reading it. Raises NotFoundError or DataError for what is not a readable plain file."""
    if not path.exists():
        raise NotFoundError(f"{path}: no such file; give the path of a file to ingest")
    if not path.is_file():
        raise DataError(f"{path}: not a plain file; folders, pipes and devices cannot be ingested")
    try:
        found = checksum(path, sha256=False)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    return Input(str(path), dataset, format_name, encoding, found.size, found.xxh3)


@dataclass(frozen=True)
class Plan:
    """What an ingestion is; equal plans share a staging folder."""

    base: str
    inputs: tuple[Input, ...]
    append: bool

    def identity(self) -> str:
        """Canonical JSON; where a file lies does not matter, what it holds does."""
        inputs = [{**asdict(item), "path": Path(item.path).name} for item in self.inputs]
        return json.dumps({"base": self.base, "inputs": inputs, "append": self.append}, sort_keys=True)

    def datasets(self) -> tuple[str, ...]:
        """Data sets in the order of their first file."""
        return tuple(dict.fromkeys(item.dataset for item in self.inputs))

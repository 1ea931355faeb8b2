"""Where the files of jobs lie.

    <data_dir>/uploads/<job>/1.csv                  stored under names made from ids
    <data_dir>/uploads/<job>/named/1/disease.csv    what the ingestion reads: a link with the name it was sent with
    <data_dir>/uploads/.<job>.part/                 being received; renamed when it is whole
    <data_dir>/uploads/.<job>.tmp/                  what a run unpacks; removed after it, however it ended

Formats, titles and data sets follow from the name of a file, so the reader must see the one that its sender knows.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Set
from pathlib import Path, PurePosixPath

from kg_loader.jobs.job import Order
from rag.errors import NotFoundError
from rag.snapshot.files import storage_errors, sync_folder, write_durably

_NAME_BYTES = 150
_SUFFIX = re.compile(r"(?:\.tar)?\.[A-Za-z0-9]{1,8}$")
_ABANDONED_S = 24 * 3600.0
"""Age at which what no job owns is taken for left behind."""


def clean_name(name: str) -> str:
    """The last part of a name from outside, printable, with its suffix, short enough for any file system."""
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = "".join(c if c.isprintable() and c != "\ufffd" else "_" for c in last).lstrip(". ").rstrip()
    suffix = suffix_of(plain)
    stem = plain.removesuffix(suffix).encode()[: _NAME_BYTES - len(suffix)].decode(errors="ignore")
    return (stem or "upload") + suffix


def suffix_of(name: str) -> str:
    """`.csv`, `.tar.gz`; nothing where the end of the name is no plain suffix."""
    found = _SUFFIX.search(name)
    return found[0] if found else ""


def within(path: Path, folder: Path | None) -> bool:
    """Whether a path, all links followed, lies in `folder`; in none if there is none."""
    return folder is not None and path.resolve().is_relative_to(folder.resolve())


class Uploads:
    """The folder `<data_dir>/uploads`."""

    def __init__(self, data_dir: Path) -> None:
        self.root = data_dir.absolute() / "uploads"

    def folder(self, job: str) -> Path:
        """Where the files of a job are kept."""
        return self.root / job

    def part(self, job: str) -> Path:
        """Where they are received."""
        return self.root / f".{job}.part"

    def scratch(self, job: str) -> Path:
        """An empty folder for the temporary files of a run. Raises StorageError."""
        folder = self.root / f".{job}.tmp"
        with storage_errors(self.root):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        return folder

    def receive(self, job: str) -> Path:
        """Make the folder to receive in. Raises StorageError."""
        with storage_errors(self.root):
            self.part(job).mkdir(parents=True)
        return self.part(job)

    def keep(self, job: str) -> None:
        """What was received is whole and flushed: from now on it survives. Raises StorageError."""
        with storage_errors(self.root):
            sync_folder(self.part(job))
            os.rename(self.part(job), self.folder(job))
            sync_folder(self.root)

    def discard(self, job: str) -> None:
        """Remove what is kept or was being received. Raises StorageError."""
        with storage_errors(self.root):
            for folder in (self.part(job), self.folder(job)):
                if folder.exists():
                    shutil.rmtree(folder)

    def discard_scratch(self, job: str) -> None:
        """Remove what a run left in its temporary folder."""
        shutil.rmtree(self.root / f".{job}.tmp", ignore_errors=True)

    def tidy(self, owned: Set[str]) -> None:
        """Remove what has lain for a day and belongs to no job: its upload broke off together with the service."""
        with storage_errors(self.root):
            for folder in self.root.iterdir() if self.root.is_dir() else ():
                if folder.name not in owned and folder.stat().st_mtime < time.time() - _ABANDONED_S:
                    shutil.rmtree(folder)

    def presented(self, order: Order) -> list[Path]:
        """The paths to read for a job, each ending with the name that its sender knows. Raises NotFoundError."""
        if order.upload is None:
            return [_unmoved(Path(file.path)) for file in order.files]
        found = []
        with storage_errors(self.root):
            for number, file in enumerate(order.files, start=1):
                link = self.folder(order.upload) / "named" / str(number) / file.name
                if not os.path.lexists(link):
                    link.parent.mkdir(parents=True, exist_ok=True)
                    link.symlink_to(Path("..", "..", Path(file.path).name))  # holds when the data folder is moved
                found.append(link)
        return found

    def without_folder(self, order: Order, text: str) -> str:
        """A message with the names that the sender knows in place of our paths."""
        if order.upload is None:
            return text
        return re.sub(re.escape(str(self.folder(order.upload) / "named")) + r"/\d+/", "", text)

    def rename_rejects(self, order: Order, rejects: Path) -> None:
        """The same in a file of rejected rows. Raises StorageError."""
        if order.upload is None:
            return
        with storage_errors(rejects):
            rows = [json.loads(line) for line in rejects.read_text(encoding="utf-8").splitlines()]
            named = [{**row, "file": self.without_folder(order, row["file"])} for row in rows]
            write_durably(rejects, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in named).encode())


def _unmoved(path: Path) -> Path:
    """A path as it was when the job was submitted, before anybody could put a link in its place."""
    if path.resolve() != path:
        raise NotFoundError(f"{path}: is now a link to elsewhere; submit the job again with the file that is meant")
    return path

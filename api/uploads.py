"""`multipart/form-data` streamed to disk: every byte is counted as it comes, nothing is kept in memory.

Files get numbers as names. What was received so far is removed whenever the upload does not end well.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from kg_loader.jobs.files import Uploads, clean_name, suffix_of
from kg_loader.jobs.job import JobFile
from rag.snapshot.files import storage_errors

IDLE_S = 30.0
"""How long nothing may arrive."""
MAX_FILES = 100
_MAX_FIELDS = 20
_FIELD_BYTES = 60_000
"""Room for the map of a table."""
_HEADER_BYTES = 4000


@dataclass
class Form:
    """What was sent: files, with the place where they will lie, and fields."""

    files: list[JobFile] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


async def receive(request: Request, uploads: Uploads, job: str, max_bytes: int) -> Form:
    """Read the body into the upload folder of `job`; `Uploads.keep` makes it last, until then `discard` forgets it.

    Raises StorageError, and HTTPException: 400 for a form that cannot be read or is cut short, 408 if nothing arrives
    for `IDLE_S`, 413 beyond `max_bytes`, 499 if the client went away.
    """
    _, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise HTTPException(400, "the Content-Type names no boundary; expected a form as browsers send it")
    too_large = HTTPException(413, f"the upload has more than {max_bytes:,} bytes, which is all that is accepted")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length[:18]) > max_bytes:
        raise too_large
    parts = _Parts(await asyncio.to_thread(uploads.receive, job), uploads.folder(job))
    parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]  # its dict is typed by key
    size = 0
    try:
        async for chunk in _chunks(request):
            size += len(chunk)
            if size > max_bytes:
                raise too_large
            await asyncio.to_thread(_feed, parser, chunk, parts.folder)
    finally:
        parts.close()
    if not parts.complete:
        raise HTTPException(400, "the upload is cut short: the closing boundary of the form is missing; send it again")
    return parts.form


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(IDLE_S):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise HTTPException(408, f"nothing of the upload arrived for {IDLE_S:.0f} s; send it again") from None
        except ClientDisconnect:
            raise HTTPException(499, "the upload was broken off") from None
        if chunk:
            yield chunk


def _feed(parser: MultipartParser, chunk: bytes, folder: Path) -> None:
    try:
        with storage_errors(folder):
            parser.write(chunk)
    except MultipartParseError as error:
        raise HTTPException(400, f"the form cannot be read: {error}"[:300]) from error


class _Parts:
    """Takes what the parser finds: into a file if the part has a file name, else into a field."""

    def __init__(self, folder: Path, later: Path) -> None:
        self.folder, self._later = folder, later
        self.form = Form()
        self.complete = False
        self._file: IO[bytes] | None = None

    def callbacks(self) -> dict[str, object]:
        """As `MultipartParser` wants them."""
        return {
            "on_part_begin": self._begin, "on_part_data": self._data, "on_part_end": self._end,
            "on_header_field": self._header_name, "on_header_value": self._header_value,
            "on_header_end": self._header_end, "on_headers_finished": self._start, "on_end": self._finish,
        }  # fmt: skip

    def close(self) -> None:
        """Let go of a file that is still open."""
        if self._file is not None:
            self._file.close()

    def _begin(self) -> None:
        self._headers: dict[bytes, bytes] = {}
        self._name, self._value = bytearray(), bytearray()
        self._content = bytearray()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]
        self._require(len(self._name) <= _HEADER_BYTES, "a header of a part is too long")

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._require(len(self._value) <= _HEADER_BYTES, "a header of a part is too long")

    def _header_end(self) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()
        self._require(len(self._headers) <= _MAX_FIELDS, "a part has too many headers")

    def _start(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        named = options.get(b"filename")
        self._require(bool(self._field), "a part has no name")
        if named is None:
            self._require(len(self.form.fields) < _MAX_FIELDS, f"more than {_MAX_FIELDS} fields")
            self._require(self._field not in self.form.fields, f"the field {self._field[:40]!r} occurs twice")
            return
        self._require(len(self.form.files) < MAX_FILES, f"more than {MAX_FILES} files")
        self._original = clean_name(_decoded(named))
        self._stored = f"{len(self.form.files) + 1}{suffix_of(self._original)}"
        self._hash, self._size = hashlib.sha256(), 0
        self._file = (self.folder / self._stored).open("xb")

    def _data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        if self._file is None:
            self._content += piece
            self._require(len(self._content) <= _FIELD_BYTES, f"the field {self._field[:40]!r} is too long")
            return
        self._file.write(piece)
        self._hash.update(piece)
        self._size += len(piece)

    def _end(self) -> None:
        if self._file is None:
            self.form.fields[self._field] = self._content.decode("utf-8", "replace")
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
        path = str(self._later / self._stored)
        self.form.files.append(JobFile(path, self._original, self._size, self._hash.hexdigest()))

    def _finish(self) -> None:
        self.complete = True

    def _require(self, met: bool, fault: str) -> None:
        if not met:
            raise HTTPException(400, f"the form cannot be read: {fault}")


def _decoded(name: bytes) -> str:
    """A file name; browsers send UTF-8, old programs in China GB18030."""
    for codec in ("utf-8", "gb18030"):
        try:
            return name.decode(codec)
        except UnicodeDecodeError:
            continue
    return name.decode("utf-8", "replace")

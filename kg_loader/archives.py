"""zip and tar.gz archives of data files: unpacked into a folder of our own, or refused as a whole.

Nothing that an archive states about itself is believed: bytes are counted as they come out, and names become paths only
if they are plain and relative. One bad member refuses the archive, before anything of it is read as data.
"""

from __future__ import annotations

import gzip
import re
import shutil
import stat
import tarfile
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, cast

from kg_loader.encodings import regular_file
from rag.errors import DataError, YiwenError
from rag.snapshot.files import storage_errors

MAX_MEMBERS = 10_000
MAX_BYTES = 8 << 30
MAX_RATIO = 100
_SMALL = 1 << 20
"""Bytes below which a ratio says nothing: a short file of spaces packs very well."""
_CHUNK = 1 << 20
_ZIP, _EMPTY_ZIP, _GZIP = b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b"
_TAR_NAMES = (".tar.gz", ".tgz", ".tar")
_OFFICE = "[Content_Types].xml"
_ROOM = "yiwen-unpacked-"
_BEFORE = re.compile(rf"(?:/[^/\s]+)*/{_ROOM}[^/\s]+/")
_DRIVE = re.compile(r"^[A-Za-z]:")
_LITTER = re.compile(r"(?:^|/)(?:__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError)
_NESTED = (_ZIP, _GZIP, b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ")


@dataclass(frozen=True)
class Caps:
    """How much one archive may hold: members, bytes unpacked, and bytes unpacked for each byte packed."""

    members: int = MAX_MEMBERS
    bytes: int = MAX_BYTES
    ratio: int = MAX_RATIO


_CAPS = Caps()


def is_archive(path: Path) -> bool:
    """True for a zip that is no Office document, and for a tar by its name."""
    if path.name.lower().endswith(_TAR_NAMES):
        return True
    with path.open("rb") as file:
        if file.read(4) not in (_ZIP, _EMPTY_ZIP):
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            return _OFFICE not in archive.namelist()
    except (*_BROKEN, OSError, ValueError):
        return path.suffix.lower() == ".zip"


@contextmanager
def unpacked(files: Sequence[Path], folder: Path | None = None, caps: Caps = _CAPS) -> Iterator[list[Path]]:
    """`files` with each archive replaced by its members, which are gone afterwards. Raises what `unpack` raises.

    What is raised meanwhile names a member as `as_packed` does.
    """
    found: list[Path] = []
    with ExitStack() as made, _naming_members():
        for path in files:
            regular_file(path)
            if is_archive(path):
                with storage_errors(path):
                    room = made.enter_context(tempfile.TemporaryDirectory(prefix=_ROOM, dir=folder))
                    found += unpack(path, Path(room) / path.name, caps)
            else:
                found.append(path)
        yield found


def as_packed(text: str) -> str:
    """A path, or a text with paths, with members named by their place in the archive: `a.zip/b/c.csv`."""
    return _BEFORE.sub("", text)


@contextmanager
def _naming_members() -> Iterator[None]:
    try:
        yield
    except YiwenError as error:
        error.args = tuple(as_packed(one) if isinstance(one, str) else one for one in error.args)
        raise


def unpack(path: Path, folder: Path, caps: Caps = _CAPS) -> list[Path]:
    """Write the members of an archive into `folder`, sorted by name. DataError, and no file, if any is refused."""
    regular_file(path)
    folder.mkdir(parents=True)
    try:
        found = _unpack(path, folder, caps)
    except _BROKEN as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise DataError(f"{path}: the archive is damaged or protected ({error}); pack it again") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if not found:
        shutil.rmtree(folder)
        raise DataError(f"{path}: the archive holds no files")
    return sorted(found)


def _unpack(path: Path, folder: Path, caps: Caps) -> list[Path]:
    output = _Output(path, folder, caps)
    if path.name.lower().endswith(_TAR_NAMES):
        with _tar_bytes(path) as stream:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for member in archive:
                    _tar_member(output, archive, member)
            output.rest(stream)
        return output.written
    with zipfile.ZipFile(path) as packed:
        infos = packed.infolist()
        if len(infos) > caps.members:
            raise output.refusal(f"{len(infos):,} members, at most {caps.members:,} are read")
        for info in infos:
            _zip_member(output, packed, info)
    return output.written


@contextmanager
def _tar_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The tar inside; unlike tarfile's own, this gzip compares the checksum, once it is read to its end."""
    with path.open("rb") as file:
        begins = file.read(len(_GZIP))
        file.seek(0)
        if begins != _GZIP:
            yield file
            return
        with gzip.GzipFile(fileobj=file) as packed:
            yield cast("IO[bytes]", packed)


def _tar_member(output: _Output, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    if member.isdir():
        output.count(member.name)
        return
    if not member.isreg():
        raise output.refusal(f"{member.name!r} is a link or a device")
    content = archive.extractfile(member)
    if content is not None:
        output.write(member.name, content)


def _zip_member(output: _Output, packed: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise output.refusal(f"{info.filename!r} is a link or a device")
    if info.flag_bits & 1:
        raise output.refusal(f"{info.filename!r} is encrypted; pack it without a password")
    name = _decoded(info)
    if info.is_dir():
        output.count(name)
        return
    with packed.open(info) as content:
        output.write(name, content)


def _decoded(info: zipfile.ZipInfo) -> str:
    """The name; where the archive does not say UTF-8, programs in China wrote GB18030, which zipfile reads as CP437."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return info.filename


@dataclass
class _Output:
    """Where members go, and how much has come out."""

    archive: Path
    folder: Path
    caps: Caps
    written: list[Path] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)
    _members: int = 0
    _bytes: int = 0

    def refusal(self, reason: str) -> DataError:
        """The error that refuses the archive."""
        return DataError(f"{self.archive}: the archive is refused: {reason}")

    def count(self, name: str) -> None:
        """One more member; its name must be plain, relative and new, whatever the case of its letters."""
        self._members += 1
        if self._members > self.caps.members:
            raise self.refusal(f"more than {self.caps.members:,} members")
        parts = PurePosixPath(name).parts
        plain = name.isprintable() and "\\" not in name and not name.startswith("/") and not _DRIVE.match(name)
        if not plain or ".." in parts or len(name) > 1_000 or not parts:
            raise self.refusal(f"{name[:80]!r} is no plain relative path")
        folded = unicodedata.normalize("NFKC", "/".join(parts)).casefold()
        if folded in self._names:
            raise self.refusal(f"{name[:80]!r} occurs twice, or differs in case only")
        self._names.add(folded)

    def write(self, name: str, content: IO[bytes]) -> None:
        """Copy a file, counting its bytes as they come."""
        self.count(name)
        if _LITTER.search(name):
            return
        path = self.folder.joinpath(*PurePosixPath(name).parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            first = True
            while block := content.read(_CHUNK):
                if first and self._is_nested(name, block):
                    raise self.refusal(f"{name[:80]!r} is an archive itself; unpack it first")
                first = False
                self._bytes += len(block)
                self._check_size()
                file.write(block)
        self.written.append(path)

    def rest(self, stream: IO[bytes]) -> None:
        """Read what stands behind the last member, so that the checksum at the very end is compared."""
        while block := stream.read(_CHUNK):
            self._bytes += len(block)
            self._check_size()

    def _is_nested(self, name: str, block: bytes) -> bool:
        office = name.lower().endswith((".xlsx", ".xlsm", ".docx")) and block.startswith(_ZIP)
        return block.startswith(_NESTED) and not office

    def _check_size(self) -> None:
        packed = max(1, self.archive.stat().st_size)
        if self._bytes > self.caps.bytes:
            raise self.refusal(f"it unpacks to more than {self.caps.bytes:,} bytes")
        if self._bytes > _SMALL and self._bytes > self.caps.ratio * packed:
            raise self.refusal(f"it unpacks to more than {self.caps.ratio} times its size")

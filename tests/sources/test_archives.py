from __future__ import annotations

import io
import json
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from kg_loader.archives import Caps, is_archive, unpack, unpacked
from kg_loader.ingest import ingest
from kg_loader.preview import preview
from rag.errors import DataError, NotFoundError
from rag.snapshot import Library
from tests.kb import settings_for


def _zip(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def _tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def _refused(path: Path, reason: str, caps: Caps | None = None) -> None:
    folder = path.parent / "out"
    with pytest.raises(DataError, match=reason):
        unpack(path, folder, caps or Caps())
    assert not folder.exists()


def test_files_of_a_zip_and_of_a_tar(tmp_path: Path) -> None:
    packed = _zip(tmp_path / "a.zip", {"b/二.csv": b"2", "a.csv": b"1", "__MACOSX/a.csv": b"x", "b/.DS_Store": b"x"})
    tar = _tar(tmp_path / "t.tar.gz", (tarfile.TarInfo("./c.csv"), b"3"))
    plain = tmp_path / "d.csv"
    plain.write_bytes(b"4")
    with unpacked([packed, plain, tar], tmp_path) as files:
        assert [(one.name, one.read_bytes()) for one in files] == [
            ("a.csv", b"1"), ("二.csv", b"2"), ("d.csv", b"4"), ("c.csv", b"3"),
        ]  # fmt: skip
        inside = files[0]
    assert not inside.exists()
    assert plain.exists()


def test_names_that_a_chinese_program_packed(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", {"xxxx.csv": b"1"})
    path.write_bytes(path.read_bytes().replace(b"xxxx", "疾病".encode("gb18030")))
    assert [one.name for one in unpack(path, tmp_path / "out")] == ["疾病.csv"]


@pytest.mark.parametrize(
    "name", ["../a.csv", "a/../../b.csv", "/etc/a.csv", "C:\\a.csv", "c:a.csv", "a\\b.csv", "a\nb.csv", "x" * 1_001]
)
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    _refused(_zip(tmp_path / "a.zip", {"good.csv": b"1", name: b"2"}), "no plain relative path")
    _refused(_tar(tmp_path / "a.tgz", (tarfile.TarInfo(name), b"2")), "no plain relative path")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_of_a_tar(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("a.csv")
    info.type, info.linkname = kind, "target"
    _refused(_tar(tmp_path / "a.tar.gz", (info, b"")), "is a link or a device")


def test_a_link_of_a_zip(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("a.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    _refused(tmp_path / "a.zip", "is a link or a device")


@pytest.mark.parametrize("names", [("a.csv", "A.CSV"), ("ｆ.csv", "f.csv"), ("a/b.csv", "a//b.csv")])
def test_names_that_collide(tmp_path: Path, names: tuple[str, str]) -> None:
    _refused(_zip(tmp_path / "a.zip", dict.fromkeys(names, b"1")), "occurs twice")


def test_too_many_members(tmp_path: Path) -> None:
    members = {f"{n}.csv": b"1" for n in range(6)}
    _refused(_zip(tmp_path / "a.zip", members), "6 members, at most 5", Caps(members=5))
    infos = [(tarfile.TarInfo(name), b"1") for name in members]
    _refused(_tar(tmp_path / "a.tgz", *infos), "more than 5 members", Caps(members=5))


def test_what_unpacks_beyond_reason(tmp_path: Path) -> None:
    bomb = b" " * (3 << 20)
    _refused(_zip(tmp_path / "a.zip", {"a.csv": bomb}), "more than 100 times its size")
    _refused(_tar(tmp_path / "a.tgz", (tarfile.TarInfo("a.csv"), bomb)), "more than 100 times its size")
    _refused(_zip(tmp_path / "b.zip", {"a.csv": b"12345"}), "more than 4 bytes", Caps(bytes=4))


def test_a_forged_size(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", {"a.csv": b" " * (3 << 20)})
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", 3 << 20), struct.pack("<L", 10)))
    with pytest.raises(DataError):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize("suffix", ["zip", "dat", "csv"])
def test_an_archive_inside(tmp_path: Path, suffix: str) -> None:
    inner = _zip(tmp_path / "inner.zip", {"a.csv": b"1"}).read_bytes()
    _refused(_zip(tmp_path / "a.zip", {f"inner.{suffix}": inner}), "is an archive itself")


def test_a_workbook_is_no_archive_and_may_stand_in_one(tmp_path: Path) -> None:
    book = _zip(tmp_path / "b.xlsx", {"[Content_Types].xml": b"<x/>"})
    assert not is_archive(book)
    assert len(unpack(_zip(tmp_path / "a.zip", {"b.xlsx": book.read_bytes()}), tmp_path / "out")) == 1


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tgz"])
def test_what_is_damaged_or_empty(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for content in (b"", b"PK\x03\x04 broken", b"\x1f\x8b broken"):
        path.write_bytes(content)
        if is_archive(path):
            _refused(path, "damaged|no files")
    whole = (_zip if name == "a.zip" else lambda at, members: _tar(at, (tarfile.TarInfo("a"), members["a"])))(
        path, {"a": bytes(range(256)) * 400}
    ).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    _refused(path, "damaged|no files")


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError), unpacked([tmp_path / "absent.zip"]):
        pass


def test_an_archive_without_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no files"):
        unpack(_zip(tmp_path / "a.zip", {}), tmp_path / "out")
    with pytest.raises(DataError, match="holds no files"):
        unpack(_zip(tmp_path / "b.zip", {"folder/": b""}), tmp_path / "out2")


def test_ingesting_an_archive_ingests_its_files(tmp_path: Path) -> None:
    pairs = b"head,relation,tail\n\xe7\x97\x9b\xe9\xa3\x8e,has_symptom,\xe5\x8f\x91\xe7\x83\xad\n"
    path = _zip(tmp_path / "both.zip", {"one.csv": pairs, "symptom.txt": "咳嗽\n".encode()})
    report = ingest(Library(tmp_path / "kb"), [path], settings=settings_for(tmp_path / "kb"))
    assert report.loaded_by_kind == {"entity": 3, "source": 1, "fact": 1}


def test_a_packed_tar_is_held_against_its_checksum(tmp_path: Path) -> None:
    path = _tar(tmp_path / "t.tar.gz", (tarfile.TarInfo("c.csv"), bytes(range(256)) * 40))
    whole = path.read_bytes()
    path.write_bytes(whole[:-6])
    _refused(path, r"damaged or protected")
    path.write_bytes(whole[:-8] + b"\0\0\0\0" + whole[-4:])
    _refused(path, r"damaged or protected")
    with tarfile.open(tmp_path / "plain.tar", "w") as archive:
        info = tarfile.TarInfo("c.csv")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"3"))
    assert [one.read_bytes() for one in unpack(tmp_path / "plain.tar", tmp_path / "plain")] == [b"3"]


def test_a_zip_without_members(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.csv", {})
    assert is_archive(path)
    _refused(path, r"holds no files")


def test_members_are_named_by_their_place_in_the_archive(tmp_path: Path) -> None:
    packed = _zip(tmp_path / "my.zip", {"x/a.csv": "entity,type,name,kind\n偏头痛,disease,偏头风病,bad\n".encode()})
    library, settings = Library(tmp_path / "kb"), settings_for(tmp_path / "kb")
    report = ingest(library, [packed], settings=settings, max_rejects=5)
    assert report.rejects_file is not None
    assert json.loads(Path(report.rejects_file).read_text())["file"] == "my.zip/x/a.csv"
    unknown = _zip(tmp_path / "other.zip", {"y/readme.rst": b"hello"})
    with pytest.raises(DataError, match=r"^other\.zip/y/readme\.rst: looks like no known format"):
        ingest(library, [unknown], settings=settings)
    (shown,) = preview([packed], 1)
    assert (shown.file, shown.rejects[0].file) == ("my.zip/x/a.csv", "my.zip/x/a.csv")

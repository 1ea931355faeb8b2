"""Where everything lies: folder names, the manifest of a snapshot, the pointer, the writer's lock.

<data_dir>/kb/CURRENT                         pointer {revision, version, snapshot, tuning}
             /lock                            held (flock) by the one writer
             /serial                          highest version and revision ever given out
             /register.json                   what was withdrawn, retracted or erased, whatever the version
             /snapshots/000003-1f2e3d4c5b6a/  manifest.json records.sqlite vectors.npy dense.faiss sparse/
             /tuning/<sha16>.json             fusion weights and thresholds
             /staging/                        work in progress, never read by a server
          /rejects/<dataset>-<stamp>.jsonl    rows that were refused
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from rag.domain import Pointer
from rag.errors import CorruptSnapshotError
from rag.snapshot.files import FileEntry, write_durably

MANIFEST_FORMAT = 4
MANIFEST, RECORDS, VECTORS, DENSE, SPARSE = "manifest.json", "records.sqlite", "vectors.npy", "dense.faiss", "sparse"
FIELDS = ("title", "question", "text")
"""Parts of a passage that the text and vector indexes may cover, in the order they are joined."""
_FOLDER = re.compile(r"(\d{6,})-([0-9a-f]{12})(?:-(\d+))?")


@dataclass(frozen=True)
class Manifest:
    """What a snapshot holds. `digest` covers records and assertions, whatever the order they were ingested in.

    `findings` counts what the audit found by rule and severity, `held` the records in quarantine by kind; `counts`
    leaves those out.
    """

    kb: str
    version: int
    parent: int | None
    digest: str
    created: str
    counts: Mapping[str, int]
    datasets: tuple[str, ...]
    embedder: str
    dimension: int
    dense_index: str
    indexed_fields: tuple[str, ...]
    text_version: int
    audit_version: int
    findings: Mapping[str, Mapping[str, int]]
    held: Mapping[str, int]
    files: Mapping[str, FileEntry]
    erasures: int = 0
    """How often content was erased from this version, each time by a copy that took its place."""

    @property
    def folder_name(self) -> str:
        """Such as `000003-1f2e3d4c5b6a`, with `-1` behind it after a first erasure."""
        return f"{self.version:06d}-{self.digest[:12]}" + (f"-{self.erasures}" if self.erasures else "")


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `manifest.json`, the last file of a snapshot, durably and with a checksum of itself."""
    content: dict[str, object] = {"format": MANIFEST_FORMAT, **asdict(manifest)}
    content["checksum"] = _seal(content)
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    write_durably(folder / MANIFEST, text.encode())


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a snapshot folder. Raises CorruptSnapshotError if it is missing, damaged or another's."""
    path = folder / MANIFEST
    content = read_object(path)
    if content.pop("checksum", None) != _seal(content):
        raise corrupt(path, "its checksum does not match")
    if (found := content.pop("format", None)) != MANIFEST_FORMAT:
        raise CorruptSnapshotError(
            f"{path}: another version of this program made it (format {found}, this one reads {MANIFEST_FORMAT}); "
            "ingest the files again into a new folder (YIWEN_DATA_DIR)"
        )
    manifest = _manifest(path, content)
    if folder_version(folder.name) is not None and folder.name != manifest.folder_name:
        raise corrupt(path, f"it belongs to {manifest.folder_name}")
    return manifest


def _manifest(path: Path, content: dict[str, object]) -> Manifest:
    if set(content) != {field.name for field in fields(Manifest)}:
        raise corrupt(path, "its fields are not those of a manifest")
    files, names, datasets = content["files"], content["indexed_fields"], content["datasets"]
    if not (isinstance(files, dict) and isinstance(names, list) and isinstance(datasets, list)):
        raise corrupt(path, "its fields have the wrong types")
    entries = {name: FileEntry(**entry) for name, entry in files.items()}
    typed = {"files": entries, "indexed_fields": tuple(names), "datasets": tuple(datasets)}
    return Manifest(**{**content, **typed})  # type: ignore[arg-type]  # the checksum vouches for the other types


def sealed(content: Mapping[str, object]) -> dict[str, object]:
    """A small document of ours with a checksum of itself."""
    return {**content, "checksum": _seal(content)}


def unsealed(content: dict[str, object]) -> dict[str, object]:
    """The document without its checksum. Raises CorruptSnapshotError where that does not match."""
    kept = {name: value for name, value in content.items() if name != "checksum"}
    if content.get("checksum") != _seal(kept):
        raise CorruptSnapshotError("its checksum does not match")
    return kept


def _seal(content: Mapping[str, object]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_object(path: Path) -> dict[str, object]:
    """The JSON object in a small file of ours. Raises CorruptSnapshotError naming the file."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise corrupt(path, "it is missing") from error
    except (OSError, ValueError) as error:
        raise corrupt(path, f"it cannot be read ({error})") from error
    if not isinstance(content, dict):
        raise corrupt(path, "it is not a JSON object")
    return content


def corrupt(path: Path, why: str) -> CorruptSnapshotError:
    """The error for a published file that is not what it was, with what to do."""
    return CorruptSnapshotError(
        f"{path}: {why}; see `yiwen kb versions` and go to an intact version with `yiwen kb activate VERSION`"
    )


def folder_version(name: str) -> int | None:
    """The version in a snapshot folder's name; None for anything else lying there."""
    match = _FOLDER.fullmatch(name)
    return int(match[1]) if match else None


def folder_erasures(name: str) -> int:
    """How many erasures the version in this snapshot folder has behind it."""
    match = _FOLDER.fullmatch(name)
    return int(match[3] or 0) if match else 0


def encode_pointer(pointer: Pointer) -> bytes:
    """`CURRENT`, with a checksum of itself."""
    content: dict[str, object] = asdict(pointer)
    return json.dumps(content | {"checksum": _seal(content)}, sort_keys=True).encode() + b"\n"


def decode_pointer(path: Path) -> Pointer:
    """Read `CURRENT`. Raises CorruptSnapshotError."""
    content = read_object(path)
    if content.pop("checksum", None) != _seal(content) or set(content) != {f.name for f in fields(Pointer)}:
        raise corrupt(path, "its checksum does not match")
    return Pointer(**content)  # type: ignore[arg-type]  # the checksum vouches for the types

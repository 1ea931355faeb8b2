"""`dataset_info.json`: data sets by name, as the CareGPT line and its successors write it, and in our own words.

Ours: `file`, `folder` or `hub` (with `subset`, `split`), `format`, `columns`, `sha256`, `member`, `max_samples`,
`licence`, `collected` (the date of the newest content). Theirs: `file_name`, `hf_hub_url`, `script_url`, `file_sha1`,
`columns`, `formatting`, `ranking`, `num_samples`, `tags`. Paths are relative to the file.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from finetune.data.formats import ALPACA, FORMS, Columns
from finetune.data.records import files_of
from rag.errors import ConfigurationError, DataError, NotFoundError

NAME = "dataset_info.json"
_OURS = {
    "file", "folder", "hub", "subset", "split", "format", "columns", "sha256", "member", "max_samples", "licence",
    "collected",
}  # fmt: skip
_THEIRS = {
    "file_name", "hf_hub_url", "script_url", "file_sha1", "formatting", "ranking", "num_samples", "tags", "license",
}  # fmt: skip
_COLUMNS = {"prompt", "query", "response", "history", "system", "messages", "chosen", "rejected"}
_TAGS = {"role_tag": "role", "content_tag": "content"}
_OTHER_TAGS = {"user_tag", "assistant_tag", "observation_tag", "function_tag", "system_tag"}
_BLOCK = 1 << 20
_NAMED = 20
"""Data sets that an error lists."""


@dataclass(frozen=True)
class Dataset:
    """One entry; exactly one of `path` and `hub` is set."""

    name: str
    path: Path | None = None
    hub: str | None = None
    subset: str | None = None
    split: str = "train"
    form: str = "auto"
    columns: Columns = ALPACA
    sha1: str | None = None
    sha256: str | None = None
    member: str | None = None
    """Of a file that holds several named lists: which one."""
    max_samples: int | None = None
    licence: str = ""
    collected: datetime.date | None = None


def read_registry(place: Path) -> dict[str, Mapping[str, Any]]:
    """Entries by name, as written. Raises NotFoundError, ConfigurationError."""
    path = place / NAME if place.is_dir() else place
    try:
        found = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        raise NotFoundError(f"{path} does not exist; expected the registry of data sets") from None
    except (OSError, orjson.JSONDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(entry, dict) for entry in found.values()):
        raise ConfigurationError(f"{path} holds no object of objects; expected data sets by name")
    return found


def find(name: str, registry: Path | None) -> Dataset:
    """The data set of that name, else the file or folder so named.

    Raises NotFoundError with the names there are, ConfigurationError for an entry that cannot be meant.
    """
    known = read_registry(registry) if registry is not None else {}
    if name in known and registry is not None:
        return entry_of(name, known[name], registry if registry.is_dir() else registry.parent)
    if Path(name).exists():
        return Dataset(Path(name).stem, Path(name))
    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    names = (
        f"the registry has {', '.join(sorted(known)[:_NAMED])}{more}"
        if known
        else "no registry was given (data.registry)"
    )
    raise NotFoundError(f"there is no data set {name!r}, and no such file; {names}")


def entry_of(name: str, given: Mapping[str, Any], folder: Path) -> Dataset:
    """An entry, strictly read; the hub goes before a file, as in the reference."""
    unknown = sorted(given.keys() - _OURS - _THEIRS)
    if unknown:
        raise ConfigurationError(f"data set {name}: unknown keys {', '.join(unknown)}; known: {_known()}")
    hub, script = given.get("hub") or given.get("hf_hub_url"), given.get("script_url")
    file = given.get("file") or given.get("file_name") or given.get("folder")
    if script and not hub:
        raise ConfigurationError(
            f"data set {name} is made by the script {script}, which is not run; export its rows to a file and name that"
        )
    if not hub and not file:
        raise ConfigurationError(f"data set {name} names no file, folder or hub")
    return Dataset(
        name,
        None if hub else folder / str(file),
        str(hub) if hub else None,
        given.get("subset"),
        given.get("split") or "train",
        _form(name, given),
        _columns(name, given),
        given.get("file_sha1"),
        given.get("sha256"),
        given.get("member"),
        _count(name, given.get("max_samples", given.get("num_samples"))),
        str(given.get("licence") or given.get("license") or ""),
        _date(name, given.get("collected")),
    )


def _known() -> str:
    return ", ".join(sorted(_OURS | _THEIRS))


def _form(name: str, given: Mapping[str, Any]) -> str:
    form = given.get("format") or given.get("formatting")
    if given.get("ranking") and form in (None, "alpaca", "sharegpt"):
        return "preference"
    if form is None:
        return "alpaca" if given.get("columns") else "auto"
    if form not in FORMS and form != "auto":
        raise ConfigurationError(f"data set {name}: format {form!r}; expected one of auto, {', '.join(FORMS)}")
    return str(form)


def _columns(name: str, given: Mapping[str, Any]) -> Columns:
    """Without `columns` Alpaca's; with them what is not named is not there, as the reference has it."""
    tags: dict[str, Any] = _tags(name, given)
    if not given.get("columns"):
        return replace(ALPACA, **tags)
    columns = given["columns"]
    if not isinstance(columns, dict) or not all(isinstance(v, str) or v is None for v in columns.values()):
        raise ConfigurationError(f"data set {name}: columns must map names to names, such as prompt to question")
    named = {("prompt" if key == "text" else key): value or None for key, value in columns.items()}
    unknown = sorted(named.keys() - _COLUMNS)
    if unknown:
        raise ConfigurationError(
            f"data set {name}: unknown columns {', '.join(unknown)}; known are {', '.join(sorted(_COLUMNS))}"
        )
    all_named: dict[str, Any] = dict.fromkeys(_COLUMNS) | named | tags
    return Columns(**all_named, optional=frozenset())


def _tags(name: str, given: Mapping[str, Any]) -> dict[str, str]:
    tags = given.get("tags") or {}
    unknown = sorted(tags.keys() - _TAGS.keys() - _OTHER_TAGS)
    if unknown:
        raise ConfigurationError(f"data set {name}: unknown tags {', '.join(unknown)}")
    return {_TAGS[key]: str(value) for key, value in tags.items() if key in _TAGS}


def _count(name: str, value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"data set {name}: max_samples is {value!r}; expected a number above 0")
    return value


def _date(name: str, value: object) -> datetime.date | None:
    if value is None:
        return None
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError:
        raise ConfigurationError(f"data set {name}: collected is {value!r}; expected a date, YYYY-MM-DD") from None


# ---------------------------------------------------------------- checksums


def digest(path: Path, kind: str = "sha256") -> str:
    """Of a file its bytes; of a folder the names and digests of its data files, in order."""
    if path.is_dir():
        lines = [f"{digest(file, kind)}  {file.name}\n" for file in files_of(path)]
        return hashlib.new(kind, "".join(lines).encode()).hexdigest()
    found = hashlib.new(kind)
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                found.update(block)
    except OSError as error:
        raise NotFoundError(f"{path} cannot be read ({error.strerror})") from error
    return found.hexdigest()


def verify(dataset: Dataset) -> str:
    """The sha256 of a data set's files (empty for the hub). DataError where a given checksum is another one."""
    if dataset.path is None:
        return ""
    files_of(dataset.path)
    found = digest(dataset.path)
    wanted = {"sha256": (dataset.sha256, found)}
    if dataset.sha1:
        wanted["sha1"] = (dataset.sha1, digest(dataset.path, "sha1"))
    for kind, (given, actual) in wanted.items():
        if given and given.lower() != actual:
            raise DataError(
                f"{dataset.path}: its {kind} is {actual}, the registry's entry {dataset.name} says {given}; "
                "fetch the file again, or correct the entry if the change is meant"
            )
    return found

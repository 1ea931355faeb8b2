"""The folder of a run: what was asked, with which packages, on which data; written before the first step."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from finetune.config import Run
from finetune.data.encode import Losses
from finetune.data.prepared import Origin
from finetune.data.rows import Left
from finetune.schema import plain
from rag.errors import ConfigurationError, ConflictError
from rag.snapshot.files import storage_errors, write_durably

RESOLVED, RECORD, REPORT, LEFT_OUT = "resolved.yaml", "record.json", "report.json", "left_out.jsonl"
_PACKAGES = ("yiwen", "torch", "transformers", "peft", "accelerate", "tokenizers", "trl", "bitsandbytes", "numpy")
_MAY_CHANGE = ("export",)


def resolved(run: Run) -> str:
    """Every setting as YAML, defaults written out."""
    return yaml.safe_dump(plain(run), allow_unicode=True, sort_keys=False)


def versions() -> dict[str, str]:
    """Of Python and the packages that decide a result."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def begin(
    run: Run,
    origins: Sequence[Origin],
    *,
    resume: bool,
    losses: Losses | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Makes the folder, with a line in `left_out.jsonl` for each row that was cut or left out.

    Raises ConflictError if another run is in it, StorageError if it cannot be written.
    """
    losses = losses or Losses()
    check_folder(run, resume=resume)
    with storage_errors(run.out):
        run.out.mkdir(parents=True, exist_ok=True)
        if (run.out / RESOLVED).exists():
            _check_data(run.out, origins)
        write_durably(run.out / RESOLVED, resolved(run).encode())
        write_durably(run.out / LEFT_OUT, "".join(_line(left) for left in losses.rows).encode())
        record = {
            "versions": versions(),
            "data": [asdict(origin) for origin in origins],
            "earlier": _earlier(run),
            "left_out": dict(losses.counts),
            **(facts or {}),
        }
        write_durably(run.out / RECORD, json.dumps(record, ensure_ascii=False, indent=2).encode())


def check_folder(run: Run, *, resume: bool) -> None:
    """Raises ConflictError if another run or something else is in the folder, ConfigurationError if it can be none."""
    file = next((place for place in (run.out, *run.out.parents) if place.exists() and not place.is_dir()), None)
    if file is not None:
        raise ConfigurationError(f"out is {run.out}, but {file} is a file; name a folder")
    if (run.out / RESOLVED).exists():
        _check_same(run, run.out / RESOLVED, resume)
    elif run.out.exists() and any(run.out.iterdir()):
        raise ConflictError(f"{run.out} is not empty and no run; name another folder in `out`")


def _earlier(run: Run) -> list[Mapping[str, Any]]:
    """The data sets that the base and the adapters had learnt from, as far as their own runs say."""
    places = [run.model.path, *run.model.adapters, *([run.lora.start] if run.lora.start else [])]
    records = [read_record(Path(place)) for place in places]
    found = [one for record in records for one in (*record.get("earlier", ()), *record.get("data", ()))]
    return list({(one["name"], one["sha256"]): one for one in found}.values())


def _line(left: Left) -> str:
    return json.dumps(asdict(left), ensure_ascii=False) + "\n"


def _check_same(run: Run, old: Path, resume: bool) -> None:
    if not resume:
        raise ConflictError(f"{run.out} holds a run already; say --resume to go on, or name another folder in `out`")
    before, now = yaml.safe_load(old.read_text(encoding="utf-8")), plain(run)
    for section in now:
        if section in _MAY_CHANGE or before.get(section) == now[section]:
            continue
        raise ConflictError(f"{run.out} was begun with another `{section}`; resume it as it was, or name another `out`")


def _check_data(folder: Path, origins: Sequence[Origin]) -> None:
    """Going on with other rows would be neither of two runs."""
    before = {(one["name"], one["sha256"]) for one in read_record(folder).get("data", ())}
    changed = {(one.name, one.sha256) for one in origins} ^ before
    if changed:
        names = ", ".join(sorted({name for name, _ in changed}))
        raise ConflictError(f"{folder} was begun with other data ({names}); name another `out` for the new files")


def finish(run: Run, report: Mapping[str, Any]) -> None:
    """The last file of a run: what came out."""
    with storage_errors(run.out):
        write_durably(run.out / REPORT, json.dumps(report, ensure_ascii=False, indent=2).encode())


def ended(run: Run) -> dict[str, Any] | None:
    """The report of this run if it has ended before, else None."""
    if not (run.out / REPORT).exists():
        return None
    report: dict[str, Any] = json.loads((run.out / REPORT).read_bytes())
    return report if Path(report["result"]).is_dir() else None


def read_record(folder: Path) -> dict[str, Any]:
    """`record.json` and `report.json` of the run that `folder` is, or is in; empty where there is none."""
    for place in (folder, folder.parent):
        if (place / RECORD).exists():
            record: dict[str, Any] = json.loads((place / RECORD).read_bytes())
            if (place / REPORT).exists():
                record["report"] = json.loads((place / REPORT).read_bytes())
            return record
    return {}

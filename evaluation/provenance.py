"""What a report must name so that it can be made again: knowledge base, settings, state of the source."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

from pydantic import SecretStr

from rag.pipeline import Pipeline
from rag.settings import Settings

_ROOT = Path(__file__).resolve().parents[1]


def provenance(pipeline: Pipeline, settings: Settings) -> dict[str, object]:
    """For a JSON document; secrets are named, not shown. Raises NotReadyError without a version."""
    kb = pipeline.editions.current().kb
    return {
        "kb": {"version": kb.version, "digest": kb.digest},
        "settings": {
            name: "***" if isinstance(value, SecretStr) else str(value)
            for name, value in settings
            if value != Settings.model_fields[name].get_default(call_default_factory=True) and name != "data_dir"
        },
        "program": version("yiwen"),
        "commit": _commit(),
    }


def _commit() -> str | None:
    """The commit that is checked out, with `+` where files differ from it; None outside a git checkout."""
    head = _git("rev-parse", "HEAD")
    return f"{head}+" if head and _git("status", "--porcelain", "--untracked-files=no") else head


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(_ROOT), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip() or None

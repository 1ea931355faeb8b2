"""Running a script of evaluation/sets as a person does, and its digest."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SETS = Path(__file__).resolve().parents[2] / "evaluation" / "sets"


def output(script: str, data: Path, *, hash_seed: str = "0") -> bytes:
    """What the script prints; the hash seed may not matter."""
    command = [sys.executable, str(SETS / script), str(data)]
    return subprocess.run(command, check=True, capture_output=True, env={"PYTHONHASHSEED": hash_seed}).stdout


def complaint(script: str, data: Path) -> str:
    """The error that a script ends with."""
    done = subprocess.run([sys.executable, str(SETS / script), str(data)], capture_output=True, check=False)
    assert done.returncode
    return done.stderr.decode("utf-8")


def rows(text: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.decode("utf-8").splitlines()]


def committed_digest(name: str) -> str:
    return (SETS / f"{name}.sha256").read_text(encoding="ascii").split()[0]


def sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()

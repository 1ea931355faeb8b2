"""Commands as a user starts them: how long they took, how much memory they held at most, what they printed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import YiwenError

DONE = (0, 7)
"""Exit codes of a command that did its work; 7: some rows were rejected."""
_POLL_S = 0.02


@dataclass(frozen=True)
class Finished:
    """One command: wall clock in seconds, peak resident memory in MB (None where the system does not tell), stdout."""

    seconds: float
    peak_mb: float | None
    stdout: str

    def document(self) -> dict[str, Any]:
        """The JSON document that it printed."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found


def run_command(arguments: Sequence[str]) -> Finished:
    """Run this Python with `arguments` to its end. Raises YiwenError with the last line of stderr if it fails.

    The peak is read from the process itself while it runs: what the operating system hands to the parent afterwards
    includes the parent's own memory from before the child's program was loaded.
    """
    begin = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        peak: float | None = None
        while True:
            try:
                stdout, stderr = process.communicate(timeout=_POLL_S)
                break
            except subprocess.TimeoutExpired:
                peak = _peak_mb(process.pid) or peak
        seconds = time.perf_counter() - begin
    if process.returncode not in DONE:
        last = (stderr.strip().splitlines() or ["no message"])[-1]
        raise YiwenError(f"{' '.join(arguments)} ended with exit code {process.returncode}: {last}")
    return Finished(seconds, peak, stdout)


def _peak_mb(pid: int) -> float | None:
    """The peak of a running process, from Linux's /proc; None elsewhere."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return None

"""Commands as a user starts them: how long they took, how much memory they held at most, what they printed."""

from __future__ import annotations

import json
import os
import resource
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
    """One command: wall clock and processor time in seconds, peak memory in MB, copies of itself included, its output.

    `foreign` is the share (0 to 1) of the machine's processor time that others used meanwhile. `peak_mb` and `foreign`
    are None where the system does not tell.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float | None
    foreign: float | None
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
    busy, own, begin = _busy_seconds(), _own_seconds(), time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        peak: float | None = None
        while True:
            try:
                stdout, stderr = process.communicate(timeout=_POLL_S)
                break
            except subprocess.TimeoutExpired:
                now = (memory_mb(process.pid, "VmHWM"), together_mb(process.pid, "Pss"), peak)
                peak = max((value for value in now if value is not None), default=None)
        seconds = time.perf_counter() - begin
    cpu = _own_seconds() - own
    if process.returncode not in DONE:
        last = (stderr.strip().splitlines() or ["no message"])[-1]
        raise YiwenError(f"{' '.join(arguments)} ended with exit code {process.returncode}: {last}")
    after = _busy_seconds()
    others = None
    if busy is not None and after is not None:
        others = max(0.0, after - busy - cpu) / (seconds * (os.cpu_count() or 1))
    return Finished(seconds, cpu, peak, others, stdout)


def _own_seconds() -> float:
    """Processor time of this process and of its children that ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _busy_seconds() -> float | None:
    """Processor time that the whole machine has used, stolen time included; None without Linux's /proc."""
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
    except OSError:
        return None
    user, nice, system, _idle, _wait, *rest = (int(value) for value in first.split()[1:9])
    return float(user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int, name: str) -> float | None:
    """VmRSS (now), VmHWM (peak) or RssAnon (allocated) of a running process, from Linux's /proc; None elsewhere."""
    return _told_mb(Path(f"/proc/{pid}/status"), name)


def together_mb(pid: int, name: str) -> float | None:
    """Pss (now) or Pss_Anon (allocated) of a running process and its children, what they share counted once."""
    own = _told_mb(Path(f"/proc/{pid}/smaps_rollup"), name)
    if own is None:
        return None
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        children = []
    return own + sum(_told_mb(Path(f"/proc/{child}/smaps_rollup"), name) or 0.0 for child in children)


def _told_mb(file: Path, name: str) -> float | None:
    try:
        lines = file.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return None

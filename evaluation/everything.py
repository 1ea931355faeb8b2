"""Every part of the evaluation, each a process of its own, on knowledge bases that are made once.

What a part prints as Markdown goes between its marks in the quality page (`evaluation.page`).
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from rag.errors import NotFoundError, YiwenError

BASES: Mapping[str, tuple[str, ...]] = {
    "graph": ("kg/cmekg.jsonl", "kg/drug.json", "literature/pubmedqa_dev.json", "literature/csl*.jsonl"),
    "whole": ("kg/cmekg.jsonl", "kg/disease.csv", "kg/drug.json"),
    "remedies": (
        "kg/drug.json", "kg/ddinter_A.csv", "kg/tcm/textbook_*s.json", "kg/tcm/*herb*.json", "kg/tcm/*formula*.json",
    ),
}  # fmt: skip
"""Files of each knowledge base; what a folder lacks is left out."""


@dataclass(frozen=True)
class Part:
    """`base`: the knowledge base it is asked on; None: it makes its own or needs none. Exit code 1 is a goal missed."""

    name: str
    base: str | None = None
    data: bool = True
    options: tuple[str, ...] = ()


PARTS = (
    Part("graph", "graph"),
    Part("relations", "whole"),
    Part("answers", "graph"),
    Part("linking", "graph", data=False),
    Part("intent", "graph", options=() if find_spec("sklearn") else ("--rules-only",)),
    Part("checker", "graph", data=False),
    Part("hostile", data=False),
    Part("refusal"),
    Part("evidence", "graph"),
    Part("medications", "remedies"),
    Part("dialogue", "whole"),
    Part("triage", data=False),
)
GOAL_MISSED = 1
_HEADING = re.compile("^## ", re.MULTILINE)
"""A part's headings stand below those of the page."""


@dataclass(frozen=True)
class Outcome:
    """What a part printed, whether it says that a goal is missed, and how long it took (seconds)."""

    part: Part
    text: str
    missed: bool
    seconds: float


def chosen(names: Sequence[str]) -> list[Part]:
    """The parts of these names, all without any. Raises NotFoundError."""
    known = {part.name: part for part in PARTS}
    if unknown := [name for name in names if name not in known]:
        raise NotFoundError(f"there is no part {unknown[0]!r}; expected some of {', '.join(known)}")
    return [known[name] for name in names] if names else list(PARTS)


def run(data: Path, folder: Path, parts: Sequence[Part], told: Callable[[str], None]) -> Iterator[Outcome]:
    """Make the knowledge bases in `folder` and run the parts. Raises YiwenError where one breaks."""
    for part in parts:
        where = folder / (part.base or "none")
        if part.base is not None and not where.exists():
            told(f"ingesting for {part.base}")
            _yiwen(where, "--quiet", "ingest", *map(str, _files(data, part.base)), accepted=(0, 7))
        told(part.name)
        began = time.monotonic()
        given = ("--data", str(data)) if part.data else ()
        done = _yiwen(where, "eval", part.name, *given, *part.options, accepted=(0, GOAL_MISSED))
        yield Outcome(part, _HEADING.sub("### ", done.stdout), done.returncode == GOAL_MISSED, time.monotonic() - began)


def _files(data: Path, base: str) -> list[Path]:
    found = [path for pattern in BASES[base] for path in sorted(data.glob(pattern))]
    if not found:
        raise NotFoundError(f"{data}: none of {', '.join(BASES[base])}; --data names the folder of the raw data files")
    return found


def _yiwen(data_dir: Path, *arguments: str, accepted: tuple[int, ...]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "yiwen", "--data-dir", str(data_dir), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in accepted:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise YiwenError(f"`yiwen {' '.join(arguments[:2])}` ended with code {done.returncode}: {last}")
    return done

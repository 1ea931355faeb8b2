"""A process that ingests generated records and dies where it is told: `child.py FOLDER SEED POINT [NTH]`.

It says `begins` when its imports are done. POINT is a named point of publishing, at whose NTH passing the process
kills itself with SIGKILL, or `none`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from kg_loader.gate import Gate, Question
from rag.snapshot import Library
from tests.kb import HashEmbedder, generated, publish

SIZE = 60
GATE = Gate("questions", (Question(question="病1号3有哪些症状"), Question(question="病2号3有哪些症状")), {})
"""Reports and lets everything pass."""


def killer(point: str, nth: int) -> Callable[[str], None]:
    """An observer that ends this process without any cleaning up."""
    passed = 0

    def reached(name: str) -> None:
        nonlocal passed
        passed += name == point
        if name == point and passed == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


if __name__ == "__main__":
    folder, seed, point, *nth = sys.argv[1:]
    sys.stdout.write("begins\n")
    sys.stdout.flush()
    observer = killer(point, int(nth[0]) if nth else 1)
    records = {"x": generated(int(seed), SIZE)}
    publish(Library(Path(folder)), records, embedder=HashEmbedder(), reached=observer, gate=GATE)

"""What a process does that ingests generated records and dies where it is told."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from kg_loader import ahead
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


def run(folder: str, seed: str, point: str, nth: str) -> None:
    """`point` is a named point of publishing, at whose nth passing the process kills itself, or `none`."""
    ahead.SMALL = 0  # these few records are read and audited in a process of their own, as large files are
    records = {"x": generated(int(seed), SIZE)}
    publish(Library(Path(folder)), records, embedder=HashEmbedder(), reached=killer(point, int(nth)), gate=GATE)

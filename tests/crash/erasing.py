"""What a process does that erases and dies where it is told, like `child.py`."""

from __future__ import annotations

from pathlib import Path

from kg_loader.erasure import erase
from rag.snapshot import Library
from tests.crash.child import killer
from tests.kb import settings_for


def run(folder: str, key: str, point: str, nth: str) -> None:
    observer = killer(point, int(nth))
    erase(Library(Path(folder)), settings_for(Path(folder)), key, "本人要求", reached=observer)

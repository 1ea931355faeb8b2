"""A process that erases and dies where it is told: `erasing.py FOLDER ID POINT [NTH]`, like `child.py`."""

from __future__ import annotations

import sys
from pathlib import Path

from kg_loader.erasure import erase
from rag.snapshot import Library
from tests.crash.child import killer
from tests.kb import settings_for

if __name__ == "__main__":
    folder, key, point, *nth = sys.argv[1:]
    sys.stdout.write("begins\n")
    sys.stdout.flush()
    observer = killer(point, int(nth[0]) if nth else 1)
    erase(Library(Path(folder)), settings_for(Path(folder)), key, "本人要求", reached=observer)

"""A data folder that cannot be written still serves; only writing is refused, in one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.snapshot import Library
from tests.kb import HashEmbedder, publish, small_kb

ROOT = Path(__file__).parents[2]
READ = """
import os, sys
from pathlib import Path
import rag.graph.sqlite
from kg_loader import versions
from rag.errors import StorageError
from rag.snapshot import Library
from tests.kb import disease, opened, publish, settings_for, small_kb
if os.geteuid() == 0:  # root may write anywhere
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
library = Library(Path(sys.argv[1]))
snapshot = opened(library)
print(snapshot.index_sizes, len(snapshot.search_sparse(["休养"], concepts=[], limit=5)))
print(len(snapshot.graph().neighbourhood({disease("甲病"): ()}, limit_each=9).outgoing))
for write in (lambda: publish(library, {"x": []}), lambda: versions.prune(library, settings_for(library.data_dir))):
    try:
        write()
    except StorageError as error:
        print(error)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="yiwen-read-only-"))
    publish(Library(path), {"x": small_kb()}, embedder=HashEmbedder())
    below = [path, *path.rglob("*")]
    for item in below:
        item.chmod(0o555 if item.is_dir() else 0o444)
    yield path
    for item in below:
        item.chmod(0o755)
    shutil.rmtree(path)


def test_reading_from_a_read_only_folder(folder: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", READ, str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=50, check=False, env=environment,
    )  # fmt: skip
    assert done.stderr == ""
    sizes, facts, *refused = done.stdout.splitlines()
    assert sizes == "{'sparse': 2, 'dense': 2} 1"
    assert facts == "4"
    assert len(refused) == 2
    assert all("permission denied; set YIWEN_DATA_DIR" in line for line in refused)

"""`python -m finetune.ablation`: prints the table, then a line of JSON; with --out, both go into a folder too."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from finetune.ablation.measuring import Scale, measure
from rag.errors import ConflictError, YiwenError
from rag.snapshot.files import storage_errors


def main() -> int:
    """Errors are one line."""
    parser = argparse.ArgumentParser(prog="python -m finetune.ablation", description=__doc__)
    parser.add_argument("--out", type=Path, help="folder that keeps data, runs and results; must not exist")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    try:
        if given.out is None:
            with tempfile.TemporaryDirectory() as folder:
                found = measure(Path(folder), Scale(seed=given.seed))
        else:
            if given.out.exists():
                raise ConflictError(f"{given.out} exists already; name another folder")
            with storage_errors(given.out):
                given.out.mkdir(parents=True)
            found = measure(given.out, Scale(seed=given.seed))
    except YiwenError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    summary = json.dumps(found.summary(), ensure_ascii=False)
    sys.stdout.write(f"{found.markdown()}\n{summary}\n")
    if given.out is not None:
        (given.out / "ablation.md").write_text(found.markdown() + "\n", encoding="utf-8")
        (given.out / "ablation.json").write_text(summary + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

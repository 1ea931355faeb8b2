"""From files to a published version, three ways: from nothing, again, and with one record changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.speed.corpora import Corpus
from evaluation.speed.process import Finished, run_command
from kg_loader.versions import diff
from rag.snapshot import Library


@dataclass(frozen=True)
class Round:
    """The three ingestions of one round."""

    first: Finished
    again: Finished
    changed: Finished
    differences: Mapping[str, tuple[int, int]]
    samples: tuple[str, ...]

    @property
    def report(self) -> dict[str, Any]:
        """What the first ingestion said."""
        return self.first.document()

    def rejected(self) -> dict[str, int]:
        """Broken rows by reason."""
        return _by_reason(self.report["rejected"])

    def skipped(self) -> dict[str, int]:
        """Rows left out by rule, by reason."""
        return _by_reason(self.report["skipped"])


def _by_reason(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(Counter(counts).most_common())


def ingest_round(corpus: Corpus, data_dir: Path, scratch: Path) -> Round:
    """Publish `corpus` in the empty `data_dir`, again, then its first file with one record changed.

    Ends with the unchanged content current, in a further version, so that the folder can be asked afterwards.
    """
    first = _ingest(data_dir, *corpus.files)
    again = _ingest(data_dir, *corpus.files)
    copy = scratch / corpus.files[0].name
    corpus.change(corpus.files[0], copy)
    changed = _ingest(data_dir, copy)
    before, after = first.document()["version"], changed.document()["version"]
    found = diff(Library(data_dir), before, after)
    lines = [f"+ {line}" for change in found.values() for line in change.added_samples]
    lines += [f"- {line}" for change in found.values() for line in change.removed_samples]
    _activate(data_dir, before)
    counts = {kind: (c.added, c.removed) for kind, c in found.items() if c.added or c.removed}
    return Round(first, again, changed, counts, tuple(lines))


def _ingest(data_dir: Path, *files: Path) -> Finished:
    return run_command(
        ["-m", "yiwen", "--quiet", "--data-dir", str(data_dir), "ingest", "--json", *(str(path) for path in files)]
    )


def _activate(data_dir: Path, version: int) -> None:
    run_command(["-m", "yiwen", "--data-dir", str(data_dir), "kb", "activate", str(version)])

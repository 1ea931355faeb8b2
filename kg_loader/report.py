"""What an ingestion did, as an object and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kg_loader.gate import GateReport
from kg_loader.staging import Staging
from rag.snapshot.layout import Manifest
from rag.snapshot.schema import KIND_NAMES


@dataclass(frozen=True)
class IngestReport:
    """What an ingestion did. `loaded` counts distinct records of the files, `added` and `removed` the change.

    `findings` (by rule and severity) and `held` (records in quarantine by kind) are those of the whole version.
    """

    version: int
    digest: str
    loaded: int
    skipped: Mapping[str, int]
    rejected: Mapping[str, int]
    rejects_file: Path | None
    unchanged: bool
    loaded_by_kind: Mapping[str, int] = field(default_factory=dict)
    added: Mapping[str, int] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)
    gate: GateReport | None = None
    """How the answers to the pinned questions changed; None: no gate was set, or nothing changed."""
    findings: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """As JSON: what `yiwen ingest --json` prints and a job keeps."""
        return {
            "version": self.version,
            "digest": self.digest,
            "loaded": self.loaded,
            "skipped": dict(self.skipped),
            "rejected": dict(self.rejected),
            "rejects_file": str(self.rejects_file) if self.rejects_file else None,
            "unchanged": self.unchanged,
            "loaded_by_kind": dict(self.loaded_by_kind),
            "added": dict(self.added),
            "removed": dict(self.removed),
            "gate": self.gate.document() if self.gate else None,
            "findings": {rule: dict(counts) for rule, counts in self.findings.items()},
            "held": dict(self.held),
        }


def report_on(
    staging: Staging,
    manifest: Manifest,
    rejects: Path | None,
    change: Mapping[str, tuple[int, int]],
    gate: GateReport | None,
    *,
    unchanged: bool,
) -> IngestReport:
    """The report of a settled ingestion; `manifest` is that of the version it ended with."""
    loaded = staging.tally("loaded")
    return IngestReport(
        manifest.version,
        manifest.digest,
        sum(loaded.values()),
        staging.tally("skipped"),
        staging.tally("rejected"),
        rejects,
        unchanged,
        {kind: loaded[kind] for kind in KIND_NAMES if kind in loaded},
        {kind: plus for kind, (plus, _) in change.items() if plus},
        {kind: minus for kind, (_, minus) in change.items() if minus},
        gate,
        manifest.findings,
        manifest.held,
    )

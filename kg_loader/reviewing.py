"""`yiwen kb release` and `kb hold`: what a person decides about records, published as a new version.

Decisions are records of the data set `reviews`, so they live and go with the version, are part of its digest, and stay
when the content they speak of is ingested again. At most one stands for a record and a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kg_loader import recovery
from kg_loader.ingest import REVIEWS, Ingestion
from kg_loader.plan import Input
from kg_loader.sealing import Progress, silent
from rag.domain import EDITOR_RULE, Finding, Review, Severity, Verdict
from rag.errors import NotFoundError, NotReadyError, UsageError
from rag.ports import Embedder
from rag.settings import Settings
from rag.snapshot.held import PREFIXES, exists
from rag.snapshot.layout import RECORDS, Manifest, read_manifest
from rag.snapshot.library import Library, unobserved
from rag.snapshot.records import Records
from rag.snapshot.schema import hashed

_DONE = {Verdict.RELEASE: "released", Verdict.HOLD: "held"}
Decisions = dict[tuple[str, str], Review]
"""What stands, by record and rule."""


@dataclass(frozen=True)
class Reviewed:
    """What a decision did: the version it led to, the records it spoke of, what is in quarantine there."""

    manifest: Manifest
    verdict: Verdict
    records: tuple[str, ...]
    unchanged: bool

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "version": self.manifest.version,
            "digest": self.manifest.digest,
            "unchanged": self.unchanged,
            _DONE[self.verdict]: list(self.records),
            "in_quarantine": dict(self.manifest.held),
        }


def require_reviewable(kb: Records, verdict: Verdict, records: Sequence[str]) -> None:
    """Raises NotFoundError for a record that does not exist or, where it is to be released, that nothing holds."""
    if verdict is Verdict.RELEASE:
        _holding(kb, records)
    else:
        _require(kb, records)


def release(
    library: Library, settings: Settings, records: Sequence[str], *, rule: str | None = None, reason: str = "",
    again: bool = False, progress: Progress = silent, reached: Callable[[str], None] = unobserved,
    embedder: Embedder | None = None,
) -> Reviewed:  # fmt: skip
    """Free `records`, or all that `rule` holds, from what holds them, and publish.

    `again`: this may have been done already, so what nothing holds is passed over. Raises UsageError, NotFoundError
    (no such record, or nothing holds it), and what an ingestion raises.
    """
    if bool(records) == (rule is not None):
        raise UsageError("name the records to release, or a rule with --rule")

    def decide(kb: Records, standing: Decisions) -> list[str]:
        if rule is None:
            found = _holding(kb, records, free=again)
        else:
            found = kb.findings(rule=rule, severity=Severity.SEVERE)
        found = [one for one in found if not one.released]
        if rule is not None and not found:
            raise NotFoundError(f"the rule {rule!r} holds nothing; `yiwen kb audit` lists the rules")
        for one in found:
            if one.rule == EDITOR_RULE:
                del standing[one.record, EDITOR_RULE]
            else:
                standing[one.record, one.rule] = Review(one.record, one.rule, Verdict.RELEASE, reason)
        return sorted({one.record for one in found})

    return _publish(library, settings, Verdict.RELEASE, decide, progress, reached, embedder)


def hold(
    library: Library, settings: Settings, records: Sequence[str], *, reason: str,
    progress: Progress = silent, reached: Callable[[str], None] = unobserved, embedder: Embedder | None = None,
) -> Reviewed:  # fmt: skip
    """Put `records` in quarantine until somebody releases them, and publish.

    Raises UsageError, NotFoundError (no such record), and what an ingestion raises.
    """
    if not records or not reason.strip():
        raise UsageError("name the records to hold, and why with --reason")

    def decide(kb: Records, standing: Decisions) -> list[str]:
        _require(kb, records)
        for record in records:
            for key in [key for key in standing if key[0] == record]:
                del standing[key]
            standing[record, EDITOR_RULE] = Review(record, EDITOR_RULE, Verdict.HOLD, reason)
        return sorted(set(records))

    return _publish(library, settings, Verdict.HOLD, decide, progress, reached, embedder)


def _holding(kb: Records, records: Sequence[str], *, free: bool = False) -> list[Finding]:
    """What holds each of `records`. Raises NotFoundError for one that nothing holds, unless it may be `free`."""
    _require(kb, records)
    found = kb.findings_on(records)
    severe = {
        record: [one for one in found.get(record, ()) if one.severity is Severity.SEVERE and not one.released]
        for record in records
    }
    not_held = [record for record, findings in severe.items() if not findings]
    if not_held and not free:
        raise NotFoundError(
            f"nothing holds {', '.join(not_held)} itself; what is held with an entity is released with it, "
            "see `yiwen kb audit --severity severe`"
        )
    return [one for findings in severe.values() for one in findings]


def _require(kb: Records, records: Iterable[str]) -> None:
    missing = [record for record in records if not exists(kb.connection(), record)]
    if missing:
        expected = ", ".join(f"`{prefix}:` and 16 hex digits" for prefix in PREFIXES.values())
        raise NotFoundError(f"there is no record {', '.join(missing)}; ids are {expected}, or `type:name` of an entity")


def _publish(
    library: Library, settings: Settings, verdict: Verdict, decide: Callable[[Records, Decisions], list[str]],
    progress: Progress, reached: Callable[[str], None], embedder: Embedder | None,
) -> Reviewed:  # fmt: skip
    with library.writing():
        recovery.recover(library, settings, progress=progress)
        job = Ingestion.begin(library, settings, embedder, None, progress, reached)
        if job.previous is None:
            raise NotReadyError("there is no knowledge base yet; publish one with `yiwen ingest FILE`")
        kb = Records(job.previous.folder / RECORDS, held=True)
        try:
            standing = {(one.record, one.rule): one for one in kb.scan("review") if isinstance(one, Review)}
            named = decide(kb, standing)
        finally:
            kb.close()
        reviews = [standing[key] for key in sorted(standing)]
        content = f"{hashed({'reviews': [repr(one) for one in reviews]}):x}"
        plan = job.plan([Input(REVIEWS, REVIEWS, REVIEWS, None, 0, content)], append=False)
        report = job.run(plan, lambda _: reviews, max_rejects=0, allow_shrink=True)
        manifest = read_manifest(library.snapshot_folder(report.version))
        return Reviewed(manifest, verdict, tuple(named), report.unchanged)

"""`yiwen kb audit`, `kb release` and `kb hold`: what cannot be right in a version, and what people decide about it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from rag.domain import Severity
from yiwen.options import DataDir, Json, load_settings, quiet
from yiwen.output import counted, document, progress, say, table

if TYPE_CHECKING:
    from kg_loader.reviewing import Reviewed
    from rag.domain import Finding
    from rag.snapshot.layout import Manifest


def audit(
    context: typer.Context,
    rule: Annotated[str | None, typer.Option(metavar="NAME", help="Findings of this rule only.")] = None,
    severity: Annotated[Severity | None, typer.Option(help="Findings of this severity only.")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="A version; default: the current one.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Findings to show for each rule.")] = 3,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List what cannot be right: counts by rule, and findings to read. What is severe is held.

    A held record opens by its id, but no question finds it and no answer cites it until `kb release`.
    """
    from kg_loader.audit import MEANINGS
    from kg_loader.versions import current
    from rag.errors import NotFoundError
    from rag.snapshot import Library
    from rag.snapshot.layout import RECORDS, read_manifest
    from rag.snapshot.records import Records

    if rule is not None and rule not in MEANINGS:
        raise NotFoundError(f"there is no rule {rule!r}; expected one of {', '.join(MEANINGS)}")
    library = Library(load_settings(context, data_dir).data_dir)
    folder = library.snapshot_folder(version or current(library).version)
    manifest = read_manifest(folder)
    records = Records(folder / RECORDS)
    rules = [rule] if rule else list(MEANINGS)
    try:
        found = [one for name in rules for one in records.findings(rule=name, severity=severity, limit=limit)]
    finally:
        records.close()
    if as_json:
        document(
            {
                "version": manifest.version,
                "findings": {name: dict(manifest.findings[name]) for name in rules if name in manifest.findings},
                "held": dict(manifest.held),
                "samples": [asdict(one) for one in found],
            }
        )
        return
    _print(manifest, rules, severity, found, MEANINGS)


def _print(
    manifest: Manifest, rules: list[str], severity: Severity | None, found: list[Finding], meanings: dict[str, str]
) -> None:
    shown = [severity] if severity else list(Severity)[::-1]
    rows = [
        (name, *(f"{manifest.findings[name].get(one, 0):,}" for one in shown), meanings[name])
        for name in rules
        if any(one in manifest.findings.get(name, ()) for one in shown)
    ]
    say(f"version {manifest.version}; held: {counted(manifest.held)}")
    if not rows:
        say("nothing was found")
        return
    table(("rule", *shown, "what it finds"), rows)
    for one in found:
        mark = "released" if one.released else one.severity.value
        say(f"{mark:<8}  {one.rule}  {one.record}  {one.detail}")


RecordsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", help="Records as `kb audit` names them: `f:...`, `p:...`, `a:...` or `type:name`."),
]


def release(
    context: typer.Context,
    records: RecordsArgument = None,
    rule: Annotated[str | None, typer.Option(metavar="NAME", help="Everything that this rule holds.")] = None,
    reason: Annotated[str, typer.Option(help="Why; kept with the release.")] = "",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Free records from quarantine and publish a version in which answers may use them.

    A release stays when the same content is ingested again, and goes with the version.
    """
    from kg_loader.reviewing import release as run
    from rag.snapshot import Library

    settings = load_settings(context, data_dir)
    with progress(quiet(context)) as show:
        done = run(Library(settings.data_dir), settings, records or [], rule=rule, reason=reason, progress=show)
    _say_reviewed(done, "released", as_json=as_json)


def hold(
    context: typer.Context,
    records: RecordsArgument = None,
    reason: Annotated[str, typer.Option(help="Why; shown as the finding.")] = "",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Put records in quarantine and publish a version in which no answer uses them, until `kb release`."""
    from kg_loader.reviewing import hold as run
    from rag.snapshot import Library

    settings = load_settings(context, data_dir)
    with progress(quiet(context)) as show:
        done = run(Library(settings.data_dir), settings, records or [], reason=reason, progress=show)
    _say_reviewed(done, "held", as_json=as_json)


def _say_reviewed(done: Reviewed, verb: str, *, as_json: bool) -> None:
    if as_json:
        document(done.document())
        return
    plural = "record" if len(done.records) == 1 else "records"
    say(f"{verb} {len(done.records):,} {plural}; version {done.manifest.version}")
    say(f"in quarantine: {counted(done.manifest.held)}")

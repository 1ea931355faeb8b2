"""`yiwen kb`: the versions of the knowledge base."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yiwen.options import DataDir, Json, load_settings, quiet
from yiwen.output import confirm, counted, document, printable, progress, say, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg_loader.live_verify import LiveVerified
    from kg_loader.versions import Change
    from rag.snapshot import Library
    from rag.snapshot.layout import Manifest

app = typer.Typer(help="Look at, compare, activate, prune, rebuild, verify and export versions.", no_args_is_help=True)
VersionArgument = Annotated[int | None, typer.Argument(min=1, help="A version; default: the current one.")]


def _library(context: typer.Context, data_dir: Path | None) -> Library:
    from rag.snapshot import Library

    return Library(load_settings(context, data_dir).data_dir)


def manifest_document(manifest: Manifest) -> dict[str, object]:
    """What the commands say of one version."""
    shown = asdict(manifest)
    files = shown.pop("files")
    return shown | {"size_bytes": sum(entry["size"] for entry in files.values())}


@app.command()
def info(context: typer.Context, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Describe the current version."""
    from kg_loader import versions as kb

    found = kb.info(_library(context, data_dir))
    manifest = found.manifest
    if as_json:
        document({"current": manifest.version, **asdict(found.pointer), **manifest_document(manifest)})
        return
    say(f"version    {manifest.version} of {', '.join(map(str, found.versions))}; revision {found.pointer.revision}")
    say(f"digest     {manifest.digest}")
    say(f"created    {manifest.created}")
    say(f"records    {counted(manifest.counts)}")
    if manifest.held:
        say(f"held       {counted(manifest.held)}; see `yiwen kb audit`")
    say(f"data sets  {', '.join(manifest.datasets)}")
    say(f"embedder   {manifest.embedder or 'none'} ({manifest.dimension} dimensions, {manifest.dense_index})")
    say(f"size       {found.size_bytes / 1e6:.1f} MB")


@app.command()
def versions(context: typer.Context, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the versions, oldest first."""
    library = _library(context, data_dir)
    found = library.versions()
    pointer = library.readable_pointer()
    current = pointer.version if pointer else None
    damaged = sorted(set(library.folders()) - {manifest.version for manifest in found})
    waiting = [manifest.version for manifest in found if not library.was_published(manifest.version)]
    if as_json:
        revision = pointer.revision if pointer else None
        rows = [
            manifest_document(m) | {"current": m.version == current, "published": m.version not in waiting}
            for m in found
        ]
        document({"current": current, "revision": revision, "versions": rows, "damaged": damaged})
        return
    if not found:
        say("no versions yet; publish one with `yiwen ingest FILE` or `yiwen demo`")
        return
    columns = ("version", "created", "entities", "facts", "passages", "digest", "data sets")
    before = (frozenset(), *(frozenset(manifest.datasets) for manifest in found))
    table(columns, (_row(manifest, current, known) for manifest, known in zip(found, before, strict=False)))
    for version in waiting:
        say(f"{version} was sealed and never published; run its ingestion again or `yiwen kb activate {version}`")
    for version in damaged:
        say(f"{version} is damaged; see `yiwen kb verify {version}`")


_FEW = 4
"""Data sets that a line names one by one."""


def _row(manifest: Manifest, current: int | None, before: frozenset[str]) -> tuple[object, ...]:
    """One line; of many data sets their number and which came and went since the version before it."""
    mark = "*" if manifest.version == current else ""
    numbers = [f"{manifest.counts.get(kind, 0):,}" for kind in ("entity", "fact", "passage")]
    names = frozenset(manifest.datasets)
    changed = [*(f"+{name}" for name in sorted(names - before)), *(f"-{name}" for name in sorted(before - names))]
    more = [f"and {len(changed) - _FEW} more"] if len(changed) > _FEW else []
    counted = " ".join([str(len(names)), *changed[:_FEW], *more])
    sets = ", ".join(manifest.datasets) if len(names) <= _FEW else counted
    return (f"{manifest.version}{mark}", manifest.created, *numbers, manifest.digest[:12], sets)


@app.command()
def diff(
    context: typer.Context,
    a: Annotated[int, typer.Argument(min=1, help="The older version.")],
    b: Annotated[int, typer.Argument(min=1, help="The newer version.")],
    samples: Annotated[int, typer.Option(min=0, max=1000, help="Lines to show for each kind.")] = 5,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Say what one version has that another has not."""
    from kg_loader import versions as kb

    found = kb.diff(_library(context, data_dir), a, b, samples=samples)
    if as_json:
        document({"from": a, "to": b, "changes": {kind: asdict(change) for kind, change in found.items()}})
    else:
        _print_changes(found)


def _print_changes(found: Mapping[str, Change]) -> None:
    changed = {kind: change for kind, change in found.items() if change.added or change.removed}
    if not changed:
        say("no difference")
    for kind, change in changed.items():
        say(f"{kind}: {change.added:,} added, {change.removed:,} removed")
        for sign, lines, count in (
            ("+", change.added_samples, change.added),
            ("-", change.removed_samples, change.removed),
        ):
            for line in lines:
                say(f"  {sign} {printable(line)}")
            if count > len(lines):
                say(f"  {sign} and {count - len(lines):,} more")


@app.command()
def activate(
    context: typer.Context,
    version: Annotated[int, typer.Argument(min=1, help="The version to serve.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a version current; running servers follow within two seconds."""
    from kg_loader import versions as kb
    from kg_loader.recovery import catch_up
    from rag.snapshot import Library

    settings = load_settings(context, data_dir)
    library = Library(settings.data_dir)
    pointer = kb.activate(library, version)
    if as_json:
        document(asdict(pointer))
    else:
        say(f"version {pointer.version} is current (revision {pointer.revision})")
        if settings.neo4j_uri is not None:
            say("Neo4j follows; the snapshot answers until it does")
    if catch_up(library, settings) and settings.neo4j_uri is not None and not as_json:
        say(f"Neo4j holds version {pointer.version}")


@app.command()
def mirror(
    context: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Compare every row in Neo4j, not only its version.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Bring Neo4j to the current version, or finish a publication that was cut short. Hand-made relations stay."""
    from kg_loader.recovery import recover
    from kg_loader.versions import current
    from rag.errors import ConfigurationError
    from rag.snapshot import Library

    settings = load_settings(context, data_dir)
    if settings.neo4j_uri is None:
        raise ConfigurationError("no Neo4j is configured; set YIWEN_NEO4J_URI, such as bolt://127.0.0.1:7687")
    library = Library(settings.data_dir)
    with library.writing(), progress(quiet(context)) as show:
        current(library)
        pointer = recover(library, settings, repair=repair, progress=show)
    assert pointer is not None
    if as_json:
        document(asdict(pointer))
    else:
        say(f"Neo4j holds version {pointer.version} (revision {pointer.revision})")


@app.command()
def prune(
    context: typer.Context,
    keep: Annotated[int | None, typer.Option(min=2, help="Newest versions to spare (YIWEN_KEEP_VERSIONS).")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Delete old versions; the current one always stays."""
    from kg_loader import versions as kb
    from rag.snapshot import Library

    settings = load_settings(context, data_dir, keep_versions=keep)
    library = Library(settings.data_dir)
    if not yes:
        confirm(f"Delete all versions but the {settings.keep_versions} newest and the current one?")
    found = kb.prune(library, settings)
    if as_json:
        document(asdict(found))
    else:
        say(f"removed {_listed(found.removed)}; kept {_listed(found.kept)}")


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers)) or "none"


@app.command()
def reindex(
    context: typer.Context,
    fields: Annotated[
        str | None, typer.Option(metavar="LIST", help="Fields of a passage to index, such as title,question,text.")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Publish a version with the same records and new indexes, for another embedder or other fields."""
    from kg_loader import versions as kb
    from rag.snapshot import Library

    settings = load_settings(context, data_dir)
    wanted = [name.strip() for name in fields.split(",")] if fields is not None else None
    with progress(quiet(context)) as show:
        manifest = kb.reindex(Library(settings.data_dir), settings, indexed_fields=wanted, progress=show)
    if as_json:
        document(manifest_document(manifest))
    else:
        passages, embedder = manifest.counts["passage"], manifest.embedder or "none"
        say(f"version {manifest.version}: {passages:,} passages indexed with {embedder}")


@app.command()
def verify(
    context: typer.Context, version: VersionArgument = None, data_dir: DataDir = None, as_json: Json = False
) -> None:
    """Compare a version with its manifest, down to every byte, and Neo4j with both. Exit code 5: something differs."""
    from kg_loader import versions as kb
    from kg_loader.live_verify import verify_live
    from rag.errors import CorruptSnapshotError
    from rag.snapshot import Library

    settings = load_settings(context, data_dir)
    library = Library(settings.data_dir)
    pointer = kb.current(library)
    found = kb.verify(library, version or pointer.version)
    # Neo4j holds the current version only.
    live = verify_live(library, settings, found.version) if found.ok and found.version == pointer.version else None
    if as_json:
        intact = {"ok": found.ok, "digest": found.digest, "version": found.version, "problems": list(found.problems)}
        document(intact | ({"live": asdict(live)} if live is not None else {}))
    elif found.ok:
        say(f"version {found.version} is intact, digest {found.digest}")
    for problem in found.problems if not as_json else ():
        say(problem)
    if live is not None:
        _check_live(live, shown=not as_json)
    if not found.ok:
        raise CorruptSnapshotError(f"version {found.version} is damaged; activate another one or restore a copy")


def _check_live(live: LiveVerified, *, shown: bool) -> None:
    """Say how Neo4j compares. Raises DataError where it differs; what people added is no difference."""
    from rag.errors import DataError

    if shown and live.ok:
        say(f"Neo4j holds the same {live.rows:,} rows, digest {live.digest}")
    for line in (*live.problems, *(f"not adopted yet: {edit}" for edit in live.edits)) if shown else ():
        say(line)
    if not live.ok:
        raise DataError(f"Neo4j differs from version {live.version}; repair it with `yiwen kb mirror --repair`")

"""`yiwen kb adopt`: what people drew in Neo4j becomes part of the knowledge base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from yiwen.failures import PARTIAL
from yiwen.options import DataDir, Json, load_settings, quiet
from yiwen.output import document, progress, say

if TYPE_CHECKING:
    from kg_loader.adopt import Adoption


def adopt(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be adopted; change nothing.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Publish what people drew, changed or deleted in Neo4j, as asserted by the data set `editors`.

    Exit code 7: some edits cannot be adopted; they are listed with the reason and stay in Neo4j.
    """
    from kg_loader.adopt import adopt as run
    from rag.snapshot import Library

    settings = load_settings(context, data_dir)
    with progress(quiet(context)) as show:
        found = run(Library(settings.data_dir), settings, dry_run=dry_run, progress=show)
    if as_json:
        document(found.document())
    else:
        _print(found)
    if found.refused:
        raise typer.Exit(PARTIAL)


def _print(found: Adoption) -> None:
    for edit in found.adopted:
        say(f"{edit.kind:<9} {edit.line}" + (f"  {edit.evidence_id}" if edit.evidence_id else ""))
    for left in found.refused:
        say(f"refused   {left.line}: {left.reason}")
    if not found.adopted and not found.refused:
        say("nothing was changed by hand in Neo4j")
    state = "nothing was published" if found.unchanged else f"{len(found.adopted):,} edits adopted"
    say(f"version   {found.version} ({state}), digest {found.digest[:12]}")
    if found.dry_run:
        say("dry run   nothing was changed")

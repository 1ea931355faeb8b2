"""`yiwen kb withdraw`, `restore`, `register`, `erase`: what may no longer support an answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from yiwen.options import DataDir, Json, load_settings
from yiwen.output import confirm, document, say, table

if TYPE_CHECKING:
    from kg_loader.curation import Curated
    from kg_loader.erasure import Erased
    from rag.register import Entry

Key = Annotated[
    str,
    typer.Argument(metavar="ID", help="Id of a fact (f:), passage (p:) or source (s:), or pmid:NUMBER, doi:10.x/y."),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; shown wherever the id is opened.")]


def withdraw(context: typer.Context, key: Key, reason: Reason, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Let nothing of ID support an answer any more, in every version and at once; `kb restore` takes it back."""
    from kg_loader.curation import withdraw as run
    from rag.snapshot import Library

    _report(run(Library(load_settings(context, data_dir).data_dir), key, reason), "withdrawn", as_json=as_json)


def restore(context: typer.Context, key: Key, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Let what was withdrawn or retracted support answers again."""
    from kg_loader.curation import restore as run
    from rag.snapshot import Library

    _report(run(Library(load_settings(context, data_dir).data_dir), key), "restored", as_json=as_json)


def register(context: typer.Context, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List what was withdrawn, retracted or erased, oldest first."""
    from rag.snapshot import Library

    found = Library(load_settings(context, data_dir).data_dir).register.read()
    entries = sorted(found.entries.values(), key=lambda entry: (entry.when, entry.key))
    if as_json:
        document({"revision": found.revision, "entries": [entry_document(entry) for entry in entries]})
    elif not entries:
        say("nothing is withdrawn, retracted or erased")
    else:
        rows = ((e.key, e.kind.value if e.done else f"{e.kind.value} (unfinished)", e.when, e.reason) for e in entries)
        table(("id", "kind", "when", "reason"), rows)


def erase(
    context: typer.Context,
    key: Key,
    reason: Reason,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Remove the content of ID, and of what leans on a source, from every version and file, for good.

    The id, the time and the reason stay. The same content is skipped when it is ingested again.
    """
    from api.state.consults import ConsultTable
    from kg_loader import erasure
    from rag.snapshot import Library
    from rag.state import open_state

    settings = load_settings(context, data_dir)
    library = Library(settings.data_dir)
    found = erasure.extent(library, key)
    taken = f"{found.facts:,} facts and {found.passages:,} passages"
    if not yes:
        confirm(f"Erase {found.key} ({taken} in versions {', '.join(map(str, found.versions)) or 'none'}) for good?")
    done = erasure.erase(library, settings, key, reason)
    ConsultTable(open_state(settings)).forget({done.entry.key, *done.entry.leaning})
    if as_json:
        document(
            {**entry_document(done.entry), **_erased_document(done), "facts": found.facts, "passages": found.passages}
        )
        return
    say(f"{done.entry.key} is erased: {taken}, {done.reject_rows:,} rejected rows, {len(done.files):,} downloads")
    for path in done.left:
        say(f"the same text still stands in {path}: another record, or no file of ours")


def _erased_document(done: Erased) -> dict[str, object]:
    return {
        "versions": list(done.versions),
        "reject_rows": done.reject_rows,
        "files": list(done.files),
        "left": list(done.left),
    }


def entry_document(entry: Entry) -> dict[str, object]:
    """An entry as JSON."""
    shown = asdict(entry) | {"kind": entry.kind.value}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in shown.items()}


def _report(found: Curated, done: str, *, as_json: bool) -> None:
    entry = found.entry
    if as_json:
        counts = {"facts": found.facts, "passages": found.passages}
        document({**entry_document(entry), "revision": found.revision, "current_version": counts})
    else:
        say(f"{entry.key} is {done}: {found.facts:,} facts and {found.passages:,} passages of the current version")

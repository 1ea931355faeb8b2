"""`yiwen keys`: make, list, renew and revoke API keys, straight on their table; no server is needed."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from yiwen.options import DataDir, Json, load_settings
from yiwen.output import document, say, table

if TYPE_CHECKING:
    from api.state.keys import Key, KeyTable

app = typer.Typer(help="Make, list, renew and revoke API keys.", no_args_is_help=True)
KeyId = Annotated[str, typer.Argument(metavar="KEY", help="Id of a key, as `yiwen keys list` shows it.")]
Days = Annotated[float | None, typer.Option("--days", min=0, help="The key ends after so many days; else never.")]
SCOPES = ("ask", "ingest", "admin")


def _table(context: typer.Context, data_dir: DataDir) -> KeyTable:
    from api.state.keys import KeyTable
    from rag.state import open_state

    return KeyTable(open_state(load_settings(context, data_dir)))


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who holds it.")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="SCOPE", help="ask (the default), ingest, admin (everything); repeatable."),
    ] = None,
    days: Days = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a key and print it; only its hash is kept, so it is never shown again."""
    from api.state.keys import Scope
    from rag.errors import UsageError

    wanted = scope or ["ask"]
    unknown = [word for word in wanted if word not in SCOPES]
    if unknown:
        raise UsageError(f"no scope {unknown[0]!r}; there are: {', '.join(SCOPES)}")
    _show_new(*_table(context, data_dir).create(name, [Scope(word) for word in wanted], days), as_json=as_json)


@app.command("list")
def list_keys(context: typer.Context, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List all keys, oldest first, those that have ended too."""
    keys = _table(context, data_dir).all()
    if as_json:
        document({"keys": [_document(key) for key in keys]})
    elif not keys:
        say("there is no key; `yiwen keys create NAME` makes one")
    else:
        rows = [(k.id, k.name, " ".join(sorted(k.scopes)), _when(k.created), _state(k)) for k in keys]
        table(("id", "name", "scopes", "created", "state"), rows)


@app.command()
def revoke(context: typer.Context, key: KeyId, data_dir: DataDir = None, as_json: Json = False) -> None:
    """End a key; running services refuse it within two seconds."""
    ended = _table(context, data_dir).revoke(key)
    if as_json:
        document(_document(ended))
    else:
        say(f"revoked {ended.id} ({ended.name})")


@app.command()
def rotate(
    context: typer.Context,
    key: KeyId,
    overlap: Annotated[float, typer.Option("--overlap-days", min=0, help="The old key works on for so long.")] = 1.0,
    days: Days = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make another key of the same name and scopes; the old one ends after the overlap."""
    _show_new(*_table(context, data_dir).rotate(key, overlap, days), as_json=as_json)


def _show_new(key: Key, text: str, *, as_json: bool) -> None:
    if as_json:
        document(_document(key) | {"key": text})
    else:
        say(text)


def _document(key: Key) -> dict[str, object]:
    expires = _when(key.expires) if key.expires is not None else None
    return {
        "id": key.id, "name": key.name, "scopes": sorted(key.scopes), "created": _when(key.created),
        "expires": expires, "valid": key.valid(time.time()),
    }  # fmt: skip


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _state(key: Key) -> str:
    if not key.valid(time.time()):
        return "ended"
    return "valid" if key.expires is None else f"until {_when(key.expires)}"

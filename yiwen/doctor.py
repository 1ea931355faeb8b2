"""`yiwen doctor`: is everything here that answering needs? One line a check."""

from __future__ import annotations

import platform
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from rag.errors import DependencyError, YiwenError
from yiwen.options import DataDir, Json, load_settings
from yiwen.output import counted, document, say

if TYPE_CHECKING:
    from rag.settings import Settings
    from rag.snapshot import Library
    from rag.snapshot.layout import Manifest

State = Literal["ok", "warn", "fail"]
GIGABYTE = 1_000_000_000
_SPACE_WARN, _SPACE_FAIL = 2 * GIGABYTE, GIGABYTE // 5
_SQLITE_WITH_STRICT = (3, 37)
_LIVE_S = 5.0
_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}
_EXTRAS = {
    "ui": "streamlit",
    "hf": "sentence_transformers",
    "train": "accelerate",
    "quant": "bitsandbytes",
    "openai": "langchain_openai",
    "otel": "opentelemetry.sdk",
}


@dataclass(frozen=True)
class Check:
    """One finding."""

    name: str
    state: State
    detail: str


def doctor(context: typer.Context, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Check the installation, the data folder and the knowledge base. Exit code 6: something fails."""
    checks = list(_checks(context, data_dir))
    failed = [check.name for check in checks if check.state == "fail"]
    if as_json:
        document({"ok": not failed, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            say(f"{check.state:<5} {check.name:<15} {check.detail}", _STYLES[check.state])
    if failed:
        raise DependencyError(f"doctor found a problem with: {', '.join(failed)}")


def _checks(context: typer.Context, data_dir: Path | None) -> Iterator[Check]:
    yield _versions()
    yield from _extras()
    try:
        settings = load_settings(context, data_dir)
    except YiwenError as error:
        yield Check("settings", "fail", str(error))
        return
    yield Check("settings", "ok", f"data folder {settings.data_dir}, embedder {settings.embedder}")
    yield _writable(settings.data_dir)
    yield _space(settings.data_dir)
    yield _port(settings.host, settings.port)
    yield _guarded("state", lambda: _state(settings))
    yield from _knowledge_base(settings)


def _versions() -> Check:
    import sqlite3
    from importlib import metadata

    if sqlite3.sqlite_version_info < _SQLITE_WITH_STRICT:
        return Check("versions", "fail", f"SQLite {sqlite3.sqlite_version}; expected 3.37 or newer")
    python, yiwen = platform.python_version(), metadata.version("yiwen")
    return Check("versions", "ok", f"yiwen {yiwen}, Python {python}, SQLite {sqlite3.sqlite_version}")


def _extras() -> Iterator[Check]:
    if _importable("faiss"):
        yield Check("faiss", "ok", "the vector index works")
    else:
        yield Check("faiss", "fail", "neither extra is installed: pip install 'yiwen[cpu]' or 'yiwen[gpu]'")
    present = [name for name, module in _EXTRAS.items() if _importable(module)]
    absent = [name for name in _EXTRAS if name not in present]
    yield Check(
        "extras", "ok", f"present: {', '.join(present) or 'none'}; not installed: {', '.join(absent) or 'none'}"
    )


def _importable(module: str) -> bool:
    try:
        return util.find_spec(module) is not None
    except ModuleNotFoundError:  # the parent package is missing
        return False


def _existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


def _writable(folder: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)):
            return Check("data folder", "ok", f"{folder} can be written")
    except OSError as error:
        return Check("data folder", "fail", f"{folder} cannot be written ({error.strerror}); see YIWEN_DATA_DIR")


def _space(folder: Path) -> Check:
    free = shutil.disk_usage(_existing(folder)).free
    state: State = "fail" if free < _SPACE_FAIL else "warn" if free < _SPACE_WARN else "ok"
    return Check("disk space", state, f"{free / GIGABYTE:.1f} GB free")


def _port(host: str, port: int) -> Check:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        return Check(
            "port", "warn", f"cannot listen on {host}:{port} ({error.strerror}); choose another with YIWEN_PORT"
        )
    return Check("port", "ok", f"{host}:{port} is free")


def _knowledge_base(settings: Settings) -> Iterator[Check]:
    from rag.snapshot import Library
    from rag.snapshot.layout import read_manifest
    from rag.snapshot.snapshot import check_files

    library = Library(settings.data_dir)
    try:
        pointer = library.pointer()
        if pointer is None:
            yield Check("knowledge base", "warn", "none yet; publish one with `yiwen ingest FILE` or `yiwen demo`")
            yield from _live_graph(None, settings)
            return
        folder = library.snapshot_folder(pointer.version)
        manifest = read_manifest(folder)
        check_files(folder, manifest)
    except YiwenError as error:
        yield Check("knowledge base", "fail", str(error))
        return
    held = counted(manifest.counts)
    yield Check("knowledge base", "ok", f"version {manifest.version}, {len(manifest.files)} files intact: {held}")
    yield _guarded("register", lambda: _register(library))
    yield _guarded("embedder", lambda: _embedder(manifest, settings))
    yield from _live_graph(manifest, settings)


def _register(library: Library) -> Check:
    found = library.register.read()
    unfinished = ", ".join(entry.key for entry in found.unfinished)
    if unfinished:
        return Check("register", "warn", f"erasing {unfinished} was cut short; `yiwen kb prune` finishes it")
    return Check("register", "ok", f"{len(found.entries):,} withdrawn, retracted or erased")


def _state(settings: Settings) -> Check:
    """Whether the database of jobs answers; the file that is used by default is made when the first job comes."""
    from contextlib import closing

    from kg_loader.jobs.table import JobTable
    from rag.state import open_state

    if settings.state_url is None and not (settings.data_dir / "state.sqlite").is_file():
        return Check("state", "ok", "no jobs yet")
    with closing(open_state(settings)) as database:
        JobTable(database).page(1)
        return Check("state", "ok", f"{database.place} answers")


def _live_graph(manifest: Manifest | None, settings: Settings) -> Iterator[Check]:
    if settings.neo4j_uri is not None:
        yield _guarded("live graph", lambda: _neo4j(manifest, settings))


def _neo4j(manifest: Manifest | None, settings: Settings) -> Check:
    """Whether Neo4j answers and stands at this version; until it does, the snapshot's own graph answers."""
    from contextlib import closing

    from kg_loader.mirror import server_version, state_of
    from rag.graph.bolt import Connection
    from rag.wiring import live_server

    server = live_server(settings, _LIVE_S)
    assert server is not None, "asked only where one is configured"
    with closing(Connection(server)) as connection:
        running = server_version(connection)
        if manifest is None:
            return Check("live graph", "ok", f"Neo4j {running} answers")
        found = state_of(connection, manifest.kb)
    at = "holds nothing of this knowledge base" if found is None else f"is {found.state} at version {found.version}"
    ready = found is not None and (found.state, found.version) == ("ready", manifest.version)
    hint = "" if ready else f", expected ready at {manifest.version}; the next ingestion or flip brings it along"
    return Check("live graph", "ok" if ready else "warn", f"Neo4j {running} {at}{hint}")


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except YiwenError as error:
        return Check(name, "fail", str(error))


def _embedder(manifest: Manifest, settings: Settings) -> Check:
    """Whether questions are encoded the way the passages of this version were."""
    from rag.wiring import load_embedder

    if not manifest.dimension:
        return Check("embedder", "ok", "this version has no vector index")
    load_embedder(manifest.embedder, settings)
    return Check("embedder", "ok", f"{manifest.embedder}, as this version was indexed")

"""After a crash between seal, mirror and flip: which of three versions is the truth, and how the others follow.

`CURRENT` names one version, Neo4j holds or was moving to another, and a sealed one may wait for its flip. If Neo4j has
begun to move to a sealed successor of `CURRENT`, the publication is finished; in every other case Neo4j is brought to
`CURRENT`. Nothing is ever undone, and a sealed version that Neo4j has not heard of waits for its command to run again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing

from kg_loader import erasure
from kg_loader.mirror import INGEST_TIMEOUT_S, State, bring, follow, server_version, state_of
from kg_loader.publish import flip_to
from kg_loader.sealing import Progress, silent
from rag.domain import Pointer
from rag.errors import CorruptSnapshotError, LiveGraphError
from rag.graph.bolt import Connection
from rag.settings import Settings
from rag.snapshot.layout import Manifest, read_manifest
from rag.snapshot.library import Library, unobserved
from rag.snapshot.snapshot import check_files
from rag.wiring import live_server

_LOG = logging.getLogger(__name__)


def recover(
    library: Library,
    settings: Settings,
    *,
    repair: bool = False,
    progress: Progress = silent,
    reached: Callable[[str], None] = unobserved,
) -> Pointer | None:
    """Bring erasures to their end, and make Neo4j and the pointer agree; the pointer then.

    `repair`: compare Neo4j's content, not only its word. The caller is the one writer. Raises LiveGraphError,
    CorruptSnapshotError, ConflictError.
    """
    erasure.resume(library, settings, reached)
    pointer = library.pointer()
    server = live_server(settings, INGEST_TIMEOUT_S)
    if server is None:
        return pointer
    with closing(Connection(server)) as connection:
        if pointer is None:
            server_version(connection)  # what is wrong there is better heard of before the first files are read
            return None
        manifest = read_manifest(library.snapshot_folder(pointer.version))
        successor = _successor(library, manifest, state_of(connection, manifest.kb))
        bring(connection, library, successor or manifest, repair=repair, progress=progress, reached=reached)
    return flip_to(library, successor, pointer, reached) if successor else pointer


def _successor(library: Library, current: Manifest, state: State | None) -> Manifest | None:
    """The sealed version after `current` that Neo4j holds or was moving to, if its files are intact."""
    if state is None:
        return None
    wanted = state.version if state.state == "ready" else state.target
    folder = library.folders().get(wanted or 0)
    if folder is None or wanted is None or library.was_published(wanted):
        return None  # one that was current before and is not now was left on purpose
    try:
        manifest = read_manifest(folder)
        check_files(folder, manifest)
    except CorruptSnapshotError:
        return None
    return manifest if (manifest.kb, manifest.parent) == (current.kb, current.version) else None


def catch_up(library: Library, settings: Settings) -> bool:
    """Bring Neo4j to what is current after a flip between old versions, which waits for nobody.

    Where Neo4j does not answer, that is logged, snapshots answer meanwhile, and False comes back.
    """
    pointer = library.pointer()
    try:
        if pointer is not None:
            follow(settings, library, read_manifest(library.snapshot_folder(pointer.version)))
    except LiveGraphError as error:
        _LOG.warning("%s; snapshots answer until `yiwen kb mirror` has run", error)
        return False
    return True

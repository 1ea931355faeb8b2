"""Versions of the knowledge base on disk: the only code that knows its files."""

from rag.snapshot.files import FileEntry
from rag.snapshot.layout import Manifest
from rag.snapshot.library import Library
from rag.snapshot.snapshot import Snapshot, open_snapshot

__all__ = ["FileEntry", "Library", "Manifest", "Snapshot", "open_snapshot"]

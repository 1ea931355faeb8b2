"""`yiwen kb export --to graphml`: a version as one GraphML file, for Gephi, yEd, NetworkX and the like.

Nodes and edges are those of the live graph, with Chinese names; `labels` holds the labels of a node (`:Entity:Disease`)
and `label` the type of an edge, as Neo4j's own tools write them. GraphML allows no spaces or brackets in the id of a
node, so `id` is a property and what edges refer to is its hash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

from kg_loader.mirror import snapshot_records
from kg_loader.mirror_tables import Table, tables
from rag.snapshot.layout import read_manifest
from rag.snapshot.snapshot import check_files

NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
_INTEGERS = frozenset({"rank", "year"})
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""


def write(snapshot: Path, file: BinaryIO) -> int:
    """Write a snapshot; how many nodes and edges. Memory stays bounded. Raises CorruptSnapshotError."""
    manifest = read_manifest(snapshot)
    check_files(snapshot, manifest)
    total = 0
    with closing(snapshot_records(snapshot)) as records, etree.xmlfile(file, encoding="utf-8") as xml:
        xml.write_declaration()
        with xml.element("graphml", nsmap={None: NAMESPACE}):
            for attributes in _keys():
                xml.write(etree.Element("key", attributes))
                xml.write("\n")
            with xml.element("graph", id=manifest.kb, edgedefault="directed"):
                for table in tables():
                    total += _write_rows(xml, table, table.rows(records))
    return total


def _keys() -> list[Mapping[str, str]]:
    """The properties of nodes and edges, declared before the graph."""
    found: dict[tuple[str, str], Mapping[str, str]] = {}
    for table in tables():
        kind, label = ("node", "labels") if table.node else ("edge", "label")
        for name in (label, *(("id",) if table.node else ()), *table.columns):
            type_ = "int" if name in _INTEGERS else "string"
            found[kind, name] = {"id": _key(kind, name), "for": kind, "attr.name": name, "attr.type": type_}
    return list(found.values())


def _key(kind: str, name: str) -> str:
    return f"{kind}-{name}"


def _write_rows(xml: Any, table: Table, rows: Iterable[tuple[Any, ...]]) -> int:  # noqa: ANN401 - lxml has no types
    kind = "node" if table.node else "edge"
    label = "".join(f":{name}" for name in table.labels) if table.node else table.labels[0]
    names = ("labels", "id", *table.columns) if table.node else ("label", *table.columns)
    count = 0
    for row in rows:
        places = ("id",) if table.node else ("source", "target")
        element = etree.Element(kind, dict(zip(places, map(_place, row), strict=False)))
        for name, value in zip(names, (label, *(row if table.node else row[2:])), strict=True):
            if value is not None:
                etree.SubElement(element, "data", key=_key(kind, name)).text = _text(value)
        xml.write(element)
        xml.write("\n")
        count += 1
    return count


def _place(identifier: str) -> str:
    """What stands for an id where GraphML wants a word."""
    return "n" + hashlib.blake2b(identifier.encode(), digest_size=8).hexdigest()


def _text(value: object) -> str:
    return _FORBIDDEN.sub("\ufffd", str(value))

"""Files for `neo4j-admin database import`: read back strictly, and imported for real."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kg_loader import export_neo4j, mirror
from kg_loader.live_verify import compare_graphs
from kg_loader.mirror import snapshot_records
from kg_loader.mirror_tables import tables
from rag import wiring
from rag.domain import Fact, Literal, Passage, PassageKind, Qualifiers, Record
from rag.errors import UsageError
from rag.snapshot import Library
from rag.snapshot.layout import read_manifest
from rag.vocabulary import Relation
from tests import neo4j_server
from tests.graph.live import connected
from tests.kb import BOOK, disease, generated, publish, settings_for, small_kb, symptom

ODD: list[Record] = [
    Fact(disease('带"引号",和逗号;的病'), Relation.SYMPTOM, symptom("头'晕\\"), BOOK.id, Qualifiers(severity="重")),
    Fact(disease("甲病"), Relation.CURE_RATE, Literal('约"七"成', "cure_rate"), BOOK.id),
    Passage('第一行\n"第二行"\r\n第三行,', PassageKind.TEXTBOOK, BOOK.id, title='"'),
]


def published(folder: Path, records: list[Record]) -> tuple[Library, Path]:
    library = Library(folder)
    publish(library, {"test": records})
    return library, library.snapshot_folder(1)


def parsed(text: str) -> Iterator[list[str | None]]:
    """CSV as the import tool reads it: quoted is a text, even an empty one, nothing is null, the rest numbers."""
    row: list[str | None] = []
    at = 0
    while at < len(text):
        cell: str | None
        if text[at] == '"':
            cell, at = "", at + 1
            while True:
                end = text.index('"', at)
                cell += text[at:end]
                at = end + 1
                if text[at] != '"':
                    break
                cell, at = cell + '"', at + 1
        else:
            end = min(text.index(mark, at) for mark in ",\n" if mark in text[at:])
            cell, at = text[at:end] or None, end
            assert cell is None or cell.lstrip("-").isdigit(), f"not quoted: {cell}"
        row.append(cell)
        assert text[at] in ",\n"
        if text[at] == "\n":
            yield row
            row = []
        at += 1
    assert row == []


def test_a_strict_reader_gets_every_row_back(tmp_path: Path) -> None:
    _, snapshot = published(tmp_path / "kb", [*small_kb(), *ODD])
    folder = tmp_path / "out"
    total = export_neo4j.write(snapshot, folder)
    kb = read_manifest(snapshot).kb
    arguments = (folder / "import.args").read_text("utf-8").splitlines()
    found = 0
    with closing(snapshot_records(snapshot)) as records:
        for table in tables():
            own = [[None if cell is None else str(cell) for cell in row] for row in table.rows(records)]
            name = table.labels[-1] if table.node else table.name.replace(" to ", "-")
            option = f"--{'nodes' if table.node else 'relationships'}={name}-header.csv,{name}.csv"
            assert (option in arguments) == bool(own)
            if not own:
                continue
            header = (folder / f"{name}-header.csv").read_text("utf-8").strip().split(",")
            rows = list(parsed((folder / f"{name}.csv").read_bytes().decode()))
            assert {len(row) for row in rows} == {len(header)}
            assert {row[-1] for row in rows} == {";".join(table.labels)}
            if table.node:
                assert {row[1] for row in rows} == {kb}
            found += len(rows)
            stripped = [[row[0], *row[2:-1]] if table.node else row[:-1] for row in rows]
            assert sorted(stripped, key=repr) == sorted(own, key=repr)
    assert found == total


def test_headers_are_typed(tmp_path: Path) -> None:
    _, snapshot = published(tmp_path / "kb", small_kb())
    export_neo4j.write(snapshot, tmp_path / "out")
    headers = {path.name: path.read_text("utf-8").strip() for path in (tmp_path / "out").glob("*-header.csv")}
    assert headers["Disease-header.csv"] == "id:ID(kb),kb:string,name:string,:LABEL"
    assert headers["HAS_SYMPTOM-Entity-header.csv"] == (
        ":START_ID(kb),:END_ID(kb),id:string,source:string,rank:int,severity:string,population:string,dose:string,:TYPE"
    )
    assert "year:int" in headers["Source-header.csv"]
    assert "version:int" in headers["KnowledgeBase-header.csv"]


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    _, snapshot = published(tmp_path / "kb", small_kb())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(UsageError, match="is no empty folder"):
        export_neo4j.write(snapshot, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


@pytest.mark.neo4j
@pytest.mark.timeout(300)
def test_an_imported_database_is_what_mirroring_would_have_made(tmp_path: Path) -> None:
    library, snapshot = published(tmp_path / "kb", [*small_kb(), *ODD, *generated(3, 200)])
    folder, home = tmp_path / "out", tmp_path / "neo4j"
    export_neo4j.write(snapshot, folder)
    home.mkdir()
    tool = ["java", "-Xmx512m", "-cp", f"{neo4j_server.jars()}/*", "org.neo4j.cli.AdminTool"]
    command = export_neo4j.COMMAND.split()[1:]
    done = subprocess.run(
        [*tool, *command], cwd=folder, env={**os.environ, "NEO4J_HOME": str(home), "NEO4J_CONF": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    manifest = read_manifest(snapshot)
    with neo4j_server.shared(home) as address, closing(connected(address)) as connection:
        found = compare_graphs(connection, library, manifest)
        assert (found.problems, found.edits, found.digest) == ((), (), found.live_digest)
        assert mirror.bring(connection, library, manifest, repair=True).rows == {}, "constraints and index only"
        names = connection.read("SHOW CONSTRAINTS YIELD name RETURN collect(name)", {})[0][0]
        assert "yiwen_entity" in names
        settings = settings_for(
            tmp_path / "kb", neo4j_uri=address.uri, neo4j_password=address.password, neo4j_timeout_s=20
        )
        answer = wiring.build(settings).ask("甲病有哪些症状？")
        assert (answer.degraded, "头晕" in answer.text) == ((), True)

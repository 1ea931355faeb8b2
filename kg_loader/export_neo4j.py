"""`yiwen kb export --to neo4j-admin`: a version as files for `neo4j-admin database import`, which loads at disk speed.

The rows are those that `mirror` writes, so a database made of them is what mirroring would have made. One header and
one file of rows for each label or type; texts are quoted, quotes doubled, line ends kept, nothing means null.
`import.args` holds the arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from kg_loader.mirror import snapshot_records
from kg_loader.mirror_tables import Table, state_properties, subject_counts, tables
from rag.errors import UsageError
from rag.snapshot.files import storage_errors
from rag.snapshot.layout import read_manifest
from rag.snapshot.snapshot import check_files

ARGUMENTS = "import.args"
COMMAND = f"neo4j-admin database import full neo4j @{ARGUMENTS}"
"""What an operator runs in the folder, with the server stopped; `full` makes a new database."""


def write(snapshot: Path, folder: Path) -> int:
    """Write the files of a snapshot into a new or empty folder; how many rows. Raises UsageError, StorageError."""
    manifest = read_manifest(snapshot)
    check_files(snapshot, manifest)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is no empty folder; name one that is empty or does not exist yet")
    with storage_errors(folder), closing(snapshot_records(snapshot)) as records:
        folder.mkdir(parents=True, exist_ok=True)
        arguments = ["--multiline-fields=true", "--id-type=string"]
        total = 0
        for table in tables():
            name, header = _name(table), _header(table)
            count = _write_rows(folder, name, header, _lines(table, manifest.kb, table.rows(records)))
            total += count
            if count:
                arguments.append(_argument(table, name))
        state = {**state_properties(manifest), **subject_counts(records)}
        header = [":ID(kb)", *(f"{key}:{_type(value)}" for key, value in state.items()), ":LABEL"]
        _write_rows(folder, "KnowledgeBase", header, iter([_line([manifest.kb, *state.values(), "KnowledgeBase"])]))
        arguments.append("--nodes=KnowledgeBase-header.csv,KnowledgeBase.csv")
        (folder / ARGUMENTS).write_text("\n".join(arguments) + "\n", encoding="utf-8")
    return total


def _name(table: Table) -> str:
    """Such as `Disease`, `HAS_SYMPTOM-Entity`."""
    return table.labels[-1] if table.node else table.name.replace(" to ", "-")


def _argument(table: Table, name: str) -> str:
    return f"--{'nodes' if table.node else 'relationships'}={name}-header.csv,{name}.csv"


def _header(table: Table) -> list[str]:
    properties = [f"{column}:{'int' if column in ('rank', 'year') else 'string'}" for column in table.columns]
    if table.node:
        return ["id:ID(kb)", "kb:string", *properties, ":LABEL"]
    return [":START_ID(kb)", ":END_ID(kb)", *properties, ":TYPE"]


def _lines(table: Table, kb: str, rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    last = ";".join(table.labels)
    for row in rows:
        yield _line([row[0], kb, *row[1:], last] if table.node else [*row, last])


def _write_rows(folder: Path, name: str, header: list[str], lines: Iterator[str]) -> int:
    """Nothing is written where there are no rows."""
    first = next(lines, None)
    if first is None:
        return 0
    (folder / f"{name}-header.csv").write_text(",".join(header) + "\n", encoding="utf-8")
    count = 1
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        file.write(first)
        for line in lines:
            file.write(line)
            count += 1
    return count


def _line(cells: Iterable[object]) -> str:
    return ",".join(map(_cell, cells)) + "\n"


def _cell(value: object) -> str:
    """An empty cell is null, an empty text is quoted."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else '"' + str(value).replace('"', '""') + '"'


def _type(value: object) -> str:
    return "int" if isinstance(value, int) else "string"

"""The state database: failures are one line, a newer schema is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from rag import state
from rag.errors import ConfigurationError, DependencyError, StorageError, YiwenError
from rag.settings import Settings
from rag.state import SCHEMA, State, open_state

SECRET = "pa55word"


def test_the_default_lies_in_the_data_folder(tmp_path: Path) -> None:
    folder = tmp_path / "数据 1"
    database = open_state(Settings(data_dir=folder))
    database.prepare("x", 1)
    assert (folder / "state.sqlite").is_file()
    database.close()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    database = State(f"sqlite:///{tmp_path / 's.sqlite'}")
    database.prepare("jobs", 1)
    database.prepare("jobs", 1)
    with database.begin() as connection:
        connection.execute(SCHEMA.update().values(version=2))
    with pytest.raises(ConfigurationError, match=r"holds jobs of schema 2, this program reads schema 1; it is newer"):
        database.prepare("jobs", 1)
    database.prepare("conversations", 1)
    database.close()


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("nonsense", ConfigurationError),
        (f"nothing://user:{SECRET}@host/x", ConfigurationError),
        (f"postgresql+psycopg://user:{SECRET}@127.0.0.1:9/x", DependencyError),
        ("sqlite:////nowhere/at/all/s.sqlite", StorageError),
    ],
)
def test_addresses_that_lead_nowhere_are_one_line_without_the_password(url: str, kind: type[YiwenError]) -> None:
    with pytest.raises(kind) as caught:
        State(url).prepare("jobs", 1)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_data_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="YIWEN_DATA_DIR"):
        open_state(Settings(data_dir=tmp_path / "file" / "data"))


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "s.sqlite").write_bytes(b"something else entirely" * 100)
    with pytest.raises(StorageError, match="no SQLite database"):
        State(f"sqlite:///{tmp_path / 's.sqlite'}").prepare("jobs", 1)


def test_a_read_only_database_can_be_read_and_says_so_when_written(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    first = State(f"sqlite:///{path}")
    first.prepare("jobs", 1)
    first.close()
    read_only = State(f"sqlite:///file:{path}?mode=ro&uri=true")
    read_only.prepare("jobs", 1)
    with pytest.raises(StorageError, match="read-only"), read_only.begin() as connection:
        connection.execute(SCHEMA.update().values(version=2))
    read_only.close()


def test_a_locked_database_is_waited_for_and_then_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "BUSY_S", 0.2)
    path = tmp_path / "s.sqlite"
    database = State(f"sqlite:///{path}")
    database.prepare("jobs", 1)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(DependencyError, match="kept it locked") as caught, database.begin() as connection:
        connection.execute(SCHEMA.update().values(version=2))
    assert not isinstance(caught.value, StorageError)
    holder.execute("ROLLBACK")
    holder.close()
    database.close()

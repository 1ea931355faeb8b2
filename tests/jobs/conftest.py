"""Job tables on both databases, settings of small knowledge bases, files to ingest."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy

from kg_loader.ingest import ingest
from kg_loader.jobs.table import JobTable
from rag.settings import Settings
from rag.snapshot import Library
from rag.state import State
from tests.kb import settings_for
from tests.source_tree import ROOT


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state.sqlite'}"
        return
    server = sqlalchemy.make_url(request.getfixturevalue("postgres_url"))
    name = f"yiwen_test_{secrets.token_hex(4)}"
    admin = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sqlalchemy.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def table(state_url: str) -> Iterator[JobTable]:
    """An empty job table."""
    database = State(state_url)
    yield JobTable(database)
    database.close()


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    """No terms, no embedder."""
    return settings_for(data_dir)


@pytest.fixture
def jobs(settings: Settings) -> Iterator[JobTable]:
    """The table in the data folder, as the product opens it."""
    from rag.state import open_state

    database = open_state(settings)
    yield JobTable(database)
    database.close()


@pytest.fixture
def digest(tmp_path: Path) -> Callable[[Path], str]:
    """What an ingestion of a file that nothing disturbs ends with."""

    def found(file: Path) -> str:
        settings = settings_for(tmp_path / "undisturbed")
        return ingest(Library(settings.data_dir), [file], settings=settings).digest

    return found


@pytest.fixture
def held_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes the next runs stand still at a point; the file that then appears."""

    def hold(point: str) -> Path:
        marker = tmp_path / "reached"
        marker.unlink(missing_ok=True)
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        monkeypatch.setenv("YIWEN_TEST_HOLD", f"hold {point} {marker}")
        return marker

    return hold

"""Job tables on both databases, settings of small knowledge bases, files to ingest."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from kg_loader.jobs.table import JobTable
from rag.settings import Settings
from rag.state import State
from tests.kb import settings_for


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

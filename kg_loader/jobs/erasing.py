"""Taking erased content out of the job table: a reason for a rejected row may quote the row, an error the file."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing

from sqlalchemy import select, text

from kg_loader.cleaning import Text
from kg_loader.jobs.table import JOBS, JobTable
from kg_loader.traces import Wanted
from rag.settings import Settings
from rag.state import open_state

_QUOTING = ("report", "error", "rejected", "progress")
_ERASED = "(erased)"


def forget_in_jobs(settings: Settings, texts: Collection[Text]) -> int:
    """Replace every text in a job's row that quotes this content; how many rows. Raises what the state database raises.

    The freed bytes are overwritten where the database is the file in the data folder; PostgreSQL frees them by itself.
    """
    if not texts or (settings.state_url is None and not (settings.data_dir / "state.sqlite").is_file()):
        return 0
    wanted = Wanted(texts)
    with closing(open_state(settings)) as database:
        JobTable(database)  # makes the table in a database that has none yet
        changed = 0
        with database.begin() as connection:
            rows = connection.execute(select(JOBS.c.number, *(JOBS.c[name] for name in _QUOTING))).all()
            for number, *values in rows:
                cleaned = [_without(value, wanted) for value in values]
                if cleaned != values:
                    new = dict(zip(_QUOTING, cleaned, strict=True))
                    connection.execute(JOBS.update().where(JOBS.c.number == number).values(**new))
                    changed += 1
        if database.engine.dialect.name == "sqlite":
            with database.errors(), database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as alone:
                alone.execute(text("VACUUM"))
                alone.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    return changed


def _without(value: object, wanted: Wanted) -> object:
    """A JSON document without the texts and keys that quote what is wanted; numbers of keys that fall together add."""
    if isinstance(value, str):
        return _ERASED if wanted.text_in(value) else value
    if isinstance(value, list):
        return [_without(one, wanted) for one in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, object] = {}
    for key, held in value.items():
        name, new = str(_without(key, wanted)), _without(held, wanted)
        before = found.get(name)
        found[name] = before + new if isinstance(before, int) and isinstance(new, int) else new
    return found

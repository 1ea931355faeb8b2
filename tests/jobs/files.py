"""Files to ingest, and orders for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kg_loader.jobs.job import Order
from kg_loader.jobs.ordering import checked, given_files

HEAD = "subject,subject_type,relation,object,object_type,source\n"


def facts(path: Path, count: int = 3, *, broken: int = 0, mark: str = "甲") -> Path:
    """A `facts.csv` of so many diseases with one symptom each, and rows that name no relation."""
    rows = [f"{mark}病{n},disease,has_symptom,头晕{n % 7},symptom,editorial\n" for n in range(count)]
    rows += [f"{mark}病{n},disease,has_nothing,头晕,symptom,editorial\n" for n in range(broken)]
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    return path


def order(*files: Path, **values: Any) -> Order:  # noqa: ANN401 - the fields of an order
    """An order for files where they lie."""
    return checked(Order(given_files(files), **values))

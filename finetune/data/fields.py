"""Fields of a record by column. DataError names the place and what is there instead."""

from __future__ import annotations

from typing import Any

from finetune.data.records import Record
from rag.errors import DataError


def object_of(record: Record) -> dict[str, Any]:
    """The record as an object."""
    if not isinstance(record.value, dict):
        raise DataError(f"{record.place}: {shape_of(record.value)}; expected an object with keys")
    return record.value


def text_of(record: Record, column: str | None) -> str:
    """A text; null is the empty one."""
    value = object_of(record)
    if not column or column not in value:
        raise unknown(record, f"the column {column}")
    found = value[column]
    if found is None:
        return ""
    if not isinstance(found, str):
        raise DataError(f"{record.place}: {column} is {shape_of(found)}; expected text")
    return found


def text_or_empty(record: Record, column: str | None) -> str:
    """A text that may be missing."""
    return text_of(record, column) if column and column in object_of(record) else ""


def answer_of(record: Record, column: str) -> str:
    """A text, or a list that ends with the answer's message."""
    found = object_of(record)[column]
    if isinstance(found, list) and found and isinstance(found[-1], dict):
        found = found[-1].get("content", found[-1].get("value"))
    elif isinstance(found, dict):
        found = found.get("content", found.get("value"))
    if not isinstance(found, str):
        raise DataError(f"{record.place}: {column} is {shape_of(found)}; expected text or messages")
    return found


def list_of(record: Record, column: str) -> list[object]:
    """A list."""
    value = object_of(record)
    if column not in value:
        raise unknown(record, f"the column {column}")
    if not isinstance(value[column], list):
        raise DataError(f"{record.place}: {column} is {shape_of(value[column])}; expected a list of turns")
    found: list[object] = value[column]
    return found


def unknown(record: Record, expected: str) -> DataError:
    """The error for a column that is not there."""
    columns = ", ".join(map(str, record.value)) if isinstance(record.value, dict) else shape_of(record.value)
    return DataError(
        f"{record.place} has {columns or 'no columns'}; expected {expected}; see `columns` of the registry"
    )


def shape_of(value: object) -> str:
    """What a value is, for messages."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    shape = names.get(type(value), "a number")
    return f"{shape} with {', '.join(map(str, value)) or 'no keys'}" if isinstance(value, dict) else shape

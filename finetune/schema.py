"""A mapping from YAML becomes nested frozen dataclasses, strictly: unknown keys and values of another type are errors.

Types that fields may have: bool, int, float, str, Path, a Literal of strings, tuples of one of these, `X | None`, a
mapping from str to one of these, and further dataclasses.
"""

from __future__ import annotations

import difflib
import math
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from rag.errors import ConfigurationError

T = TypeVar("T")
_FALSE, _TRUE = ("false", "no", "off"), ("true", "yes", "on")


def build(kind: type[T], given: object, where: str = "") -> T:
    """An instance of the dataclass `kind`. Raises ConfigurationError that names the key, the value and what may be."""
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{where or 'the file'} is {given!r}; expected keys with values")
    hints = typing.get_type_hints(kind)
    known = {entry.name: entry for entry in fields(kind)}  # type: ignore[arg-type] # T is a dataclass
    for key in given:
        if key not in known:
            raise ConfigurationError(f"{_path(where, key)}: there is no such key{_meant(str(key), known)}")
    missing = [
        name
        for name, entry in known.items()
        if name not in given and entry.default is MISSING and entry.default_factory is MISSING
    ]
    if missing:
        raise ConfigurationError(f"{_path(where, missing[0])} is missing; expected {_named(hints[missing[0]])}")
    return kind(**{key: _value(hints[key], value, _path(where, key)) for key, value in given.items()})


def _path(where: str, key: object) -> str:
    return f"{where}.{key}" if where else str(key)


def _meant(key: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"


def _value(hint: Any, value: object, where: str) -> Any:  # noqa: ANN401 - what the hint says
    """`value` as `hint` wants it."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _one_of(inner, value, where)
    if origin is typing.Literal:
        return _choice(inner, value, where)
    if origin is tuple:
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise _wrong(where, value, hint)
        return tuple(_value(inner[0], item, f"{where}[{number}]") for number, item in enumerate(value))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise _wrong(where, value, hint)
        return {str(key): _value(inner[1], item, _path(where, key)) for key, item in value.items()}
    if is_dataclass(hint):
        return build(typing.cast(type, hint), value, where)
    return _plain(hint, value, where)


def _one_of(hints: Sequence[Any], value: object, where: str) -> Any:  # noqa: ANN401 - what one of the hints says
    """The first hint that fits; with only one beside None, its message."""
    if value is None and type(None) in hints:
        return None
    others = [hint for hint in hints if hint is not type(None)]
    for number, hint in enumerate(others, start=1):
        try:
            return _value(hint, value, where)
        except ConfigurationError:
            if number == len(others):
                raise
    raise _wrong(where, value, hints[0])


def _choice(allowed: Sequence[Any], value: object, where: str) -> object:
    if value not in allowed or isinstance(value, bool) != isinstance(allowed[0], bool):
        close = difflib.get_close_matches(str(value), [str(one) for one in allowed], n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ConfigurationError(f"{where} is {value!r}; expected one of {', '.join(map(str, allowed))}{hint}")
    return value


def _plain(hint: Any, value: object, where: str) -> object:  # noqa: ANN401 - a class
    """Numbers may come as text, since YAML 1.1 reads `2e-4` as such."""
    if hint is bool:
        text = str(value).lower()
        if isinstance(value, bool) or (isinstance(value, str) and text in _FALSE + _TRUE):
            return text in _TRUE
    elif hint in (int, float) and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = float(value)
        except ValueError:
            raise _wrong(where, value, hint) from None
        if math.isfinite(number) and (hint is float or number == int(number)):
            return hint(number) if hint is float or isinstance(value, str) else int(value)
    elif hint is Path and isinstance(value, (str, Path)) and str(value):
        return Path(value)
    elif hint is str and isinstance(value, str):
        return value
    elif hint is str and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    elif hint is object:
        return value
    raise _wrong(where, value, hint)


def _wrong(where: str, value: object, hint: Any) -> ConfigurationError:  # noqa: ANN401 - a type
    return ConfigurationError(f"{where} is {value!r}; expected {_named(hint)}")


def _named(hint: Any) -> str:  # noqa: ANN401 - a type
    """A type as people say it."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return "one of " + ", ".join(map(str, inner))
    if origin in (typing.Union, types.UnionType):
        return " or ".join("nothing" if one is type(None) else _named(one) for one in inner)
    if origin is tuple:
        return f"a list of {_named(inner[0])}"
    if is_dataclass(hint) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return "keys with values"
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", Path: "a path"}
    return names.get(hint, str(hint))


def plain(value: object) -> Any:  # noqa: ANN401 - what YAML can hold
    """The opposite of `build`: dictionaries, lists and scalars, every field written out."""
    if is_dataclass(value) and not isinstance(value, type):
        return {entry.name: plain(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value

"""What a number of a run file may be. ConfigurationError names the key, what was given and what is expected."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from rag.errors import ConfigurationError

_EVERY = re.compile(r"never|epoch|[1-9]\d*(/epoch)?")


def positive(section: object, name: str, keys: Iterable[str]) -> None:
    """More than 0."""
    for key in keys:
        if getattr(section, key) <= 0:
            raise ConfigurationError(f"{name}.{key} is {getattr(section, key)}; expected more than 0")


def within(section: object, name: str, low: float, high: float, keys: Iterable[str]) -> None:
    """From `low` to below `high`."""
    for key in keys:
        if not low <= getattr(section, key) < high:
            below = f" to below {high:g}" if high < math.inf else " or more"
            raise ConfigurationError(f"{name}.{key} is {getattr(section, key)}; expected {low:g}{below}")


def rhythm(name: str, given: str) -> None:
    """How often something is done."""
    if not _EVERY.fullmatch(given):
        raise ConfigurationError(f"{name} is {given!r}; expected steps, epoch, 5/epoch or never")

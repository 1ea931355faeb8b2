"""Complaints that are described instead of named: `小便颜色有点红`, `走路腿疼歇一会就好`. Pure.

A table (`described.toml`) holds what substances of the body look like and what is said as a whole. Which of the names
exist is the caller's affair.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from rag.text import HAN

_HOW = (
    "(?:的|颜色|色|都|是|有点儿?|有些|很|特别|好|发|变得|变|呈|有|老是?|总是?|一直|像|跟|比较|偏|太|带|越来越|突然|今天|最近|"
    "这几天|里面?|中|上|出来|就|了|全){0,5}"
)
"""What may stand between a substance and its look; nothing that denies."""
_OF = "(?:色|颜色)?样?的?"
_NOTHING_BEHIND = f"(?!为?正常|[{HAN}]{{0,2}}(?:药|食物|试验|检查))"


@dataclass(frozen=True)
class _Described:
    said: re.Pattern[str]
    names: tuple[str, ...]


def _table() -> Iterator[_Described]:
    text = (resources.files("rag.linking") / "described.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    for row in table["whole"]:
        yield _Described(re.compile(row["said"]), tuple(row["names"]))
    for substance in table["substance"]:
        what = substance["said"]
        for look in substance["looks"]:
            behind, before = f"(?:{what}){_HOW}(?:{look['said']})色?", f"(?:{look['said']}){_OF}(?:{what})"
            yield _Described(re.compile(f"(?:{behind}|{before}){_NOTHING_BEHIND}"), tuple(look["names"]))


_TABLE = tuple(_table())


def described_complaints(text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(start, end, names) of complaints described in normalised `text`, the names nearest to it first."""
    for row in _TABLE:
        for found in row.said.finditer(text):
            yield *found.span(), row.names


def as_described(name: str) -> tuple[str, ...]:
    """Other names of what `name` stands for in the table, the nearest first."""
    return next((tuple(other for other in row.names if other != name) for row in _TABLE if name in row.names), ())

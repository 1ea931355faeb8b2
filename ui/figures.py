"""The shares in a report of `yiwen eval NAME --json`, whatever its shape, and a chart of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

MOST = 24
"""Figures in one chart; what comes later in a report is detail."""
COLOUR = "#0f8a83"
"""Seen on the light and on the dark page."""
_WITHIN = " · "


@dataclass(frozen=True)
class Figure:
    """A share between 0 and 1 with its confidence interval; `of`: how many cases it is taken from."""

    name: str
    value: float
    low: float
    high: float
    of: int


def figures_of(report: Mapping[str, Any]) -> list[Figure]:
    """In the order of the report: `{value, low, high, of}` and `[value, low, high, of]`, named by their place."""
    found = list(_walked(report, ()))[:MOST]
    heads = {figure.name.partition(_WITHIN)[0] for figure in found}
    if len(heads) > 1 or any(_WITHIN not in figure.name for figure in found):
        return found
    return [replace(figure, name=figure.name.partition(_WITHIN)[2]) for figure in found]  # all of one heading


def _walked(node: object, path: tuple[str, ...]) -> Iterator[Figure]:
    match node:
        case {"value": value, "low": low, "high": high, "of": of}:
            yield from _figure(path, value, low, high, of)
        case [value, low, high, of]:
            yield from _figure(path, value, low, high, of)
        case Mapping():
            for name, inner in node.items():
                yield from _walked(inner, (*path, str(name).strip()))


def _figure(path: tuple[str, ...], *numbers: object) -> Iterator[Figure]:
    """Nothing where there are no cases, or no share."""
    if not all(isinstance(number, int | float) for number in numbers):
        return
    value, low, high, of = (float(number) for number in numbers)  # type: ignore[arg-type]  # judged above
    if of > 0 and 0 <= low <= value <= high <= 1:
        yield Figure(_WITHIN.join(path).replace("_", " "), value, low, high, int(of))


def chart(figures: list[Figure]) -> dict[str, Any]:
    """A Vega-Lite document: a point for each figure, a line for its interval."""
    y = {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 170}}
    x = {"type": "quantitative", "scale": {"domain": [0, 1]}, "title": None, "axis": {"orient": "top", "format": ".0%"}}
    return {
        "data": {"values": [asdict(figure) for figure in figures]},
        "height": {"step": 22},
        "encoding": {"y": y, "tooltip": [{"field": name} for name in ("name", "value", "low", "high", "of")]},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.5, "color": COLOUR},
                "encoding": {"x": x | {"field": "low"}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1, "color": COLOUR},
                "encoding": {"x": x | {"field": "value"}},
            },
        ],
    }

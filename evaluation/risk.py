"""Risk against coverage: how wrong the answers are, the surest first. Pure.

Every question has a confidence and is right or wrong. Coverage is the share of questions answered when only those of
at least some confidence are, risk the share of wrong ones among them (Geifman, El-Yaniv 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float, float]
"""Coverage, risk, the least confidence that is still answered."""
_WIDTH, _HEIGHT, _MARGIN = 480, 320, 48


def risk_coverage(confidence: Sequence[float], wrong: Sequence[bool]) -> list[Point]:
    """A point for every level of confidence, the highest first; equal confidence is answered together."""
    points = []
    for level in sorted(set(confidence), reverse=True):
        judged = [bad for sure, bad in zip(confidence, wrong, strict=True) if sure >= level]
        points.append((len(judged) / len(wrong), sum(judged) / len(judged), level))
    return points


def area(confidence: NDArray[np.float64], wrong: NDArray[np.float64]) -> float:
    """Mean risk over all coverages 1/n ... 1 (AURC); questions of equal confidence come in random order."""
    levels, level = np.unique(-confidence, return_inverse=True)
    counts = np.bincount(level, minlength=len(levels))
    expected = np.bincount(level, weights=wrong, minlength=len(levels)) / counts
    ordered = np.repeat(expected, counts)
    return float((np.cumsum(ordered) / np.arange(1, len(ordered) + 1)).mean())


def svg(points: Sequence[Point], title: str) -> str:
    """The curve as a picture, coverage to the right and risk upwards, both from 0 to 1."""
    left, bottom = _MARGIN, _HEIGHT - _MARGIN
    across, up = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN

    def at(coverage: float, risk: float) -> str:
        return f"{left + coverage * across:.1f},{bottom - risk * up:.1f}"

    marks = "".join(
        f'<text x="{left + tick * across:.1f}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>'
        f'<text x="{left - 8}" y="{bottom - tick * up + 4:.1f}" text-anchor="end">{tick:g}</text>'
        for tick in (0, 0.25, 0.5, 0.75, 1)
    )
    line = " ".join(at(coverage, risk) for coverage, risk, _ in points)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" '
        f'font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n'
        f'<text x="{_WIDTH / 2}" y="24" text-anchor="middle">{escape(title)}</text>\n'
        f'<polyline points="{at(0, 1)} {at(0, 0)} {at(1, 0)}" fill="none" stroke="black"/>\n{marks}\n'
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 10}" text-anchor="middle">coverage</text>\n'
        f'<text x="14" y="{_HEIGHT / 2}" transform="rotate(-90 14 {_HEIGHT / 2})" text-anchor="middle">risk</text>\n'
        f'<polyline points="{line}" fill="none" stroke="#1f5fbf" stroke-width="2"/>\n</svg>\n'
    )

"""How grave what speaks against a drug is: the levels, their names, and how records write them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from rag.text import normalise


class Level(StrEnum):
    """How grave a hazard is, the gravest first."""

    CONTRAINDICATED = "contraindicated"
    MAJOR = "major"
    MODERATE = "moderate"
    CAUTION = "caution"
    MINOR = "minor"
    UNKNOWN = "unknown"


LEVEL_LABELS: Mapping[Level, str] = {
    Level.CONTRAINDICATED: "禁用", Level.MAJOR: "严重", Level.MODERATE: "中等", Level.CAUTION: "慎用",
    Level.MINOR: "轻微", Level.UNKNOWN: "未分级",
}  # fmt: skip
_SEVERITIES = {
    "严重": Level.MAJOR, "重度": Level.MAJOR, "major": Level.MAJOR, "中等": Level.MODERATE, "中度": Level.MODERATE,
    "moderate": Level.MODERATE, "轻微": Level.MINOR, "轻度": Level.MINOR, "minor": Level.MINOR,
    "禁忌": Level.CONTRAINDICATED, "禁用": Level.CONTRAINDICATED, "contraindicated": Level.CONTRAINDICATED,
}  # fmt: skip


def level_named(severity: str | None) -> Level:
    """The level that a record calls `severity`; UNKNOWN where it says nothing or something else."""
    return _SEVERITIES.get(normalise(severity or ""), Level.UNKNOWN)

"""What records call a complaint beside the name by which it is told. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

from rag.linking.sites import by_other_parts


def recorded_as(name: str) -> tuple[str, ...]:
    """Other names of a normalised complaint that records do not know, the likeliest first; last by its part."""
    return (*_table("instead").get(name, ()), *_joined_otherwise(name), *by_other_parts(name))


def _joined_otherwise(name: str) -> list[str]:
    """`恶心与呕吐` for `恶心和呕吐`."""
    spelt = dict.fromkeys(_AND.sub(joint, name) for joint in "与和及")
    return [other for other in spelt if other != name] if _AND.search(name) else []


_AND = re.compile("(?<=[\u4e00-\u9fff]{2})[与和及](?=[\u4e00-\u9fff]{2})")


def names_including(name: str) -> tuple[str, ...]:
    """Names that records use for a complaint beside its own, such as 恶心与呕吐 for 呕吐."""
    return _table("also").get(name, ())


def is_usual(name: str) -> bool:
    """Whether records use this name for more than one complaint, such as 恶心与呕吐."""
    return name in _including()


@lru_cache(maxsize=1)
def _including() -> frozenset[str]:
    return frozenset(name for names in _table("also").values() for name in names)


@lru_cache(maxsize=2)
def _table(section: str) -> Mapping[str, tuple[str, ...]]:
    text = (resources.files("rag.linking") / "recorded.toml").read_text(encoding="utf-8")
    return {name: tuple(others) for name, others in tomllib.loads(text)[section].items()}

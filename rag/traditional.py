"""Traditional Chinese read as simplified: one character for one, so that every offset stays what it was.

The table is the part of OpenCC's that a rule chose (`finetune/traditional.py`): a character is in it only if simplified
Chinese does not use it. Some characters live in both scripts: 乾 is 干 in 口乾 and itself in 乾坤, 癥 is 症 in 癥状
and itself in 癥瘕, 噁 is 恶 in 噁心 and itself in 磺胺甲噁唑. For those the neighbours decide (`_IN_BOTH`), and where
they do not tell, nothing is changed. It is a closed table in the package, not a library at run time, because stored
names and indexes depend on it: a change of it raises `rag.text.TEXT_VERSION`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

_IN_BOTH: tuple[tuple[str, str, str], ...] = (
    ("乾", "干", r"(?<![康旋扭萧連连])乾(?![坤隆元卦陵嘉象造纲县州安德道])"),
    ("著", "着", r"(?<=[随跟接沿附睡试带拿看听躺坐站走跑活穿用睁闭朝向对顺忍伴捂压含])著(?![名作者称述录书论])"
                 r"|(?<=[睡找用吃]不)著|(?<![显卓名原编])著(?=[床凉急火])"),
    ("覆", "复", r"(?<=[反回答])覆"),
    ("徵", "征", r"(?<=[特体象病表])徵|(?<=综合)徵|徵(?=[状象兆候求])"),
    ("瞭", "了", r"(?<=明)瞭|瞭(?=[解然如])"),
    ("藉", "借", r"藉(?=[由助口此着])"),
    ("噁", "恶", r"噁(?=心)"),
    ("癥", "症", r"癥(?=[状候])|(?<=[病癌炎急重])癥|(?<=并发|后遗|适应|禁忌)癥"),
    ("甚", "什", r"甚(?=么)"),
)  # fmt: skip
"""Of characters that both scripts use: what they become, and where. The text around is simplified by then."""


@lru_cache(maxsize=1)
def _table() -> dict[str, str]:
    text = resources.files("rag").joinpath("traditional.json").read_text(encoding="utf-8")
    content = json.loads(text)
    return dict(zip(content["traditional"], content["simplified"], strict=True))


@dataclass(frozen=True)
class _Rules:
    """Characters of the table, what they become, characters of both scripts, and where each of those changes."""

    traditional: re.Pattern[str]
    table: Mapping[int, str]
    both: re.Pattern[str]
    places: Mapping[str, tuple[str, re.Pattern[str]]]


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    table = _table()
    return _Rules(
        re.compile(f"[{''.join(table)}]"),
        {ord(char): into for char, into in table.items()},
        re.compile(f"[{''.join(char for char, _, _ in _IN_BOTH)}]"),
        {char: (into, re.compile(where)) for char, into, where in _IN_BOTH},
    )


def simplified(text: str) -> str:
    """`text` with traditional characters replaced, of the same length; simplified text comes back as it is."""
    rules = _rules()
    if rules.traditional.search(text) is not None:
        text = text.translate(rules.table)
    if rules.both.search(text) is not None:
        text = rules.both.sub(_by_neighbours, text)
    return text


def _by_neighbours(found: re.Match[str]) -> str:
    into, where = _rules().places[found.group()]
    return into if where.match(found.string, found.start()) else found.group()

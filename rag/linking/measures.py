"""Measures said to be high or low, germs said to be found: `尿酸偏高` is 高尿酸血症, if that is a name. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from rag.vocabulary import EntityType

MEASURED = frozenset({EntityType.INDICATOR, EntityType.EXAMINATION, EntityType.BODY_PART, EntityType.PATHOGEN})
_MEASURED_AS = "(?:水平|值|指标)?(?:偏|过|太|很|有点|有些|明显)?"
_HIGH = re.compile(
    _MEASURED_AS + "(?:升高|增高|增多|高|多)(?![低血压烧热能型]|于(?!正常)|的?(?:食[物品]|饮食|东西|菜|肉))"
)
_LOW = re.compile(_MEASURED_AS + "(?:降低|减低|减少|低|少)(?![高型]|于(?!正常))")
_FOUND = re.compile("(?:检测|检查|抗体)?(?:呈|为|是)?阳性")
_STATES: tuple[tuple[re.Pattern[str], frozenset[EntityType], tuple[str, ...]], ...] = (
    (_HIGH, MEASURED - {EntityType.PATHOGEN}, ("高{}血症", "高{}", "{}升高", "{}增高", "{}增多", "{}增多症")),
    (_LOW, MEASURED - {EntityType.PATHOGEN}, ("低{}血症", "低{}", "{}减少", "{}减少症", "{}降低", "{}减低")),
    (_FOUND, frozenset({EntityType.PATHOGEN}), ("{}感染",)),
)


def states_of(
    text: str, start: int, end: int, types: Collection[EntityType]
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(start, end, names) of the illness that a measure at [start, end) and what follows it may be."""
    for said, of, names in _STATES:
        after = said.match(text, end)
        if after and of & set(types):
            yield start, after.end(), tuple(name.format(text[start:end]) for name in names)

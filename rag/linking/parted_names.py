"""Names of what a part of the body has, with words inside that only say where in it or how: `输尿管上段结石`. Pure.

Which of the names exist is the caller's affair.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.linking.assertion import CLAUSE_END
from rag.text import HAN

_WHERE = r"[上中下]段|中[上下]段|[上中下][1一]?/3段?|[上下]极|[左右]叶|[前后]壁|球部|窦部?|[体底]部"
_HOW_BAD = r"(?<![\d.])(?:[一二三四]|[1-4]|i{1,3}|iv)[度级]"
_HOW_OFTEN = "也|就|都|还|又|老|总|老是|总是|一直|经常|时常|有点儿?|有些|特别|很|挺"
_INSIDE = re.compile(rf"(?:{_WHERE}|{_HOW_BAD}|{_HOW_OFTEN})")
_INFLAMED = re.compile(rf"(?:{_HOW_OFTEN}|反复|频繁|容易|开始)*(?:发炎|有炎症)")
_LONGEST = 8
_OPERATED = re.compile("(?:部分|次?全|根治性?)?(?:切除|摘除|移植|置换|成形|修补|结扎|造瘘|穿刺|剥脱|搭桥|切开)(?!术)")
_ENDS = re.compile(rf"$|[^{HAN}]|[的了着吗呢吧啊怎是不有和与及跟又还也得]")
"""Behind one character: 鸣 of `耳朵经常鸣叫` does not end there."""
_STOOL = "大便"


def parted_names(text: str, start: int, end: int) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(start, end, names) of what may be said of the part of the body at [start, end), the longest first."""
    inside = _INSIDE.match(text, end)
    clause = CLAUSE_END.search(text, end)
    last = min(clause.start() if clause else len(text), end + _LONGEST)
    part = text[start:end]
    if inside:
        for stop in range(min(last, inside.end() + _LONGEST), inside.end(), -1):
            if stop - inside.end() > 1 or _ENDS.match(text, stop):
                yield start, stop, (part + text[inside.end() : stop],)
    if part == _STOOL:
        for stop in range(last, end, -1):
            yield start, stop, (part[1:] + text[end:stop],)
    inflamed = _INFLAMED.match(text, end)
    if inflamed:
        yield start, inflamed.end(), (f"{part}炎",)
    operated = _OPERATED.match(text, end)
    if operated:
        yield start, operated.end(), (f"{part}{operated[0]}术",)

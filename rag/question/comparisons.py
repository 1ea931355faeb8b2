"""Whether a question compares, and with what. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import Mention
from rag.text import HAN
from rag.vocabulary import REMEDIES, EntityType

COMPARISON = re.compile(
    r"区别|区分|鉴别|一回事|不同|共同点|相同点|共同之处|相似|差别|差异|异同|重叠|一样|是否相同|是否一致|相同吗|同一|分别|相比|比较(?!好|合适|有效|快|多|严重|大|高|安全|常见|理想|适合|容易|难|便宜|贵|权威|正规|明显|轻|重|厉害)|差多少|差多久|"
    r"^compare\b|\bdifferences? between\b|"
    r"哪一?[个种]|哪边|谁更|更严重|更好|怎么分|都(?:是|会|能|有|要|可以|属于|叫|得).{0,7}[吗么]"
)
_OTHER_SIDE = re.compile(
    rf"\u25a1[和与跟同]([{HAN}]{{2,8}}?)(?=之间|有|的|到底|究竟|怎么|区别|区分|鉴别|是|哪|一样|相比|比较|差别|不同|,|，)|"
    rf"(?:^|[，。；？,;?])([{HAN}]{{2,8}}?)[和与跟同]\u25a1"
)
_COMPARED = frozenset(
    {EntityType.DISEASE, EntityType.SYMPTOM, EntityType.SYNDROME, EntityType.EXAMINATION, EntityType.INDICATOR,
     EntityType.TREATMENT, EntityType.THERAPY, *REMEDIES}
)  # fmt: skip


def unknown_side(text: str) -> str:
    """`肛瘘` of `□和肛瘘怎么区分`: what a known name is compared with; empty where that is no name either."""
    found = _OTHER_SIDE.search(text)
    return next((side for side in found.groups() if side), "") if found else ""


def several(mentions: Sequence[Mention]) -> bool:
    """Whether two things of one kind are named."""
    named = [{(c.type, c.entity) for c in m.candidates} for m in mentions if not m.negated]
    kinds = [{kind for kind, _ in own if kind in _COMPARED} for own in named]
    return any(
        kinds[a] & kinds[b] and not named[a] & named[b] for a in range(len(named)) for b in range(a + 1, len(named))
    )

"""Who tells and asks nothing. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import Intent, Mention
from rag.question.colloquial import plain
from rag.question.illnesses import BY_NAME
from rag.text import HAN
from rag.vocabulary import REMEDIES, EntityType


def asks_nothing(question: str, mentions: Sequence[Mention], intent: Intent) -> bool:
    """`宝宝脖子左边有肿块`: somebody tells what is the matter, or only a complaint, and no word of it asks.

    A cue asks where nothing is told (`肾衰竭早期症状`); in a story it may be part of it.
    """
    text = plain(question)
    if intent.settled or (intent.explicit and intent.relations and not _STORY.search(text)):
        return False
    complaint = any(m.present and c.type is EntityType.SYMPTOM for m in mentions for c in m.candidates)
    return (complaint or _TELLS.search(text) is not None) and _ASKS.search(text) is None


_STORY = re.compile(r"[，。；,;]")
_TELLS = re.compile(
    r"我|他|她|宝宝|孩子|小孩|老公|老婆|妈|爸|患者|病人|女士|先生|最近|今天|昨天|昨晚|前天|刚才|出现|感觉|体检|查出"
)


def only_states(question: str, mentions: Sequence[Mention]) -> bool:
    """`宝宝舌头上有地图舌`: no question, and one illness in it, of which what is known is told; and no remedy."""
    if _ASKS.search(plain(question)):
        return False
    named = [m.candidates[0] for m in mentions if not m.negated and not m.modifier and m.candidates]
    sure = [m.candidates[0] for m in mentions if all(c.type is not EntityType.SYMPTOM for c in m.candidates)]
    ill = [c for c in named if c.type is EntityType.DISEASE]
    certain = [c for c in ill if c in sure] or [c for c in ill if BY_NAME.search(c.name)]
    return len({c.entity for c in certain}) == 1 and all(c.type not in REMEDIES for c in named)


_ASKS = re.compile(
    rf"([{HAN}])不\1|[?？吗呢吧]|么$|什么|怎|哪|几|多[少久大长高]|谁|为何|何时|何种|是否|是不是|能不能|可不可以|要不要|会不会|有没有|有无|该不该|好不好|不$|没$|"
    r"请(?!假)|求助|咨询|帮我|推荐|介绍|建议|区别|列出|列举|说明|给出|告诉|\b(?:what|how|why|which|when|where|who|is|are|was|were|do|does|did|can|could|should|will|would|may|might|has|have)\b"
)
"""Words of a question; a statement has none."""

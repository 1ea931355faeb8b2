"""What is called as illnesses are, be it listed among complaints or not. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import Candidate, Mention
from rag.question.colloquial import plain
from rag.vocabulary import EntityType

BY_NAME = re.compile(
    r"(?:[病症炎癌瘤痔]|综合征|血[压脂糖]|结石|感染|溃疡|[湿麻疱]疹|痛风|哮喘|中风|变性|硬化|梗[死塞]|衰竭)$"
)
"""Of names that are complaints as well (咳嗽, 高血压) those of illnesses."""


def is_illness(candidate: Candidate) -> bool:
    """Whether a disease is called as illnesses are and complaints are not, be it listed among complaints or not."""
    return candidate.type is EntityType.DISEASE and BY_NAME.search(candidate.name) is not None


_WHAT_IT_IS = re.compile("(?:是|属于)(?:一?种|个)?(?:什么|啥|怎样的|怎么样的)(?:样的)?(?:疾?病|毛病|病症)")


def defines_illness(question: str, mentions: Sequence[Mention]) -> bool:
    """`高血压是什么病`: what is asked about is one illness itself, be it listed among complaints or not."""
    if len(mentions) != 1 or mentions[0].negated or mentions[0].modifier:
        return False
    return is_illness(mentions[0].best) and _WHAT_IT_IS.match(plain(question[mentions[0].end :])) is not None

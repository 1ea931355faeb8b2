"""Under which heading a record lists a thing, and as what a sentence tells it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.checking.clauses import Clause, Segment

_LISTED_AS = re.compile("(?:的|属于|主要|常见)(症状|并发症|病因|不良反应|适应证|禁忌)(?=$|[有为是包、，, ])")


_LISTS = re.compile("症状|并发症|病因|不良反应|适应证|禁忌")


_GIVEN_FOR = re.compile("用于|主治|治疗")


_SAYS_HARM = re.compile("引起|不良反应|禁|忌|慎|不|无|并发|时|后|期间")


def heading_reason(clause: Clause, used: Sequence[Segment]) -> str | None:
    """Whether what a record lists under one heading is told as of another, or what it warns of as what it is for."""
    over = {found[0] for part in used[0].clauses if part.label for found in _LISTS.finditer(part.text)}
    said = {found[1] for found in _LISTED_AS.finditer(clause.text)}
    if len(over) != 1:
        return None
    harm = (
        over & {"不良反应", "禁忌", "并发症"} and _GIVEN_FOR.search(clause.text) and not _SAYS_HARM.search(clause.text)
    )
    spoken = {found[0] for part in used[0].clauses if not part.label for found in _LISTS.finditer(part.text)}
    return "relation_not_in_evidence" if harm or (said and not said & (over | spoken)) else None

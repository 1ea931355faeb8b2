"""How much and how often: what is rare told as common, too little as too much. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.checking.clauses import Clause, Segment
from rag.checking.ground import Ground
from rag.checking.signs import TOO_LITTLE, TOO_MUCH
from rag.text import HAN


def excess_reason(clause: Clause, ground: Ground) -> str | None:
    """Whether what the evidence calls too little is called too much: 铁摄入过多 of `月经过多、铁摄入不足`."""
    for match in _EXCESS.finditer(clause.text):
        opposite = TOO_LITTLE if match[2] in TOO_MUCH else TOO_MUCH
        if match[0] not in ground.text and any(match[1] + end in ground.text for end in opposite):
            return "polarity_not_in_evidence"
    return None


_EXCESS = re.compile(rf"([{HAN}]{{2}})({'|'.join((*TOO_MUCH, *TOO_LITTLE))})")


_COMMON = re.compile(r"(?<![不少])常见|(?<![不少非经通正异日平])常(?=引起|有|可|会|伴)|经常")


_RARE = re.compile(r"偶|罕见|不常见|少见|\brare\b|\buncommon\b")


def rarity_reason(clause: Clause, ground: Ground, used: Sequence[Segment]) -> str | None:
    """Whether what the evidence calls rare is called common: `常见` alone only joins and is not looked for."""
    if not _COMMON.search(clause.text):
        return None
    own = clause.core - ground.title_content
    parts = [part for segment in used for part in segment.clauses]
    closest = max(parts, key=lambda part: len(own & part.core))
    said = closest.text
    if not _RARE.search(said) and not _COMMON.search(said):  # `严重者罕见，包括癫痫`
        said = next(segment.text for segment in used if any(part is closest for part in segment.clauses))
    turned_round = _RARE.search(said) and not _COMMON.search(said)
    return "polarity_not_in_evidence" if turned_round else None

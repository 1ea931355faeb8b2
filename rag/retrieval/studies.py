"""Does a study answer by itself what facts of the same illness would only bury? Pure.

`中风以后情绪低落，柴胡疏肝散有效吗` names a remedy and a state that a conclusion deals with; the drugs that a record
lists for 中风 are no answer to it. `中风吃什么药` asks for nothing besides, and a study on one drug is none to that.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rag.domain import EntityId, Evidence, Intent, Mention, PassageKind
from rag.retrieval.relevance import content_tokens
from rag.text import normalise, tokens

SUPPORT = 0.5
"""How likely a conclusion has to answer the question."""
PARTICULARS = 2
"""How many of the question's particulars it has to deal with; a name counts for two of its other words."""


def answers_alone(
    question: str, mentions: Sequence[Mention], intent: Intent, subjects: Collection[EntityId], kept: Sequence[Evidence]
) -> bool:
    """Whether one of the passages that may be shown takes the place of facts about `subjects`.

    Where something is said and nothing certain asked (no cue), a study outweighs an overview of what is on record.
    """
    studies = [e for e in kept if e.kind == PassageKind.CONCLUSION]
    if intent.reverse or not studies:
        return False
    if not intent.explicit:
        return len(_besides(question, mentions)) >= PARTICULARS
    sure = [study for study in studies if study.support >= SUPPORT]
    return any(_particulars(question, mentions, subjects, study) >= PARTICULARS for study in sure)


def _particulars(question: str, mentions: Sequence[Mention], subjects: Collection[EntityId], study: Evidence) -> int:
    """Words of the question outside its names that stand in the study, and names that facts are not about, twice."""
    text = normalise(f"{study.title or ''} {study.text}")
    words = _besides(question, mentions) & set(tokens(text))
    others = [m for m in mentions if not {c.entity for c in m.candidates} & set(subjects)]
    dealt_with = [
        m for m in others if normalise(m.surface) in text or {c.entity for c in m.candidates} & set(study.entities)
    ]
    return len(words) + 2 * len(dealt_with)


def _besides(question: str, mentions: Sequence[Mention]) -> set[str]:
    """Content words outside the names."""
    chars = list(question)
    for mention in mentions:
        chars[mention.start : mention.end] = " " * (mention.end - mention.start)
    return content_tokens("".join(chars))

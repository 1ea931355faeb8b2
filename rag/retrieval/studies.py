"""Does a study answer by itself what facts of the same illness would only bury? Pure.

`中风以后情绪低落，柴胡疏肝散有效吗` names a remedy and a state that a conclusion deals with; the drugs that a record
lists for 中风 are no answer to it. `中风吃什么药` asks for nothing besides, and a study on one drug is none to that.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rag.domain import EntityId, Evidence, Intent, Mention, PassageKind
from rag.retrieval.relevance import answers_the_same
from rag.retrieval.topics import content_tokens
from rag.text import normalise, tokens

SUPPORT = 0.5
"""How likely a conclusion has to answer the question."""
PARTICULARS = 2
"""How many of the question's particulars it has to deal with; a name counts for two of its other words."""


def answers_alone(
    question: str,
    mentions: Sequence[Mention],
    intent: Intent,
    subjects: Collection[EntityId],
    kept: Sequence[Evidence],
    *,
    told_drugs: bool = False,
) -> bool:
    """Whether one of the passages that may be shown takes the place of facts about `subjects`.

    Where things are compared, it has to deal with all of them, or with what is said besides. Where something is said
    and nothing certain asked (no cue), it outweighs an overview of what is on record, but not one for whoever asked
    nothing at all. `told_drugs`: facts list the drugs asked for (`降尿酸的药有哪几种`), one study does not.
    """
    studies = [e for e in kept if e.kind == PassageKind.CONCLUSION]
    if intent.reverse or not studies:
        return False
    if intent.comparison:
        sides = [m for m in mentions if not {c.entity for c in m.candidates}.isdisjoint(subjects)]
        both = any(e.support >= SUPPORT and all(_deals_with(e, m) for m in sides) for e in studies)
        return both or bool(to_the_point(question, mentions, subjects, studies, 0.0))
    if not intent.explicit:
        return not intent.guessed and len(_besides(question, mentions)) >= PARTICULARS
    if told_drugs and not intent.yes_no:
        return False
    return bool(to_the_point(question, mentions, subjects, studies, SUPPORT))


def beside_facts(
    question: str,
    mentions: Sequence[Mention],
    intent: Intent,
    subjects: Collection[EntityId],
    facts: Sequence[Evidence],
    kept: Sequence[Evidence],
) -> list[Evidence]:
    """Where facts tell all that is to be listed, only studies that deal with what the question says besides.

    `股骨头坏死有哪些表现` is answered by the record; a study of a sign on an X-ray is not asked for, nor what was
    replied to another question.
    """
    told = {e.fact.relation for e in facts if e.fact is not None}
    lists = intent.explicit and intent.groups and not intent.yes_no
    if not (lists and all(told & set(group) for group in intent.groups)):
        return list(kept)
    studies = [e for e in kept if e.kind == PassageKind.CONCLUSION and e.support and not _filed(e, subjects)]
    fitting = to_the_point(question, mentions, subjects, studies, 0.0)
    kept = [e for e in kept if e.kind != PassageKind.QA or answers_the_same(question, e)]
    return [e for e in kept if e not in studies or e in fitting]


def to_the_point(
    question: str, mentions: Sequence[Mention], subjects: Collection[EntityId], kept: Sequence[Evidence], least: float
) -> list[Evidence]:
    """The conclusions with at least this support that deal with what the question says besides its subjects."""
    sure = [e for e in kept if e.kind == PassageKind.CONCLUSION and e.support >= least]
    return [study for study in sure if _particulars(question, mentions, subjects, study) >= PARTICULARS]


def _filed(study: Evidence, subjects: Collection[EntityId]) -> bool:
    """Whether an editor filed it under one of these."""
    return study.passage is not None and study.passage.about in subjects


def _particulars(question: str, mentions: Sequence[Mention], subjects: Collection[EntityId], study: Evidence) -> int:
    """Words of the question outside its names that stand in the study, and names that facts are not about, twice."""
    words = _besides(question, mentions) & set(tokens(_text(study)))
    others = [m for m in mentions if not {c.entity for c in m.candidates} & set(subjects)]
    return len(words) + 2 * sum(_deals_with(study, m) for m in others)


def _deals_with(study: Evidence, mention: Mention) -> bool:
    """Whether a name of the question stands in the study, or what it means."""
    return normalise(mention.surface) in _text(study) or not {c.entity for c in mention.candidates}.isdisjoint(
        study.entities
    )


def _text(study: Evidence) -> str:
    return normalise(f"{study.title or ''} {study.text}")


def _besides(question: str, mentions: Sequence[Mention]) -> set[str]:
    """Content words outside the names."""
    chars = list(question)
    for mention in mentions:
        chars[mention.start : mention.end] = " " * (mention.end - mention.start)
    return content_tokens("".join(chars))

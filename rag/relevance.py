"""Which passages may support an answer, and how sure the product is of what it found. Pure.

Ranking always returns something; being first is no reason to be shown. A passage counts when it deals with what the
question names, or, where the question names nothing known, when it shares enough of its words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rag.domain import EntityId, Evidence, Intent, Mention
from rag.text import is_han, tokens
from rag.vocabulary import EntityType, Relation

_FUNCTION_WORDS = frozenset(
    (
        "a an the of in on for to and or with without is are was were be been do doe does did can could should may "
        "might will would by from at as it its this that these those there than then not no how what which who whom "
        "whose why when where if between among after befor dure into out up about use more most less least"
    ).split()
)
_ASKING = re.compile(
    r"[的了吗呢吧啊呀么和与或及是有在我你他她它们这那就也都还很不没会能要可以请问怎样如何什哪些谁几多少为]+"
)
_TOPICS = frozenset(
    {EntityType.DISEASE, EntityType.DRUG, EntityType.SYMPTOM, EntityType.HERB, EntityType.FORMULA, EntityType.SYNDROME,
     EntityType.THERAPY, EntityType.TREATMENT, EntityType.EXAMINATION, EntityType.PATHOGEN, EntityType.INDICATOR,
     EntityType.ACUPOINT, EntityType.CAUSE}
)  # fmt: skip
_ADMINISTRATIVE = frozenset(
    {Relation.DEPARTMENT, Relation.COST, Relation.INSURANCE, Relation.INFECTIVITY, Relation.BODY_PART,
     Relation.DRUG_CLASS, Relation.DOSAGE_FORM, Relation.NATURE, Relation.INGREDIENT}
)  # fmt: skip
"""Questions that research conclusions do not answer."""


def wants_literature(intent: Intent) -> bool:
    """False where every relation asked for is administrative or definitional."""
    return not intent.explicit or not set(intent.relations) <= _ADMINISTRATIVE


def coverage(question: str, evidence: Evidence) -> float:
    """Share of the question's content tokens that stand in the evidence (title and question included), 0 to 1."""
    asked = _content(question)
    if not asked:
        return 0.0
    passage = evidence.passage
    parts = [evidence.text, evidence.title or "", (passage.question or "") if passage else ""]
    return len(asked & set(tokens(" ".join(parts)))) / len(asked)


def topics(mentions: Sequence[Mention]) -> list[set[EntityId]]:
    """For each mention that names a topic, the entities it surely means."""
    found = []
    for mention in mentions:
        if not mention.negated and not mention.modifier:
            sure = {c.entity for c in mention.candidates if c.score >= 0.5 and c.type in _TOPICS}
            if sure:
                found.append(sure)
    return found


def shared_topics(asked: Sequence[set[EntityId]], evidence: Evidence) -> float:
    """Share of the question's topics that the passage mentions, 0 to 1."""
    if not asked:
        return 0.0
    there = set(evidence.entities)
    return sum(bool(topic & there) for topic in asked) / len(asked)


def relevant(
    question: str,
    asked: Sequence[set[EntityId]],
    passages: Sequence[Evidence],
    thresholds: Mapping[str, float],
    *,
    known_subject: bool,
) -> list[Evidence]:
    """Passages that may support an answer, order kept."""
    return [e for e in passages if _is_relevant(question, asked, e, thresholds, known_subject)]


def _is_relevant(
    question: str,
    asked: Sequence[set[EntityId]],
    evidence: Evidence,
    thresholds: Mapping[str, float],
    known_subject: bool,
) -> bool:
    shared = shared_topics(asked, evidence)
    words = coverage(question, evidence)
    if words >= thresholds["coverage_alone"]:
        return True
    if not asked:
        return False
    enough = thresholds["topics_known_subject"] if known_subject else thresholds["topics"]
    return shared >= enough and (words >= thresholds["coverage_with_topic"] or len(asked) > 1)


def _content(question: str) -> set[str]:
    """Han pairs and Latin stems of a question without the words that only ask."""
    stripped = _ASKING.sub(" ", question)
    return {t for t in tokens(stripped) if t not in _FUNCTION_WORDS and (len(t) > 1 or not is_han(t)) and len(t) > 1}

"""What a question is about, in words and in entities, and how much of it stands in a piece of evidence. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import EntityId, Evidence, Mention
from rag.retrieval.initialisms import initialisms
from rag.text import is_han, language_of, normalise, tokens
from rag.vocabulary import EntityType

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


def content_tokens(question: str) -> set[str]:
    """Han pairs and Latin stems of a question without the words that only ask."""
    stripped = _ASKING.sub(" ", question)
    return {t for t in tokens(stripped) if t not in _FUNCTION_WORDS and (len(t) > 1 or not is_han(t)) and len(t) > 1}


def coverage(question: str, evidence: Evidence) -> float:
    """Share of the question's content tokens that stand in the evidence (title and question included), 0 to 1.

    Words whose initialism stands there count as well.
    """
    asked = content_tokens(question)
    if not asked:
        return 0.0
    passage = evidence.passage
    parts = [evidence.text, evidence.title or "", (passage.question or "") if passage else ""]
    there = set(tokens(" ".join(parts)))
    if language_of(question) == "en":
        there = there.union(*(words for short, words in initialisms(question).items() if short in there))
    return len(asked & there) / len(asked)


_STUDIES = re.compile(
    r"研究(?:的?(?:结论|结果|证据|成果|发现|进展)|表明|显示|说明|证明|证实|支持)|(?:有没有|有无|有什么|有哪些|哪些|最新|相关)的?(?:临床)?研究(?!所|院|生|中心)|"
    r"(?<!古)文献(?:支持|报道|依据|证据|里|中|上|怎么|怎样|结论)|临床试验|循证|meta-?分析|荟萃分析|的?证据(?:支持|表明)?[吗呢？?。]*$|"
    r"^(?:请|帮我|给我|你)*(?:证明|论证)(?!书)|"
    r"\b(?:is there|are there|any|what) (?:\w+ )?(?:evidence|studies|trials|literature)\b|^prove (?:that|to me)\b"
)


def wants_studies(question: str) -> bool:
    """`关于吸烟与肺癌的研究结论`, `证明疫苗会导致自闭症`: what studies found, of which records tell nothing."""
    return _STUDIES.search(normalise(question)) is not None


def topics(mentions: Sequence[Mention]) -> list[set[EntityId]]:
    """For each mention that names a topic, the entities it surely means."""
    return _meant(mentions, _TOPICS)


def named(mentions: Sequence[Mention]) -> list[set[EntityId]]:
    """As `topics`, of names of every type; one that is said twice counts once, none where one is not sure."""
    found = _meant(mentions, frozenset(EntityType))
    return list({frozenset(sure): sure for sure in found}.values()) if len(found) == len(mentions) else []


def _meant(mentions: Sequence[Mention], types: frozenset[EntityType]) -> list[set[EntityId]]:
    found = []
    for mention in mentions:
        if not mention.negated and not mention.modifier:
            sure = {c.entity for c in mention.candidates if c.score >= 0.5 and c.type in types}
            if sure:
                found.append(sure)
    return found


def shared_topics(asked: Sequence[set[EntityId]], evidence: Evidence) -> float:
    """Share of the question's topics that the passage mentions, 0 to 1."""
    if not asked:
        return 0.0
    there = set(evidence.entities)
    return sum(bool(topic & there) for topic in asked) / len(asked)


def strangers(mentions: Sequence[Mention]) -> list[tuple[tuple[str, ...], frozenset[EntityId]]]:
    """For each name that is not known as a whole: how it may be written, and the entities that its known part means."""
    found = []
    for mention in mentions:
        if mention.modifier and not mention.negated:
            names = (mention.modifier + mention.surface, mention.surface + mention.modifier)
            found.append((tuple(map(normalise, names)), frozenset(c.entity for c in mention.candidates)))
    return found

"""A small knowledge base as records, written for the tests."""

from __future__ import annotations

from rag.domain import (
    Alias,
    AliasKind,
    DoNotMerge,
    Entity,
    EntityId,
    Fact,
    Literal,
    Passage,
    PassageKind,
    Record,
    Source,
)
from rag.vocabulary import EntityType, Grade, Relation
from tests.records import entity, fact_of

BOOK = Source("内科学讲义", "book", Grade.REFERENCE, year=2020)
STUDY = Source("布洛芬与偏头痛的随机试验", "article", Grade.TRIAL, year=2019, url="https://example.org/study")

MIGRAINE = EntityId("disease:偏头痛")


def fact(subject: str, relation: Relation, target: str | Literal, source: Source = BOOK) -> Fact:
    return fact_of(subject, relation, target, source)


CONCLUSION = Passage(
    "布洛芬可以缓解成人偏头痛发作。", PassageKind.CONCLUSION, STUDY.id, title="布洛芬治疗偏头痛", about=MIGRAINE
)

SMALL: tuple[Record, ...] = (
    BOOK,
    STUDY,
    entity("disease:偏头痛"),
    entity("disease:紧张性头痛"),
    Entity(EntityId("disease:helicobacter pylori感染"), EntityType.DISEASE, "Helicobacter pylori感染"),
    entity("drug:阿莫西林/克拉维酸"),
    fact("disease:偏头痛", Relation.SYMPTOM, "symptom:恶心"),
    fact("disease:偏头痛", Relation.SYMPTOM, "symptom:畏光"),
    fact("disease:紧张性头痛", Relation.SYMPTOM, "symptom:恶心"),
    fact("disease:偏头痛", Relation.DEPARTMENT, "department:神经内科"),
    fact("disease:偏头痛", Relation.CURE_RATE, Literal("约60%", "cure_rate")),
    fact("disease:偏头痛", Relation.DRUG, "drug:布洛芬"),
    fact("drug:布洛芬", Relation.CONTRAINDICATION, "population:孕妇"),
    Alias("偏头疼", MIGRAINE, AliasKind.COLLOQUIAL),
    DoNotMerge(MIGRAINE, EntityId("disease:紧张性头痛"), "不同的疾病"),
    CONCLUSION,
)


def versioned(number: int) -> tuple[Record, ...]:
    """A version in which everything the migraine has is called after its number."""
    marks = [fact("disease:偏头痛", Relation.SYMPTOM, f"symptom:第{number}版症状{letter}") for letter in "甲乙丙"]
    return (BOOK, entity("disease:偏头痛"), *marks)

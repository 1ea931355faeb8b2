"""Records written for the tests of answering, and short ways to make evidence and requests of them."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answer.rendering import fact_evidence
from rag.domain import (
    Alias,
    AliasKind,
    DoNotMerge,
    EntityId,
    Evidence,
    Fact,
    GenerationRequest,
    GraphFact,
    Intent,
    Limits,
    Literal,
    Mention,
    Passage,
    PassageKind,
    Qualifiers,
    RankedSubject,
    Record,
    Source,
)
from rag.linking.names import Names
from rag.ports import NameRow
from rag.vocabulary import Grade, Relation
from tests.fake_knowledge_base import FakeKnowledgeBase
from tests.records import UNLIMITED, entity, fact_of

BOOK = Source("内科学讲义", "book", Grade.REFERENCE, year=2020)
TRIAL = Source("A trial of ibuprofen", "article", Grade.TRIAL, year=2019, pmid="1")

MIGRAINE = EntityId("disease:偏头痛")
IBUPROFEN = EntityId("drug:布洛芬")


def fact(
    subject: str, relation: Relation, target: str | Literal, source: Source = BOOK, limits: Qualifiers = UNLIMITED
) -> Fact:
    return fact_of(subject, relation, target, source, limits)


CONCLUSION = Passage(
    "布洛芬400mg可以缓解成人偏头痛发作。未发现布洛芬增加肾损害，但孕妇不宜使用。",
    PassageKind.CONCLUSION,
    TRIAL.id,
    title="布洛芬治疗偏头痛",
    about=MIGRAINE,
)
ENGLISH = Passage(
    "Ibuprofen did not increase the risk of stroke in adults with migraine. Response improved within 2 hours.",
    PassageKind.CONCLUSION,
    TRIAL.id,
    question="Does ibuprofen increase the risk of stroke in migraine?",
    about=MIGRAINE,
)
MONOGRAPH = Passage(
    "1.孕妇禁用。2.对本品过敏者禁用。", PassageKind.MONOGRAPH, BOOK.id, title="布洛芬", about=IBUPROFEN, aspect="禁忌证"
)

RECORDS: tuple[Record, ...] = (
    BOOK,
    TRIAL,
    *map(entity, (MIGRAINE, "disease:紧张型头痛", "disease:高血压", "disease:急性阑尾炎", "disease:慢性阑尾炎")),
    *map(entity, (IBUPROFEN, "drug:阿司匹林", "drug:舒马普坦", "drug:氯雷他定", "herb:甘草", "herb:甘遂")),
    *map(entity, ("symptom:头痛", "symptom:恶心", "symptom:畏光", "symptom:咳嗽", "population:孕妇")),
    fact(MIGRAINE, Relation.SYMPTOM, "symptom:头痛"),
    fact(MIGRAINE, Relation.SYMPTOM, "symptom:恶心"),
    fact(MIGRAINE, Relation.SYMPTOM, "symptom:畏光"),
    fact(MIGRAINE, Relation.DRUG, IBUPROFEN),
    fact(MIGRAINE, Relation.DRUG, "drug:阿司匹林", limits=Qualifiers(population="成人")),
    fact(MIGRAINE, Relation.DEPARTMENT, "department:神经内科"),
    fact(MIGRAINE, Relation.EXAMINATION, "examination:头颅磁共振"),
    fact(MIGRAINE, Relation.CURE_RATE, Literal("约60%", "cure_rate")),
    fact(MIGRAINE, Relation.DURATION, Literal("3-6个月", "treatment_duration")),
    fact("disease:紧张型头痛", Relation.SYMPTOM, "symptom:头痛"),
    fact("disease:紧张型头痛", Relation.DRUG, IBUPROFEN),
    fact("disease:高血压", Relation.SYMPTOM, "symptom:头痛"),
    fact("disease:高血压", Relation.DRUG, "drug:氨氯地平"),
    fact("disease:急性阑尾炎", Relation.TREATMENT, "treatment:阑尾切除术"),
    fact("disease:慢性阑尾炎", Relation.TREATMENT, "treatment:择期手术"),
    fact(IBUPROFEN, Relation.CONTRAINDICATION, "population:孕妇"),
    fact(IBUPROFEN, Relation.INTERACTION, "drug:阿司匹林", limits=Qualifiers(severity="中等")),
    fact("drug:阿司匹林", Relation.INTERACTION, IBUPROFEN, limits=Qualifiers(severity="中等")),
    fact("drug:氯雷他定", Relation.CONTRAINDICATION, "population:孕妇"),
    fact("herb:甘草", Relation.INCOMPATIBLE, "herb:甘遂"),
    Alias("偏头疼", MIGRAINE, AliasKind.COLLOQUIAL),
    Alias("migraine", MIGRAINE, AliasKind.ENGLISH),
    Alias("怕光", EntityId("symptom:畏光"), AliasKind.COLLOQUIAL),
    Alias("头疼", EntityId("symptom:头痛"), AliasKind.COLLOQUIAL),
    Alias("芬必得", IBUPROFEN, AliasKind.TRADE),
    Alias("阑尾炎", EntityId("disease:急性阑尾炎"), AliasKind.SYNONYM),
    Alias("阑尾炎", EntityId("disease:慢性阑尾炎"), AliasKind.SYNONYM),
    DoNotMerge(EntityId("disease:急性阑尾炎"), EntityId("disease:慢性阑尾炎"), "急性与慢性"),
    CONCLUSION,
    ENGLISH,
    MONOGRAPH,
)


def names(*rows: tuple[str, str, str]) -> Names:
    """Names of the records above, and (name, entity id, kind) rows."""
    return Names([*FakeKnowledgeBase(RECORDS).names(), *(NameRow(n, EntityId(e), k) for n, e, k in rows)])


def stated(
    subject: str, relation: Relation, target: str | Literal, limits: Qualifiers = UNLIMITED, *, name: str = "f:1"
) -> Evidence:
    """A fact as evidence; shown names are what follows the colon."""
    text = target.text if isinstance(target, Literal) else target.partition(":")[2]
    end = target if isinstance(target, Literal) else EntityId(target)
    found = GraphFact(name, EntityId(subject), subject.partition(":")[2], relation, end, text, BOOK.id, limits)
    return fact_evidence(found, BOOK)


def told(passage: Passage, *entities: str, source: Source = TRIAL) -> Evidence:
    """A passage as evidence."""
    return Evidence(
        passage.id,
        passage.kind.value,
        passage.text,
        source,
        1.0,
        {},
        title=passage.title or source.title,
        passage=passage,
        entities=tuple(map(EntityId, entities)),
    )


def request(
    evidence: Sequence[Evidence],
    *,
    question: str = "偏头痛",
    relations: tuple[Relation, ...] = (),
    mentions: tuple[Mention, ...] = (),
    ranked: tuple[RankedSubject, ...] = (),
    characters: int = 400,
    detail: str = "short",
) -> GenerationRequest:
    """What a generator is given."""
    intent = Intent(relations, (relations,) if relations else ())
    limits = Limits(characters=characters, detail=detail)
    return GenerationRequest(question, intent, mentions, tuple(evidence), limits=limits, ranked=ranked)

"""Names that no entity can have: durations, sums of money, sentences, damage, the content of another column."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kg_loader.audit.knowledge import Knowledge, everyday_words
from kg_loader.sources.naming import PLAIN, fault, is_measure_or_damaged, trimmed
from rag.domain import Finding, Severity
from rag.text import is_han
from rag.vocabulary import EntityType, Relation

JUNK, MISPLACED, EVERYDAY = "junk-name", "misplaced-name", "everyday-name"
_T = EntityType
_DESCRIBED_BY_PEOPLE = (_T.POPULATION, _T.INDICATOR, _T.CAUSE)
"""Types whose names may be a statistic or a group of people."""


def junk_names(kb: Knowledge) -> Iterator[Finding]:
    """What the readers' own rules for names refuse, whatever format it came by."""
    for identifier, kind, name in kb.entities.values():
        if PLAIN.fullmatch(name):
            continue
        reason = _junk(trimmed(name), EntityType(kind))
        if reason:
            # One character may be a symptom (咳, 吐); it never links by itself.
            severity = Severity.WARNING if len(name) == 1 else Severity.SEVERE
            yield Finding(JUNK, severity, "entity", identifier, f"{reason}: {name}")


def _junk(name: str, kind: EntityType) -> str | None:
    if kind in _DESCRIBED_BY_PEOPLE:
        return "number or damage" if is_measure_or_damaged(name) else None
    if len(name) == 1 and kind is _T.DRUG:
        return None  # elements: 硒
    if len(name) > 40 and not any(map(is_han, name)):
        return None  # long names are usual in English
    return fault(name, kind)


# ---------------------------------------------------------------- the content of another column

_THINGS = frozenset({_T.DISEASE, _T.SYMPTOM, _T.DRUG, _T.EXAMINATION, _T.BODY_PART, _T.FOOD, _T.HERB, _T.FORMULA})
_ILL = frozenset({_T.DISEASE, _T.SYMPTOM})
_SHAPES: tuple[tuple[str, frozenset[EntityType], re.Pattern[str]], ...] = (
    ("a department", _THINGS, re.compile(
        r".{1,8}(?:内科|外科|皮肤科|妇科|儿科|产科|眼科|口腔科|骨科|男科|喉科|科室|门诊部?)")),
    ("a drug", _ILL | {_T.DEPARTMENT, _T.BODY_PART, _T.POPULATION, _T.EXAMINATION}, re.compile(
        r".{2,}(?:胶囊|注射液|口服液|分散片|缓释片|控释片|肠溶片|滴眼液|眼膏|软膏|乳膏|糖浆|冲剂|喷雾剂|气雾剂"
        r"|滴丸|合剂|滴剂)")),
    ("an examination", _ILL | {_T.DRUG, _T.DEPARTMENT, _T.FOOD, _T.BODY_PART, _T.HERB, _T.FORMULA}, re.compile(
        r"[^未无]{1,10}(?:检查|检测|测定|造影|化验|活检|ct|mri|b超|心电图|x线片?)")),
    ("a treatment", _ILL | {_T.DRUG, _T.EXAMINATION, _T.DEPARTMENT, _T.BODY_PART, _T.FOOD}, re.compile(
        r"(?:药物|手术|支持|对症|保守|物理|中医|中药|中医药|西医|心理|康复|放射|化学|综合|一般|介入|激光|饮食"
        r"|抗感染|抗生素|营养|免疫|非手术|外科|内科)性?(?:治疗|疗法)|.{1,8}(?:切除术|移植术|修补术|成形术|缝合术)")),
    ("a group of people", _ILL | {_T.DRUG, _T.EXAMINATION, _T.DEPARTMENT, _T.BODY_PART, _T.TREATMENT}, re.compile(
        r"(?:中?老年人|老人|儿童|小儿|婴幼儿|新生儿|青少年|青年人|中年人|成年?人|孕妇|妇女|男性|女性|所有人群?"
        r"|.{0,6}人群)")),
    ("another field", _THINGS | {_T.TREATMENT, _T.DEPARTMENT}, re.compile(
        r"非?医保(?:疾病)?|[有无]传染性|(?:呼吸道|消化道|血液|性|接触|虫媒|母婴|飞沫|粪-?口)(?:传播|传染)"
        r"|自费|免费")),
)  # fmt: skip
_ILLNESS = re.compile(r"(?:炎|癌|瘤|病|综合征|综合症|结石|中毒|贫血|感染|症)$")
_CARE = re.compile(r"(?:科|科室|室|部|中心|门诊|咨询)$")
_OFTEN = 3
"""Facts in which a name must be met as something else to count as that."""


def misplaced_names(kb: Knowledge) -> Iterator[Finding]:
    """Names that are, by their shape or by what the knowledge base knows, something of another kind."""
    texts = _texts_of_fields(kb)
    for key, (identifier, kind, name) in kb.entities.items():
        folded = identifier.partition(":")[2]
        found = _by_shape(folded, kind) or _by_knowledge(kb, key, folded, kind, texts)
        if found:
            severity, what = found
            yield Finding(MISPLACED, severity, "entity", identifier, f"named like {what}: {name}")


def _by_shape(name: str, kind: str) -> tuple[Severity, str] | None:
    for what, types, shape in _SHAPES:
        if kind in types and shape.fullmatch(name):
            return Severity.SEVERE, what
    return None


def _by_knowledge(kb: Knowledge, key: int, name: str, kind: str, texts: frozenset[str]) -> tuple[Severity, str] | None:
    others = kb.types[name]
    if len(others) == 1 and name not in texts:
        return None
    if kind in _THINGS and name in texts and not _ILLNESS.search(name):
        return Severity.SEVERE, "the text of another field"
    if kind in _THINGS and _CARE.search(name) and _met(kb, others.get(_T.DEPARTMENT), Relation.DEPARTMENT):
        return Severity.SEVERE, "a department"
    if kind in (_T.TREATMENT, _T.DRUG) and _T.DISEASE in others and _ILLNESS.search(name):
        if kb.as_subject.get(others[_T.DISEASE], 0) >= _OFTEN:
            return Severity.SEVERE, "a disease"
    if kind in _ILL and _met(kb, others.get(_T.BODY_PART), Relation.BODY_PART) and not kb.as_subject.get(key):
        return Severity.WARNING, "a part of the body"
    return None


def _met(kb: Knowledge, other: int | None, relation: Relation) -> bool:
    return other is not None and kb.as_object.get((other, relation), 0) >= _OFTEN


def _texts_of_fields(kb: Knowledge) -> frozenset[str]:
    """Texts that stand in a field of their own again and again, such as 无特定人群 or 3个月."""
    sql = (
        "SELECT literal FROM fact WHERE relation IN (?, ?, ?, ?, ?) AND length(literal) < 13 "
        "GROUP BY literal HAVING count(*) > 2"
    )
    relations = (Relation.INFECTIVITY, Relation.DURATION, Relation.CURE_RATE, Relation.COST, Relation.INSURANCE)
    return frozenset(text for (text,) in kb.connection.execute(sql, relations))


# ---------------------------------------------------------------- everyday words

_MEDICAL = re.compile(
    "[病炎癌瘤痛症疹疮痈疽肿毒伤疸痫疟痢疝痔癣疣血尿咳喘吐泻晕眩药素酸药术疗诊检术剂胶囊片针胃肝肾肺脑]"
)


def everyday_names(kb: Knowledge) -> Iterator[Finding]:
    """Diseases and remedies called by a word that everybody uses for something else."""
    words = everyday_words()
    for key, (identifier, kind, name) in kb.entities.items():
        folded = identifier.partition(":")[2]
        if kind in (_T.DISEASE, _T.DRUG) and folded in words and not _MEDICAL.search(folded):
            if len(kb.types[folded]) == 1 and (kind == _T.DRUG or kb.as_subject.get(key, 0) < _OFTEN):
                yield Finding(EVERYDAY, Severity.WARNING, "entity", identifier, f"an everyday word: {name}")

"""The keys of 中心词 records: which relation each states, of which type its objects are, what its texts look like."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from kg_loader.sources.naming import PLACEHOLDER, fault
from rag.vocabulary import EntityType, Relation

JUNK_VALUE = "junk value"
_T, _R = EntityType, Relation


class Values(Enum):
    """What stands under a key."""

    NAMES = "names"
    LITERAL = "literal"
    TEXT = "text"


@dataclass(frozen=True)
class Field:
    """One key. `prose`: long texts under it are passages, not names. `types`: the first is meant, population apart."""

    relation: Relation
    types: tuple[EntityType, ...] = ()
    values: Values = Values.NAMES
    prose: bool = False


def object_type(name: str, types: tuple[EntityType, ...]) -> EntityType:
    """Population where a field of these types may name one and `name` reads like people, else the first type."""
    return _T.POPULATION if _T.POPULATION in types and _PEOPLE.search(name) else types[0]


_PEOPLE = re.compile(
    "(?:孕妇|妇女|产妇|儿童|婴儿|婴幼儿|新生儿|早产儿|小儿|幼儿|老人|老年人|者|人群|青少年|[男女]性|[^病]人)$"
)


def _names(relation: Relation, *types: EntityType, prose: bool = False) -> Field:
    return Field(relation, types, prose=prose)


def _literal(relation: Relation) -> Field:
    return Field(relation, values=Values.LITERAL)


_TEXT = Field(_R.CAUTION, values=Values.TEXT)

_DISEASE: Mapping[str, Field] = {
    **dict.fromkeys(("相关症状", "临床症状", "临床表现", "典型症状", "症状", "体征"), _names(_R.SYMPTOM, _T.SYMPTOM)),
    "并发症": _names(_R.COMPLICATION, _T.DISEASE),
    "相关疾病": _names(_R.RELATED_DISEASE, _T.DISEASE),
    "病因": _names(_R.CAUSE, _T.CAUSE, prose=True),
    **dict.fromkeys(("高危因素", "风险因素", "诱因"), _names(_R.RISK_FACTOR, _T.CAUSE, _T.POPULATION)),
    **dict.fromkeys(("发病部位", "部位"), _names(_R.BODY_PART, _T.BODY_PART)),
    **dict.fromkeys(("所属科室", "就诊科室", "科室"), _names(_R.DEPARTMENT, _T.DEPARTMENT)),
    **dict.fromkeys(("检查", "影像学检查", "实验室检查", "辅助检查"), _names(_R.EXAMINATION, _T.EXAMINATION)),
    **dict.fromkeys(("组织学检查", "病理检查"), _names(_R.HISTOLOGY, _T.EXAMINATION)),
    "药物治疗": _names(_R.DRUG, _T.DRUG),
    **dict.fromkeys(("治疗方案", "治疗方法", "手术治疗"), _names(_R.TREATMENT, _T.TREATMENT)),
    "辅助治疗": _names(_R.ADJUVANT, _T.TREATMENT),
    "概述": _TEXT,
    "预防": _names(_R.PREVENTION, _T.TREATMENT, prose=True),
    "宜吃": _names(_R.FOOD_GOOD, _T.FOOD),
    "忌吃": _names(_R.FOOD_BAD, _T.FOOD),
    **dict.fromkeys(("易感人群", "多发人群"), _literal(_R.POPULATION)),
    "传染性": _literal(_R.INFECTIVITY),
    "治疗周期": _literal(_R.DURATION),
    "治愈率": _literal(_R.CURE_RATE),
    "费用": _literal(_R.COST),
    "医保": _literal(_R.INSURANCE),
}
_DRUG: Mapping[str, Field] = {
    **dict.fromkeys(("适应证", "适应症", "主治"), _names(_R.INDICATION, _T.DISEASE, prose=True)),
    **dict.fromkeys(("不良反应", "副作用"), _names(_R.ADVERSE, _T.SYMPTOM, prose=True)),
    **dict.fromkeys(("禁忌", "禁忌证", "禁忌症"), _names(_R.CONTRAINDICATION, _T.DISEASE, _T.POPULATION, prose=True)),
    "慎用": _names(_R.CAUTION, _T.DISEASE, _T.POPULATION, prose=True),
    **dict.fromkeys(("药物相互作用", "相互作用"), _names(_R.INTERACTION, _T.DRUG, prose=True)),
    **dict.fromkeys(("成分", "成份", "组成"), _names(_R.INGREDIENT, _T.DRUG, prose=True)),
    "用法用量": _literal(_R.DOSAGE),
    **dict.fromkeys(("剂型", "规格"), _literal(_R.DOSAGE_FORM)),
    **dict.fromkeys(("药品类型", "药物分类"), _literal(_R.DRUG_CLASS)),
    **dict.fromkeys(("功效", "功能"), _literal(_R.EFFICACY)),
    **dict.fromkeys(("注意事项", "药理作用", "药动学", "药物毒理", "贮藏", "性状"), _TEXT),
}
_INDICATOR: Mapping[str, Field] = {
    **dict.fromkeys(("参考值", "正常值", "参考范围", "正常范围"), _literal(_R.REFERENCE_RANGE)),
    "临床意义": _literal(_R.SIGNIFICANCE),
    **dict.fromkeys(("升高", "升高见于", "增高"), _names(_R.RAISED_IN, _T.DISEASE)),
    **dict.fromkeys(("降低", "降低见于", "减低"), _names(_R.LOWERED_IN, _T.DISEASE)),
    **dict.fromkeys(("注意事项", "检查过程", "介绍"), _TEXT),
}
FIELDS: Mapping[EntityType, Mapping[str, Field]] = MappingProxyType(
    {_T.DISEASE: _DISEASE, _T.DRUG: _DRUG, _T.INDICATOR: _INDICATOR}
)


_TELLING = {kind: frozenset(FIELDS[kind]) - _DISEASE.keys() for kind in (_T.DRUG, _T.INDICATOR)}


def kind_of(keys: Collection[str]) -> EntityType:
    """A drug or an indicator if a key says so that no disease has, else a disease."""
    return next((kind for kind, telling in _TELLING.items() if not telling.isdisjoint(keys)), _T.DISEASE)


_EXPECTED: Mapping[Relation, re.Pattern[str]] = {
    _R.INFECTIVITY: re.compile("传|染|途径|叮咬"),
    _R.DURATION: re.compile(r"\d.*[天日周月年]|[天日周月年]|终[身生]|长期|小时|分钟|星期|治|不定|反复"),
    _R.CURE_RATE: re.compile(r"\d.*[%％]|治|愈|预后|生存|复发|恢复|好转|控制|死亡|缓解|[高低良]"),
    _R.COST: re.compile(r"\d|免费"),
    _R.POPULATION: re.compile("[\u4e00-\u9fff]"),
}
_MONEY = re.compile(r"收费|元[)）]|\d\s*万?元")


def literal_fault(relation: Relation, text: str) -> str | None:
    """The skip reason for a text that is a placeholder or, its columns shifted, speaks of something else."""
    if fault(text, _T.TREATMENT) == PLACEHOLDER:
        return PLACEHOLDER
    expected = _EXPECTED.get(relation)
    if expected is not None and not expected.search(text):
        return JUNK_VALUE
    if relation not in (_R.COST, _R.INSURANCE) and _MONEY.search(text):
        return JUNK_VALUE
    return None

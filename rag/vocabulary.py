"""The closed vocabulary of the graph: entity types, relations, literal kinds, evidence grades.

One table says for every relation its Chinese label, what may stand on either side, the words in a question that ask
for it, and whether it speaks for or against something. Loading, linking, intent, rendering and checking all read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class EntityType(StrEnum):
    """What an entity is."""

    DISEASE = "disease"
    SYMPTOM = "symptom"
    DRUG = "drug"
    EXAMINATION = "examination"
    TREATMENT = "treatment"
    DEPARTMENT = "department"
    BODY_PART = "body_part"
    FOOD = "food"
    POPULATION = "population"
    CAUSE = "cause"
    PATHOGEN = "pathogen"
    INDICATOR = "indicator"
    HERB = "herb"
    FORMULA = "formula"
    SYNDROME = "syndrome"
    ACUPOINT = "acupoint"
    THERAPY = "therapy"


TYPE_LABELS: Mapping[EntityType, str] = MappingProxyType(
    {
        EntityType.DISEASE: "疾病",
        EntityType.SYMPTOM: "症状",
        EntityType.DRUG: "药物",
        EntityType.EXAMINATION: "检查",
        EntityType.TREATMENT: "治疗方法",
        EntityType.DEPARTMENT: "科室",
        EntityType.BODY_PART: "部位",
        EntityType.FOOD: "食物",
        EntityType.POPULATION: "人群",
        EntityType.CAUSE: "病因",
        EntityType.PATHOGEN: "病原体",
        EntityType.INDICATOR: "指标",
        EntityType.HERB: "中药",
        EntityType.FORMULA: "方剂",
        EntityType.SYNDROME: "证候",
        EntityType.ACUPOINT: "穴位",
        EntityType.THERAPY: "疗法",
    }
)


class Relation(StrEnum):
    """What a fact says of its subject; the value is its name in files, in Neo4j (upper case) and in the API."""

    SYMPTOM = "has_symptom"
    COMPLICATION = "has_complication"
    RELATED_DISEASE = "related_disease"
    CAUSE = "has_cause"
    RISK_FACTOR = "has_risk_factor"
    BODY_PART = "affects_body_part"
    DEPARTMENT = "in_department"
    EXAMINATION = "needs_examination"
    HISTOLOGY = "histology"
    DRUG = "treated_with_drug"
    TREATMENT = "treated_by"
    ADJUVANT = "adjuvant_treatment"
    PREVENTION = "prevented_by"
    FOOD_GOOD = "recommended_food"
    FOOD_BAD = "avoided_food"
    POPULATION = "susceptible_population"
    INFECTIVITY = "infectivity"
    DURATION = "treatment_duration"
    CURE_RATE = "cure_rate"
    COST = "cost"
    INSURANCE = "insurance"
    CODE = "coded_as"
    INDICATION = "indicated_for"
    CONTRAINDICATION = "contraindicated_for"
    CAUTION = "caution_for"
    ADVERSE = "adverse_effect"
    INTERACTION = "interacts_with"
    DOSAGE = "dosage"
    DOSAGE_FORM = "dosage_form"
    DRUG_CLASS = "drug_class"
    NATURE = "nature_and_flavour"
    EFFICACY = "efficacy"
    INGREDIENT = "has_ingredient"
    INCOMPATIBLE = "incompatible_with"
    SYNDROME = "has_syndrome"
    RAISED_IN = "raised_in"
    LOWERED_IN = "lowered_in"
    REFERENCE_RANGE = "reference_range"
    SIGNIFICANCE = "clinical_significance"


class Polarity(StrEnum):
    """Whether a relation speaks for its object, against it, or only describes."""

    FOR = "for"
    AGAINST = "against"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class RelationInfo:
    """One row of the table. `objects` is empty where the object is a literal."""

    relation: Relation
    label: str
    subjects: frozenset[EntityType]
    objects: frozenset[EntityType]
    cues: tuple[str, ...]
    polarity: Polarity = Polarity.NEUTRAL
    aliases: tuple[str, ...] = ()

    @property
    def literal(self) -> bool:
        """True where the object is a text, not an entity."""
        return not self.objects


_T = EntityType
_DISEASE = frozenset({_T.DISEASE})
_ILL = frozenset({_T.DISEASE, _T.SYMPTOM})
REMEDIES = frozenset({_T.DRUG, _T.HERB, _T.FORMULA})
"""What is taken, and may harm."""
_ANY_REMEDY = REMEDIES | {_T.THERAPY, _T.ACUPOINT, _T.TREATMENT}
_STATE = frozenset({_T.DISEASE, _T.SYMPTOM, _T.POPULATION, _T.SYNDROME})
_NONE: frozenset[EntityType] = frozenset()
_FOR, _AGAINST, _NEUTRAL = Polarity.FOR, Polarity.AGAINST, Polarity.NEUTRAL

_ROWS: tuple[RelationInfo, ...] = (
    RelationInfo(Relation.SYMPTOM, "症状", _ILL | {_T.SYNDROME}, frozenset({_T.SYMPTOM}), ("症状", "表现", "征兆",
        "迹象", "前兆", "先兆", "不舒服", "什么感觉", "体征"), _NEUTRAL, ("相关症状", "临床症状", "临床表现",
        "典型症状")),
    RelationInfo(Relation.COMPLICATION, "并发症", _DISEASE, _ILL, ("并发症", "并发", "引起什么病", "引发", "导致什么",
        "后果", "危害", "恶化成", "会变成")),
    RelationInfo(Relation.RELATED_DISEASE, "相关疾病", _ILL, _DISEASE, ("相关疾病", "相关的病", "有关的病")),
    RelationInfo(Relation.CAUSE, "病因", _ILL, frozenset({_T.CAUSE, _T.PATHOGEN, _T.DISEASE}), ("病因", "原因",
        "为什么会", "怎么得的", "怎么引起", "什么引起", "怎么回事", "由什么", "病机", "证机")),
    RelationInfo(Relation.RISK_FACTOR, "高危因素", _ILL, frozenset({_T.CAUSE, _T.POPULATION, _T.DISEASE}),
        ("高危因素", "危险因素", "风险因素", "诱因", "诱发")),
    RelationInfo(Relation.BODY_PART, "发病部位", _ILL, frozenset({_T.BODY_PART}), ("部位", "哪个部位", "什么地方",
        "哪个器官", "长在哪")),
    RelationInfo(Relation.DEPARTMENT, "就诊科室", _ILL, frozenset({_T.DEPARTMENT}), ("科室", "挂什么科", "挂哪个科",
        "挂什么号", "挂哪科", "看什么科", "看哪个科", "什么科", "哪个科", "哪科", "挂号"), _NEUTRAL, ("所属科室",
        "科室")),
    RelationInfo(Relation.EXAMINATION, "检查", _ILL, frozenset({_T.EXAMINATION, _T.INDICATOR}), ("检查", "化验",
        "检测", "查什么", "怎么确诊", "如何确诊", "怎么诊断", "如何诊断", "做什么项目", "筛查", "怎么查")),
    RelationInfo(Relation.HISTOLOGY, "组织学检查", _DISEASE, frozenset({_T.EXAMINATION}), ("组织学", "病理检查",
        "活检", "病理")),
    RelationInfo(Relation.DRUG, "药物治疗", _ILL | {_T.SYNDROME}, REMEDIES, ("吃什么药", "用什么药", "什么药",
        "吃啥药", "用药", "药物", "药品", "哪些药", "哪种药", "特效药", "开什么药", "什么方剂", "哪个方",
        "代表方"), _FOR),
    RelationInfo(Relation.TREATMENT, "治疗方案", _ILL | {_T.SYNDROME},
        frozenset({_T.TREATMENT, _T.THERAPY, _T.ACUPOINT}), ("怎么治", "如何治", "治疗方案", "治疗方法", "治疗",
        "怎么办", "疗法", "怎么处理", "如何处理", "怎样治", "咋治", "什么穴", "哪些穴", "哪个穴", "取穴"),
        _FOR, ("治疗方法",)),
    RelationInfo(Relation.ADJUVANT, "辅助治疗", _ILL, frozenset({_T.TREATMENT, _T.THERAPY}), ("辅助治疗",), _FOR),
    RelationInfo(Relation.PREVENTION, "预防", _ILL, frozenset({_T.TREATMENT, _T.THERAPY, _T.DRUG}), ("预防", "避免得",
        "防止"), _FOR),
    RelationInfo(Relation.FOOD_GOOD, "宜吃", _DISEASE, frozenset({_T.FOOD}), ("吃什么好", "宜吃", "食疗", "饮食",
        "多吃", "能吃什么", "可以吃什么"), _FOR),
    RelationInfo(Relation.FOOD_BAD, "忌吃", _DISEASE, frozenset({_T.FOOD}), ("忌吃", "忌口", "不能吃什么", "不要吃",
        "少吃", "忌食", "饮食禁忌"), _AGAINST),
    RelationInfo(Relation.POPULATION, "易感人群", _DISEASE, _NONE, ("易感人群", "什么人", "哪些人", "多发人群",
        "人群", "谁容易", "容易得", "高发")),
    RelationInfo(Relation.INFECTIVITY, "传染性", _DISEASE, _NONE, ("传染", "会不会传", "传播")),
    RelationInfo(Relation.DURATION, "治疗周期", _ILL, _NONE, ("多久", "多长时间", "治疗周期", "疗程", "周期",
        "几个月", "什么时候能好")),
    RelationInfo(Relation.CURE_RATE, "治愈率", _DISEASE, _NONE, ("治愈率", "能治好", "治得好", "治愈", "能好吗",
        "能不能好", "根治", "好不好治", "治好", "康复", "预后")),
    RelationInfo(Relation.COST, "费用", _ILL, _NONE, ("费用", "多少钱", "花多少", "价格", "贵不贵", "花费")),
    RelationInfo(Relation.INSURANCE, "医保", _ILL, _NONE, ("医保", "报销", "社保")),
    RelationInfo(Relation.CODE, "疾病编码", _ILL | {_T.CAUSE}, _NONE, ("疾病编码", "编码", "疾病代码", "诊断代码",
        "icd")),
    RelationInfo(Relation.INDICATION, "适应证", _ANY_REMEDY, _STATE, ("适应证", "适应症", "治什么", "作用", "功效",
        "用途", "管什么", "有什么用", "主治", "用于"), _FOR, ("适应症", "主治")),
    RelationInfo(Relation.CONTRAINDICATION, "禁忌", _ANY_REMEDY, _STATE, ("禁忌", "禁用", "不能用", "不能吃",
        "谁不能", "哪些人不能"), _AGAINST, ("禁忌证", "禁忌症", "禁用")),
    RelationInfo(Relation.CAUTION, "慎用", _ANY_REMEDY, _STATE, ("慎用", "注意事项", "注意什么", "当心"), _AGAINST),
    RelationInfo(Relation.ADVERSE, "不良反应", _ANY_REMEDY, _ILL, ("不良反应", "副作用", "毒性", "伤肝", "伤身体"),
        _AGAINST, ("副作用",)),
    RelationInfo(Relation.INTERACTION, "相互作用", REMEDIES, REMEDIES | {_T.FOOD}, ("相互作用", "一起吃", "同时吃",
        "合用", "同服", "一起用", "联用", "配伍"), _AGAINST, ("药物相互作用",)),
    RelationInfo(Relation.DOSAGE, "用法用量", REMEDIES, _NONE, ("用法", "用量", "剂量", "怎么吃", "怎么用", "一天几次",
        "吃多少", "一次几", "每次", "吃几")),
    RelationInfo(Relation.DOSAGE_FORM, "剂型", REMEDIES, _NONE, ("剂型", "规格")),
    RelationInfo(Relation.DRUG_CLASS, "药品类型", REMEDIES, _NONE, ("什么类", "哪类药",
        "哪一类药", "属于哪类", "属于哪一类", "药品类型", "什么药物类")),
    RelationInfo(Relation.NATURE, "性味归经", frozenset({_T.HERB}), _NONE, ("性味", "归经", "药性")),
    RelationInfo(Relation.EFFICACY, "功效", _ANY_REMEDY, _NONE, ("功效", "功能", "作用"), _FOR, ("功能",)),
    RelationInfo(Relation.INGREDIENT, "组成", frozenset({_T.FORMULA, _T.DRUG}), frozenset({_T.HERB, _T.DRUG}),
        ("组成", "哪些药组成", "什么药组成", "成分", "哪些药材", "配方", "方子"), _NEUTRAL, ("成分",)),
    RelationInfo(Relation.INCOMPATIBLE, "配伍禁忌", REMEDIES, REMEDIES, ("十八反", "十九畏", "相反", "配伍禁忌",
        "能一起"), _AGAINST),
    RelationInfo(Relation.SYNDROME, "证候", _ILL, frozenset({_T.SYNDROME}), ("证候", "辨证", "证型", "分型")),
    RelationInfo(Relation.RAISED_IN, "升高见于", frozenset({_T.INDICATOR}), _STATE, ("升高", "偏高", "高了", "增高")),
    RelationInfo(Relation.LOWERED_IN, "降低见于", frozenset({_T.INDICATOR}), _STATE, ("降低", "偏低", "低了")),
    RelationInfo(Relation.REFERENCE_RANGE, "参考范围", frozenset({_T.INDICATOR, _T.EXAMINATION}), _NONE, ("参考范围",
        "正常值", "正常范围", "参考值", "多少正常"), _NEUTRAL, ("参考值", "正常值")),
    RelationInfo(Relation.SIGNIFICANCE, "临床意义", frozenset({_T.INDICATOR, _T.EXAMINATION}), _NONE, ("临床意义",
        "说明什么", "什么意思", "意味着")),
)  # fmt: skip

RELATIONS: Mapping[Relation, RelationInfo] = MappingProxyType({row.relation: row for row in _ROWS})

SORTS = frozenset({Relation.DRUG_CLASS, Relation.EFFICACY})
"""What sort of remedy it is, in texts so few that all may be looked through for words (`清热解毒的中药`)."""

_BY_NAME: Mapping[str, Relation] = MappingProxyType(
    {name: row.relation for row in _ROWS for name in (row.relation.value, row.label, *row.aliases)}
)


def relation_named(name: str) -> Relation | None:
    """The relation that a file calls `name` (its id, its Chinese label or a listed alias), or None."""
    return _BY_NAME.get(name.strip())


class Grade(StrEnum):
    """How strong a source is; declared from strongest to weakest."""

    GUIDELINE = "guideline"
    SYSTEMATIC_REVIEW = "systematic-review"
    TRIAL = "trial"
    OBSERVATIONAL = "observational"
    STUDY = "study"
    CASE = "case-report"
    REFERENCE = "reference"
    CLASSIC = "classic"
    COMPILED = "compiled"
    QA = "qa"
    EDITORIAL = "editorial"


GRADE_LABELS: Mapping[Grade, str] = MappingProxyType(
    {
        Grade.GUIDELINE: "临床指南",
        Grade.SYSTEMATIC_REVIEW: "系统评价",
        Grade.TRIAL: "临床试验",
        Grade.OBSERVATIONAL: "观察性研究",
        Grade.STUDY: "研究论文",
        Grade.CASE: "病例报告",
        Grade.REFERENCE: "工具书或说明书",
        Grade.CLASSIC: "古籍",
        Grade.COMPILED: "网络整理，未经审校",
        Grade.QA: "问答记录",
        Grade.EDITORIAL: "编者整理",
    }
)

GRADE_RANK: Mapping[Grade, int] = MappingProxyType({grade: len(Grade) - i for i, grade in enumerate(Grade)})
"""Larger is stronger; stored beside facts so that a store can sort by it."""

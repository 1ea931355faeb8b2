"""Questions for the diseases that meet several conditions at once (`风湿科看的病里，哪些是肌肉上的`). Pure.

Conditions are a department, a part of the body, a group of people and a symptom. Several symptoms are no conditions:
diseases are ranked by how many they share. Remedies are asked for by what they are (`清热解毒的中药有哪些`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rag.domain import Condition, EntityId, Mention
from rag.text import normalise
from rag.vocabulary import REMEDIES, EntityType, Relation

_SURE = 0.5
_ASKS_FOR_DISEASES = re.compile(
    r"(?:什么|啥|哪[些种个]?|哪几种|何)(?:疾?病|毛病)|(?:疾?病|毛病)[^，。？?]{0,14}(?:哪些|有啥|都有啥|有什么|哪几[种个])|(?:病|疾病|毛病)里[，,]?哪些|"
    r"(?:列举|列出)[^，。？?]*(?:疾?病|毛病)"
)
_ASKS_FOR_ALL = re.compile(r"哪[些几]|列举|列出|考虑(?:什么|哪)|病引起|都?有啥|有什么[^药]{0,2}病")
"""Otherwise one patient's complaint is told, and the rank and a question back help more than a list."""
_THIS = re.compile(r"(?:[这该此本那]|上述)一?[种个类项]?(?:疾病|毛病|病)")
"""`这种疾病的治疗方案有哪些` is asked of one."""
_PEOPLE: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(said), tuple(recorded.split()))
    for said, recorded in (
        ("新生儿", "新生儿"),
        ("婴幼儿|婴儿|宝宝", "婴幼儿 婴儿"),
        ("青少年", "青少年"),
        ("儿童|小儿|小孩|孩子", "儿童 小儿"),
        ("中老年", "中老年"),
        ("老年|老人", "老年"),
        ("孕妇|孕期|妊娠|怀孕", "孕妇 孕期 妊娠 怀孕"),
        ("产妇|产后", "产妇 产褥"),
        ("女性|妇女|女人|女士", "女性 妇女"),
        ("男性|男人|男士", "男性"),
    )
)
"""How a group is called in questions, and in records; the first that is said counts."""
_LEADING = (
    (Relation.DEPARTMENT, EntityType.DEPARTMENT),
    (Relation.BODY_PART, EntityType.BODY_PART),
    (Relation.SYMPTOM, EntityType.SYMPTOM),
)


def asks_for_diseases(question: str) -> bool:
    """Whether a list of diseases is asked for, whoever may have them."""
    text = _THIS.sub("", normalise(question))
    return bool(_ASKS_FOR_DISEASES.search(text) and _ASKS_FOR_ALL.search(text))


_OF_A_DEPARTMENT = re.compile(
    r"(?:看|治疗?|管|收治?|诊治|诊疗|负责|接诊)(?:的|都|主要|一般|是)*(?:什么|哪[些几]|啥)(?!时|科|医生|大夫|专家)|"
    r"(?:什么|哪[些几]种?|啥)(?:样的)?(?:常见的?)?(?:疾?病|毛病)|"
    r"(?:疾?病种?|毛病)(?:都|主要|一般)?(?:有|是|包括|指)(?:哪|什么|啥)|是?(?:做|干)(?:什么|啥|嘛)的|(?:列举|列出)[^，。？?]*(?:疾?病|毛病)"
)


def of_department(question: str, mentions: Sequence[Mention]) -> tuple[Condition, ...]:
    """`消化内科看哪些病`: a department alone, and its diseases are asked for; nothing where it is another question."""
    if len({m.surface for m in mentions}) != 1 or any(m.negated or m.carried for m in mentions):
        return ()
    named, text = mentions[0], normalise(question)
    rest = text.replace(normalise(named.surface), "\u25a1", 1)
    if "科" not in (named.surface[-1], text[named.end : named.end + 1]) or not _OF_A_DEPARTMENT.search(rest):
        return ()
    objects = _objects(named, Relation.DEPARTMENT)
    return (Condition(Relation.DEPARTMENT, objects),) if objects else ()


def conditions_of(question: str, mentions: Sequence[Mention]) -> tuple[Condition, ...]:
    """Two conditions or more on the diseases that are asked for, or a department; nothing for another question."""
    if alone := of_department(question, mentions):
        return alone
    text = normalise(question)
    if not asks_for_diseases(question) or any(m.negated or m.carried for m in mentions):
        return ()
    leading = [(relation, m) for relation, kind in _LEADING for m in mentions if _means(m, kind)]
    kinds = [relation for relation, _ in leading]
    complaint = Relation.SYMPTOM in kinds and Relation.BODY_PART in kinds  # 脚趾红肿: a part of the complaint
    known = {id(m) for _, m in leading}
    if complaint or kinds.count(Relation.SYMPTOM) > 1 or any(_other(m) for m in mentions if id(m) not in known):
        return ()
    words = _people(_without(text, [m for _, m in leading]))
    found = [Condition(relation, _objects(m, relation)) for relation, m in leading]
    found += [Condition(Relation.POPULATION, words=words)] if words else []
    return tuple(found) if leading and len({c.relation for c in found}) > 1 else ()


_REMEDY_KINDS: tuple[tuple[str, Relation, tuple[EntityType, ...]], ...] = (
    (r"的?(?:中药材?|中草药|草药|药材|本草)", Relation.EFFICACY, (EntityType.HERB,)),
    (r"的?(?:方剂|方子|汤药|经方|名方|验方)", Relation.EFFICACY, (EntityType.FORMULA,)),
    (r"的?(?:中成药|成药)", Relation.EFFICACY, (EntityType.DRUG, EntityType.FORMULA)),
    (r"(?:作用|功效|功能|效果)?的(?:药物?|药品)", Relation.EFFICACY, ()),
    (r"类?(?:药物?|药品|剂)", Relation.DRUG_CLASS, (EntityType.DRUG,)),
)
"""How remedies of a sort are called, what tells the sort, and what they are; the first that fits counts."""
_SORT = r"(?P<sort>(?:(?![吃用服喝能可开买治疗常])[\u4e00-\u9fff]){2,8}?)"
_WHICH = r"(?:都|主要|常见|一般)?(?:有|是|包括)?(?:哪[些几]|什么|那些|啥)(?:种类?|类|味|个)?[?？。]?$"
_OPENING = r"^(?:请问|你好|您好|想问|我想知道|列举|列出|有|,|，)*"
_ASKS_FOR_SORT = tuple(
    (re.compile(f"{_OPENING}{_SORT}(?:作用|功效|功能)?{called}{_WHICH}"), relation, types)
    for called, relation, types in _REMEDY_KINDS
) + tuple(
    (re.compile(f"{_OPENING}(?:哪些|什么|有什么|哪种){called.removeprefix('的?')}(?:有|能|可以|具有|是)+{_SORT}(?:的?(?:作用|功效|功能|效果))?的?[?？。]?$"),
     relation, types)
    for called, relation, types in _REMEDY_KINDS[:3]
)  # fmt: skip


_RECORDED_AS: Mapping[str, tuple[str, ...]] = {
    "退烧": ("解热镇痛药",), "退热": ("退热药", "解热镇痛药"), "止疼": ("镇痛药",), "止痛": ("镇痛药",),
    "止血": ("促凝血药", "止血药"),
    "抗过敏": ("抗变态反应药", "抗组胺药"), "抗癌": ("抗肿瘤药",), "化疗": ("抗肿瘤药",),
    "溶栓": ("纤维蛋白溶解药", "溶栓药"),
    "补血": ("抗贫血药",), "降尿酸": ("高尿酸血症用药",), "升白": ("促进白细胞增生药",),
}  # fmt: skip
"""What classes of drugs are called, and what they are called in records."""


_NAMED_FOR: Mapping[str, str] = {
    said: illness
    for illness, words in {
        "高血压": "降压 降血压 抗高血压",
        "糖尿病": "降糖 降血糖 抗糖尿病",
        "高脂血症": "降脂 降血脂 调脂 调血脂",
        "失眠": "安眠 助眠 催眠 镇静催眠",
        "抑郁症": "抗抑郁",
        "焦虑症": "抗焦虑",
        "精神分裂症": "抗精神病",
        "癫痫": "抗癫痫",
        "帕金森病": "抗帕金森",
        "肺结核": "抗结核",
        "疟疾": "抗疟",
        "心绞痛": "抗心绞痛",
        "心律失常": "抗心律失常",
        "心力衰竭": "抗心衰",
        "甲亢": "抗甲状腺 抗甲亢",
        "痛风": "抗痛风",
        "腹泻": "止泻",
        "便秘": "通便 润肠通便 导泻",
        "呕吐": "止吐",
        "瘙痒": "止痒",
        "咳嗽": "止咳 镇咳",
        "哮喘": "平喘 止喘",
        "胃溃疡": "抗溃疡 抑酸 制酸",
        "骨质疏松": "抗骨质疏松",
    }.items()
    for said in words.split()
}
"""Classes that are called after what they do against one illness; where no record has the class, its drugs are told."""


def illness_of_sort(question: str) -> str:
    """`高血压` of `降压药有哪些`; empty where the class is not called after an illness."""
    text = normalise(question)
    sorts = (found["sort"] for asked, _, _ in _ASKS_FOR_SORT if (found := asked.search(text)))
    return next((_NAMED_FOR[sort] for sort in sorts if sort in _NAMED_FOR), "")


def sort_of_remedy(question: str, mentions: Sequence[Mention]) -> tuple[Condition, ...]:
    """`清热解毒的中药有哪些`, `抗凝血药有哪些`: what remedies of a sort must meet; nothing where else is asked."""
    text = normalise(question)
    for asked, relation, types in _ASKS_FOR_SORT:
        if found := asked.search(text):
            named = [m for m in mentions if not m.negated and not m.carried]
            recorded = _RECORDED_AS.get(found["sort"], ()) if relation is Relation.DRUG_CLASS else ()
            if recorded:
                return (Condition(relation, words=recorded, of=types),)
            if any(c.type not in REMEDIES for m in named for c in m.candidates):
                return ()  # of an illness: what treats it
            words = [found["sort"]]
            if relation is Relation.DRUG_CLASS:  # 抗炎药 is no 抗炎性平喘药
                names = (normalise(name) for m in named for name in (m.surface, *(c.name for c in m.candidates)))
                words = [*names, *(found["sort"] + kind for kind in ("药", "剂", "类"))]
            return (Condition(relation, words=tuple(dict.fromkeys(words)), of=types),)
    return ()


def _means(mention: Mention, kind: EntityType) -> bool:
    sure = [c for c in mention.candidates if c.score >= _SURE and not mention.modifier]
    return any(c.type is kind for c in sure)


def _objects(mention: Mention, relation: Relation) -> tuple[EntityId, ...]:
    kind = dict(_LEADING)[relation]
    return tuple(c.entity for c in mention.candidates if c.type is kind and c.score >= _SURE)


def _other(mention: Mention) -> bool:
    """A disease or a remedy: then something else is asked."""
    return any(c.type is EntityType.DISEASE or c.type in REMEDIES for c in mention.candidates)


def _without(text: str, mentions: Sequence[Mention]) -> str:
    """`女性生殖` is a part of the body and names nobody."""
    for mention in mentions:
        text = text.replace(normalise(mention.surface), "，")
    return text


def _people(text: str) -> tuple[str, ...]:
    return next((recorded for said, recorded in _PEOPLE if said.search(text)), ())

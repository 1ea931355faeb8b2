"""Is a known name only a piece of a longer word? Pure.

A knowledge base holds names that sentences make by chance: 血压低 and 压高 of `血压低压高`, 起泡 of `一起泡酒`, 复视 of
`恢复视力`. Told in three ways: by words that overlap a name without lying in it, by what follows names of a type
(`人参果` is no 人参, `出血性肠炎` no bleeding), and, by the caller, by a part of the body or a measure that begins with
the last character of the name (`下消化道`).
"""

from __future__ import annotations

import re
from collections.abc import Collection

from rag.text import HAN
from rag.vocabulary import EntityType

_WORDS = re.compile(
    # said with something in front
    "一起|恢复|眼白|[晚早马网路脸身]上(?=[感火])|个月经[常过历]|[掌手脚足]心|[上下里外前后正反侧]面|"
    # said with something behind
    "肿瘤|肿块|肿物|黄斑|黄体|麻疹|麻醉|咳嗽|病毒|病灶|病菌|病床|病房|病历|[高低]压|斑疹(?:热|伤寒)|火辣|热量|热感|(?<=可)定[期量时位性为]|"
    "血管|血糖|血压(?!迫)|血脂|血常规|血小板|血红蛋白|血氧|尿酸|尿素|尿糖|尿蛋白|消化|脂肪|凝血|"
    # said with the name inside
    "[雄雌孕性促腺长质]激素|苍白球|鼻涕虫|天花板|哺乳[类动]|运动(?:神经|员|会|鞋|系统|品牌)|低聚果糖|脓毒血症|银柴胡|桂枝茯苓(?![煮泡])|"
    "[癌胃肝肺肾脑心骨皮眼牙]科|介入科|发烧友|打骨折|骨折价|懒癌|直男癌|休克疗法"
)
_ADJECTIVE = re.compile(rf"性(?![质别状格能感交爱欲病]|生活|行为)(?=[{HAN}])")
_GERM = re.compile("支原|衣原|链球|双球|球菌|杆菌|弧菌|克雷伯|嗜血")
_PLANT = re.compile("果(?![然真汁断])|露(?![出天在])|花(?![费钱多了])|叶(?!酸)|籽|苗")
_COOKED = re.compile("汤|丸|散(?![步光瘀结])")
_OF_A_RECIPE = re.compile(rf"(?=[{HAN}])[^喝吃服用煮炖熬的加和与跟及配]$")
_PRODUCT = re.compile(
    r"[^\W和与跟及配加泡煮炖熬磨吃喝用服能可会的了是吗有什么怎对治或]{1,4}?(?:胶囊|片|颗粒|丸|膏|栓|口服液|糖浆|冲剂|贴)"
)
_COMPLAINTS = frozenset({EntityType.SYMPTOM, EntityType.TREATMENT})
_PLANTS = frozenset({EntityType.HERB, EntityType.FOOD})


def cut_from_a_word(text: str, start: int, end: int, types: Collection[EntityType]) -> bool:
    """Whether the name at [start, end) of normalised `text`, of one of `types`, is only a piece of a longer word."""
    words = _WORDS.finditer(text, max(0, start - 3), min(len(text), end + 4))
    if any(w.start() < end and start < w.end() and not (start <= w.start() and w.end() <= end) for w in words):
        return True
    kinds = set(types)
    if kinds & _COMPLAINTS and _ADJECTIVE.match(text, end):
        return True
    if EntityType.DISEASE in kinds and _GERM.match(text, end):
        return True
    if kinds & (_PLANTS | {EntityType.DRUG}) and _PLANT.match(text, end):
        return True
    return bool(kinds & _PLANTS) and _of_a_product(text, start, end)


def _of_a_product(text: str, start: int, end: int) -> bool:
    """Whether a plant is only named in the name of a recipe or a product: `六味地黄汤`, `麝香风湿胶囊`."""
    recipe = _COOKED.match(text, end) and _OF_A_RECIPE.search(text[max(0, start - 1) : start])
    return bool(recipe or _PRODUCT.match(text, end))

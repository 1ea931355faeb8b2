"""What a question asks beyond the relation that comes nearest to it, where nothing that is cited tells it. Pure.

`诊断标准` is no list of examinations, `会自己好吗` no cure rate: what is recorded is shown, and that it is not the
whole is said. A cited text that deals with it takes the note away.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.domain import Evidence, Intent, Mention
from rag.question.beyond import Limit
from rag.question.cues import CURED_BY
from rag.question.deciding import suspected
from rag.question.effects import Effect
from rag.question.routes import ROUTE
from rag.text import normalise
from rag.vocabulary import Relation

_TREATED = frozenset({Relation.TREATMENT, Relation.DRUG, Relation.ADJUVANT})
_WHY = frozenset({Relation.CAUSE, Relation.RISK_FACTOR})
_OUTLOOK = frozenset({Relation.CURE_RATE, Relation.DURATION})


@dataclass(frozen=True)
class _Aspect:
    """`asked` by these words, told by texts with `told`, and otherwise taken for one of `relations`."""

    name: str
    asked: re.Pattern[str]
    relations: frozenset[Relation]
    told: re.Pattern[str]
    note: str


def _aspect(name: str, asked: str, relations: frozenset[Relation], told: str, note: str) -> _Aspect:
    return _Aspect(name, re.compile(asked), relations, re.compile(told), note)


_ASPECTS = (
    _aspect(
        "criteria",
        r"(?:诊断|确诊|分期|分级|分型|分度|评分)的?(?:国际|国内|最新|金|具体|临床)*(?:标准|依据|准则|切点|界值|阈值|要点)|"
        r"(?:多少|多高|多低)(?:才)?(?:算|叫|可以诊断|能诊断|就是|属于)|怎么(?:才|样才)?算(?:是)?",
        frozenset({Relation.EXAMINATION, Relation.HISTOLOGY, Relation.SYMPTOM}),
        r"标准|诊断依据|诊断要点|[≥≤><]|criteria",
        "知识库没有收录诊断标准，引用的只是记录的检查项目或表现；是否符合诊断，由医生结合检查结果判断。",
    ),
    _aspect(
        "differential",
        r"鉴别(?:诊断|要点)",
        frozenset({Relation.EXAMINATION, Relation.HISTOLOGY}),
        r"鉴别|混淆|区别于|differential",
        "知识库没有收录鉴别诊断，引用的只是记录的检查项目；与哪些病相区别，由医生判断。",
    ),
    _aspect(
        "antibiotic",
        r"(?:什么|哪[种些个类]|啥)(?:抗生素|抗菌药|消炎药)",
        _TREATED,
        r"西林|头孢|沙星|[霉环]素|硝唑|培南|磺胺|抗生素|抗菌|抗感染|antibiotic",
        "引用的记录没有写明用哪种抗生素；是否需要、用哪一种，由医生判断。",
    ),
    _aspect(
        "self_healing",
        r"自愈|自限|自己(?:就|会|能|可以|慢慢)*(?:痊愈|好|恢复|消|退|缓解)|(?:自行|自然)(?:就|会|能|可以)?(?:痊愈|愈合|好|恢复|消|退|缓解|转)|"
        r"不(?:用|吃|去|做|打)?(?:管|治疗?|药|手术|处理|干预)(?:它|的话|也|能|会|可以|自己|就|行|不行)*(?:好|痊愈|恢复|行吗|可以吗|消|降|控制|逆转|减)",
        _OUTLOOK | _TREATED,
        r"自愈|自限|自行|自然(?:病程|消退|缓解)|self-limit|spontaneous",
        "引用的记录没有写明不治疗能否自行好转；治愈率说的不是自愈，请不要因此推迟就医。",
    ),
    _aspect(
        "means",
        CURED_BY,
        frozenset({Relation.CURE_RATE}),
        r"有效率|疗效|effic|effective",
        "引用的记录没有写明用哪种方法能治好、治好多少；治愈率说的是总体，不能当作其中一种方法的治愈率，请由医生评估。",
    ),
    _aspect(
        "survival",
        r"活(?:多久|几年|多长|到)|能活|还能活|存活|生存(?:期|率|时间)|寿命|死亡率|病死率|会死|致命|影响寿命",
        _OUTLOOK | {Relation.COMPLICATION},
        r"生存|存活|死亡|病死|寿命|surviv|mortality",
        "引用的记录没有写生存时间或死亡率，不能用来推算某个人的情况。",
    ),
    _aspect(
        "heredity",
        r"遗传",
        _WHY,
        r"遗传|基因|染色体|家族|genetic|inherit|familial",
        "引用的病因中没有提到遗传；没有记录不等于不遗传。",
    ),
    _aspect(
        "surgery",
        r"(?:要不要|需不需要|用不用|该不该|必须|一定要|需要|得|要)(?:做|动)?(?:手术|开刀|割|切)|(?:手术|开刀)(?:吗|不|还是)",
        _TREATED,
        r"指征|(?:需|应|须|必须|不必|无需)(?:行|要)?(?:手术|切除|开刀)|保守|"
        r"surgery (?:is|was) (?:indicated|recommended|required)",
        "引用的记录没有写明什么情况下需要手术，请由医生评估。",
    ),
    _aspect(
        "threshold",
        r"(?:多大|多少度?|多高|几度|几级|到什么程度|什么程度|什么情况下?)(?:的话|时|才|就)*(?:需要|要|得|该|必须)"
        r"(?:做|动|吃|用)?(?:手术|开刀|治疗|药|住院|切)",
        _TREATED,
        r"[≥≤><]|大于|超过|以上|以下|cm|mm|厘米|毫米",
        "引用的记录没有写明到什么程度才需要，请由医生评估。",
    ),
    _aspect(
        "lifelong",
        r"终身|终生|一辈子|一直(?:要|得|吃|服|用)|长期(?:吃|服|用)|(?:能|可以)(?:不能)?停药?|什么时候(?:能|可以)停|停药",
        _OUTLOOK | _TREATED,
        r"终身|终生|长期|维持|停药|lifelong|long-term",
        "引用的记录没有写明要吃多久、能不能停药；请不要自行停药，由医生决定。",
    ),
    _aspect(
        "route",
        ROUTE,
        frozenset({Relation.INFECTIVITY}),
        r"途径|经[^。；]{0,6}传播|唾液|飞沫|血液|粪口|空气|接触|母婴|叮咬|route|transmitted (?:by|through|via)",
        "引用的记录只写了有没有传染性，没有写传播途径，不能判断这种接触会不会传染。",
    ),
    _aspect(
        "gravity",
        r"严重|严不严重|要紧|危险|厉害吗|有没有事|大碍",
        frozenset({Relation.CURE_RATE}),
        r"严重|重症|危险|凶险|死亡|病死|恶[性变]|severe|mortality",
        "引用的记录没有写明严重不严重；治愈率说的是总体，不能用来判断某个人的情况，请由医生检查后评估。",
    ),
    _aspect(
        "size",
        r"[0-9.]+x?[0-9.]*(?:mm|cm|毫米|厘米|公分)|(?:[1-6]|[一二三四五])[abc]?(?:类|级|度)",
        _OUTLOOK | _TREATED | {Relation.COMPLICATION},
        r"[≥≤><]|大于|小于|直径|以上|以下|mm|cm|厘米|毫米|[1-6一二三四五][abc]?(?:类|级|度)",
        "引用的记录没有按大小或分级区分，不能直接用于这次的检查结果，请由医生评估。",
    ),
    _aspect(
        "recurrence",
        r"复发|再犯|再得|断根|除根",
        _OUTLOOK,
        r"复发|再发|recur|relapse",
        "引用的记录没有写复发的情况。",
    ),
    _aspect(
        "best",
        r"首选|一线(?:药|用药|治疗)|最(?:好|有效|安全|快|佳|管用)的?(?:药|治疗|治法|办法|方法|疗法)?|(?:哪个|哪种|什么)[^，。；？?]{0,6}(?:更|比较|最)"
        r"(?:好|有效|管用|安全|快)|特效药?|效果(?:更|最|比较)好",
        _TREATED,
        r"首选|一线|优于|first[- ]line|superior|better|更有效",
        "引用的记录没有比较哪个更好、哪个首选；先后不表示优劣，请由医生选择。",
    ),
    _aspect(
        "prescription_only",
        r"处方药|\botc\b|处方(?:才)?(?:能|可以|就能)买",
        frozenset({Relation.DRUG_CLASS, Relation.DRUG}),
        r"处方药|\botc\b",
        "引用的药品类型没有写明是处方药还是非处方药；请看包装上有没有“OTC”标志，或问药师。",
    ),
    _aspect(
        "stage_signs",
        r"早期|初期|前期|刚开始|晚期|末期|先兆|前兆|征兆",
        frozenset({Relation.SYMPTOM}),
        r"早期|初期|前期|晚期|末期|先兆|前兆|征兆|early|late|advanced",
        "引用的症状没有分早期和晚期。",
    ),
)  # fmt: skip


_ANY = re.compile("")
_OF_A_SORT = "“{}”是一类药，知识库按具体的药记载不良反应；请说出药名（包装上的通用名）再问。"
_UNMENTIONED = "引用的不良反应记录没有写“{}”这个词，可能用了别的说法，请对照原文；没有记录不等于不会发生。"
_SUSPICION = Limit("suspicion", _ANY, "症状相符不等于就是这种病，许多疾病有同样的症状，不能据此诊断；请就诊检查。")


def is_suspicion(question: str, mentions: Sequence[Mention]) -> bool:
    """`右下腹痛是阑尾炎吗`: symptoms and the disease they are taken for; that it lists them is no yes."""
    return bool(mentions) and suspected(question, mentions)


def untold(question: str, mentions: Sequence[Mention], intent: Intent, cited: Sequence[Evidence]) -> tuple[Limit, ...]:
    """What was asked and is not told by what is cited; nothing where nothing is cited at all."""
    if not cited or intent.reverse or intent.comparison:
        return ()
    if is_suspicion(question, mentions):
        return (_SUSPICION,)
    text = _beside_names(question, mentions)
    missing = [a for a in _ASPECTS if a.relations & set(intent.relations) and a.asked.search(text)]
    return tuple(
        Limit(a.name, a.asked, a.note) for a in missing if not any(a.told.search(normalise(e.text)) for e in cited)
    )


def untold_effect(effect: Effect | None, cited: Sequence[Evidence]) -> tuple[Limit, ...]:
    """That a class of remedies has no record of its own, or that the records cited do not name the complaint."""
    if effect is None:
        return ()
    if effect.sort:
        return (Limit("sort_of_remedy", _ANY, _OF_A_SORT.format(effect.sort)),)
    texts = [normalise(e.text) for e in cited]
    unmentioned = [m.surface for m in effect.complaints if not any(_named_in(m, text) for text in texts)]
    names = "、".join(dict.fromkeys(unmentioned)) if cited else ""
    return (Limit("effect", _ANY, _UNMENTIONED.format(names)),) if names else ()


def _named_in(mention: Mention, text: str) -> bool:
    return any(name in text for name in (normalise(mention.surface), *(c.name for c in mention.candidates)))


def _beside_names(question: str, mentions: Sequence[Mention]) -> str:
    """The question with a mark for each character of a name."""
    chars = list(question)
    for mention in mentions:
        if not mention.carried:
            chars[mention.start : mention.end] = "\u25a1" * (mention.end - mention.start)
    return normalise("".join(chars))

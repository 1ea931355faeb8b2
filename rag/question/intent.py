"""What a question asks for: relations wanted, in the order asked. Pure; rules over the cue words of the vocabulary.

A cue inside a linked name does not count (`咳嗽药` asks nothing of cough). The longest cue wins where cues overlap, so
`吃什么药` asks for drugs and not also for food.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import Intent, Mention
from rag.question.cues import CUES, groups_asked
from rag.question.deciding import suspected, with_object
from rag.text import HAN, is_han, normalise
from rag.vocabulary import EntityType, Relation

DISEASE_OVERVIEW = (
    Relation.SYMPTOM,
    Relation.CAUSE,
    Relation.EXAMINATION,
    Relation.TREATMENT,
    Relation.DRUG,
    Relation.COMPLICATION,
    Relation.DEPARTMENT,
)
"""What a question without a cue is answered with, for a disease."""

DRUG_OVERVIEW = (
    Relation.INDICATION,
    Relation.EFFICACY,
    Relation.INGREDIENT,
    Relation.CONTRAINDICATION,
    Relation.CAUTION,
    Relation.ADVERSE,
    Relation.INTERACTION,
)
"""Likewise for a drug, a herb or a formula."""

REMEDIES = frozenset({EntityType.DRUG, EntityType.HERB, EntityType.FORMULA})

_REVERSE = re.compile(
    r"什么病|啥病|哪种病|哪些病|哪种疾病|什么疾病|哪些疾病|何种疾病|何病|可能是什么|可能患|可能得|患了什么|"
    r"得了什么|怎么回事|什么情况|什么问题|何情况|属于哪种|怎么了|考虑什么|可能的诊断|是不是得了|会是什么|什么毛病|哪方面的病|哪种问题|哪里.{0,4}(?:毛病|问题)"
)
_OF_WHICH = re.compile(
    r"(?:可能|考虑|会不会|也许|大概)(?:会?是|得|患|属于|有)?了?(?:什么|哪[些种个])(?:疾?病|毛病|问题|疾患)|(?:见于|提示|说明是?|预示)(?:什么|哪些)(?:疾?病|毛病|问题)|"
    r"(?:什么|哪[些种])(?:疾?病|毛病|疾患)(?:会|可以|能|容易|可能|都)*(?:引起|导致|造成|引发|出现|有|表现|伴)|"
    r"(?:什么|哪[些种])(?:疾?病|毛病)(?:的)(?:症状|表现|征兆|信号|先兆|前兆)"
)
"""`小儿发热是什么病的症状`: diseases are asked for, even of what is described as one itself."""
_UNWANTED = re.compile(
    r"(?:(?<![是能会要可该])不|先不|不用|不必|无需|不需要?|别|无须)[^，。；,;？?]{0,6}?(?:药名|药物|药品|吃什么药|用什么药|具体药)|"
    r"(?:药名|药物名称|药物|药品)[^，。；,;？?]{0,4}?(?:不用|不必|就不|无需|先不|不写|不列)"
)
"""`不用列药名`: drugs are named only to be left out."""
_ACT = (
    r"隔离|潜伏|传染期|传染性|休息|卧床|住院|请假|休假|停课|上班|上学|复课|复工|忌口|忌|禁食|戒|停药|换药|复查|复诊|随访|观察|"
    r"运动|锻炼|同房|性生活|洗澡|洗头|怀孕|备孕|哺乳|起效|见效|生效|发作|间隔|保存|有效期|接种|拆线|拆石膏|下床|下地|走路|负重|爬楼|弯腰|吃饭|喝水|吃东西|出院|坐飞机|开车"
)
_SPAN = r"(?:多久|多长时间|多少时间|多少天|几天|几周|几个?月|几个?星期|什么时候)"
_OTHER_SPAN = re.compile(
    rf"(?:{_ACT})(?:的?(?:期|时间|时长))?(?:一般|通常|大概|大约|需要|得|要|应该?|是|有|为|会|能|持续)*{_SPAN}|"
    rf"{_SPAN}(?:以后|之后|后|才|可以|能|会|要|该|需要|应该)*(?:{_ACT})(?:一次)?"
)
"""`隔离多久`, `多久能上班`: how long something else takes than the treatment."""
_ACTIVITY = re.compile(
    r"(?:能不能|可不可以|能否|是否能|可以|能|适不适合|适合|宜不宜|要不要|该不该|应不应该|影响|耽误)(?:再|去|做|多|经常|参加|进行|继续|正常|剧烈)*"
    rf"(?P<activity>{_ACT}|跑步|走路|散步|游泳|健身|爬山|爬楼|跳绳|跳舞|瑜伽|打球|骑车|坐车|旅游|出门|工作|学习|熬夜|洗脚|泡脚|泡澡|吹空调|吹风|"
    r"化妆|染发|烫发|纹身|打耳洞|结婚|生孩子|要孩子|生育|顺产|献血|打疫苗|打预防针|喂奶|母乳|"
    r"玩手机|看电视|戴眼镜)(?!能|可以)"
)
"""`能不能跑步`: what somebody may do is no relation of the vocabulary, whatever it sounds like."""
_STATED = re.compile(
    r"等[^，。；？,;?]{0,4}(?:症状|表现|检查|治疗|不适)|(?:出现|伴有?|有)[^，。；？,;?]{0,12}\u25a1的?(?:症状|表现|体征)(?=[，。；,;\s]|$)|"
    r"(?:出现|伴有?|有)(?:了|一些|以下|明显|上述|类似)*(?:症状|表现|体征)(?!有)|"
    r"(?:检查|体检|化验)(?:结果|发现|显示|提示|后|报告)|经[^，。；？,;?]{0,8}检查|(?:手术|治疗|用药|吃药|服药)(?:后|前|过|了)|"
    r"(?:其[它他]|各个?|多个?|远处)部位"
)
"""Words of a case history that tell and do not ask."""
_COLLOQUIAL = (("啥", "什么"), ("咋", "怎么"), ("甚么", "什么"), ("哪儿", "哪里"), ("怎样", "怎么"), ("如何", "怎么"))
COMPARISON = re.compile(
    r"区别|区分|鉴别|一回事|不同|差别|差异|异同|重叠|一样|是否相同|是否一致|相同吗|同一|分别|相比|比较|差多少|差多久|"
    r"哪一?[个种]|哪边|谁更|更严重|更好|怎么分|都.{1,8}[吗么]"
)
_OTHER_SIDE = re.compile(
    rf"\u25a1[和与跟同]([{HAN}]{{2,8}}?)(?=之间|有|的|到底|究竟|怎么|区别|区分|鉴别|是|哪|一样|相比|比较|差别|不同|,|，)|"
    rf"(?:^|[，。；？,;?])([{HAN}]{{2,8}}?)[和与跟同]\u25a1"
)
_YES_NO = re.compile(
    r"吗(?![啡丁替氯])|(?<![什怎这那要])么[？?。]?$|是否|能不能|可不可以|可以不可以|会不会|是不是|有没有|要不要|需不需要|"
    r"用不用|该不该|传不传|算不算|对不对|行不行|有无|应不应|(?<![要得])不[？?。!！]*$|没有?[？?。!！]*$"
)


def read_intent(question: str, mentions: Sequence[Mention]) -> Intent:
    """Relations from cues outside the mentions; an overview if there are none; reverse if only symptoms are named.

    A yes/no question that names two things asks whether the record of one lists the other.
    """
    return with_object(_cued(question, mentions), question, mentions)


def _cued(question: str, mentions: Sequence[Mention]) -> Intent:
    text = _masked(question, mentions)
    unwanted = {Relation.DRUG} if _UNWANTED.search(_plain(question)) else set()
    asked = (tuple(r for r in group if r not in unwanted) for group in groups_asked(text, _kinds(mentions)))
    groups = tuple(group for group in asked if group)
    relations = tuple(dict.fromkeys(relation for group in groups for relation in group))
    reverse = not (mentions and suspected(question, mentions)) and _is_reverse(question, text, relations, mentions)
    compared = bool(COMPARISON.search(text))
    comparison = compared and _several(mentions)
    unknown = unknown_side(text) if compared and not comparison and not relations else ""
    yes_no = bool(_YES_NO.search(text))
    reverse = reverse or _complains(text, relations, mentions)
    if reverse and (not relations or _REVERSE.search(text) or _WHY.search(text)):
        return Intent((), (), reverse=True, yes_no=yes_no)
    if relations:
        return Intent(relations, groups, reverse=reverse, comparison=comparison, yes_no=yes_no)
    settled = any(other.search(_plain(question)) for other in (_OTHER_SPAN, _ACTIVITY))
    specific = yes_no or settled or _left_over(text) > (_SMALL_TALK if len(mentions) < 2 else 0)
    if specific and not comparison and not unknown:
        return Intent((), (), explicit=False, comparison=comparison, yes_no=yes_no, settled=settled)
    remedy = any(c.type in REMEDIES for m in mentions for c in m.candidates[:1])
    overview = DRUG_OVERVIEW if remedy else DISEASE_OVERVIEW
    return Intent(overview, (overview,), explicit=False, comparison=comparison, yes_no=yes_no, unknown=unknown)


def activity_in(question: str) -> str:
    """`跑步` of `能不能跑步`; empty where no such thing is asked."""
    found = _ACTIVITY.search(_plain(question))
    return found["activity"] if found else ""


def unknown_side(text: str) -> str:
    """`肛瘘` of `□和肛瘘怎么区分`: what a known name is compared with; empty where that is no name either."""
    found = _OTHER_SIDE.search(text)
    return next((side for side in found.groups() if side), "") if found else ""


def _several(mentions: Sequence[Mention]) -> bool:
    """Whether two things of one kind are named."""
    named = [{(c.type, c.entity) for c in m.candidates} for m in mentions if not m.negated]
    kinds = [{kind for kind, _ in own if kind in _COMPARED} for own in named]
    return any(
        kinds[a] & kinds[b] and not named[a] & named[b] for a in range(len(named)) for b in range(a + 1, len(named))
    )


_COMPARED = frozenset(
    {EntityType.DISEASE, EntityType.SYMPTOM, EntityType.SYNDROME, EntityType.EXAMINATION, EntityType.INDICATOR,
     EntityType.TREATMENT, EntityType.THERAPY, *REMEDIES}
)  # fmt: skip
_SAYS_NOTHING = re.compile(
    r"请问|你好|您好|谢谢|医生|大夫|介绍|一下|科普|了解|是什么|什么是|简介|说说|讲讲|资料|知识|相关|情况|严重吗?|怎么样|想知道|"
    r"告诉我|我想|帮我|关于|一种|患者|病人|被诊断|诊断为|确诊|查出|得了|患有|什么|怎么|这个|这种|疾病|\u25a1|what|about|tell|me|is"
)
_FILLER = re.compile(
    r"[的了吗呢吧啊呀么和与或是有在我你他她它这那就也都还很会能要可以哦嗯呃\s，。；！？,.;!?:：“”\"()（）、]+"
)
_PIECE = re.compile(rf"[{HAN}]+|[^{HAN}\s]+")
_SMALL_TALK = 3
"""Characters or Latin words beside names and asking words, up to which a question asks for an overview."""


def _left_over(text: str) -> int:
    """How much a question says beside the names in it and the words that only ask."""
    rest = _PIECE.findall(_FILLER.sub(" ", _SAYS_NOTHING.sub(" ", text)))
    return sum(len(piece) if is_han(piece[0]) else 2 for piece in rest)


def _masked(question: str, mentions: Sequence[Mention]) -> str:
    """The question with each mention replaced by a mark, so that cues inside names are not seen."""
    chars = list(question)
    for mention in mentions:
        if not mention.carried and not _asks_itself(mention):
            chars[mention.start : mention.end] = ["\u25a1"] * (mention.end - mention.start)
            if _WHICH.search(question[: mention.start]) and all(c.type is EntityType.DRUG for c in mention.candidates):
                chars[mention.start] = "药"
    text = _UNWANTED.sub("\u25a1", _plain("".join(chars)))
    return _STATED.sub("\u25a1", _OTHER_SPAN.sub("\u25a1", text))


_WHICH = re.compile("(?:什么|哪[些种个]|啥)$")
"""`用什么抗生素`: the name of a class of drugs is what is asked for."""


def _plain(question: str) -> str:
    """Normalised, everyday words in their written form."""
    text = normalise(question)
    for said, meant in _COLLOQUIAL:
        text = text.replace(said, meant)
    return text


def _asks_itself(mention: Mention) -> bool:
    """`药物相互作用` and `药物治疗` stand in term lists and are cues at once: their words still ask."""
    return normalise(mention.surface) in CUES


def _kinds(mentions: Sequence[Mention]) -> set[EntityType]:
    """Types of what is named, but for names that are cues themselves."""
    named = (m for m in mentions if not m.negated and not _asks_itself(m))
    return {c.type for m in named for c in m.candidates}


def _is_reverse(question: str, text: str, relations: Sequence[Relation], mentions: Sequence[Mention]) -> bool:
    """Symptoms are given and the disease is asked for."""
    present = [m for m in mentions if not m.negated and not m.modifier]
    symptoms = [m for m in present if m.present and any(c.type is EntityType.SYMPTOM for c in m.candidates)]
    only_diseases = [
        m
        for m in present
        if any(c.type is EntityType.DISEASE for c in m.candidates)
        and not any(c.type is EntityType.SYMPTOM for c in m.candidates)
    ]
    if not symptoms or any(c.type in REMEDIES for m in present for c in m.candidates[:1]):
        return False
    if _OF_WHICH.search(text) and not only_diseases:
        return True
    could_be_subject = any(c.type is EntityType.DISEASE for m in symptoms for c in m.candidates)
    if _REVERSE.search(text) and (not only_diseases or not relations):
        return len(symptoms) > 1 or bool(only_diseases) or not could_be_subject
    if only_diseases:
        return False
    if relations or not is_han(symptoms[0].surface[0]):
        named = any(_PART_OF_A_NAME.search(question[: m.start]) for m in symptoms)
        return not could_be_subject and not named and bool(set(relations) & _OF_A_DISEASE)
    return len(symptoms) > 1 or (not could_be_subject and _left_over(text) <= _SMALL_TALK)


def _complains(text: str, relations: Sequence[Relation], mentions: Sequence[Mention]) -> bool:
    """`肚子咕噜咕噜响是怎么回事`: a complaint in words that are no known name; what is asked for is the illness."""
    named = {c.type for m in mentions for c in m.candidates} & _HAVING_A_CAUSE
    return not named and set(relations) <= _CAUSES and _WHY.search(text) is not None


_WHY = re.compile(r"怎么回事|什么原因|为什么|为何|怎么搞的|怎么了$|什么情况$")
_CAUSES = frozenset({Relation.CAUSE, Relation.RISK_FACTOR})
_HAVING_A_CAUSE = REMEDIES | {
    EntityType.DISEASE, EntityType.SYNDROME, EntityType.TREATMENT, EntityType.THERAPY, EntityType.EXAMINATION,
    EntityType.INDICATOR, EntityType.PATHOGEN,
}  # fmt: skip
_PART_OF_A_NAME = re.compile(r"(?<!持续)(?<!阵发)(?<!间歇)(?<!反复)(?<!突发)(?<!发作)(?<!周期)(?<!进行)(?<![急慢])性$")
"""`房性` before a symptom makes the name of a disease; `阵发性` only describes it."""
_OF_A_DISEASE = frozenset(
    {Relation.TREATMENT, Relation.DRUG, Relation.DEPARTMENT, Relation.EXAMINATION, Relation.CAUSE, Relation.DURATION}
)
"""Asked of a bare symptom, these lead through the diseases that have it."""

"""What a question asks for: relations wanted, in the order asked. Pure; rules over the cue words of the vocabulary.

A cue inside a linked name does not count (`咳嗽药` asks nothing of cough). The longest cue wins where cues overlap, so
`吃什么药` asks for drugs and not also for food.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.domain import Candidate, Intent, Mention
from rag.question.cues import AFTER_TAKING, CUES, groups_asked
from rag.question.deciding import suspected, with_object
from rag.question.partners import class_taken, partner
from rag.text import HAN, is_han, normalise
from rag.vocabulary import REMEDIES, EntityType, Relation

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

COMPARED_OVERVIEW = (Relation.SYMPTOM, Relation.CAUSE, Relation.EXAMINATION, Relation.TREATMENT)
"""What two illnesses are compared in where it is not said in what: with more, each list is cut to its first item."""

COMPARED_REMEDIES = (
    Relation.DRUG_CLASS,
    Relation.INDICATION,
    Relation.EFFICACY,
    Relation.INGREDIENT,
    Relation.CONTRAINDICATION,
    Relation.ADVERSE,
)
"""Likewise two remedies, the one of which need not name the other."""

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


_REVERSE = re.compile(
    r"what (?:is|could|might|can|may) (?:it|this|that|be|cause|causing|the (?:cause|reason|matter|problem))|"
    r"what(?:'s| is) (?:wrong|going on|happening)|what do i have|what (?:disease|illness|condition|sickness)|why do i|"
    r"什么病|啥病|哪种病|哪些病|哪种疾病|什么疾病|哪些疾病|何种疾病|何病|可能是什么|可能患|可能得|患了什么|"
    r"得了什么|诊断(?:为|是)什么(?:病|疾病)?(?=[？?。!！]*$)|怎么回事|什么情况|什么问题|何情况|属于哪种|怎么了|考虑什么|可能的诊断|是不是得了|会是什么|什么毛病|哪方面的病|哪种问题|哪里.{0,4}(?:毛病|问题)"
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
_ON_OTHERS = re.compile(
    r"(?:对|给)[^，。；？,;?]{0,6}?(?:宝宝|宝贝|孩子|小孩|婴儿|胎儿|胎宝宝|下一代|后代|娃|乳儿|新生儿)(?:的)?"
    r"[^，。；？,;?]{0,8}?(?:影响|伤害|危害|害处|坏处|有害|不利|不好|危险)|"
    r"影响(?:到)?(?:宝宝|宝贝|孩子|小孩|婴儿|胎儿|胎宝宝|下一代|后代|娃|乳儿|新生儿)"
)
"""`哺乳期感染对宝宝有影响吗`: what one person's illness does to another is no complication of it."""
_FINDINGS = re.compile(
    r"(?:心电图?|脑电图?|肌电图?|影像学?|x[线光]片?|ct|mri|磁共振|核磁(?:共振)?|超声|[b彩]超|造影|[内胃肠]镜|眼底|血气(?:分析)?|胸片|平片|"
    r"血象|骨髓象|实验室|血常规|尿常规|脑脊液|生化)(?:学|检查|检测|分析|化验)*[上中下]?的?"
    r"(?:主要|典型|特征性?|常见|有(?:什么|哪些)|什么|哪些|会有)*的?(?:表现|特征|特点|改变|征象|所见|结果)"
)
"""`高钾血症的心电图表现`: what a test shows is no symptom of the illness, and no list of its tests."""
_RATES = re.compile(
    r"(?:发病|患病|发生|检出|感染|流行|死亡|病死|致死|复发|再发|转移|致残|误诊|携带|有效|缓解|依从)(?:的)?(?:率|几率|概率|比例)|"
    r"流行病学|\b(?:prevalence|incidence|mortality|recurrence) (?:rate )?(?:of|in|for)\b"
)
"""`偏头痛的发病率`: a figure that no relation holds; an overview would be no answer to it."""
_STATED = re.compile(
    r"等[^，。；？,;?]{0,4}(?:症状|表现|检查|治疗|不适)|(?:表现出|表现为|出现|伴有?|有)[^，。；？,;?]{0,12}\u25a1的?(?:临床)?(?:症状|表现|体征)(?=[，。；,;\s]|$)|"
    r"(?:出现|伴有?|有)(?:了|一些|以下|明显|上述|类似)*(?:症状|表现|体征)(?!有)|"
    r"(?:检查|体检|化验)(?:结果|发现|显示|提示|后|报告)|(?<![么能会以])(?:检查|体检|化验|筛查)出(?!来|结果|什么|哪)|"
    r"表现(?:出|为)(?![什哪])|部位(?:在|位于|为|是|不定|不固定)(?![哪什何])|经[^，。；？,;?]{0,8}检查|(?:手术|治疗|用药|吃药|服药)(?:后|前|过|了)|"
    r"(?:其[它他]|各个?|多个?|远处)部位|(?:没有?|无)(?:什么|任何|别的|其[他它])*(?:症状|表现|不适|不舒服)|"
    r"(?:有时|偶尔|有点儿?|有些|感觉|觉得|感到|很|非常|一直|总是?|老是?|经常|比较|特别)+(?:不舒服|难受)(?![吗么])|"
    r"细胞周期|没多久|不久|不小心|(?:症状|原因|情况|经过|时间|结果)\s*[:：]|\u25a1(?:引起|导致|造成)的(?=[，。；,;])|"
    r"(?:最?明显|主要|典型|首发|目前|现在)的?(?:症状|表现|不适)(?:是|为|有|包括)(?![什哪啥])|(?:还|都|也)能[吃喝走睡动](?![吗么什哪])|(?:已经?|后来|早就?|也|都|给|是)+(?:治|看|养)?好了(?![吗么没])|病理(?:分型|类型|诊断|分期|结果)?(?:为|是|示|提示|显示|证实|报告)|"
    r"(?:经过?|通过|接受|曾经?|正在|一直在?)(?:了|过)?[^，。；？,;?\u25a1什哪怎]{0,6}?(?:治疗|用药|吃药|服药|检查)(?![什哪怎吗能可方])"
)
"""Words of a case history that tell and do not ask."""
_COLLOQUIAL = (
    ("啥", "什么"),
    ("咋", "怎么"),
    ("咱办", "怎么办"),
    ("咱治", "怎么治"),
    ("肿么", "怎么"),
    ("甚么", "什么"),
    ("哪儿", "哪里"),
    ("怎样", "怎么"),
    ("如何", "怎么"),
)
COMPARISON = re.compile(
    r"区别|区分|鉴别|一回事|不同|共同点|相同点|共同之处|相似|差别|差异|异同|重叠|一样|是否相同|是否一致|相同吗|同一|分别|相比|比较|差多少|差多久|"
    r"哪一?[个种]|哪边|谁更|更严重|更好|怎么分|都(?:是|会|能|有|要|可以|属于|叫|得).{0,7}[吗么]"
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
    intent = _cued(question, mentions)
    if not _AFTER_TAKING.search(_masked(question, mentions)):
        intent = with_object(intent, question, mentions)
    beside = class_taken(question, mentions) or partner(question, mentions)
    return replace(_TOGETHER, yes_no=intent.yes_no, beside=beside) if beside else intent


_AFTER_TAKING = re.compile(AFTER_TAKING)
_TOGETHER = Intent(_BOTH := (Relation.INTERACTION, Relation.INCOMPATIBLE), (_BOTH,))


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
    settled = any(other.search(_plain(question)) for other in (_OTHER_SPAN, _ACTIVITY, _ON_OTHERS, _FINDINGS, _RATES))
    specific = yes_no or settled or _left_over(text) > (_SMALL_TALK if len(mentions) < 2 else 0)
    if specific and not (yes_no or settled) and _only_states(question, mentions):
        overview = _overview(mentions)
        return Intent(overview, (overview,), explicit=False, guessed=True)
    if specific and not comparison and not unknown:
        return Intent((), (), explicit=False, comparison=comparison, yes_no=yes_no, settled=settled)
    overview = _overview(mentions)
    if (comparison or unknown) and overview == DISEASE_OVERVIEW:
        overview = COMPARED_OVERVIEW
    if comparison and overview == DRUG_OVERVIEW:
        overview = COMPARED_REMEDIES
    return Intent(overview, (overview,), explicit=False, comparison=comparison, yes_no=yes_no, unknown=unknown)


def _overview(mentions: Sequence[Mention]) -> tuple[Relation, ...]:
    """What is told where nothing certain is asked."""
    remedy = any(c.type in REMEDIES for m in mentions for c in m.candidates[:1])
    coded = any(_IS_CODE.fullmatch(normalise(m.surface)) for m in mentions)
    return DRUG_OVERVIEW if remedy else (*DISEASE_OVERVIEW, *([Relation.CODE] if coded else []))


_IS_CODE = re.compile(r"[a-z]\d[\da-z]\.[\dx]{1,7}")
"""`E11.9是什么病`: who asks by a code wants to read what it stands for."""


def asks_nothing(question: str, mentions: Sequence[Mention], intent: Intent) -> bool:
    """`宝宝脖子左边有肿块`: somebody tells what is the matter, or only a complaint, and no word of it asks.

    A cue asks where nothing is told (`肾衰竭早期症状`); in a story it may be part of it.
    """
    text = _plain(question)
    if intent.settled or (intent.explicit and intent.relations and not _STORY.search(text)):
        return False
    complaint = any(m.present and c.type is EntityType.SYMPTOM for m in mentions for c in m.candidates)
    return (complaint or _TELLS.search(text) is not None) and _ASKS.search(text) is None


_STORY = re.compile(r"[，。；,;]")
_TELLS = re.compile(
    r"我|他|她|宝宝|孩子|小孩|老公|老婆|妈|爸|患者|病人|女士|先生|最近|今天|昨天|昨晚|前天|刚才|出现|感觉|体检|查出"
)


def _only_states(question: str, mentions: Sequence[Mention]) -> bool:
    """`宝宝舌头上有地图舌`: no question, and one illness in it, of which what is known is told; and no remedy."""
    if _ASKS.search(_plain(question)):
        return False
    named = [m.candidates[0] for m in mentions if not m.negated and not m.modifier and m.candidates]
    sure = [m.candidates[0] for m in mentions if all(c.type is not EntityType.SYMPTOM for c in m.candidates)]
    ill = [c for c in named if c.type is EntityType.DISEASE]
    certain = [c for c in ill if c in sure] or [c for c in ill if _BY_NAME.search(c.name)]
    return len({c.entity for c in certain}) == 1 and all(c.type not in REMEDIES for c in named)


_BY_NAME = re.compile(
    r"(?:[病症炎癌瘤痔]|综合征|血[压脂糖]|结石|感染|溃疡|[湿麻疱]疹|痛风|哮喘|中风|变性|硬化|梗[死塞]|衰竭)$"
)
"""Of names that are complaints as well (咳嗽, 高血压) those of illnesses."""


def is_illness(candidate: Candidate) -> bool:
    """Whether a disease is called as illnesses are and complaints are not, be it listed among complaints or not."""
    return candidate.type is EntityType.DISEASE and _BY_NAME.search(candidate.name) is not None


_WHAT_IT_IS = re.compile("(?:是|属于)(?:一?种|个)?(?:什么|啥|怎样的|怎么样的)(?:样的)?(?:疾?病|毛病|病症)")


def defines_illness(question: str, mentions: Sequence[Mention]) -> bool:
    """`高血压是什么病`: what is asked about is one illness itself, be it listed among complaints or not."""
    if len(mentions) != 1 or mentions[0].negated or mentions[0].modifier:
        return False
    return is_illness(mentions[0].best) and _WHAT_IT_IS.match(_plain(question[mentions[0].end :])) is not None


_ASKS = re.compile(
    rf"([{HAN}])不\1|[?？吗呢吧]|么$|什么|怎|哪|几|多[少久大长高]|谁|为何|何时|何种|是否|是不是|能不能|可不可以|要不要|会不会|有没有|有无|该不该|好不好|不$|没$|"
    r"请(?!假)|求助|咨询|帮我|推荐|介绍|建议|区别|列出|列举|说明|给出|告诉|\b(?:what|how|why|which|when|where|who|is|are|was|were|do|does|did|can|could|should|will|would|may|might|has|have)\b"
)
"""Words of a question; a statement has none."""


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
    r"请问|你好|您好|谢谢|医生|大夫|介绍|一下|科普|了解|什么意思|是什么|什么是|简介|说说|讲讲|资料|知识|相关|情况|严重吗?|怎么样|想知道|"
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
    for other in (_ON_OTHERS, _OTHER_SPAN, _FINDINGS):
        for found in other.finditer(question.lower() if len(question.lower()) == len(question) else question):
            chars[found.start() : found.end()] = ["\u25a1"] * (found.end() - found.start())
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
        return _complains_of_something_new(question, only_diseases, symptoms)
    if not relations and _FIRST_PERSON.search(text):
        return True
    if relations or not is_han(symptoms[0].surface[0]):
        named = any(_PART_OF_A_NAME.search(question[: m.start]) for m in symptoms)
        return not could_be_subject and not named and bool(set(relations) & _OF_A_DISEASE)
    return len(symptoms) > 1 or (not could_be_subject and _left_over(text) <= _SMALL_TALK)


def _complains_of_something_new(question: str, ill: Sequence[Mention], symptoms: Sequence[Mention]) -> bool:
    """`高血压糖尿病，最近脚肿，怎么回事`: the illnesses are known, what the complaint comes from is asked."""
    last = max(symptoms, key=lambda m: m.start)
    if any(m.end > last.start for m in ill) or any(c.type is EntityType.DISEASE for c in last.candidates):
        return False
    between = question[max(m.end for m in ill) : last.start]
    return _NEW.search(between) is not None and _SO_WHY.match(question, last.end) is not None


_NEW = re.compile(
    r"[，,。；;\s][^，,。；;]{0,4}(?:最近|近来|这几天|这两天|今天|昨天|现在|突然|又|老是|总是|经常|开始|出现)[^，,。；;]{0,6}$"
)
_SO_WHY = re.compile(
    r"[^，,。？?]{0,4}[，,\s]?(?:是|这是|会是|请问)?(?:怎么回事|什么原因|为什么|为何|怎么了|什么情况|什么问题)"
)


def _complains(text: str, relations: Sequence[Relation], mentions: Sequence[Mention]) -> bool:
    """`肚子咕噜咕噜响是怎么回事`: a complaint in words that are no known name; what is asked for is the illness."""
    named = {c.type for m in mentions for c in m.candidates} & _HAVING_A_CAUSE
    return not named and set(relations) <= _CAUSES and _WHY.search(text) is not None


def as_complaint(intent: Intent, mentions: Sequence[Mention], question: str) -> Intent | None:
    """The cause of a complaint, asked for as the illness that it may belong to; None where something else is asked.

    `肚子痛是怎么回事`: where records list no cause, they list the illnesses that have it. `晨僵是什么病`: where none is
    kept of an illness of that name, it is a complaint. Not of what is called an illness itself (高血压), even where
    others list it among their symptoms. Who tells a complaint and asks nothing, or what to do about one (`胃胀怎么办`)
    of which no treatment is on record, is helped by it too.
    """
    present = [m for m in mentions if not m.negated and not m.modifier and m.candidates]
    ill = [m for m in present if any(c.type in _HAVING_A_CAUSE for c in m.candidates)]
    complaints = [m for m in ill if any(c.type is EntityType.SYMPTOM for c in m.candidates)]
    told = [m for m in present if m.present and any(c.type is EntityType.SYMPTOM for c in m.candidates)]
    plain = not any(c.type is EntityType.SYMPTOM and _BY_NAME.search(c.name) for m in ill for c in m.candidates)
    which = not intent.explicit and _REVERSE.search(_plain(question)) is not None
    asked = bool(intent.relations) and (set(intent.relations) <= _CAUSES or which)
    asked = asked and not (intent.object or intent.comparison)
    if asked and ill and ill == complaints and plain:
        return Intent((), (), reverse=True, yes_no=intent.yes_no)
    cared_for = Relation.TREATMENT in intent.relations and set(intent.relations) <= _OF_CARE and not intent.object
    unsought = told and not intent.reverse  # else no illness was found
    helped = unsought and ill == complaints and plain and (cared_for or asks_nothing(question, mentions, intent))
    return Intent((), (), reverse=True, guessed=True) if helped else None


_FIRST_PERSON = re.compile(r"\b(?:i|i'm|i've|my|me|am)\b(?!-)")
"""`My stomach hurts` is a complaint; `headache in early migraine` is what a study is about."""
_WHY = re.compile(r"怎么回事|什么原因|为什么|为何|怎么搞的|怎么了$|什么情况$")
_CAUSES = frozenset({Relation.CAUSE, Relation.RISK_FACTOR})
_OF_CARE = frozenset({Relation.TREATMENT, Relation.DRUG, Relation.ADJUVANT})
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

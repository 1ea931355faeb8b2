"""What a question asks for: relations wanted, in the order asked. Pure; rules over the cue words of the vocabulary.

A cue inside a linked name does not count (`咳嗽药` asks nothing of cough). The longest cue wins where cues overlap, so
`吃什么药` asks for drugs and not also for food.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import Intent, Mention
from rag.text import is_han, normalise
from rag.vocabulary import RELATIONS, EntityType, Relation

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

_PHRASES: tuple[tuple[str, tuple[Relation, ...]], ...] = (
    ("怎么治疗|怎么治|怎么办|治疗方案|治疗方法|怎么处理|怎么诊治|怎么医|采取哪些治疗|哪些治疗|什么治疗|怎么调理|能治吗|"
     "有什么办法|什么办法|怎么的治疗|要不要手术|需要手术|做什么手术|手术吗|治疗",
     (Relation.TREATMENT, Relation.DRUG, Relation.ADJUVANT)),
    ("治疗方式|治疗手段|哪几类办法|哪几种办法|哪些办法|哪几类疗法|哪类疗法|哪些疗法|疗法",
     (Relation.TREATMENT, Relation.ADJUVANT)),
    ("不吃药|要不要吃药|需要吃药|用吃药|吃药吗|要治吗|需要治疗吗", (Relation.TREATMENT, Relation.DRUG)),
    ("严重吗|要紧吗|严重么|危不危险|严重不严重|要不要紧", (Relation.COMPLICATION, Relation.CURE_RATE)),
    ("饭前|饭后|漏服|忘了吃|忘记吃|空腹吃", (Relation.DOSAGE,)),
    ("处理方式|自我调理|怎么调|怎么消|怎么去|怎么祛|怎么克服|怎么控制|怎么改善|怎么恢复|中药方|偏方|秘方|好办法|"
     "的方法|彻底根除", (Relation.TREATMENT, Relation.DRUG)),
    ("能治|可治|可以治|治不治", (Relation.INDICATION, Relation.EFFICACY, Relation.TREATMENT, Relation.CURE_RATE)),
    ("治哪些病|好处|有帮助吗|奇效|什么功能", (Relation.INDICATION, Relation.EFFICACY)),
    ("价钱|价位|价目|收费|住院费|要花多少|多钱", (Relation.COST,)),
    ("会怎么样|有什么影响|什么影响|影响吗|不治会|会死亡|有害吗|伤害", (Relation.COMPLICATION, Relation.CURE_RATE)),
    ("怎么造成|造成的|怎么形成|形成的|什么导致|导致的|怎么产生|什么缘故|缘故|怎么会|怎么感染|引起的|缺乏什么|缺什么",
     (Relation.CAUSE, Relation.RISK_FACTOR)),
    ("怎么缓解|缓解方法", (Relation.TREATMENT, Relation.DRUG)),
    ("吃什么药|用什么药|什么药|哪些药|哪种药|用药|药物|药品|开哪些药|开什么药|药物治疗|治疗的药|治疗药|常用药|常用的药|药有哪些|有哪些药|的药",
     (Relation.DRUG,)),
    ("吃什么|吃些什么|吃点什么", (Relation.FOOD_GOOD, Relation.FOOD_BAD)),
    ("忌什么|忌吃什么|少吃什么|不要吃什么|不能吃什么|不宜吃什么|禁吃|不宜吃|不能吃的|忌口", (Relation.FOOD_BAD,)),
    ("注意什么|注意事项|需要注意|注意哪些|注意些什么", (Relation.CAUTION, Relation.FOOD_BAD, Relation.PREVENTION)),
    ("能不能吃|可以吃|能吃|能不能用|可以用|能用|能服|可以服|能喝|可以喝|喝酒|饮酒|能不能喝",
     (Relation.CONTRAINDICATION, Relation.CAUTION, Relation.FOOD_GOOD, Relation.FOOD_BAD)),
    ("一起吃|同时吃|合用|同服|一起用|联用|能一起|配伍|一起服|同时用|同时服|一块吃|相互作用",
     (Relation.INTERACTION, Relation.INCOMPATIBLE)),
    ("安全吗|安全性|安全么|有风险吗|风险大吗|有没有危险|危险吗", (Relation.ADVERSE, Relation.CONTRAINDICATION)),
    ("有效吗|有效果吗|效果怎么样|效果如何|疗效|管用吗|有没有用|有用吗|有没有效果|效果好吗",
     (Relation.EFFICACY, Relation.INDICATION)),
    ("去哪看|去哪里看|哪个门诊|看哪科|找什么医生|看什么医生|哪个专科|什么门诊|去哪科|哪个科|哪些科|什么科|哪科|"
     "挂什么号|挂哪|什么科室|科室", (Relation.DEPARTMENT,)),
    ("病因|什么原因|怎么引起|什么引起|怎么得的|怎么会得|为什么会|是由什么|由什么|原因",
     (Relation.CAUSE, Relation.RISK_FACTOR)),
    ("会传染|传染吗|传染性|传染给|传染人|人传人|传给|会不会传|传染", (Relation.INFECTIVITY,)),
    ("治得好|治好|能好吗|能好么|能治愈|治愈率|治愈|断根|根治|能不能好|痊愈|好得了|预后|康复|治愈的可能|治愈希望",
     (Relation.CURE_RATE,)),
    ("能活多久|活多久|活几年|能活几|还能活|生存期|生存率|寿命|致命吗|会死吗|会不会死", (Relation.CURE_RATE,)),
    ("多久能好|多长时间|治多久|要多久|多久|几天能好|治疗周期|疗程|什么时候能好|多少天|几个月能好|多少时间",
     (Relation.DURATION,)),
    ("做什么检查|做哪些检查|什么检查|哪些检查|怎么确诊|怎么诊断|怎么查|查什么|查哪些|查些什么|化验|检查|做什么项目|"
     "检查项目|辅助检查|确诊需要|做哪些项目", (Relation.EXAMINATION, Relation.HISTOLOGY)),
    ("身体哪里|哪里出了问题|哪里的毛病|哪里的病|哪个部位|什么部位|发病部位|病变部位|哪个器官|长在哪|发生在哪|累及|部位|"
     "哪些部位", (Relation.BODY_PART,)),
    ("易感人群|好发人群|高发人群|多发人群|好发于|多见于|高发于|哪种人|什么人|哪些人|什么样的人|哪类人|谁容易|谁会得|人群|"
     "哪些人群|什么年龄", (Relation.POPULATION,)),
    ("treatment of|treatments for|treatment for|how to treat|be treated|therapy for|therapies for",
     (Relation.TREATMENT, Relation.DRUG)),
    ("symptoms|signs of|present with", (Relation.SYMPTOM,)),
    ("causes of|cause of|what causes|etiology|aetiology", (Relation.CAUSE, Relation.RISK_FACTOR)),
    ("risk factors", (Relation.RISK_FACTOR, Relation.CAUSE)),
    ("complications", (Relation.COMPLICATION,)),
    ("which drugs|what drugs|medication", (Relation.DRUG,)),
    ("side effects|adverse effects|adverse reactions", (Relation.ADVERSE,)),
    ("contraindications|contraindicated", (Relation.CONTRAINDICATION, Relation.CAUTION)),
    ("which department|what department", (Relation.DEPARTMENT,)),
    ("what tests|which tests|how is it diagnosed", (Relation.EXAMINATION,)),
    ("并发症|并发|引发|会引起什么|引起哪些|会导致|拖久了|后果|危害", (Relation.COMPLICATION,)),
)  # fmt: skip

_TABLE: tuple[tuple[str, tuple[Relation, ...]], ...] = tuple(
    sorted(
        [(cue, relations) for cues, relations in _PHRASES for cue in cues.split("|")]
        + [(cue, (row.relation,)) for row in RELATIONS.values() for cue in (row.label, *row.aliases, *row.cues)],
        key=lambda pair: -len(pair[0]),
    )
)

_REVERSE = re.compile(
    r"什么病|啥病|哪种病|哪些病|哪种疾病|什么疾病|哪些疾病|何种疾病|何病|可能是什么|可能患|可能得|患了什么|"
    r"得了什么|怎么回事|什么情况|什么问题|何情况|属于哪种|怎么了|考虑什么|可能的诊断|是不是得了|会是什么|什么毛病|哪方面的病|哪种问题"
)
_UNWANTED = re.compile(
    r"(?:(?<![是能会要可该])不|先不|不用|不必|无需|不需要?|别|无须)[^，。；,;？?]{0,6}?(?:药名|药物|药品|吃什么药|用什么药|具体药)|"
    r"(?:药名|药物名称|药物|药品)[^，。；,;？?]{0,4}?(?:不用|不必|就不|无需|先不|不写|不列)"
)
"""`不用列药名`: drugs are named only to be left out."""
_STATED = re.compile(
    r"等[^，。；？,;?]{0,4}(?:症状|表现|检查|治疗|不适)|(?:出现|伴有?|有)(?:了|一些|以下|明显|上述|类似)*(?:症状|表现|体征)(?!有)|"
    r"(?:检查|体检|化验)(?:结果|发现|显示|提示|后|报告)|经[^，。；？,;?]{0,8}检查|(?:手术|治疗|用药|吃药|服药)(?:后|前|过|了)|"
    r"(?:其[它他]|各个?|多个?|远处)部位"
)
"""Words of a case history that tell and do not ask."""
_COLLOQUIAL = (("啥", "什么"), ("咋", "怎么"), ("甚么", "什么"), ("哪儿", "哪里"), ("怎样", "怎么"), ("如何", "怎么"))
_GENERIC = frozenset({"治疗", "药物", "用药", "作用", "检查", "表现", "药品", "什么药", "饮食", "发作", "周期"})
"""Cues that every other cue outweighs: `治疗多久` asks for the duration only."""
_COMPARISON = re.compile(r"区别|鉴别|一回事|不同|差别|一样吗|是否一致|相比|哪个好|哪个更|比较")
_YES_NO = re.compile(
    r"吗[？?。!！]?$|(?<![什怎这那])么[？?。]?$|是否|能不能|可不可以|可以不可以|会不会|是不是|有没有|要不要"
)


def read_intent(question: str, mentions: Sequence[Mention]) -> Intent:
    """Relations from cues outside the mentions; an overview if there are none; reverse if only symptoms are named."""
    text = _masked(question, mentions)
    unwanted = {Relation.DRUG} if _UNWANTED.search(_plain(question)) else set()
    asked = (tuple(r for r in group if r not in unwanted) for group in _asked(text))
    groups = tuple(group for group in asked if group)
    relations = tuple(dict.fromkeys(relation for group in groups for relation in group))
    reverse = _is_reverse(question, text, relations, mentions)
    comparison = bool(_COMPARISON.search(text)) and len(mentions) > 1
    yes_no = bool(_YES_NO.search(text))
    if reverse and (not relations or _REVERSE.search(text)):
        return Intent((), (), reverse=True, comparison=comparison, yes_no=yes_no)
    if relations:
        return Intent(relations, groups, reverse=reverse, comparison=comparison, yes_no=yes_no)
    specific = yes_no or _left_over(text) > (_SMALL_TALK if len(mentions) < 2 else 0)
    if specific and not comparison:
        return Intent((), (), explicit=False, comparison=comparison, yes_no=yes_no)
    remedy = any(c.type in REMEDIES for m in mentions for c in m.candidates[:1])
    overview = DRUG_OVERVIEW if remedy else DISEASE_OVERVIEW
    return Intent(overview, (overview,), explicit=False, comparison=comparison, yes_no=yes_no)


_SAYS_NOTHING = re.compile(
    r"请问|你好|您好|谢谢|医生|大夫|介绍|一下|科普|了解|是什么|什么是|简介|说说|讲讲|资料|知识|相关|情况|严重吗?|怎么样|想知道|"
    r"告诉我|我想|帮我|关于|一种|患者|病人|被诊断|诊断为|确诊|查出|得了|患有|什么|怎么|这个|这种|疾病|\u25a1|what|about|tell|me|is"
)
_FILLER = re.compile(
    r"[的了吗呢吧啊呀么和与或是有在我你他她它这那就也都还很会能要可以哦嗯呃\s，。；！？,.;!?:：“”\"()（）、]+"
)
_SMALL_TALK = 3
"""Characters or Latin words beside names and asking words, up to which a question asks for an overview."""


def _left_over(text: str) -> int:
    """How much a question says beside the names in it and the words that only ask."""
    rest = _FILLER.sub(" ", _SAYS_NOTHING.sub(" ", text)).split()
    return sum(len(piece) if is_han(piece[0]) else 2 for piece in rest)


def _masked(question: str, mentions: Sequence[Mention]) -> str:
    """The question with each mention replaced by a mark, so that cues inside names are not seen."""
    chars = list(question)
    for mention in mentions:
        if not mention.carried and not _asks_itself(mention):
            chars[mention.start : mention.end] = ["\u25a1"] * (mention.end - mention.start)
    return _STATED.sub("\u25a1", _UNWANTED.sub("\u25a1", _plain("".join(chars))))


def _plain(question: str) -> str:
    """Normalised, everyday words in their written form."""
    text = normalise(question)
    for said, meant in _COLLOQUIAL:
        text = text.replace(said, meant)
    return text


def _asks_itself(mention: Mention) -> bool:
    """`药物相互作用` and `药物治疗` stand in term lists and are cues at once: their words still ask."""
    return all(c.type in _CUE_LIKE for c in mention.candidates[:1]) or normalise(mention.surface) in _CUES


_CUES = frozenset(cue for cue, _ in _TABLE)
_CUE_LIKE = frozenset({EntityType.TREATMENT, EntityType.EXAMINATION, EntityType.DEPARTMENT, EntityType.POPULATION})


def _asked(text: str) -> tuple[tuple[Relation, ...], ...]:
    """The relations of each cue, by position; a cue inside a longer one does not count."""
    taken = [False] * len(text)
    found: list[tuple[int, str, tuple[Relation, ...]]] = []
    for cue, relations in _TABLE:
        start = text.find(cue)
        while start >= 0:
            end = start + len(cue)
            if not any(taken[start:end]):
                found.append((start, cue, relations))
                taken[start:end] = [True] * len(cue)
            start = text.find(cue, end)
    telling = [hit for hit in found if hit[1] not in _GENERIC]
    if not telling:
        telling = [hit for hit in found if hit[1] != "治疗"] or found
    return tuple(dict.fromkeys(relations for _, _, relations in sorted(telling)))


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
    could_be_subject = any(c.type is EntityType.DISEASE for m in symptoms for c in m.candidates)
    if _REVERSE.search(text) and (not only_diseases or not relations):
        return len(symptoms) > 1 or bool(only_diseases) or not could_be_subject
    if only_diseases:
        return False
    if relations or not is_han(symptoms[0].surface[0]):
        named = any(_PART_OF_A_NAME.search(question[: m.start]) for m in symptoms)
        return not could_be_subject and not named and bool(set(relations) & _OF_A_DISEASE)
    return len(symptoms) > 1 or (not could_be_subject and _left_over(text) <= _SMALL_TALK)


_PART_OF_A_NAME = re.compile(r"(?<!持续)(?<!阵发)(?<!间歇)(?<!反复)(?<!突发)(?<!发作)(?<!周期)(?<!进行)(?<![急慢])性$")
"""`房性` before a symptom makes the name of a disease; `阵发性` only describes it."""
_OF_A_DISEASE = frozenset(
    {Relation.TREATMENT, Relation.DRUG, Relation.DEPARTMENT, Relation.EXAMINATION, Relation.CAUSE, Relation.DURATION}
)
"""Asked of a bare symptom, these lead through the diseases that have it."""

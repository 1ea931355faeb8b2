"""A question as its cues are read: normalised, without names, without what only tells. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import Mention
from rag.question.colloquial import plain
from rag.question.cues import CUES
from rag.question.no_relation import FINDINGS, ON_OTHERS, OTHER_SPAN
from rag.text import HAN, is_han, normalise
from rag.vocabulary import EntityType

UNWANTED = re.compile(
    r"(?:(?<![是能会要可该])不|先不|不用|不必|无需|不需要?|别|无须)[^，。；,;？?]{0,6}?(?:药名|药物|药品|吃什么药|用什么药|具体药)|"
    r"(?:药名|药物名称|药物|药品)[^，。；,;？?]{0,4}?(?:不用|不必|就不|无需|先不|不写|不列)"
)
"""`不用列药名`: drugs are named only to be left out."""

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


def masked(question: str, mentions: Sequence[Mention]) -> str:
    """The question with each mention replaced by a mark, so that cues inside names are not seen."""
    chars = list(question)
    for other in (ON_OTHERS, OTHER_SPAN, FINDINGS):
        for found in other.finditer(question.lower() if len(question.lower()) == len(question) else question):
            chars[found.start() : found.end()] = ["\u25a1"] * (found.end() - found.start())
    for mention in mentions:
        if not mention.carried and not asks_itself(mention):
            chars[mention.start : mention.end] = ["\u25a1"] * (mention.end - mention.start)
            if _WHICH.search(question[: mention.start]) and all(c.type is EntityType.DRUG for c in mention.candidates):
                chars[mention.start] = "药"
    text = UNWANTED.sub("\u25a1", plain("".join(chars)))
    return _STATED.sub("\u25a1", OTHER_SPAN.sub("\u25a1", text))


_WHICH = re.compile("(?:什么|哪[些种个]|啥)$")
"""`用什么抗生素`: the name of a class of drugs is what is asked for."""


def asks_itself(mention: Mention) -> bool:
    """`药物相互作用` and `药物治疗` stand in term lists and are cues at once: their words still ask."""
    return normalise(mention.surface) in CUES


_SAYS_NOTHING = re.compile(
    r"请问|你好|您好|谢谢|医生|大夫|介绍|一下|科普|了解|什么意思|是什么|什么是|简介|说说|讲讲|资料|知识|相关|情况|严重吗?|怎么样|想知道|"
    r"告诉我|我想|帮我|关于|一种|患者|病人|被诊断|诊断为|确诊|查出|得了|患有|什么|怎么|这个|这种|疾病|\u25a1|what|about|tell|me|is"
)
_FILLER = re.compile(
    r"[的了吗呢吧啊呀么和与或是有在我你他她它这那就也都还很会能要可以哦嗯呃\s，。；！？,.;!?:：“”\"()（）、]+"
)
_PIECE = re.compile(rf"[{HAN}]+|[^{HAN}\s]+")
SMALL_TALK = 3
"""Characters or Latin words beside names and asking words, up to which a question asks for an overview."""


def left_over(text: str) -> int:
    """How much a question says beside the names in it and the words that only ask."""
    rest = _PIECE.findall(_FILLER.sub(" ", _SAYS_NOTHING.sub(" ", text)))
    return sum(len(piece) if is_han(piece[0]) else 2 for piece in rest)

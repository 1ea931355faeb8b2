"""Which replies to other people's questions may be quoted: they are unreviewed, and were given to somebody else. Pure.

What the retrieval holds for relevant may still be the wrong thing to say: comfort under an action that says when to go
to hospital, a home remedy that harms, or what was said of a child to a grown-up.
"""

from __future__ import annotations

import re

from rag.domain import Evidence, PassageKind
from rag.text import normalise

_COMFORTS = re.compile(
    "(?:不用|不必|不要|无需|不需要?|别|没必要|不必过[于分])[^，。；,;]{0,4}(?:担心|担忧|紧张|害怕|惊慌|焦虑|在意|理会|管它|治疗|处理|去医院|就医)|"
    "(?:属于?|是|应该|比较)[^，。；,;]{0,4}正常(?:的|现象|情况|反应)|没(?:有|什么|啥|多大|太大|大)*(?:事|关系|问题|大碍|危险|影响)|问题不大|不要紧|不影响|可以放心|请放心"
)
_WEIGHTY = re.compile(
    "孕|胎|新生儿|早产|肿块|硬块|包块|结节|癌|瘤|出血|便血|尿血|血尿|咯血|胸痛|胸闷|昏|晕倒|抽搐|抽风|黑痣"
)
"""Of which nobody should be comforted by a stranger's word."""
_HARMS = re.compile(
    "酒精[^，。；,;]{0,6}擦|擦[^，。；,;]{0,6}酒精|(?:白酒|酒精)[^，。；,;]{0,8}(?:擦|搓|浴)|捂[^，。；,;]{0,3}汗|发[一身]{0,2}汗|"
    "(?:涂|抹|敷|擦)[^，。；,;]{0,6}(?:牙膏|酱油|香油|食用油|猪油|紫药水|草木灰|香灰)|(?:喝|吞|咽)[^，。；,;]{0,4}(?:醋|饭团|馒头|韭菜)|"
    "掐[^，。；,;]{0,3}人中|放血|自己?催吐|挑破|童子尿|(?:安乃近|尼美舒利|氨基比林|阿司匹林)[^。；;]{0,14}(?:孩子|宝宝|小儿|儿童)|"
    "(?:孩子|宝宝|小儿|儿童)[^。；;]{0,14}(?:安乃近|尼美舒利|氨基比林|阿司匹林)"
)
"""Home remedies that guidance warns against."""
_CHILD = re.compile("孩子|宝宝|宝贝|小孩|小儿|婴儿|婴幼儿|幼儿|儿童|新生儿|患儿|娃")
_OF_A_CHILD = re.compile(
    "孩|宝|婴|幼|儿|娃|月大|月龄|[0-9一二三四五六七八九十两]{1,2}(?:个多?月|岁|周岁)|青少年|学生|小学|幼儿园"
)


def may_be_quoted(question: str, evidence: Evidence, *, directed: bool) -> bool:
    """`directed`: the answer begins with what to do and where to go. Other kinds of evidence always may."""
    if evidence.kind != PassageKind.QA:
        return True
    said = normalise(evidence.text)
    weighty = directed or _WEIGHTY.search(normalise(question)) is not None
    if _HARMS.search(said) or (weighty and _COMFORTS.search(said)):
        return False
    return not (_CHILD.search(said) and not _OF_A_CHILD.search(normalise(question)))

"""What a remedy is to be taken with, where that is no known remedy: `缬沙坦和补钾药能一起吃吗`. Pure.

Then neither all that interacts with the remedy nor whom it is not for is an answer, only a record that names the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import Mention
from rag.text import HAN, normalise
from rag.vocabulary import REMEDIES, EntityType

_OTHER = rf"(?P<other>[{HAN}a-z0-9]{{2,10}}?|酒|茶|奶|蛋)"
_MAY = "(?:能不能|能否|还能|能|可不可以|可以|可否|会不会)"
_TOGETHER = "(?:一起|同时|一块|混着|合用|同服|同吃|联用)"
_TAKEN = "(?:吃|服用|服|用|喝|打|注射)"
_ASKED = tuple(
    map(
        re.compile,
        (
            rf"\u25a1{_MAY}?(?:和|跟|与|同|加|配){_OTHER}(?:是否)?{_MAY}?{_TOGETHER}",
            rf"(?:^|[，。；？,;?])(?:请问|想问)?{_OTHER}(?:是否)?{_MAY}?(?:和|跟|与|同|加)\u25a1+(?:是否)?{_MAY}?{_TOGETHER}",
            rf"{_TAKEN}(?:了|着|完|过)?\u25a1+[^，。；？]{{0,4}}?{_MAY}(?:再|同时|一起)?{_TAKEN}{_OTHER}(?:吗|么|呢|不?[？?]|不?$)",
        ),
    )
)
_ANYTHING = re.compile("什么|哪|别的|其[他它]|东西|啥|饭|水$|酒")
_FORM = re.compile(r"类?(?:药物|药品|药|片|泡腾片|胶囊|颗粒|口服液|冲剂|针)$")


def partner(question: str, mentions: Sequence[Mention]) -> str:
    """The words for what the one remedy named is to be taken with; empty where that is another one or not asked."""
    chars = list(normalise(question))
    named = [m for m in mentions if not m.carried and m.candidates and m.candidates[0].type in REMEDIES]
    if len(named) != 1 or len(chars) != len(question):
        return ""
    chars[named[0].start : named[0].end] = "\u25a1" * (named[0].end - named[0].start)
    text = "".join(chars)
    found = next((match["other"] for pattern in _ASKED if (match := pattern.search(text))), "")
    return "" if _ANYTHING.search(found) else found


_CLASS = re.compile("药(?![店房膏酒材剂流浴用理])")
_ILL = frozenset({EntityType.DISEASE, EntityType.SYMPTOM})


def class_taken(question: str, mentions: Sequence[Mention]) -> str:
    """`感冒药` of `感冒药能和牛奶一起吃吗`: remedies named by the illness that are to be taken with something.

    The illness itself is neither eaten nor taken; empty where no such thing is asked.
    """
    text = normalise(question)
    for mention in mentions if len(text) == len(question) else ():
        remedy = _CLASS.match(text, mention.end)
        if remedy is None or mention.carried or mention.best.type not in _ILL:
            continue
        masked = text[: mention.start] + "\u25a1" * (remedy.end() - mention.start) + text[remedy.end() :]
        if any(pattern.search(masked) for pattern in _ASKED):
            return text[mention.start : remedy.end()]
    return ""


def drink(question: str, mentions: Sequence[Mention]) -> str:
    """`酒` of `喝酒后能吃布洛芬吗`: what is drunk beside the one remedy named; empty where that is not asked."""
    remedies = [m for m in mentions if m.candidates and m.candidates[0].type in REMEDIES]
    return ALCOHOL if len(remedies) == 1 and _DRINK.search(normalise(question)) else ""


ALCOHOL = "酒"
_DRINK = re.compile(
    r"(?:[喝饮](?:了|点|过|完|着|一?点|少量|大量)*|[和跟与同加配就])(?:白|红|啤|黄|米|葡萄)?酒(?!精|店|窝)|酒后|"
    r"\b(?:drink(?:ing)?|with) alcohol\b"
)
_CALLED = re.compile(r"酒(?!石)|乙醇|\balcohol|\bethanol")
"""How monographs call it."""


def speaks_of(text: str, other: str) -> bool:
    """Whether a record names what the remedy is taken with, whatever its form: 补钾 of 补钾药."""
    if other == ALCOHOL:
        return _CALLED.search(normalise(text)) is not None
    core = other
    while len(shorter := _FORM.sub("", core)) > 1 and shorter != core:
        core = shorter
    return core in normalise(text)

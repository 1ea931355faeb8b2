"""Groups of people whose doses differ, as questions say them and as records write them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rag.question.patient_groups import NURSING, nurses

_SAID: Mapping[str, re.Pattern[str]] = {
    "儿童": re.compile(
        r"儿童|小儿|小孩|孩子|宝宝|婴幼?儿|新生儿|幼儿|娃娃?|未成年|\d+个?月(?:大|的)|(?<!\d)(?:1[0-7]|\d)岁(?!以上)"
    ),
    "孕妇": re.compile(r"孕妇|怀孕|孕期|妊娠|孕\d+[周月]"),
    "哺乳期妇女": re.compile(r"哺乳|喂奶|母乳"),
    "老年人": re.compile(r"老年|老人|高龄|(?<!\d)(?:[6-9]\d|1[01]\d)岁"),
    "肝功能不全者": re.compile(r"肝(?:功能)?(?:不全|不好|损害|衰竭|硬化)"),
    "肾功能不全者": re.compile(r"肾(?:功能)?(?:不全|不好|损害|衰竭)|透析"),
}
_WRITTEN: Mapping[str, re.Pattern[str]] = {
    "儿童": re.compile(
        r"儿童|小儿|婴|新生儿|幼儿|患儿|小孩|青少年|岁以下|[～~\-至到]\s*\d+岁|按体重|mg/kg|child|infant|p(?:a?ediatric)"
    ),
    "孕妇": re.compile(r"孕|妊娠|pregnan"),
    "哺乳期妇女": re.compile(r"哺乳|乳汁|母乳|授乳|lactat"),
    "老年人": re.compile(r"老年|老人|高龄|elderly"),
    "肝功能不全者": re.compile(r"肝功能|肝脏|hepatic"),
    "肾功能不全者": re.compile(r"肾功能|肾脏|肌酐|透析|renal"),
}


def groups_in(question: str) -> tuple[str, ...]:
    """The groups that a normalised question names, by their label."""
    named = (label for label, said in _SAID.items() if said.search(question))
    return tuple(label for label in named if label != NURSING.label or nurses(question, is_child=False))


def speaks_of(group: str, text: str) -> bool:
    """Whether a normalised text of the knowledge base says something of a group."""
    return _WRITTEN[group].search(text) is not None

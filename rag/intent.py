"""What a question asks for: relations wanted, in the order asked. Pure; rules over the cue words of the vocabulary.

A cue inside a linked name does not count (`咳嗽药` asks nothing of cough). The longest cue wins where cues overlap, so
`吃什么药` asks for drugs and not also for food.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import Intent, Mention
from rag.text import normalise
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
    ("怎么治疗|如何治疗|怎样治疗|怎么治|如何治|怎样治|咋治|怎么办|咋办|治疗方案|治疗方法|治疗方式|治疗手段|"
     "如何处理|怎么处理|如何诊治|该如何诊治|怎么医|采取哪些治疗|哪些治疗|什么治疗|怎么调理|治疗",
     (Relation.TREATMENT, Relation.DRUG, Relation.ADJUVANT)),
    ("用什么办法治|怎么缓解|如何缓解", (Relation.TREATMENT, Relation.DRUG)),
    ("忌什么|禁吃|不宜吃|不能吃的", (Relation.FOOD_BAD,)),
    ("注意什么|注意事项|需要注意|注意哪些", (Relation.CAUTION, Relation.FOOD_BAD, Relation.PREVENTION)),
    ("能不能吃|可以吃|能吃|能不能用|可以用|能用",
     (Relation.CONTRAINDICATION, Relation.CAUTION, Relation.FOOD_GOOD, Relation.FOOD_BAD)),
    ("得去哪看|去哪里看|去哪个门诊|哪个门诊|看哪科|找什么医生|看什么医生|哪个专科|什么门诊|去哪科|哪个科室|"
     "哪些科室",
     (Relation.DEPARTMENT,)),
    ("病因|什么原因|啥原因|怎么引起|什么引起|怎么得的|怎么会得|为什么会|是由什么",
     (Relation.CAUSE, Relation.RISK_FACTOR)),
    ("会传染|传染吗|传染性|传染给|传染人|人传人", (Relation.INFECTIVITY,)),
    ("治得好|治好|能好吗|能好么|能治愈|治愈率|治愈|断根|根治|能不能好|痊愈|好得了|预后|康复", (Relation.CURE_RATE,)),
    ("多久能好|多长时间|治多久|要多久|多久|几天能好|治疗周期|疗程|什么时候能好", (Relation.DURATION,)),
    ("做什么检查|做哪些检查|什么检查|哪些检查|怎么确诊|如何确诊|怎么诊断|如何诊断|怎么查|查什么|查些什么|化验|"
     "检查",
     (Relation.EXAMINATION, Relation.HISTOLOGY)),
)  # fmt: skip

_TABLE: tuple[tuple[str, tuple[Relation, ...]], ...] = tuple(
    sorted(
        [(cue, relations) for cues, relations in _PHRASES for cue in cues.split("|")]
        + [(cue, (row.relation,)) for row in RELATIONS.values() for cue in row.cues],
        key=lambda pair: -len(pair[0]),
    )
)

_REVERSE = re.compile(
    r"什么病|啥病|哪种病|哪些病|哪种疾病|什么疾病|哪些疾病|何种疾病|何病|可能是什么|可能患|可能得|患了什么|"
    r"得了什么|是怎么回事|怎么回事|怎么了|咋回事|考虑什么|可能的诊断|是不是得了|诊断是|何种病|会是什么|什么毛病|啥毛病|哪方面的病|病因可能|哪种问题"
)
_COMPARISON = re.compile(r"区别|不同|差别|一样吗|是否一致|相比|哪个好|哪个更|比较")
_YES_NO = re.compile(r"吗[？?。!！]?$|么[？?。]?$|是否|能不能|可不可以|可以不可以|会不会|是不是|有没有|要不要")


def read_intent(question: str, mentions: Sequence[Mention]) -> Intent:
    """Relations from cues outside the mentions; an overview if there are none; reverse if only symptoms are named."""
    text = _masked(question, mentions)
    groups = _asked(text)
    relations = tuple(dict.fromkeys(relation for group in groups for relation in group))
    reverse = _is_reverse(text, relations, mentions)
    comparison = bool(_COMPARISON.search(text)) and len(mentions) > 1
    yes_no = bool(_YES_NO.search(text))
    if relations:
        return Intent(relations, groups, reverse=reverse, comparison=comparison, yes_no=yes_no)
    remedy = any(c.type in REMEDIES for m in mentions for c in m.candidates[:1])
    overview = DRUG_OVERVIEW if remedy else DISEASE_OVERVIEW
    return Intent(overview, (overview,), reverse=reverse, explicit=reverse, comparison=comparison, yes_no=yes_no)


def _masked(question: str, mentions: Sequence[Mention]) -> str:
    """The question with each mention replaced by a mark, so that cues inside names are not seen."""
    chars = list(question)
    for mention in mentions:
        if not mention.carried and any(c.type not in _CUE_LIKE for c in mention.candidates[:1]):
            chars[mention.start : mention.end] = ["\u25a1"] * (mention.end - mention.start)
    return normalise("".join(chars))


_CUE_LIKE = frozenset({EntityType.TREATMENT, EntityType.EXAMINATION, EntityType.DEPARTMENT, EntityType.POPULATION})
"""`药物治疗` is an entity of the graph and a cue at once: its words still ask."""


def _asked(text: str) -> tuple[tuple[Relation, ...], ...]:
    """The relations of each cue, by position; a cue inside a longer one does not count."""
    taken = [False] * len(text)
    found: list[tuple[int, int, tuple[Relation, ...]]] = []
    for order, (cue, relations) in enumerate(_TABLE):
        for match in re.finditer(re.escape(cue), text):
            if not any(taken[match.start() : match.end()]):
                found.append((match.start(), order, relations))
                taken[match.start() : match.end()] = [True] * len(cue)
    return tuple(dict.fromkeys(relations for _, _, relations in sorted(found)))


def _is_reverse(text: str, relations: Sequence[Relation], mentions: Sequence[Mention]) -> bool:
    """Symptoms are given and the disease is asked for."""
    present = [m for m in mentions if not m.negated and not m.modifier]
    symptoms = [m for m in present if any(c.type is EntityType.SYMPTOM for c in m.candidates)]
    only_diseases = [
        m
        for m in present
        if any(c.type is EntityType.DISEASE for c in m.candidates)
        and not any(c.type is EntityType.SYMPTOM for c in m.candidates)
    ]
    if not symptoms or only_diseases or any(c.type in REMEDIES for m in present for c in m.candidates[:1]):
        return False
    if _REVERSE.search(text):
        return True
    return not relations and (
        len(symptoms) > 1 or not any(c.type is EntityType.DISEASE for c in symptoms[0].candidates)
    )

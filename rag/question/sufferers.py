"""`糖尿病人感冒吃什么药`: what somebody has already is told of the patient, and not asked about. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import Intent, Mention
from rag.text import normalise
from rag.vocabulary import EntityType, Relation

_SUFFERER = re.compile(
    r"^病?(?:患者|病人|病友|病号|者|人|的(?:人|病人|患者)|的?(?:老人|朋友|小?孩子?|宝宝|女性|妇女|男性))(?!群)"
)
_NAMED = re.compile(r"(?:患者|病人|者)$")
"""Where a graph knows them as a group of people."""
_LASTING = re.compile(
    r"高血压|高血脂|糖尿病|冠心病|心脏病|房颤|哮喘|慢阻肺|慢性支气管炎|乙肝|肝硬化|脂肪肝|痛风|甲[亢减]|慢性肾病|脑梗|脑梗死|癫痫|类风湿性?关节炎|"
    r"类风湿|慢性\w{1,8}(?:[病症炎]|衰竭|不全|综合征)|尿毒症|肾病综合征|肺心病|心衰|心力衰竭|心功能不全|帕金森病?|老年痴呆|红斑狼疮|系统性红斑狼疮|银屑病"
)
"""What one has for years: said by itself among complaints, it is none of them."""
_BEFORE = re.compile(r"[^，。；]{0,4}?(?:有|患|得|确诊|合并|既往|以前|本身|一直|多年|老)*")
_SINCE = re.compile(r"(?:有|患|得|确诊|既往|本身|多年)$")
_SOMEBODY = re.compile(r"岁|爸|妈|爷|奶|外公|外婆|父|母|老[人公婆]|丈夫|妻子|患者")
_AFTER = re.compile(r"病?(?:病?史)?(?:[0-9一二三四五六七八九十几多好很]*年)?(?:多|了)?")
_CLAUSE = re.compile(r"[，。；！？,;!?\s]")
_ILL = frozenset({EntityType.DISEASE, EntityType.SYMPTOM})
_WHAT = re.compile("(?:怎么|咋)(?:回事|了[？?]?$)")
_CARE = frozenset({Relation.DRUG, Relation.TREATMENT, Relation.ADJUVANT, Relation.DEPARTMENT, Relation.INDICATION})
"""What is asked for the illness of today; of causes and signs the record of the old one may tell."""


def is_sufferer(question: str, mention: Mention) -> bool:
    """Whether it is said who has it: 糖尿病 in 糖尿病人. The fever of `发烧的孩子` is of today."""
    kinds = {c.type for c in mention.candidates}
    if EntityType.DISEASE not in kinds or (EntityType.SYMPTOM in kinds and not _lasts(mention)):
        return False
    named = _NAMED.search(mention.surface) or _SUFFERER.match(normalise(question[mention.end :]))
    return bool(named) or _is_history(question, mention)


def illness_of(mention: Mention) -> str:
    """What it says that somebody has, as records write it: 糖尿病 of 糖尿病患者."""
    return _NAMED.sub("", mention.surface)


def _lasts(mention: Mention) -> bool:
    return _LASTING.fullmatch(normalise(illness_of(mention))) is not None


def _is_history(question: str, mention: Mention) -> bool:
    """`高血压十年，头晕`, `我爸65岁，高血压，头晕`: a clause that says no more, and how long or who has it."""
    start = max((m.end() for m in _CLAUSE.finditer(question, 0, mention.start)), default=0)
    found = _CLAUSE.search(question, mention.end)
    end = found.start() if found else len(question)
    before, after = normalise(question[start : mention.start]), normalise(question[mention.end : end])
    if not _lasts(mention) or (start == 0 and end == len(question)):
        return False
    marked = _SINCE.search(before) or after or _SOMEBODY.search(normalise(question[:start]))
    return bool(marked and _BEFORE.fullmatch(before) and _AFTER.fullmatch(after))


def without_sufferers(question: str, mentions: Sequence[Mention], intent: Intent) -> tuple[Mention, ...]:
    """The mentions without what the patient has already, where else is complained of, to be treated or explained."""
    asked = intent.relations and set(intent.relations) <= _CARE
    cared_for = intent.reverse or asked or _WHAT.search(question)
    if not cared_for or intent.yes_no or intent.comparison or intent.avoids:
        return tuple(mentions)
    had = [m for m in mentions if is_sufferer(question, m) or (not asked and _complains_with(m, mentions))]
    today = [m for m in mentions if m not in had and m.present and not m.modifier and _ill(m)]
    return tuple(m for m in mentions if m not in had) if today else tuple(mentions)


def _complains_with(mention: Mention, mentions: Sequence[Mention]) -> bool:
    """Whether a complaint stands right behind what one has for years: 腹痛 of `慢性肾功能衰竭腹痛怎么回事`.

    What is given for it is asked of the illness: `帕金森手抖开什么药`.
    """
    return _lasts(mention) and any(
        other.start == mention.end and not _lasts(other) and any(c.type is EntityType.SYMPTOM for c in other.candidates)
        for other in mentions
    )


def _ill(mention: Mention) -> bool:
    return any(c.type in _ILL for c in mention.candidates)

"""Questions of yes or no (`偏头痛会恶心吗`): whose record is asked, for which object, and what it says. Pure.

Of two names in such a question one is the subject of a record and the other an object that may stand in it. A record
that lists others and not this one is no denial: the verdict is then `not_stated`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.domain import EntityId, GraphFact, Intent, Literal, Mention, YesNo
from rag.question.routes import ROUTE
from rag.text import normalise
from rag.vocabulary import RELATIONS, REMEDIES, EntityType, Polarity, Relation

_SURE = 0.5
_ILL = frozenset({EntityType.DISEASE, EntityType.SYMPTOM, EntityType.SYNDROME})
_OF_AN_ILLNESS: Mapping[EntityType, tuple[Relation, ...]] = {
    EntityType.SYMPTOM: (Relation.SYMPTOM, Relation.COMPLICATION),
    EntityType.DISEASE: (Relation.COMPLICATION, Relation.SYMPTOM),
    EntityType.EXAMINATION: (Relation.EXAMINATION, Relation.HISTOLOGY),
    EntityType.INDICATOR: (Relation.EXAMINATION,),
    EntityType.DRUG: (Relation.DRUG,),
    EntityType.HERB: (Relation.DRUG,),
    EntityType.FORMULA: (Relation.DRUG,),
    EntityType.TREATMENT: (Relation.TREATMENT, Relation.ADJUVANT, Relation.PREVENTION),
    EntityType.THERAPY: (Relation.TREATMENT, Relation.ADJUVANT),
    EntityType.DEPARTMENT: (Relation.DEPARTMENT,),
    EntityType.BODY_PART: (Relation.BODY_PART,),
    EntityType.FOOD: (Relation.FOOD_GOOD, Relation.FOOD_BAD),
    EntityType.CAUSE: (Relation.CAUSE, Relation.RISK_FACTOR),
    EntityType.PATHOGEN: (Relation.CAUSE,),
}
"""What a question without a cue asks of an illness, by what else it names."""
TOWARDS = (Relation.INDICATION, Relation.CONTRAINDICATION, Relation.CAUTION)
"""What the record of a remedy says of an illness, where it is asked whether the one is for the other."""
CAUSED_BY = (Relation.CAUSE, Relation.RISK_FACTOR)
"""What the record of an illness says of another that may lead to it."""
_MUTUAL = frozenset({Relation.INTERACTION, Relation.INCOMPATIBLE})
"""Recorded of one of two remedies, and true of the other."""
_HELPS = re.compile(
    r"治|用于|有效|管用|有用|可以吃|能吃|可以用|能用|能服|可以服|能喝|可以喝|用药|[吃用服].{0,3}行|吃.{0,4}吗|"
    r"缓解|减轻|改善|预防|退[烧热]|止[痛咳血泻吐痒痉喘]|消[炎肿]|降[压糖脂温]|化痰|祛痰|杀菌|"
    r"\b(?:taken?|treats?|helps?|works? for|used? for)\b"
)
_MAY = re.compile(r"能|可以|可不可以|宜|行不行|行吗|要紧")
_NOT = re.compile(r"不能|不可以?(?!以)|不宜|禁|忌|慎")
_OWNED = re.compile(r"^(?:是不是|是否是?|是|属于|算不算|算|也是|会不会是)(?:因为|由)?$")
_OWNER_AFTER = re.compile(r"^(?:的|引起|导致|造成|所致)")
_FORM = re.compile(
    r"(?:肠溶|缓释|控释|分散|咀嚼|泡腾|口腔?崩解?|口服|干|软|硬|薄膜衣|注射|外用|滴眼|鼻用|吸入)*"
    r"(?:片|胶囊|胶丸|颗粒剂?|丸|散|冲剂|口服液|溶液|糖浆|液|剂|混悬液|滴剂|喷雾剂|气雾剂|软膏|乳膏|凝胶|栓|贴剂?|粉)$"
)
_MEANS = re.compile(r"(?:治疗|疗法|方法|法|术)$")
"""Endings with which one treatment is named (`针灸`, `针灸治疗`, `针灸疗法`)."""
_NEEDLES = frozenset({"针灸", "针刺", "针", "针刺灸", "体针", "毫针"})
"""What is done at the acupoints that a record lists."""
_GRAVE = frozenset({"严重", "重度", "major", "禁忌", "禁用", "contraindicated"})
_LEADS_TO = re.compile(r"引起|导致|造成|发展|变成|转成|并发|合并|会得|患上|引发|诱发|恶化")
_CONSUMED = frozenset({EntityType.FOOD, EntityType.CAUSE})
"""`喝酒` is a cause of illness and names a food."""
_EATEN = re.compile("[吃喝饮沾碰食]|一起|同时")
_MEASURED = re.compile("[查测验检量]")
"""An indicator is asked about as an examination; else (`降尿酸`) it is part of something else."""
_CAUSED = re.compile(r"(?:引起|导致|造成)的|所致")
"""`O是S引起的吗` asks the record of S for its complications."""
_DUE, _DUE_AFTER = re.compile(r"(?:由于?|因为?|因)$"), re.compile(r"^(?:所|而)?(?:致|引起|导致|造成|引发)")
_CLASS = re.compile(r"(?<!中)药物?$")
"""Names of classes of drugs (降糖药), which no list of drugs holds."""
_SIDE_BY_SIDE = re.compile(r"^(?:[、和与跟同及或]|还是)?$")
_SUSPECTED = re.compile(
    r"(?:(?:是否|能否|能不能|可以|可能|会不会|应该?)[^，。；,;]{0,4}(?:诊断|考虑|确诊)(?:为|是)|(?<![说断诊果示告出])是|算|得了|患了?|是不是得了)$"
)
_WHETHER = re.compile(r"(?:怀疑|考虑)[^，。；,;]{0,6}(?:是否|是不是|可能)?(?:患有?|得了?|是)$")
"""`应该怀疑患者是否患有`: then what was told before may be anything."""
_FOUND = frozenset({EntityType.SYMPTOM, EntityType.INDICATOR})
_DENIES = re.compile(r"^(?:无|非|不|没|未)")
_CLAUSE = re.compile(r"[，。；！？,;!?]")
_ACT = re.compile(r"[停减加换漏断]服?药|[停减加][量用服]")
"""Done with a treatment; no treatment that a record could list."""
_TELLS_NOTHING = re.compile(
    r"请问|你好|您好|医生|大夫|我|你|他|她|它|咱|家|爸|妈|孩子|宝宝|老公|老婆|朋友|患者|病人|的人|有人|人|最近|突然|现在|平时|一直|"
    r"能不能|可不可以|可以|会不会|是不是|有没有|要不要|需不需要|用不用|该不该|应该|应不应该|算不算|需要|必须|一定|是否|能否|可否|行不行|"
    r"可能|容易|经常|有时|往往|通常|一般|也许|真的|到底|究竟|说明|表示|意味着|代表|属于|包括|包含|列|记载|"
    r"引起|导致|造成|引发|诱发|发展|变成|转成|转变|恶化|并发|合并|伴随|伴有?|出现|产生|发生|表现|感到|感觉|觉得|得了?|患上?|犯|"
    r"检查|检测|化验|确诊|诊断|就诊|就医|接诊|收治|应当|归|管|行|对|好|号|门诊|查|测|做|拍|照|验|看|挂|去|到|找|治疗|治好|治|医|缓解|改善|减轻|用|吃|喝|服|打|开|靠|通过|采用|选|"
    r"传染|预防|防|避免|跟|和|与|或|及|同|还是|因为|由于|所致|原因|之一|症状|并发症|病因|科室|部位|药物?|方法|办法|问题|情况|方面|"
    r"怎么|什么|这|那|有|没|无|是|不|会|能|要|该|就|也|都|还|又|再|才|很|太|被|把|给|让|对|于|为|在|上|里|下|中|后|前|时|候|过|来|着|了|的|"
    r"得|地|吗|呢|吧|啊|呀|么|哦|嘛|[a-z]{1,2}|[\s\u25a1，。、；：！？,.;:!?“”\"()（）]"
)
_SPARE = 1
"""Characters that may be left."""
_LITERAL = frozenset({Relation.INFECTIVITY, Relation.INSURANCE})
"""Relations whose texts themselves say yes or no."""


_ROUTE = re.compile(ROUTE)
"""`会通过吃饭传染吗`: that an illness is catching decides nothing of this way."""


@dataclass(frozen=True)
class Decision:
    """What the facts say: `facts` are those that decide, empty where the object is not listed."""

    verdict: YesNo
    facts: tuple[GraphFact, ...] = ()


def with_object(intent: Intent, question: str, mentions: Sequence[Mention]) -> Intent:
    """The intent of a yes/no question with the object that it asks about, and the relations that may hold it.

    Unchanged where nothing is a subject, or nothing else is named.
    """
    live = [m for m in mentions if not m.negated and not m.modifier and _sure(m)]
    if not intent.yes_no or intent.settled or intent.comparison or intent.reverse or len(live) < 2:
        return intent
    subject = _subject(question, live)
    if subject is None:
        return intent
    others = [m for m in live if m is not subject and not set(_ids(m)) & set(_ids(subject))]
    if not suspected(question, live):
        others = _asked_about(question, others)
        if not others:
            return intent
    relations = _relations(intent, normalise(question), subject, others)
    helps = _HELPS.search(normalise(question)) is not None
    if helps and not intent.explicit and all(c.type in _ILL for m in live for c in m.candidates):
        return intent  # what may help is not named (`多喝水能缓解感冒的发烧吗`), and no record holds it
    implied = not (intent.explicit or suspected(question, live) or helps)
    if not relations or (implied and _asks_more(question, mentions, subject, others, relations)):
        return intent
    objects = [c.entity for m in others for c in m.candidates if c.score >= _SURE and _may_be_object(c.type, relations)]
    objects = [entity for entity in objects if not _CLASS.search(entity)] if Relation.DRUG in relations else objects
    if others and not objects and Relation.DRUG in relations:
        return intent
    return replace(
        intent, relations=relations, groups=(relations,), explicit=True, object=tuple(dict.fromkeys(objects))
    )


def _asked_about(question: str, others: Sequence[Mention]) -> list[Mention]:
    """Those named in the sentences that ask; what a story names before belongs to it (`我有A、B。吃C有益吗`)."""
    asking = [s.span() for s in _SENTENCE.finditer(question) if _ASKING.search(s.group())]
    return [m for m in others if m.carried or any(a <= m.start < b for a, b in asking)] if asking else list(others)


_SENTENCE = re.compile(r"[^。！？；!?;\n]+[。！？；!?;\n]?")
_ASKING = re.compile(
    r"[吗？?]|么$|不$|没有?$|是否|能否|可否|有无|([能可会要该算是传用])不\1|有没有|可不可以|应不应|需不需要"
)


def _asks_more(
    question: str,
    mentions: Sequence[Mention],
    subject: Mention,
    others: Sequence[Mention],
    relations: Sequence[Relation],
) -> bool:
    """Whether the clause that names the object says something of it (`光疗眼睛要遮吗`, `停药`): then that is asked.

    What is no name and no word of such questions is counted, and names that are neither subject nor object.
    """
    objects = [m for m in others if any(_may_be_object(kind, relations) for kind in _kinds(m))]
    if any(_ACT.match(normalise(m.surface)) for m in objects):
        return True
    parts = (m for m in mentions if EntityType.BODY_PART in _kinds(m))  # 肩关节 of a 疼痛 there
    named = [subject, *objects, *parts, *(m for m in mentions if m.negated or m.modifier)]
    for said in objects[-1:]:
        first = max((m.end() for m in _CLAUSE.finditer(question, 0, said.start)), default=0)
        after = _CLAUSE.search(question, said.end)
        chars = list(question)
        for mention in named:
            chars[mention.start : mention.end] = " " * (mention.end - mention.start)
        clause = normalise("".join(chars[first : after.start() if after else len(question)]))
        return len("".join(_TELLS_NOTHING.sub("", clause).split())) > _SPARE
    return False


def _subject(question: str, live: Sequence[Mention]) -> Mention | None:
    """Whose record it is: an illness before a remedy, a disease before a symptom, else the one that comes first.

    `O是S的并发症吗`, `O是S引起的吗` and `我O，是S吗` turn the order round; names that stand side by side have none.
    """
    ill = [m for m in live if _kinds(m) & _ILL]
    remedies = [m for m in live if _kinds(m) & REMEDIES]
    diseases = [m for m in ill if EntityType.DISEASE in _kinds(m)]
    able = diseases or (ill if not remedies else []) or remedies
    if len(able) < 2:
        return able[0] if able else None
    first, second, last = able[0], able[1], able[-1]
    between = normalise(question[first.end : second.start])
    if _OWNED.match(between) and _OWNER_AFTER.match(normalise(question[second.end :])):
        return second
    if suspected(question, live):
        return last
    return None if _SIDE_BY_SIDE.match(between) else first


def suspected(question: str, mentions: Sequence[Mention]) -> bool:
    """`我头痛恶心，是不是偏头痛`: symptoms, and in the end the disease that they are taken for."""
    *before, last = mentions
    told = [m for m in before if EntityType.BODY_PART not in _kinds(m) and not set(_ids(m)) & set(_ids(last))]
    if not told or EntityType.DISEASE not in _kinds(last):
        return False
    text = normalise(question[: last.start])
    found = all(_kinds(mention) & _FOUND for mention in told)
    return _WHETHER.search(text) is not None or (found and _SUSPECTED.search(text) is not None)


def _relations(intent: Intent, text: str, subject: Mention, others: Sequence[Mention]) -> tuple[Relation, ...]:
    """Those of the cues that fit both names; without a cue, what the kind of the object suggests.

    None where the cues ask for something else: then the other name only tells.
    """
    kinds = {kind for m in others for kind in _kinds(m)}
    asked = intent.relations if intent.explicit and not _CAUSED.search(text) else ()
    cued = tuple(relation for relation in asked if _fits(relation, _kinds(subject), kinds))
    ill = bool(_kinds(subject) & _ILL)
    if not ill and kinds <= _CONSUMED and _EATEN.search(text):
        return (Relation.INTERACTION,)
    if ill and any(_due_to(text, m) for m in others):
        return _OF_AN_ILLNESS[EntityType.CAUSE]
    if ill and kinds & REMEDIES and _HELPS.search(text):
        against = tuple(relation for relation in asked if RELATIONS[relation].polarity is Polarity.AGAINST)
        return (Relation.DRUG, *(relation for relation in against if _fits(relation, kinds, _kinds(subject))))
    if cued or any(RELATIONS[relation].subjects & _kinds(subject) for relation in asked):
        return cued
    if ill and kinds & {EntityType.SYMPTOM, EntityType.DISEASE} and _LEADS_TO.search(text):
        return _OF_AN_ILLNESS[EntityType.DISEASE]
    if ill and kinds == {EntityType.INDICATOR} and not _MEASURED.search(text):
        return ()
    if ill and kinds <= _CONSUMED and _EATEN.search(text):
        return (*_OF_AN_ILLNESS[EntityType.FOOD], Relation.CAUSE)
    if ill:
        return next((found for kind, found in _OF_AN_ILLNESS.items() if kind in kinds), ())
    return (Relation.INDICATION,) if _HELPS.search(text) else (Relation.ADVERSE,) if kinds & _ILL else ()


def _due_to(text: str, other: Mention) -> bool:
    """`是由于营养不良所致吗`: the other name is what may have caused it."""
    start = text.find(normalise(other.surface))
    end = start + len(normalise(other.surface))
    return _DUE.search(text[:start]) is not None and _DUE_AFTER.match(text[end:]) is not None


def _fits(relation: Relation, subject: Collection[EntityType], other: Collection[EntityType]) -> bool:
    row = RELATIONS[relation]
    return bool(row.subjects & set(subject)) and bool(row.objects & set(other))


def _may_be_object(kind: EntityType, relations: Iterable[Relation]) -> bool:
    return any(kind in RELATIONS[relation].objects for relation in relations)


def decide(intent: Intent, question: str, facts: Sequence[GraphFact]) -> Decision | None:
    """What `facts`, those found for the intent, say; None where nothing was asked or nothing can be told."""
    if not intent.yes_no or intent.comparison or intent.reverse:
        return None
    if intent.object:
        return _of_object(intent, normalise(question), facts)
    asked = set(intent.relations)
    if not asked or not asked <= _LITERAL or _ROUTE.search(normalise(question)):
        return None
    own = tuple(fact for fact in facts if fact.relation in asked)
    said = {not _DENIES.match(normalise(fact.object_text)) for fact in own}
    return Decision(YesNo.YES if said.pop() else YesNo.NO, own) if len(said) == 1 else None


def _of_object(intent: Intent, text: str, facts: Sequence[GraphFact]) -> Decision | None:
    hits = tuple(
        fact
        for fact in facts
        if (fact.relation in intent.relations and _one_of(intent.object, fact))
        or (fact.subject in intent.object and fact.relation in (*TOWARDS, *CAUSED_BY))
        or (fact.subject in intent.object and fact.relation in _MUTUAL and normalise(fact.object_text) in text)
    )
    if not hits:
        listed = any(f.relation in intent.relations for f in facts)
        return Decision(YesNo.NOT_STATED) if listed else None
    against = {RELATIONS[f.relation].polarity is Polarity.AGAINST for f in hits}
    if len(against) == 2:
        return None
    if all(fact.relation is Relation.INTERACTION for fact in hits) and not any(map(_grave, hits)):
        return None
    forbidden = against == {True} and _MAY.search(text) and not _NOT.search(text)
    return Decision(YesNo.NO if forbidden else YesNo.YES, hits)


def _grave(fact: GraphFact) -> bool:
    return normalise(fact.qualifiers.severity or "") in _GRAVE


def _one_of(asked: Sequence[EntityId], fact: GraphFact) -> bool:
    """Whether the object of a fact is one of those asked for, or one of them by another ending (`针灸治疗`)."""
    return fact.object in asked or any(one(asked, fact) for one in (_product_of, _same_treatment, _of_that_kind))


_KINDS: Mapping[str, str] = {"癌症": "癌", "癌": "癌", "恶性肿瘤": "癌", "肿瘤": "[癌瘤]"}
"""What a kind of illness is called as a whole, and how the names of its members end."""


def _of_that_kind(asked: Sequence[EntityId], fact: GraphFact) -> bool:
    """`胃癌` where it is asked whether something turns into 癌症."""
    endings = [_KINDS[name] for entity in asked if (name := entity.partition(":")[2]) in _KINDS]
    name = normalise(fact.object_text)
    return fact.relation is Relation.COMPLICATION and any(re.search(f"{ending}$", name) for ending in endings)


def _same_treatment(asked: Sequence[EntityId], fact: GraphFact) -> bool:
    if fact.relation not in (Relation.TREATMENT, Relation.ADJUVANT, Relation.PREVENTION):
        return False
    name = _MEANS.sub("", normalise(fact.object_text))
    if not isinstance(fact.object, Literal) and fact.object.startswith(f"{EntityType.ACUPOINT}:"):
        return any(_MEANS.sub("", entity.partition(":")[2]) in _NEEDLES for entity in asked)
    return len(name) > 1 and any(name == _MEANS.sub("", entity.partition(":")[2]) for entity in asked)


def _product_of(asked: Sequence[EntityId], fact: GraphFact) -> bool:
    """`奥美拉唑肠溶胶囊` is 奥美拉唑 in a form to take."""
    name = _FORM.sub("", normalise(fact.object_text).removeprefix("注射用"))
    return fact.relation is Relation.DRUG and any(name == entity.partition(":")[2] for entity in asked)


def narrowed(intent: Intent, facts: Sequence[GraphFact]) -> list[GraphFact]:
    """Of several relations that may hold the object, the one that does; the likeliest where none does."""
    if not intent.object or any(RELATIONS[r].polarity is not Polarity.NEUTRAL for r in intent.relations):
        return list(facts)
    holding = {f.relation for f in facts if f.relation in intent.relations and _one_of(intent.object, f)}
    told = {fact.relation for fact in facts}
    kept = holding or set([relation for relation in intent.relations if relation in told][:1])
    return [fact for fact in facts if fact.relation in kept or fact.relation not in intent.relations]


def not_listed(intent: Intent, mentions: Sequence[Mention], facts: Sequence[GraphFact]) -> str:
    """The sentence that says so, to stand before what is listed."""
    own = [fact for fact in facts if fact.relation in intent.relations]
    names = "、".join(dict.fromkeys(fact.subject_name for fact in own))
    labels = "、".join(dict.fromkeys(RELATIONS[fact.relation].label for fact in own))
    asked = "、".join(dict.fromkeys(m.surface for m in mentions if set(_ids(m)) & set(intent.object)))
    risky = any(RELATIONS[r].polarity is not Polarity.NEUTRAL for r in intent.relations)
    return f"知识库所列的{names}的{labels}中没有“{asked}”；没有记录不等于{'安全或无效' if risky else '没有'}。\n"


def _sure(mention: Mention) -> bool:
    return any(c.score >= _SURE for c in mention.candidates)


def _ids(mention: Mention) -> list[EntityId]:
    return [c.entity for c in mention.candidates if c.score >= _SURE]


def _kinds(mention: Mention) -> set[EntityType]:
    return {c.type for c in mention.candidates if c.score >= _SURE}

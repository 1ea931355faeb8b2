"""How an answer ends: its outcome, what the knowledge base does not hold, and what the product asks back. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from rag.domain import Candidate, EntityId, Evidence, Intent, Mention, Outcome, PassageKind, Triage, YesNo
from rag.linking.names import entity_name, entity_type
from rag.ports import KnowledgeBase
from rag.question.books import not_told
from rag.question.deciding import Decision
from rag.question.dialogue import MORE_WANTED, QuestionBack, where_is
from rag.question.measured import RANGE
from rag.retrieval.corroboration import unbacked
from rag.retrieval.differential import Contender
from rag.retrieval.found import Retrieved
from rag.retrieval.selection import MIRRORED, choices, may_be_subject, told_symptoms
from rag.text import normalise
from rag.vocabulary import RELATIONS, REMEDIES, EntityType, Polarity, Relation

_MONOGRAPH_RELATIONS = {
    "适应证": (Relation.INDICATION, Relation.EFFICACY),
    "药理作用": (Relation.EFFICACY,),
    "禁忌证": (Relation.CONTRAINDICATION,),
    "注意事项": (Relation.CAUTION,),
    "不良反应": (Relation.ADVERSE,),
    "用法用量": (Relation.DOSAGE,),
    "药物相互作用": (Relation.INTERACTION,),
    "剂型": (Relation.DOSAGE_FORM,),
    "药品类型": (Relation.DRUG_CLASS,),
    "病机": (Relation.CAUSE,),
    "症状": (Relation.SYMPTOM,),
    "证候": (Relation.SYNDROME,),
    "治疗方案": (Relation.TREATMENT,),
    "药物治疗": (Relation.DRUG,),
    "针灸取穴": (Relation.TREATMENT,),
}
_LISTED = 5
_COMPARED = 3
"""Diseases of a ranking whose mismatches are told."""
_LIMITED = "用于"
"""How the label of a dose for some people begins."""


@dataclass(frozen=True)
class Ending:
    """The outcome, sentences of ours to add, and questions to the user."""

    outcome: Outcome
    notes: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


def conclude(
    verdict: Triage,
    intent: Intent,
    mentions: Sequence[Mention],
    found: Retrieved,
    cited: Sequence[Evidence],
    kb: KnowledgeBase,
    back: QuestionBack | None = None,
    decision: Decision | None = None,
) -> Ending:
    """Decide by what was cited, not by what was retrieved. `back` is asked where anything was cited."""
    questions = tuple(dict.fromkeys(_which(m, found, kb) for m in found.unsure))
    if found.nowhere and not cited:
        questions = (where_is(found.nowhere), *questions)
    shaped = intent.reverse or found.of_a_sort
    lacking = _missing(intent, mentions, found, cited, kb) if intent.explicit and not shaped else []
    if (decision is not None and decision.facts) or _quoted(found, cited) or _entered(found, cited):
        lacking = []
    if intent.comparison or intent.unknown:
        lacking = [*lacking, *_uncompared(intent, mentions, found, cited)]
    notes = _notes(intent, mentions, found, cited, lacking, asks=back is not None)
    outcome = _outcome(intent, found, cited, lacking, bool(questions))
    if back is not None and cited:
        outcome, questions, notes = Outcome.NEED_MORE_INFO, (back.text,), [*notes, back.note]
    elif outcome is Outcome.NEED_MORE_INFO:
        notes = [*([_TOO_MANY.format(found.nowhere)] if found.nowhere else []), *questions]
    elif outcome is Outcome.NOT_IN_KB:
        notes = [_NOTHING_MORE] if verdict.aid else [_NOTHING, *(notes or _recognised(mentions))]
    else:
        notes = [*notes, *questions, *_understood(intent)]
    if outcome is Outcome.ANSWERED and _single(notes, intent):
        outcome, questions = Outcome.NEED_MORE_INFO, (MORE_WANTED,)
    not_stated = decision is not None and decision.verdict is YesNo.NOT_STATED
    if outcome is Outcome.ANSWERED and (not_stated or found.instead):
        outcome = Outcome.PARTIAL
    if verdict.red_flag:
        outcome = Outcome.EMERGENCY
    return Ending(outcome, tuple(note + "\n" for note in notes), questions)


def asked_back(ending: Ending) -> Ending:
    """`ending` of a message that asked nothing and for which nothing was found: what is wanted is asked."""
    if ending.outcome is not Outcome.NOT_IN_KB:
        return ending
    return replace(
        ending, outcome=Outcome.NEED_MORE_INFO, notes=(_WANTED + "\n", *ending.notes[1:]), questions=(_WANTED,)
    )


def _single(notes: Sequence[str], intent: Intent) -> bool:
    """Whether diseases were ranked by one symptom and nothing else was asked."""
    return MORE_WANTED in notes and not intent.groups


def longest_notes(
    intent: Intent,
    mentions: Sequence[Mention],
    found: Retrieved,
    evidence: Sequence[Evidence],
    kb: KnowledgeBase,
    back: QuestionBack | None = None,
) -> int:
    """About how many characters the notes will need at most, whether all of the evidence gets cited or none."""
    verdict = Triage()
    endings = [conclude(verdict, intent, mentions, found, cited, kb, back) for cited in (evidence, ())]
    return max(sum(map(len, ending.notes)) for ending in endings)


def _understood(intent: Intent) -> list[str]:
    """No rule says what is asked: what it was taken for is said."""
    if not intent.guessed:
        return []
    if intent.relations and not intent.explicit:
        return ["您没有写明想问什么，以上是知识库记载的概况；可以接着问其中一项，例如怎么治疗、要做什么检查。"]
    asked = "、".join(RELATIONS[relation].label for relation in intent.relations) or "可能的疾病"
    return [f"您的问题按“{asked}”理解；如果不是这个意思，请换一种说法。"]


_ONLY_TOGETHER = "引用的只是两者一起使用的记录；知识库没有可以用来比较它们的资料，选哪一种请由医生或药师决定。"
_TOO_MANY = "只说“{}”，符合的疾病太多，无法缩小范围。也请说说持续了多久、还有哪些不适。"
_WANTED = "您想了解什么？请补充一句，例如：可能是什么病、挂什么科、要做什么检查、怎么治疗。"
_INSTEAD = "知识库没有“{}”的说明书，引用的是其成分“{}”的记录；剂型和规格不同，用法用量可能不同，请以药品说明书为准。"
_OF_A_SALT = "知识库没有“{}”的这项记录，引用的是“{}”的；盐的种类和规格不同，用法用量可能不同，请以药品说明书为准。"
_AVOIDED = "以上是知识库写明禁用或慎用的；没有列出的药物不等于可以用，用药前请咨询医生或药师。"
_SORT = "以上只列出知识库写明的，未必是全部；是否适合请由医师或药师判断。"
_OF_A_DEPARTMENT = "以上只是知识库写明在这个科室就诊的疾病，未必是全部；挂号前请以医院的导诊为准。"
_NOTHING_AGAINST = "知识库没有写明对此禁用或慎用哪些药物；没有记录不等于都可以用，用药前请咨询医生或药师。"
_BROUGHT = "以上是知识库写明有这种不良反应的药物，未必是全部；正在用的药不要自行停，有疑问请咨询医生或药师。"
_BROUGHT_BY_NONE = "知识库没有写明哪些药物会引起它；没有记录不等于不会，正在用的药不要自行停，有疑问请咨询医生或药师。"
_NOTHING = "知识库中没有可以回答这个问题的资料，请咨询医生。"


_NOTHING_MORE = "以上是通用的处理提示；知识库中没有更多可以引用的资料，请按上面说的地方就诊。"


def _outcome(
    intent: Intent, found: Retrieved, cited: Sequence[Evidence], lacking: Sequence[str], asks: bool
) -> Outcome:
    if not cited:
        return Outcome.NEED_MORE_INFO if asks else Outcome.NOT_IN_KB
    if intent.avoids or found.of_a_sort or _quoted(found, cited):
        return Outcome.ANSWERED
    if found.book is not None:
        return Outcome.PARTIAL
    if intent.reverse:
        met = all(_group_met(group, cited) for group in intent.groups)
        return Outcome.ANSWERED if found.ranked and met else Outcome.PARTIAL
    if not found.subjects or not intent.explicit:
        return Outcome.PARTIAL if asks or (lacking and not intent.explicit) else Outcome.ANSWERED
    complete = all(_group_met(group, cited) or _remedies_told(group, found, cited) for group in intent.groups)
    complete = complete or _entered(found, cited)
    return Outcome.ANSWERED if complete and not lacking and not asks else Outcome.PARTIAL


def _quoted(found: Retrieved, cited: Sequence[Evidence]) -> bool:
    """Whether a classic that was asked for is quoted."""
    return not {e.id for e in found.books}.isdisjoint(e.id for e in cited)


def _entered(found: Retrieved, cited: Sequence[Evidence]) -> bool:
    """Whether a textbook tells the very field that was asked for."""
    return not {e.id for e in found.entries}.isdisjoint(e.id for e in cited)


def _group_met(group: Sequence[Relation], cited: Sequence[Evidence]) -> bool:
    """One relation of the group is stated."""
    return any(relation in group for e in cited for relation in relations_of(e))


def _treated(group: Sequence[Relation], names: Collection[str], cited: Sequence[Evidence]) -> bool:
    """Whether the group asks for what is cited as being for one of these names: remedies, or points to be treated."""
    told = [evidence for evidence in cited if _is_for(evidence, names)]
    points = any(e.fact is not None and entity_type(e.fact.subject) is EntityType.ACUPOINT for e in told)
    return (Relation.DRUG in group and bool(told)) or (Relation.TREATMENT in group and points)


def _is_for(evidence: Evidence, names: Collection[str]) -> bool:
    if evidence.fact is not None:
        return evidence.fact.relation is Relation.INDICATION and normalise(evidence.fact.object_text) in names
    of_it = evidence.passage is not None and evidence.passage.aspect == "适应证"
    return of_it and any(name in normalise(evidence.text) for name in names)


def _remedies_told(group: Sequence[Relation], found: Retrieved, cited: Sequence[Evidence]) -> bool:
    """Remedies are asked for, and what is told is what they are for."""
    return _treated(group, {entity_name(entity) for entity in found.subjects}, cited)


def _uncompared(intent: Intent, mentions: Sequence[Mention], found: Retrieved, cited: Sequence[Evidence]) -> list[str]:
    """The sides of a comparison of which nothing is known."""
    told, unsure = set(found.subjects), {m.surface for m in found.unsure}
    kinds = {entity_type(entity) for entity in told}
    sides = [m for m in mentions if not m.negated and not m.modifier and may_be_subject(m)]
    sides = [m for m in sides if not kinds or any(c.type in kinds for c in m.candidates)]
    names = [m.surface for m in sides if not told & {c.entity for c in m.candidates} and m.surface not in unsure]
    names = [*dict.fromkeys(names), *([intent.unknown] if intent.unknown else [])]
    if cited and all(e.fact is not None and e.fact.relation in MIRRORED for e in cited):
        return [_ONLY_TOGETHER]
    return [f"知识库未收录{'、'.join(f'“{name}”' for name in names)}的资料，不能对比。"] if names and told else []


def relations_of(evidence: Evidence) -> tuple[Relation, ...]:
    """What it states; empty where that is not known, as of texts."""
    if evidence.fact is not None:
        return (evidence.fact.relation,)
    if evidence.passage is not None and evidence.passage.aspect is not None:
        return _MONOGRAPH_RELATIONS.get(evidence.passage.aspect, ())
    return ()


def _notes(
    intent: Intent,
    mentions: Sequence[Mention],
    found: Retrieved,
    cited: Sequence[Evidence],
    lacking: Sequence[str],
    *,
    asks: bool,
) -> list[str]:
    notes = [_instead(m, held) for m, held in found.instead] if cited else []
    if intent.avoids:
        told, nothing = (_BROUGHT, _BROUGHT_BY_NONE) if intent.brings else (_AVOIDED, _NOTHING_AGAINST)
        notes.append(told if cited else nothing)
    elif found.of_a_sort and cited:
        notes.append(_SORT)
    elif found.ranked and cited and _by(found, Relation.DEPARTMENT):
        notes.append(_OF_A_DEPARTMENT)
    elif intent.reverse and found.ranked and cited and not _by(found, Relation.SYMPTOM):
        notes.append("以上疾病在知识库中同时符合所列条件，只是可能相关，不能据此诊断。")
    elif intent.reverse and found.ranked and cited:
        notes.extend(_unmatched(mentions, found))
        notes.append("以上疾病只是可能相关，按症状与知识库记录的相符程度排列，不能据此诊断；请结合检查由医生判断。")
        by_one = len({fact.object for subject in found.ranked for fact in subject.matched}) == 1
        if (by_one or len(told_symptoms(mentions).present) == 1) and not asks:
            notes.append(MORE_WANTED)
    notes.extend(lacking)
    if found.book is not None and not _quoted(found, cited):
        notes.append(not_told(found.book))
    notes.extend(_neighbours(mentions) if not found.of_a_sort else [])
    notes.extend(unbacked(cited))
    if any(e.kind == PassageKind.QA for e in cited):
        notes.append("其中问答记录未经审校，证据级别最低。")
    return notes


def _instead(mention: Mention, held: Candidate) -> str:
    """Whose record is told in the place of that of the drug that was named."""
    salt = any(c.name in normalise(held.name) for c in mention.candidates)
    return (_OF_A_SALT if salt else _INSTEAD).format(mention.surface, held.name)


def _by(found: Retrieved, relation: Relation) -> bool:
    """Whether diseases are there for this relation alone, and not for several conditions that they meet."""
    return all(fact.relation is relation for subject in found.ranked for fact in subject.matched)


def _unmatched(mentions: Sequence[Mention], found: Retrieved) -> list[str]:
    """What speaks against the first diseases: told symptoms that they do not list, denied ones that they do."""
    told = told_symptoms(mentions)
    said = {c.entity: m.surface for m in mentions for c in m.candidates}
    first = [c for c in found.contenders[:_COMPARED] if c.symptoms]
    lacking = [(c.ranked.name, list(dict.fromkeys(said[s] for s in told.present if _lacks(c, s)))) for c in first]
    against = [(c.ranked.name, [c.symptoms[s] for s in told.absent if s in c.denied]) for c in first]
    return [*_mismatch("您说的症状中，知识库未记录的：", lacking), *_mismatch("您否认、而知识库有记录的：", against)]


def _lacks(contender: Contender, symptom: EntityId) -> bool:
    """Whether a disease does not list a symptom that was told, and is not called by its name."""
    return symptom not in contender.symptoms and entity_name(symptom) != normalise(contender.ranked.name)


def _mismatch(opening: str, rows: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    listed = "；".join(f"{name}（{'、'.join(symptoms)}）" for name, symptoms in rows if symptoms)
    return [f"{opening}{listed}。"] if listed else []


def _missing(
    intent: Intent, mentions: Sequence[Mention], found: Retrieved, cited: Sequence[Evidence], kb: KnowledgeBase
) -> list[str]:
    """`知识库未收录偏头痛的治愈率。` for each subject and each cue that nothing cited meets."""
    notes = []
    known = kb.entities(found.named)
    types: dict[str, set[EntityType]] = {}
    for entity in known.values():
        types.setdefault(entity.name, set()).add(entity.type)
    remedies = [entity.name for entity in kb.entities(intent.object).values() if entity.type in REMEDIES]
    together = list(dict.fromkeys([name for name, kinds in types.items() if kinds & REMEDIES] + remedies))
    if len(together) > 1 and set(intent.relations) <= MIRRORED:
        pair = "与".join(together)
        return [] if cited else [f"知识库未收录{pair}之间的相互作用；没有记录不等于安全。"]
    if intent.beside:
        named = [name for name, kinds in types.items() if kinds & {*REMEDIES, EntityType.FOOD}]
        pair = f"{'、'.join(named)}与“{intent.beside}”之间" if named else f"“{intent.beside}”"
        return [] if cited else [f"知识库未收录{pair}的相互作用；没有记录不等于安全。{_by_name(intent.beside)}"]
    for name, kinds in types.items():
        own = [e for e in cited if name in _ends(e) or found.entries]
        if remedies and not kinds & REMEDIES:
            if not kinds & _TREATED:
                continue
            if not own and not any(other in _ends(e) for e in cited for other in remedies):
                notes.append(
                    f"知识库没有{'、'.join(dict.fromkeys(remedies))}能否用于{name}的记录；没有记录不等于安全或无效。"
                )
            continue
        fitting = _asked_of(intent, kinds, beside=bool(together))
        called = {c.name for m in mentions if name in {c.name for c in m.candidates} for c in m.candidates} | {name}
        lacking = [g for g in fitting if not _group_met(g, own) and not _treated(g, called, cited)]
        held = [e for e in (*found.facts, *found.monograph) if name in _ends(e)]
        held = [] if found.people or found.entries else held
        untold = [g for g in lacking if _group_met(g, held)]
        if untold:
            labels = "、".join(dict.fromkeys(_label(group, kinds, ()) for group in untold))
            notes.append(f"知识库有{name}的{labels}的记录，未在此列出，可以单独问这一项。")
        lacking = [g for g in lacking if g not in untold]
        if lacking:
            labels = "、".join(dict.fromkeys(_label(group, kinds, found.people) for group in lacking))
            stated = [r for group in lacking for r in group if RELATIONS[r].subjects & kinds]
            against = any(RELATIONS[r].polarity is Polarity.AGAINST for r in stated)
            ending = "；没有记录不等于安全" if against else "；请勿自行换算剂量" if _LIMITED in labels else ""
            ending = "；数值是否正常请对照化验单上的参考范围，由医生判断" if intent.relations == RANGE else ending
            notes.append(f"知识库未收录{name}{'' if labels.startswith(_LIMITED) else '的'}{labels}{ending}。")
    return notes


def _asked_of(intent: Intent, kinds: set[EntityType], *, beside: bool) -> list[tuple[Relation, ...]]:
    """The cues that can ask of such an entity; `beside` a remedy those that cannot ask of that one.

    `肾功能不全用二甲双胍要注意什么` asks of the remedy, and not what to eat.
    """
    able = [g for g in intent.groups if any(RELATIONS[relation].subjects & kinds for relation in g)]
    if not beside or kinds & REMEDIES:
        return able
    return [g for g in able if not any(RELATIONS[relation].subjects & REMEDIES for relation in g)]


_TREATED = frozenset(
    {EntityType.DISEASE, EntityType.SYMPTOM, EntityType.SYNDROME, EntityType.POPULATION, EntityType.PATHOGEN}
)
"""What a remedy can be for: no examination and no indicator."""


def _by_name(beside: str) -> str:
    """What helps who asks about a class of remedies (`感冒药`)."""
    if not beside.endswith("药"):
        return ""
    return f"“{beside}”是一类药，成分各不相同：请按药盒上的通用名称再问一次。"


def _label(group: Sequence[Relation], kinds: set[EntityType], people: Sequence[str]) -> str:
    """The first relation of a cue that can be said of such an entity; of a dose also for whom it is lacking."""
    relation = next(relation for relation in group if RELATIONS[relation].subjects & kinds)
    limited = f"用于{'、'.join(people)}的" if relation is Relation.DOSAGE and people else ""
    food = "食物" if relation in (Relation.FOOD_GOOD, Relation.FOOD_BAD) else ""
    return limited + RELATIONS[relation].label + food


def _ends(evidence: Evidence) -> tuple[str, ...]:
    """Whom evidence is about; an interaction is about both."""
    fact = evidence.fact
    if fact is None:
        return (evidence.title or "",)
    return (fact.subject_name, fact.object_text) if fact.relation in MIRRORED else (fact.subject_name,)


def _neighbours(mentions: Sequence[Mention]) -> list[str]:
    """A known name with a modifier is another thing: say so instead of answering for it."""
    notes = []
    for mention in mentions:
        if mention.modifier and may_be_subject(mention):
            notes.append(f"知识库收录了“{mention.surface}”，但您问的名称带有“{mention.modifier}”，二者不能互相代替。")
    return list(dict.fromkeys(notes))


def _recognised(mentions: Sequence[Mention]) -> list[str]:
    names = list(dict.fromkeys(m.surface for m in mentions if not m.modifier))[:_LISTED]
    return [f"问题中识别到的名称：{'、'.join(names)}；可以换一种说法，或只问其中一项。"] if names else []


def _which(mention: Mention, found: Retrieved, kb: KnowledgeBase) -> str:
    names = _display(choices(mention), kb)
    asked = "您问的是哪一个？" if len(names) > 1 else "您问的是它吗？"
    return f"“{mention.surface}”在知识库中可能指：{'、'.join(names)}。{asked}"


def _display(candidates: Sequence[Candidate], kb: KnowledgeBase) -> list[str]:
    known = kb.entities([c.entity for c in candidates])
    return [known[c.entity].name if c.entity in known else c.name for c in candidates[:_LISTED]]

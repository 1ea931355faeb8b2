"""Facts as sentences: diseases by their symptoms, and for each subject and relation a list with a mark an object."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from rag.answer.rendering import object_text
from rag.domain import Evidence, GenerationRequest, GraphFact, Passage, PassageKind
from rag.generators.extractive.sentences import Budget, Numbered, sayable, stands_bare
from rag.question.deciding import decide
from rag.text import normalise
from rag.vocabulary import RELATIONS, Relation

_OPENINGS: Mapping[Relation, str] = {
    Relation.SYMPTOM: "{s}的常见症状有：",
    Relation.COMPLICATION: "{s}可能的并发症有：",
    Relation.CAUSE: "{s}的病因包括：",
    Relation.DEPARTMENT: "{s}的就诊科室：",
    Relation.EXAMINATION: "{s}常做的检查有：",
    Relation.DRUG: "{s}的药物治疗，知识库记载有：",
    Relation.TREATMENT: "{s}的治疗方案包括：",
    Relation.FOOD_GOOD: "{s}宜吃：",
    Relation.FOOD_BAD: "{s}忌吃：",
    Relation.INDICATION: "{s}的适应证有：",
    Relation.CONTRAINDICATION: "{s}的禁忌（禁用）：",
    Relation.CAUTION: "{s}慎用于：",
    Relation.ADVERSE: "{s}的不良反应有：",
    Relation.INTERACTION: "{s}的相互作用有：",
}
"""How the sentence of a relation begins; all others read `{s}的{label}：`."""
_LISTED_SHORT = 12
_RANKED_SHORT = 5
"""Diseases named in a short answer, so that there is room for where they are treated."""


def ranking(request: GenerationRequest, numbered: Sequence[Numbered], budget: Budget) -> Iterator[str]:
    """Diseases by matched symptoms, most telling first; remedies by what speaks against them."""
    number = {evidence.id: n for n, evidence in numbered}
    remedies = request.intent.avoids or not request.intent.reverse
    listed = remedies or any(f.relation is not Relation.SYMPTOM for one in request.ranked for f in one.matched)
    shown = len(request.ranked) if budget.full else _LISTED_SHORT if listed else _RANKED_SHORT
    for subject in request.ranked[:shown]:
        matched = [(number[fact.id], fact) for fact in subject.matched if fact.id in number]
        marks = [f"{text}[{n}]" for n, fact in matched if (text := sayable(object_text(fact)))]
        sentence = f"{subject.name}，相符的症状：{'、'.join(marks)}。\n"
        if any(fact.relation is not Relation.SYMPTOM for _, fact in matched):
            sentence = _meeting(subject.name, matched)
        if marks and stands_bare(subject.name) and budget.takes(sentence):
            yield sentence


def _meeting(name: str, matched: Sequence[tuple[int, GraphFact]]) -> str:
    """`多发性肌炎的就诊科室：风湿科[1]，发病部位：肌肉[2]。` of a disease that was asked for by these."""
    stated: dict[Relation, list[str]] = defaultdict(list)
    for n, fact in matched:
        if text := sayable(object_text(fact).rstrip("。；;，, ")):
            stated[fact.relation].append(f"{text}[{n}]")
    parts = (f"{RELATIONS[relation].label}：{'、'.join(marks)}" for relation, marks in stated.items())
    return f"{name}的{'，'.join(parts)}。\n"


def stated_facts(request: GenerationRequest, numbered: Sequence[Numbered], budget: Budget) -> Iterator[str]:
    """A sentence for each subject and relation, in the order asked; what decides or is shared before the rest."""
    groups = _groups(request, _to_state(request, numbered))
    for position, (opening, members) in enumerate(groups):
        share = budget.left // (len(groups) - position)
        sentence = _listing(opening, members, budget, share)
        if sentence and budget.takes(sentence):
            yield sentence


def _to_state(request: GenerationRequest, numbered: Sequence[Numbered]) -> list[tuple[int, Evidence, GraphFact]]:
    """Facts that neither a ranking nor a warning states already."""
    matched = {fact.id for subject in request.ranked for fact in subject.matched} | request.warned
    quoted = [e.passage for _, e in numbered if e.passage is not None and e.passage.kind is PassageKind.MONOGRAPH]
    warned = {_both_ways(e.fact) for _, e in numbered if e.id in request.warned and e.fact}
    return [
        (n, e, e.fact)
        for n, e in numbered
        if e.fact is not None
        and e.id not in matched
        and _both_ways(e.fact) not in warned
        and stands_bare(e.fact.subject_name)
        and not any(_is_of_field(e.fact, passage) for passage in quoted)
    ]


def _is_of_field(fact: GraphFact, passage: Passage) -> bool:
    """A direction that its monograph holds word for word: that is quoted by the sentence, for whom it is asked."""
    same = fact.relation is Relation.DOSAGE and passage.about == fact.subject
    return same and normalise(fact.object_text).rstrip("。") in normalise(passage.text)


def _groups(
    request: GenerationRequest, stated: Sequence[tuple[int, Evidence, GraphFact]]
) -> list[tuple[str, list[Numbered]]]:
    """(how the sentence begins, what it lists)."""
    facts = [fact for _, _, fact in stated]
    decision = decide(request.intent, request.question, facts)
    deciding = {fact.id for fact in decision.facts} if decision else frozenset()
    shared = _shared(facts) if request.intent.comparison else {}
    order = {relation: n for n, relation in enumerate(request.intent.relations)}
    groups: dict[tuple[int, int, Relation, tuple[str, ...]], list[Numbered]] = defaultdict(list)
    for n, evidence, fact in stated:
        names = shared.get((fact.relation, object_text(fact)), (fact.subject_name,))
        rank = (-1, 0) if fact.id in deciding else (order.get(fact.relation, len(order)), int(len(names) == 1))
        groups[*rank, fact.relation, names].append((n, evidence))
    begun = {(relation, name) for first, last, relation, names in groups if first < 0 or not last for name in names}
    openings = {
        key: _opening(key[2], key[3], more=bool(key[0] >= 0 and key[1]) and (key[2], key[3][0]) in begun)
        for key in groups
    }
    return [(openings[key], groups[key]) for key in sorted(groups, key=lambda key: key[:2])]


def _shared(facts: Sequence[GraphFact]) -> dict[tuple[Relation, str], tuple[str, ...]]:
    """(relation, object) -> names, for the objects that all subjects of a comparison have."""
    having: dict[Relation, dict[str, None]] = defaultdict(dict)
    objects: dict[tuple[Relation, str], dict[str, None]] = defaultdict(dict)
    for fact in facts:
        if not RELATIONS[fact.relation].literal:
            having[fact.relation][fact.subject_name] = None
            objects[fact.relation, object_text(fact)][fact.subject_name] = None
    return {
        key: tuple(having[key[0]])
        for key, names in objects.items()
        if len(names) > 1 and len(names) == len(having[key[0]])
    }


def _opening(relation: Relation, names: Sequence[str], *, more: bool) -> str:
    """How a sentence begins; `more`: what was stated before is left out of its list."""
    label = RELATIONS[relation].label
    if len(names) > 1:
        return f"{'与'.join(names)}都有的{label}："
    if more:
        return f"{names[0]}的{label}还有："
    return _OPENINGS.get(relation, f"{{s}}的{label}：").format(s=names[0])


def _both_ways(fact: GraphFact) -> tuple[frozenset[object], Relation]:
    """What a fact says, whichever end it is told from."""
    return frozenset((fact.subject, fact.object)), fact.relation


def _listing(opening: str, members: Sequence[Numbered], budget: Budget, share: int) -> str:
    """`X的常见症状有A[1]、B[2]等。` with as many objects as fit into `share` characters."""
    listed: list[str] = []
    objects = _objects(members)
    common = _limits_of_all([text for text, _ in objects])
    opening = f"{opening[:-1]}{common}：" if common and opening.endswith("：") else opening
    length = len(opening) + 2
    for text, marks in objects:
        item = text.removesuffix(common) + marks
        if not budget.full and listed and (length + len(item) + 1 > share or len(listed) == _LISTED_SHORT):
            return f"{opening}{'、'.join(listed)}等。\n"
        listed.append(item)
        length += len(item) + 1
    return f"{opening}{'、'.join(listed)}。\n" if listed else ""


def _limits_of_all(texts: Sequence[str]) -> str:
    """`（严重程度：未分级）` where each of several objects ends with it: then it is said once."""
    found = {limits.group() if (limits := _LIMITS.search(text)) else "" for text in texts}
    return found.pop() if len(found) == 1 and len(texts) > 2 else ""


_LIMITS = re.compile("（[^（）]+）$")


def _objects(members: Sequence[Numbered]) -> list[tuple[str, str]]:
    """(object with its limits, marks); an object that several sources state stands once with several marks."""
    marks: dict[str, list[str]] = defaultdict(list)
    for n, evidence in members:
        text = sayable(object_text(evidence.fact).rstrip("。；;，, ")) if evidence.fact else None
        if text:
            marks[text].append(f"[{n}]")
    return [(text, "".join(found)) for text, found in marks.items()]

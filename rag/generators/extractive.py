"""Answers without a model: the graph's facts as a clinician would note them, then quotations.

Every sentence carries the marks of the evidence it states. Objects of one relation are listed behind one another with
a mark each; literature is quoted word for word, an English conclusion in the original.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from threading import Event

from rag.answer.rendering import object_text
from rag.checking.cutting import cut_sentences
from rag.checking.quoting import quotable
from rag.domain import EntityId, Evidence, GenerationRequest, GraphFact, Mention, PassageKind
from rag.question.deciding import decide
from rag.question.intent import REMEDIES
from rag.question.people import groups_in, speaks_of
from rag.retrieval.excerpts import telling, without
from rag.text import language_of, normalise, tokens
from rag.vocabulary import RELATIONS, Grade, Relation

Numbered = tuple[int, Evidence]

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

_LONGEST_QUOTE = 180
_QUOTES_SHORT = 2
_RANKED_SHORT = 5
"""Diseases named in a short answer, so that there is room for where they are treated."""
_OTHER_DRUGS = 2
_AVOIDED_DRUGS = 6
_SENTENCES_OF_FIELD = 3
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "孕妇": ("妊娠", "怀孕"),
    "妊娠": ("孕妇", "怀孕"),
    "怀孕": ("孕妇", "妊娠"),
    "哺乳期": ("哺乳", "乳汁"),
    "儿童": ("小儿", "婴儿", "婴幼儿"),
    "小儿": ("儿童", "婴儿", "婴幼儿"),
    "老年人": ("老人", "老年"),
}
"""Words that monographs use for a group of people."""
_LISTED_SHORT = 12
_BRACKETED = re.compile(r"[\[［【]\s*\d[\d\s,，、;；\-–]*[\]］】]")
"""What a reader would take for a citation."""


class ExtractiveGenerator:
    """Implements `rag.ports.Generator` without weights."""

    identity = "extractive"

    def stream(self, request: GenerationRequest, cancel: Event) -> Iterator[str]:
        """One sentence a piece, facts first, within `request.limits.characters` unless `detail` is full."""
        budget = _Budget(request)
        for sentence in self._sentences(request, budget):
            if cancel.is_set():
                return
            yield sentence

    def _sentences(self, request: GenerationRequest, budget: _Budget) -> Iterator[str]:
        numbered = list(enumerate(request.evidence, start=1))
        quoted = [(n, e) for n, e in numbered if e.kind == PassageKind.CLASSIC and numbered[0][1].kind == e.kind]
        yield from _literature(request, quoted, budget)
        numbered = [one for one in numbered if one not in quoted]
        yield from _ranking(request, numbered, budget)
        yield from _facts(request, numbered, budget)
        yield from _together(_monograph(request, numbered, budget))
        yield from _literature(request, numbered, budget)


class _Budget:
    """Characters left; `full` answers have no limit."""

    def __init__(self, request: GenerationRequest) -> None:
        self.full = request.limits.detail == "full"
        self.left = request.limits.characters

    def takes(self, sentence: str) -> bool:
        """Spend the length of `sentence` if it fits."""
        if self.full:
            return True
        if len(sentence) > self.left:
            return False
        self.left -= len(sentence)
        return True


def _ranking(request: GenerationRequest, numbered: Sequence[Numbered], budget: _Budget) -> Iterator[str]:
    """Diseases by matched symptoms, most telling first; remedies by what speaks against them."""
    number = {evidence.id: n for n, evidence in numbered}
    shown = len(request.ranked) if budget.full else _LISTED_SHORT if request.intent.avoids else _RANKED_SHORT
    for subject in request.ranked[:shown]:
        matched = [(number[fact.id], fact) for fact in subject.matched if fact.id in number]
        marks = [f"{text}[{n}]" for n, fact in matched if (text := _sayable(object_text(fact)))]
        sentence = f"{subject.name}，相符的症状：{'、'.join(marks)}。\n"
        if any(fact.relation is not Relation.SYMPTOM for _, fact in matched):
            sentence = _meeting(subject.name, matched)
        if marks and _stands_bare(subject.name) and budget.takes(sentence):
            yield sentence


def _meeting(name: str, matched: Sequence[tuple[int, GraphFact]]) -> str:
    """`多发性肌炎的就诊科室：风湿科[1]，发病部位：肌肉[2]。` of a disease that was asked for by these."""
    stated: dict[Relation, list[str]] = defaultdict(list)
    for n, fact in matched:
        if text := _sayable(object_text(fact).rstrip("。；;，, ")):
            stated[fact.relation].append(f"{text}[{n}]")
    parts = (f"{RELATIONS[relation].label}：{'、'.join(marks)}" for relation, marks in stated.items())
    return f"{name}的{'，'.join(parts)}。\n"


def _facts(request: GenerationRequest, numbered: Sequence[Numbered], budget: _Budget) -> Iterator[str]:
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
    warned = {_both_ways(e.fact) for _, e in numbered if e.id in request.warned and e.fact}
    return [
        (n, e, e.fact)
        for n, e in numbered
        if e.fact is not None
        and e.id not in matched
        and _both_ways(e.fact) not in warned
        and _stands_bare(e.fact.subject_name)
    ]


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


def _listing(opening: str, members: Sequence[Numbered], budget: _Budget, share: int) -> str:
    """`X的常见症状有A[1]、B[2]等。` with as many objects as fit into `share` characters."""
    listed: list[str] = []
    length = len(opening) + 2
    for text, marks in _objects(members):
        item = text + marks
        if not budget.full and listed and (length + len(item) + 1 > share or len(listed) == _LISTED_SHORT):
            return f"{opening}{'、'.join(listed)}等。\n"
        listed.append(item)
        length += len(item) + 1
    return f"{opening}{'、'.join(listed)}。\n" if listed else ""


def _objects(members: Sequence[Numbered]) -> list[tuple[str, str]]:
    """(object with its limits, marks); an object that several sources state stands once with several marks."""
    marks: dict[str, list[str]] = defaultdict(list)
    for n, evidence in members:
        text = _sayable(object_text(evidence.fact).rstrip("。；;，, ")) if evidence.fact else None
        if text:
            marks[text].append(f"[{n}]")
    return [(text, "".join(found)) for text, found in marks.items()]


def _sayable(text: str) -> str | None:
    """`text` as a sentence may hold it: in quotation marks if the sentence would end in it, None if it cannot stand."""
    if _BRACKETED.search(text) or set(text) & {"“", "”"}:
        return None
    return text if len(list(cut_sentences([f"有{text}[1]等"]))) == 1 else f"“{text}”"


def _stands_bare(name: str) -> bool:
    return _sayable(name) == name


def _together(sentences: Iterator[tuple[object, str]]) -> Iterator[str]:
    """Sentences of one field of one drug together, fields in the order in which they first come."""
    fields: dict[object, list[str]] = {}
    for field, sentence in sentences:
        fields.setdefault(field, []).append(sentence)
    yield from (sentence for own in fields.values() for sentence in own)


def _monograph(
    request: GenerationRequest, numbered: Sequence[Numbered], budget: _Budget
) -> Iterator[tuple[object, str]]:
    """Fields of drug monographs, quoted, one sentence of the monograph at a time, each with its drug and field."""
    fields = [(n, e, e.passage) for n, e in numbered if e.passage and e.passage.kind is PassageKind.MONOGRAPH]
    asked_for = {c.entity for m in request.mentions for c in m.candidates}
    touching = any(_naming(p.text, _beside(request, p.about)) for _, _, p in fields if p.about in asked_for)
    each = -(-_SENTENCES_OF_FIELD // max(1, len(request.intent.groups)))
    others, most = 0, _AVOIDED_DRUGS if request.intent.avoids else _OTHER_DRUGS
    said = set(request.quoted)
    told = _told_freely(request, [p.text for _, _, p in fields if p.about in asked_for])
    for n, evidence, passage in fields:
        if passage.about in asked_for:
            beside = _beside(request, passage.about)
            quotes = _naming(passage.text, beside) if touching else quotable(passage.text)
            quotes = _for_them(quotes, request.question) if passage.aspect == "用法用量" else quotes
            quotes = [quote for quote in quotable(passage.text) if quote in told] if told else quotes
            quotes = quotes if budget.full else quotes[:each]
        else:
            others += 1
            quotes = _naming(passage.text, _names(request.mentions))[:1] if others <= most or budget.full else []
        for quote in quotes:
            sentence = f"{evidence.title or ''}的{passage.aspect or '说明'}：“{quote}”[{n}]。\n"
            if quote not in said and _stands_bare(evidence.title or "") and budget.takes(sentence):
                said.add(quote)
                yield (passage.about, passage.aspect), sentence


def _for_them(quotes: list[str], question: str) -> list[str]:
    """Of a dose the sentences that name the people it is asked for; all where none does."""
    people = groups_in(normalise(question))
    return [q for q in quotes if people and all(speaks_of(one, normalise(q)) for one in people)] or quotes


def _told_freely(request: GenerationRequest, texts: Sequence[str]) -> set[str]:
    """Where no field of a monograph is asked for: the sentences that deal with what the question says beside names."""
    if request.intent.relations or request.intent.reverse:
        return set()
    named = [m for m in request.mentions if any(c.type in REMEDIES for c in m.candidates)]
    return set(telling(without(request.question, named), [quote for text in texts for quote in quotable(text)]))


def _beside(request: GenerationRequest, drug: EntityId | None) -> set[str]:
    """What the question names beside the drug: a condition, a group of people, another drug."""
    return _names([m for m in request.mentions if all(c.entity != drug for c in m.candidates)])


def _names(mentions: Sequence[Mention]) -> set[str]:
    names = {name for m in mentions for name in (normalise(m.surface), *(c.name for c in m.candidates))}
    return names | {other for name in names for other in _GROUPS.get(name, ())}


def _naming(text: str, names: set[str]) -> list[str]:
    """The sentences that name one of `names`."""
    return [quote for quote in quotable(text) if any(name in normalise(quote) for name in names)]


def _literature(request: GenerationRequest, numbered: Sequence[Numbered], budget: _Budget) -> Iterator[str]:
    """Conclusions and other passages; in a short answer the best sentence of each."""
    shown = 0
    stated = [object_text(e.fact) for _, e in numbered if e.fact is not None]
    for n, evidence in numbered:
        passage = evidence.passage
        if passage is None or passage.kind is PassageKind.MONOGRAPH:
            continue
        whole = budget.full or passage.aspect == "用法用量"  # half of a direction is worse than none
        opening = _introduction(evidence)
        for quote in _best_quotes(request.question, evidence.text, whole):
            if quote in request.quoted or any(quote in text for text in stated):
                continue  # a warning or a fact says it already
            sentence = f"{opening}“{quote}”[{n}]。\n"
            if budget.takes(sentence):
                shown += 1
                opening = "" if whole else opening  # the same field goes on
                yield sentence
        if shown >= _QUOTES_SHORT and not budget.full:
            return


def _introduction(evidence: Evidence) -> str:
    year = f"（{evidence.source.year}年）" if evidence.source.year else ""
    if evidence.kind == PassageKind.CONCLUSION and evidence.source.grade is Grade.EDITORIAL:
        return "编者整理，英文原文：" if language_of(evidence.text) == "en" else "编者整理："
    if evidence.kind == PassageKind.CONCLUSION:
        return f"英文文献结论{year}原文：" if language_of(evidence.text) == "en" else f"文献结论{year}："
    passage = evidence.passage
    if (
        passage is not None
        and passage.kind is PassageKind.TEXTBOOK
        and passage.aspect
        and _stands_bare(passage.title or "")
    ):
        return f"教材，{passage.title}的{passage.aspect}："
    if passage is not None and passage.kind is PassageKind.CLASSIC and _stands_bare(evidence.source.title):
        place = f"·{passage.title}" if passage.title and _stands_bare(passage.title) else ""
        return f"《{evidence.source.title}{place}》："
    return {"textbook": "教材：", "classic": "古籍：", "qa": "问答记录（未经审校）："}.get(evidence.kind, "资料：")


def _best_quotes(question: str, text: str, full: bool) -> list[str]:
    """All sentences, or in a short answer the one that shares most with the question, the first if none does."""
    quotes = quotable(text)
    if full or not quotes:
        return quotes
    asked = set(tokens(question))
    fitting = [quote for quote in quotes if len(quote) <= _LONGEST_QUOTE * (2 if language_of(text) == "en" else 1)]
    if not fitting:
        return []
    shared = [len(asked & set(tokens(quote))) for quote in fitting]
    best = max(range(len(fitting)), key=lambda n: (shared[n], n)) if any(shared) else 0
    return [fitting[best]]

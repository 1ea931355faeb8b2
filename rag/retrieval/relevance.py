"""Which passages may support an answer, and how sure the product is of what it found. Pure.

Ranking always returns something; being first is no reason to be shown. A passage counts when it deals with what the
question names, or, where the question names nothing known, when it shares enough of its words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.domain import EntityId, Evidence, Intent, Mention, PassageKind
from rag.linking.features import opposed, opposed_in
from rag.linking.names import entity_name, entity_type
from rag.question.no_relation import activity_in
from rag.retrieval.other_words import english_words
from rag.retrieval.topics import content_tokens, coverage, shared_topics, wants_studies
from rag.text import language_of, normalise, tokens
from rag.vocabulary import RELATIONS, REMEDIES, EntityType, Relation

_ADMINISTRATIVE = frozenset(
    {Relation.DEPARTMENT, Relation.COST, Relation.INSURANCE, Relation.CODE, Relation.INFECTIVITY, Relation.BODY_PART,
     Relation.DRUG_CLASS, Relation.DOSAGE_FORM, Relation.NATURE, Relation.INGREDIENT}
)  # fmt: skip
"""Questions that research conclusions do not answer."""


_SPEAKS_OF: Mapping[Relation, re.Pattern[str]] = {
    relation: re.compile(rf"{words}|\b(?:{stems})")
    for relations, words, stems in (
        ((Relation.TREATMENT, Relation.DRUG, Relation.ADJUVANT, Relation.INDICATION, Relation.EFFICACY),
         "治疗|疗效|有效|疗法|缓解|改善|手术",
         "therap|treat|efficacy|effective|surg|improv|manag|benefit"),
        ((Relation.CURE_RATE, Relation.DURATION),
         "预后|生存|治愈|复发|死亡|存活",
         r"surviv|prognos|mortality|recurren|outcome|remission|cur(?:e[sd]?\b|able|ative)"),
        ((Relation.CAUSE, Relation.RISK_FACTOR, Relation.POPULATION),
         "病因|危险因素|相关|风险|因素|诱因|影响",
         "risk|caus|associat|factor|etiolog|aetiolog|pathogen|contribut|inherit|heredit|familial"),
        ((Relation.COMPLICATION, Relation.RELATED_DISEASE),
         "(?<!降低)(?<!减少)(?<!预防)(?<!避免)(?<!防止)并发|合并(?!症?发生率)|引起|导致",
         r"complicat|associat|comorbid|develop|lead(?:s|ing)? to|led to|caus|result(?:s|ed|ing)? in"),
        ((Relation.EXAMINATION, Relation.HISTOLOGY, Relation.REFERENCE_RANGE, Relation.SIGNIFICANCE),
         "诊断|检查|检测|筛查|影像|超声|鉴别",
         r"diagnos|screen|detect|imaging|test(?:s|ed|ing)?\b|assess|evaluat|(?:bio)?marker"),
        ((Relation.SYMPTOM, Relation.SYNDROME),
         "症状|表现|体征|证候",
         r"symptom|present(?:s|ed|ing|ation) (?:with|of)|manifest|signs?\b"),
        ((Relation.PREVENTION,), "预防|防止", "prevent|protect|reduc|vaccin"),
        ((Relation.ADVERSE, Relation.CONTRAINDICATION, Relation.CAUTION, Relation.INTERACTION),
         "不良反应|副作用|安全|毒性|禁忌",
         "adverse|safe|toxic|side effect|contraindic|interact|risk"),
        ((Relation.FOOD_GOOD, Relation.FOOD_BAD),
         "饮食|营养|食",
         r"diet|nutri|food|intake|eat(?:s|ing)?\b|ingest|consum|meals?\b|drink|alcohol|gluten|fruit|vegetable|meat|milk|salt"),
    )
    for relation in relations
}  # fmt: skip
"""Words by which a conclusion shows that it deals with what was asked."""


_BETWEEN = {Relation.INTERACTION, Relation.INCOMPATIBLE}
_SEVERITY = {Relation.COMPLICATION, Relation.CURE_RATE}
"""What `严重吗` asks for."""
_OUTLOOK = {Relation.CURE_RATE, Relation.DURATION}


def _strict(intent: Intent) -> bool:
    """Whether words in common are no sign that a study deals with what is asked."""
    asked = set(intent.relations)
    outlook = bool(asked) and asked <= _OUTLOOK
    return outlook or asked >= _SEVERITY or asked in ({Relation.PREVENTION}, {Relation.COMPLICATION})


def wants_literature(intent: Intent) -> bool:
    """False where every relation asked for is administrative or definitional."""
    return not intent.explicit or not set(intent.relations) <= _ADMINISTRATIVE


@dataclass(frozen=True)
class Asked:
    """What a passage is held against: the question, its topics, and the entities that facts were looked up for."""

    question: str
    intent: Intent
    topics: Sequence[set[EntityId]]
    subjects: Sequence[EntityId]
    known: bool
    strangers: Sequence[tuple[tuple[str, ...], frozenset[EntityId]]] = ()
    named: Sequence[set[EntityId]] = ()
    """Of each name in the question, topic or not, the entities it surely means."""
    drugs_told: bool = False
    """Whether facts tell the drugs that are asked for."""

    @property
    def relations(self) -> list[Relation]:
        """Those asked that can be said of what is named (`能吃` of an illness: no contraindication); else all."""
        types = {entity_type(e) for e in (*self.subjects, *(e for topic in self.topics for e in topic))}
        fitting = [r for r in self.intent.relations if RELATIONS[r].subjects & types]
        return fitting or list(self.intent.relations)

    @property
    def remedies(self) -> list[EntityId]:
        """Drugs, herbs and formulas among the subjects."""
        return [entity for entity in self.subjects if entity_type(entity) in REMEDIES]


def relevant(asked: Asked, passages: Sequence[Evidence], thresholds: Mapping[str, float]) -> list[Evidence]:
    """Passages that may support an answer, order kept."""
    best = max((e.score for e in passages), default=0.0)
    floor = best * thresholds["relative_score"]
    return [
        e
        for e in passages
        if not _of_another(asked, e)
        and (_is_indication(asked, e) if e.kind == PassageKind.MONOGRAPH else _may_answer(asked, e, thresholds, floor))
    ]


def outweighs_ranking(intent: Intent, passages: Sequence[Evidence], thresholds: Mapping[str, float]) -> bool:
    """Whether a conclusion answers so well that diseases ranked by the symptoms named would only bury it."""
    found = [e for e in passages if e.kind == PassageKind.CONCLUSION]
    return intent.reverse and any(e.support >= thresholds["support.instead"] for e in found)


def _may_answer(asked: Asked, evidence: Evidence, thresholds: Mapping[str, float], floor: float) -> bool:
    """By its support, which is fitted on Chinese questions; by words and topics where it has none.

    What an editor filed under the very entity and what deals with the relation asked needs no statistics. Where it is
    asked whether somebody may do something, that has to be named.
    """
    if set(asked.intent.relations) == _BETWEEN and shared_topics(asked.topics, evidence) < 1.0:
        return False  # of two remedies that are asked about together it names one
    if evidence.kind == PassageKind.QA and _asks_otherwise(asked, evidence):
        return False
    if _of_one_side(asked, evidence):
        return False
    activity = activity_in(asked.question) if asked.intent.settled else ""
    if activity and activity not in normalise(f"{evidence.title or ''} {evidence.text}"):
        return False
    if evidence.support and language_of(asked.question) == "zh":
        off = _off_relation(asked, evidence) or _by_one_name(asked, evidence) or _of_another_illness(asked, evidence)
        likely = evidence.support >= thresholds["support.least"] or _names_everything(asked, evidence)
        fits = likely and not off
        return fits or _filed_under(asked, evidence)
    return _on_topic(asked, evidence, thresholds, floor)


def _of_one_side(asked: Asked, evidence: Evidence) -> bool:
    """Whether a study names but one of several things of which studies are asked for."""
    if len(asked.topics) < 2 or evidence.kind != PassageKind.CONCLUSION or not wants_studies(asked.question):
        return False
    return shared_topics(asked.topics, evidence) * len(asked.topics) < 2


def _names_everything(asked: Asked, evidence: Evidence) -> bool:
    """Whether the best study in the other language deals with every one of several names, parts of the body included.

    Words that it shares with the question say nothing there, and names are few: all of them are no chance.
    """
    if language_of(evidence.text) == "zh" or len(asked.named) < 2 or evidence.arms.get("graph", 0.0) < 1.0:
        return False
    return shared_topics(asked.named, evidence) == 1.0


_ANSWERED = 0.4
"""Share of a question's words that an unreviewed answer to another one must hold: read on 300 questions of strangers,
those below it were beside the point but for one in four."""
_SAME = 0.8
"""Share of the words of two questions from which they are one."""
_SHORT = 12
"""Words of a question that tells no story: of these half must have been asked, too (剖腹产6个月能做人流吗)."""


def _asks_otherwise(asked: Asked, evidence: Evidence) -> bool:
    """Whether the question that was answered there is another one: little in common, or of people with an illness.

    `空腹能喝酸奶吗` is not answered by `糖尿病人可以喝酸奶吗`.
    """
    if coverage(asked.question, evidence) < _ANSWERED:
        return True
    answered = normalise(evidence.passage.question or "") if evidence.passage else ""
    words, own = content_tokens(answered), content_tokens(asked.question)
    shared = len(words & own)
    if answers_the_same(asked.question, evidence):
        return False
    if answered and shared < _ANSWERED * len(own):
        return True  # the reply may hold the words by chance
    if asked.intent.explicit and asked.relations and not _speaks_of(asked, evidence):
        return True
    if len(words) <= _SHORT and len(words & content_tokens(asked.question)) < len(words) / 2:
        return True
    here = {*asked.subjects, *(entity for topic in asked.topics for entity in topic)}
    ill = (e for e in evidence.entities if e not in here and entity_type(e) is EntityType.DISEASE)
    said = normalise(asked.question)
    return any(
        re.search(f"{re.escape(entity_name(e))}的?(?:患者|病人|人)", answered)
        for e in ill
        if entity_name(e) not in said
    )


def answers_the_same(question: str, evidence: Evidence) -> bool:
    """Whether an unreviewed reply was given to this very question, or to one that says hardly anything else."""
    answered = (evidence.passage.question or "") if evidence.passage else ""
    words, own = content_tokens(normalise(answered)), content_tokens(question)
    return bool(own) and len(words & own) >= _SAME * max(len(words), len(own))


def _off_relation(asked: Asked, evidence: Evidence) -> bool:
    """Found by names alone, it has to deal with what is asked (`HPV阳性怎么办`: not with where HPV was found).

    So has a study in the question's language that shares nothing with it but a name, one of how bad it is
    (`严重吗`: not of its imaging) and one of how it is prevented (`如何预防复发`: not of where it recurs).
    """
    if not (asked.intent.explicit and asked.intent.relations) or _speaks_of(asked, evidence):
        return False
    if evidence.kind == PassageKind.QA and answers_the_same(asked.question, evidence):
        return False
    more = _shares_all(asked, evidence) or (not _strict(asked.intent) and _shares_words(asked, evidence))
    if language_of(evidence.text) == "zh" and more:
        return False
    said = normalise(evidence.text)
    return not any(_SPEAKS_OF[r].search(said) for r in asked.relations if r in _SPEAKS_OF)


def _of_another_illness(asked: Asked, evidence: Evidence) -> bool:
    """Whether a study in the other language names another illness than the one for which drugs are asked.

    `肺炎用什么抗生素` is not answered by which ones a urinary infection needs.
    """
    if language_of(evidence.text) == "zh" or asked.intent.relations != (Relation.DRUG,):
        return False
    ill = [topic for topic in asked.topics if any(entity_type(entity) is EntityType.DISEASE for entity in topic)]
    there = {entity for entity in evidence.entities if entity_type(entity) is EntityType.DISEASE}
    return bool(ill and there) and not any(topic & there for topic in ill)


def _by_one_name(asked: Asked, evidence: Evidence) -> bool:
    """Whether a study in the other language has one name in common with a question without a cue, and nothing else.

    Where the question names no topic, one word of it (`年轻人`: young) is no more.
    """
    if asked.intent.explicit or asked.intent.reverse or len(asked.topics) > 1 or language_of(evidence.text) == "zh":
        return False
    passage = evidence.passage
    there = set(tokens(f"{evidence.title or ''} {(passage.question or '') if passage else ''} {evidence.text}"))
    shared = there & {*english_words(asked.question), *tokens(asked.question)}
    return not shared


def _shares_all(asked: Asked, evidence: Evidence) -> bool:
    """Whether it deals with all of several names in the question."""
    return len(asked.topics) > 1 and shared_topics(asked.topics, evidence) == 1.0


def _shares_words(asked: Asked, evidence: Evidence) -> bool:
    """Whether it shares words with the question beside names: `能治好吗` shares none."""
    named = {entity_name(e) for e in (*asked.subjects, *(e for topic in asked.topics for e in topic))}
    words = content_tokens(asked.question) - {token for name in named for token in tokens(name)}
    return bool(words & set(tokens(f"{evidence.title or ''} {evidence.text}")))


def _filed_under(asked: Asked, evidence: Evidence) -> bool:
    about = evidence.passage.about if evidence.passage else None
    told = asked.intent.explicit and not asked.intent.guessed
    return about in asked.subjects and told and _speaks_of(asked, evidence)


def _of_another(asked: Asked, evidence: Evidence) -> bool:
    """However many words it shares with the question: what was found for type 2 says nothing of type 1.

    Nor does what was found for `甲状腺功能减退症` say anything of a `老年甲状腺功能减退症` that is not known.
    """
    there = set(evidence.entities)
    named = {*asked.subjects, *(entity for topic in asked.topics for entity in topic)}
    if there & named:
        return False
    text = normalise(f"{evidence.title or ''} {evidence.text}")
    if any(part & there and not any(name in text for name in names) for names, part in asked.strangers):
        return True
    if any(opposed(entity_name(one), entity_name(other)) for one in named for other in there):
        return True
    about = evidence.passage.about if evidence.passage else None
    return about is not None and opposed_in(normalise(asked.question), entity_name(about))


def _is_indication(asked: Asked, evidence: Evidence) -> bool:
    """Another drug's monograph says something only where drugs are asked for and its indications name the disease.

    Where the record of the disease lists its drugs, others that are also for it (`亦可用于偏头痛`) are no answer.
    """
    passage = evidence.passage
    if passage is None or passage.aspect != "适应证" or asked.remedies or not asked.intent.explicit:
        return False
    if asked.drugs_told and not asked.intent.object:
        return False
    if asked.intent.object and passage.about not in asked.intent.object:
        return False
    wanted = Relation.DRUG in asked.intent.relations and not asked.intent.reverse
    return wanted and any(entity_name(subject) in normalise(evidence.text) for subject in asked.subjects)


def _on_topic(asked: Asked, evidence: Evidence, thresholds: Mapping[str, float], floor: float) -> bool:
    shared = shared_topics(asked.topics, evidence)
    on_relation = not asked.intent.explicit or asked.intent.reverse or _speaks_of(asked, evidence)
    if asked.known and asked.intent.relations:
        return on_relation and shared >= thresholds["topics_known_subject"]
    words = coverage(asked.question, evidence)
    enough = thresholds[
        "coverage_alone" if shared >= thresholds["topics"] or not asked.topics else "coverage_off_topic"
    ]
    if words >= enough and evidence.score >= floor:
        return True
    if not asked.topics or not on_relation:
        return False
    if language_of(asked.question) != language_of(evidence.text) and not asked.intent.reverse:
        aimed = len(asked.topics) > 1 or asked.intent.explicit
        return aimed and shared >= thresholds["topics_across_languages"]
    return shared >= thresholds["topics"] and words >= thresholds["coverage_with_topic"]


def _speaks_of(asked: Asked, evidence: Evidence) -> bool:
    """A conclusion deals with what its title, question or aim says; without one, with what it says itself."""
    passage = evidence.passage
    own = f"{passage.title or ''} {passage.question or ''}".strip() if passage else ""
    text = normalise(f"{own or evidence.text} {evidence.source.title}")
    return any(_SPEAKS_OF[r].search(text) for r in asked.relations if r in _SPEAKS_OF)


_SURE_FACT, _OVERVIEW, _PASSAGE = 1.0, 0.8, 0.7
"""The most that a fact of the relation asked, one where no relation was asked, and a passage can be worth."""


def confidence(asked: Asked, mentions: Sequence[Mention], cited: Sequence[Evidence]) -> float:
    """How well what is cited fits the question, 0 (nothing is) to 1: facts of the very subject and relation.

    An order of answers, not a probability; `yiwen eval refusal` shows what it is worth.
    """
    return max((_fits(asked, mentions, evidence) for evidence in cited), default=0.0)


def _fits(asked: Asked, mentions: Sequence[Mention], evidence: Evidence) -> float:
    described = evidence.fact.subject if evidence.fact else evidence.passage.about if evidence.passage else None
    named = {c.entity: c.score for m in reversed(mentions) if not m.negated and not m.modifier for c in m.candidates}
    if described in named and described in asked.subjects:
        return named[described] * (_SURE_FACT if asked.intent.explicit else _OVERVIEW)
    if evidence.fact is not None and asked.intent.reverse:
        symptoms = [m for m in mentions if not m.negated and any(c.type is EntityType.SYMPTOM for c in m.candidates)]
        return _OVERVIEW if len(symptoms) > 1 else _PASSAGE
    return _PASSAGE * (coverage(asked.question, evidence) + shared_topics(asked.topics, evidence)) / 2

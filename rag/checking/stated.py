"""What a piece of evidence states: its titles and texts, the lines of facts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from rag.checking.quotations import END_MARKS
from rag.domain import Evidence, GraphFact, PassageKind
from rag.text import normalise
from rag.vocabulary import RELATIONS, Relation

_BESIDE: Mapping[Relation, tuple[str, ...]] = {Relation.INTERACTION: ("药物",), Relation.INCOMPATIBLE: ("药物",)}
"""What else a sentence of a relation may call its objects."""


def titles_of(evidence: Evidence) -> list[str]:
    """What names the subject of a passage without being its text."""
    passage = evidence.passage
    titles = [evidence.title, passage.title, passage.aspect, passage.question] if passage else [evidence.title]
    if evidence.kind == PassageKind.CLASSIC:
        titles.append(evidence.source.title)  # the name of a book says where its words stand
    return [title for title in titles if title]


def texts_of(evidence: Evidence) -> list[str]:
    """Everything of a piece of evidence that a sentence may draw on."""
    texts = [evidence.text, *titles_of(evidence)]
    if evidence.fact is not None:
        texts += [evidence.fact.subject_name, evidence.fact.object_text]
    return [text for text in texts if text]


def lines_of(facts: Iterable[GraphFact]) -> list[tuple[str, str]]:
    """(subject, line) of the facts of each subject and relation, as a record lists them."""
    listed: dict[tuple[str, Relation], list[str]] = {}
    for fact in facts:
        listed.setdefault((fact.subject_name, fact.relation), []).append(fact.object_text)
    return [
        (subject, f"{subject}的{RELATIONS[relation].label}：{'、'.join(dict.fromkeys(objects))}")
        for (subject, relation), objects in listed.items()
    ]


def unquoted(text: str) -> str:
    """Normalised `text` without its quotation marks."""
    return normalise(text.replace("“", "").replace("”", ""))


def object_of(fact: GraphFact) -> str:
    """The normalised name of what the fact tells."""
    return normalise(fact.object_text).rstrip(END_MARKS)


@cache
def words_of(relation: Relation) -> tuple[str, ...]:
    """By which a sentence may name the relation."""
    row = RELATIONS[relation]
    return tuple(normalise(word) for word in (row.label, *row.aliases, *row.cues, *_BESIDE.get(relation, ())))

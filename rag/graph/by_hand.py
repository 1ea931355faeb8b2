"""What a relation that a person drew in Neo4j states: one rule for reading it live and for adopting it.

Its id follows from its content and from the editors as its source, so a citation given before adoption is the id of
the fact afterwards.
"""

from __future__ import annotations

from collections.abc import Collection

from rag.domain import EDITOR, EntityId, Fact, Literal, Qualifiers
from rag.text import clean
from rag.vocabulary import RELATIONS, EntityType, Relation

_TYPES = {kind.value: kind for kind in EntityType}


class NotAFactError(ValueError):
    """A relation that may not stand; the message says why."""


def fact_by_hand(
    subject: str,
    relation: Relation,
    target: EntityId | Literal,
    *,
    severity: object = None,
    population: object = None,
    dose: object = None,
) -> Fact:
    """The fact that a drawn relation states. Raises NotAFactError where the vocabulary or a rule forbids it."""
    row = RELATIONS[relation]
    _expect(subject, row.subjects, "begins at")
    if isinstance(target, Literal):
        if not row.literal:
            raise NotAFactError(f"{relation} leads to {_listed(row.objects)}, not to a text")
        target = Literal(_text(target.text, "the text"), relation.value)
    elif row.literal:
        raise NotAFactError(f"{relation} leads to a text, (:Literal {{name}}), not to an entity")
    else:
        _expect(target, row.objects, "leads to")
    limits = Qualifiers(_limit(severity, "severity"), _limit(population, "population"), _limit(dose, "dose"))
    if relation is Relation.DOSAGE or limits.dose:
        raise NotAFactError("a dose needs a named source; bring it in with a facts.csv that names one")
    return Fact(EntityId(subject), relation, target, EDITOR.id, limits)


def _expect(entity: str, allowed: Collection[EntityType], verb: str) -> None:
    if _TYPES.get(entity.partition(":")[0]) not in allowed:
        raise NotAFactError(f"it {verb} {entity}; expected {_listed(allowed)}")


def _listed(kinds: Collection[EntityType]) -> str:
    return " or ".join(kind for kind in EntityType if kind in kinds)


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not clean(value):
        raise NotAFactError(f"{what} is not a text")
    return clean(value)


def _limit(value: object, name: str) -> str | None:
    return None if value is None or value == "" else _text(value, name)

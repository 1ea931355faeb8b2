"""Records as rows for their tables, in which entities still stand as ids; plain tuples, so that they travel well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

from rag.domain import (
    Alias,
    DoNotMerge,
    Entity,
    EntityId,
    Fact,
    Literal,
    Passage,
    Record,
    Retraction,
    Review,
    Source,
    fact_head,
    fact_tail,
    hash64,
)
from rag.register import is_key
from rag.text import normalise
from rag.vocabulary import GRADE_RANK, EntityType

Row = tuple[object, ...]
Told = tuple[str, str, dict[str, list[EntityId]], dict[str, list[tuple[str, str]]]]
"""Facts without limits: their subject, their source and, by relation, ids of entities and (text, kind)."""
Alike = tuple[int, str, str | None]
"""What the rows of such facts have in common: the key of the source, the relation, the kind of their texts if any."""
ToldRow = tuple[int, int, int | str]
"""Key, number of the subject, number of the object or a text."""
_TYPES = frozenset(kind.value for kind in EntityType)
_SHIFT = 1 << 63
_NO_ID = "an entity id is not `type:name` with a known type"


def problem(record: Record) -> str | None:
    """Why a record cannot be stored, or None. Readers do not make such records; a new reader might."""
    if isinstance(record, Fact):
        known = is_id(record.subject) and (isinstance(record.object, Literal) or is_id(record.object))
        return None if known else _NO_ID
    if not all(map(is_id, _referred(record))):
        return _NO_ID
    if isinstance(record, Entity) and not (record.name and record.id.startswith(f"{record.type}:")):
        return "an entity's name is empty or its id has another type"
    if isinstance(record, Alias) and not normalise(record.name):
        return "an alias is empty"
    if isinstance(record, Passage) and not record.text.strip():
        return "a passage is empty"
    if isinstance(record, Retraction) and not is_key(record.target):
        return "a retraction names no PMID, DOI or id"
    return None


@lru_cache(maxsize=1 << 16)
def is_id(identifier: str) -> bool:
    """Whether it is `type:name` with a known type."""
    kind, _, name = identifier.partition(":")
    return kind in _TYPES and bool(name)


def is_text(text: str) -> bool:
    """Whether `text` can be stored: it holds no half of a character (a lone surrogate)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _referred(record: Record) -> tuple[EntityId, ...]:
    if isinstance(record, Entity):
        return (record.id,)
    if isinstance(record, Alias):
        return (record.entity,)
    if isinstance(record, DoNotMerge):
        return (record.a, record.b)
    if isinstance(record, Passage) and record.about is not None:
        return (record.about,)
    return ()


@lru_cache(maxsize=1 << 12)
def key_of_source(identifier: str) -> int:
    """The key of a source id (`s:` and 16 hex digits)."""
    return int(identifier[2:], 16) - _SHIFT


def told_rows(told: Iterable[Told], numbers: Mapping[object, int]) -> dict[Alike, dict[int, ToldRow]]:
    """The rows of these facts by what they have in common and by key, given the numbers of entities."""
    found: dict[Alike, dict[int, ToldRow]] = defaultdict(dict)
    for subject, source, things, texts in told:
        at, leaning, tail = numbers[subject], key_of_source(source), fact_tail(source, subject)
        for relation, ids in things.items():
            rows = found[leaning, relation, None]
            for thing in ids:
                key = hash64(fact_head(thing, relation) + tail) - _SHIFT
                rows[key] = key, at, numbers[thing]
        for relation, said in texts.items():
            for one in said:
                key = hash64(fact_head(one, relation) + tail) - _SHIFT
                found[leaning, relation, one[1]][key] = key, at, one[0]
    return found


def row_of(record: Record, key: int) -> Row:
    """The row of a record with this key. The rank of a fact is its source's and is missing at the end."""
    if isinstance(record, Fact):  # most of what is stored
        said, limits = record.object, record.qualifiers
        target, literal, kind = (None, said.text, said.kind) if isinstance(said, Literal) else (said, None, None)
        return (
            key, record.subject, str(record.relation), target, literal, kind, key_of_source(record.source),
            limits.severity, limits.population, limits.dose,
        )  # fmt: skip
    match record:
        case Entity():
            return key, record.id, record.name
        case Alias():
            return key, record.entity, record.name, record.kind.value, normalise(record.name)
        case DoNotMerge():
            return key, record.a, record.b, record.reason
        case Retraction():
            return key, record.target, record.stated_by
        case Source():
            grade = record.grade
            return (
                key, record.title, record.kind, grade.value, GRADE_RANK[grade], record.year, record.publisher,
                record.doi, record.pmid, record.url, record.licence, record.lineage,
            )  # fmt: skip
        case Passage():
            return (
                key, record.kind.value, key_of_source(record.source), record.title, record.question,
                record.locator, record.about, record.aspect, record.text,
            )  # fmt: skip
        case Review():
            return key, record.record, record.rule, record.verdict.value, record.reason

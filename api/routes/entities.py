"""`GET /v1/entities` by name and `GET /v1/entities/{id}` in full."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Annotated, Literal
from weakref import WeakKeyDictionary

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.openapi import problems
from api.rendering import Json, entity_json, fact_json, source_json
from api.schemas.entities import EntitiesOut, EntityInFullOut
from api.schemas.strict import DIGITS
from api.service import Service, service_of
from rag.domain import EDITOR, Candidate, Entity, EntityId, GraphFact, Source
from rag.editions import Edition
from rag.errors import NotFoundError, UsageError
from rag.linking.names import Names
from rag.linking.pinyin import Spellings
from rag.text import clean, normalise
from rag.vocabulary import RELATIONS, TYPE_LABELS, Relation

router = APIRouter(tags=["entities"])

ALL_FACTS = 100_000
"""More than any entity has of one relation; the busiest of the reference graph has some thousands."""
_Found = tuple[str, Candidate]


@router.get(
    "/v1/entities",
    operation_id="findEntities",
    response_class=Response,
    responses=problems(404, 422, 503) | {200: {"model": EntitiesOut}},
)
async def find(
    service: Annotated[Service, Depends(service_of)],
    q: Annotated[str, Query(min_length=1, max_length=200, examples=["偏头"], description="a text or part of a name")],
    limit: Annotated[int, Query(ge=1, le=200), DIGITS] = 20,
    cursor: Annotated[str | None, Query(max_length=100, description="`next_cursor` of the page before")] = None,
) -> Response:
    """Entities named in `q`, those with a name that begins with it, those whose pinyin or initials do (`ptt`).

    A cursor stays with its version.
    """

    def work() -> Json:
        version, offset = _decoded(cursor) if cursor else (None, 0)
        edition = service.edition(version)
        page = list(islice(_matches(edition, q), offset, offset + limit + 1))
        names = edition.kb.entities([candidate.entity for _, candidate in page[:limit]])
        more = len(page) > limit
        return {
            "items": [
                _found_json(matched, candidate, names.get(candidate.entity)) for matched, candidate in page[:limit]
            ],
            "next_cursor": _encoded(edition.pointer.version, offset + limit) if more else None,
            "kb_version": edition.pointer.version,
            "revision": edition.pointer.revision,
        }

    return Response(orjson.dumps(await service.read(work)), media_type="application/json")


def _found_json(matched: str, candidate: Candidate, entity: Entity | None) -> Json:
    return {
        "id": candidate.entity,
        "name": entity.name if entity is not None else candidate.name,
        "type": candidate.type.value,
        "matched": matched,
        "via": candidate.via,
        "score": candidate.score,
    }


def _matches(edition: Edition, q: str) -> Iterator[_Found]:
    """Each entity once, with the name that led to it."""
    seen: set[EntityId] = set()
    for matched, candidate in _all_matches(edition, q):
        if candidate.entity not in seen:
            seen.add(candidate.entity)
            yield matched, candidate


def _all_matches(edition: Edition, q: str) -> Iterator[_Found]:
    for mention in edition.linker.link(clean(q)):
        yield from ((mention.surface, candidate) for candidate in mention.candidates)
    prefix = normalise(q)
    names = _sorted_names(edition.linker.names)
    for name in islice(names, bisect_left(names, prefix), None):
        if not name.startswith(prefix):
            break
        yield from ((name, candidate) for candidate in edition.linker.names.candidates(name))
    for name in _spellings(edition.linker.names).beginning(q):
        yield from ((name, candidate) for candidate in edition.linker.names.candidates(name))


_SORTED: WeakKeyDictionary[Names, Sequence[str]] = WeakKeyDictionary()


def _sorted_names(names: Names) -> Sequence[str]:
    """All names of one version in order, made once."""
    found = _SORTED.get(names)
    if found is None:
        _SORTED[names] = found = sorted(names.owners)
    return found


_SPELT: WeakKeyDictionary[Names, Spellings] = WeakKeyDictionary()


def _spellings(names: Names) -> Spellings:
    """All names of one version by sound, made once."""
    found = _SPELT.get(names)
    if found is None:
        _SPELT[names] = found = Spellings(names.owners)
    return found


def _encoded(version: int, offset: int) -> str:
    return base64.urlsafe_b64encode(f"{version}.{offset}".encode()).decode().rstrip("=")


def _decoded(cursor: str) -> tuple[int, int]:
    try:
        version, _, offset = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").partition(".")
        return int(version), max(0, int(offset))
    except (binascii.Error, ValueError) as error:
        raise UsageError(f"the cursor {cursor!r} is not one of ours; pass `next_cursor` of the page before") from error


@router.get(
    "/v1/entities/{entity_id:path}",
    operation_id="getEntity",
    response_class=Response,
    responses=problems(404, 422, 503) | {200: {"model": EntityInFullOut}},
)
async def get(
    service: Annotated[Service, Depends(service_of)],
    entity_id: str,
    limit: Annotated[int, Query(ge=1, le=1000, description="facts of each relation and direction"), DIGITS] = 100,
    kb_version: Annotated[int | None, Query(ge=1, le=2**31 - 1), DIGITS] = None,
) -> Response:
    """An entity (`type:name`, percent-encoded) with its other names and its facts, both ways, by relation."""

    def work() -> Json:
        degraded: list[str] = []
        edition = service.edition(kb_version).for_answer(degraded)
        entity = entity_of(edition, entity_id)
        around = edition.retriever.graph.neighbourhood({entity.id: ()}, limit_each=ALL_FACTS)
        aliases = edition.kb.aliases(entity.id)
        groups = [
            *_groups(edition, "outgoing", around.outgoing, limit),
            *_groups(edition, "incoming", around.incoming, limit),
        ]
        return {
            **entity_json(entity),
            "type_label": TYPE_LABELS[entity.type],
            "aliases": [{"name": alias.name, "kind": alias.kind.value} for alias in aliases],
            "groups": groups,
            "counts": {
                "outgoing": len(around.outgoing),
                "incoming": len(around.incoming),
                "aliases": len(aliases),
            },
            "kb_version": edition.pointer.version,
            "revision": edition.pointer.revision,
            "degraded": degraded,
        }

    return Response(orjson.dumps(await service.read(work)), media_type="application/json")


def entity_of(edition: Edition, given: str) -> Entity:
    """By id; the name in it may be spelt as in a text."""
    kind, _, name = given.partition(":")
    for identifier in (EntityId(given), EntityId(f"{kind}:{normalise(name)}")):
        found = edition.kb.entities([identifier])
        if found:
            return found[identifier]
    raise NotFoundError(
        f"no entity {given!r} in version {edition.pointer.version}; an id is `type:name`, such as disease:偏头痛: "
        "find one with /v1/entities?q="
    )


def sources_of(edition: Edition, facts: Iterable[GraphFact]) -> Mapping[str, Source]:
    """The sources of facts by id; that of the editors is in no version before something was adopted."""
    return {EDITOR.id: EDITOR} | edition.kb.sources({fact.source for fact in facts})


def entities_of(edition: Edition, facts: Iterable[GraphFact]) -> Mapping[EntityId, Entity]:
    """The entities at both ends of facts."""
    return edition.kb.entities(
        {EntityId(end) for fact in facts for end in (fact.subject, fact.object) if isinstance(end, str)}
    )


def _groups(
    edition: Edition, direction: Literal["outgoing", "incoming"], facts: Iterable[GraphFact], limit: int
) -> list[Json]:
    """Relations in the order of the vocabulary."""
    by_relation: dict[Relation, list[GraphFact]] = defaultdict(list)
    for fact in facts:
        by_relation[fact.relation].append(fact)
    shown = [fact for group in by_relation.values() for fact in group[:limit]]
    sources, entities = sources_of(edition, shown), entities_of(edition, shown)
    return [
        {
            "relation": relation.value,
            "label": RELATIONS[relation].label,
            "direction": direction,
            "count": len(by_relation[relation]),
            "facts": [
                fact_json(fact, entities) | {"source": source_json(sources[fact.source])}
                for fact in by_relation[relation][:limit]
                if fact.source in sources
            ],
        }
        for relation in Relation
        if relation in by_relation
    ]

"""The graph around an entity and between two, read live where there is a Neo4j, to be drawn by a program."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.openapi import problems
from api.rendering import Json, fact_json, source_json
from api.routes.entities import entities_of, entity_of, sources_of
from api.schemas.entities import GraphOut, PathsOut
from api.schemas.strict import DIGITS
from api.service import Service, service_of
from rag.domain import GraphFact, Literal
from rag.editions import Edition

router = APIRouter(tags=["entities"])


@router.get(
    "/v1/entities/{entity_id:path}/graph",
    operation_id="getEntityGraph",
    response_class=Response,
    responses=problems(404, 422, 503) | {200: {"model": GraphOut}},
)
async def around(
    service: Annotated[Service, Depends(service_of)],
    entity_id: str,
    limit: Annotated[int, Query(ge=1, le=200, description="facts of each relation and direction"), DIGITS] = 25,
    kb_version: Annotated[int | None, Query(ge=1, le=2**31 - 1), DIGITS] = None,
) -> Response:
    """What lies one step around an entity, as nodes and edges; `degraded` names the live graph where it was missing."""

    def work() -> Json:
        degraded: list[str] = []
        edition = service.edition(kb_version).for_answer(degraded)
        center = entity_of(edition, entity_id)
        found = edition.retriever.graph.neighbourhood({center.id: ()}, limit_each=limit)
        facts = list({fact.id: fact for fact in (*found.outgoing, *found.incoming)}.values())
        nodes, edges = _drawing(edition, facts)
        own = {"id": center.id, "name": center.name, "type": center.type.value}
        return {
            "center": center.id,
            "nodes": [own, *(node for node in nodes if node["id"] != center.id)],
            "edges": edges,
            **_stamp(edition, degraded),
        }

    return Response(orjson.dumps(await service.read(work)), media_type="application/json")


@router.get(
    "/v1/paths",
    operation_id="findPaths",
    response_class=Response,
    responses=problems(404, 422, 503) | {200: {"model": PathsOut}},
)
async def between(
    service: Annotated[Service, Depends(service_of)],
    start: Annotated[str, Query(alias="from", max_length=200, examples=["disease:偏头痛"], description="an entity")],
    end: Annotated[str, Query(alias="to", max_length=200, examples=["symptom:恶心"], description="another entity")],
    max_hops: Annotated[int, Query(ge=1, le=4), DIGITS] = 3,
    limit: Annotated[int, Query(ge=1, le=50), DIGITS] = 10,
    kb_version: Annotated[int | None, Query(ge=1, le=2**31 - 1), DIGITS] = None,
) -> Response:
    """Shortest chains of facts between two entities; facts are walked either way."""

    def work() -> Json:
        degraded: list[str] = []
        edition = service.edition(kb_version).for_answer(degraded)
        ends = entity_of(edition, start), entity_of(edition, end)
        found = edition.retriever.graph.paths(ends[0].id, ends[1].id, max_hops=max_hops, limit=limit)
        facts = list({fact.id: fact for path in found for fact in path.facts}.values())
        nodes, edges = _drawing(edition, facts)
        return {
            "paths": [[fact.id for fact in path.facts] for path in found],
            "nodes": nodes,
            "edges": edges,
            **_stamp(edition, degraded),
        }

    return Response(orjson.dumps(await service.read(work)), media_type="application/json")


def _drawing(edition: Edition, facts: Iterable[GraphFact]) -> tuple[list[Json], list[Json]]:
    """Both ends of every fact once, and the facts between them; a text is a node of its own for each fact."""
    facts = list(facts)
    sources, entities = sources_of(edition, facts), entities_of(edition, facts)
    nodes: dict[str, Json] = {}
    edges: list[Json] = []
    for fact in facts:
        if fact.source not in sources:
            continue
        shown = fact_json(fact, entities)
        target = f"text:{fact.id}" if isinstance(fact.object, Literal) else fact.object
        ends = {fact.subject: shown.pop("subject"), target: shown.pop("object")}
        for identifier, end in ends.items():
            assert isinstance(end, dict)
            nodes.setdefault(identifier, end | {"id": identifier})
        edges.append(shown | {"from": fact.subject, "to": target, "source": source_json(sources[fact.source])})
    return list(nodes.values()), edges


def _stamp(edition: Edition, degraded: list[str]) -> Json:
    return {"kb_version": edition.pointer.version, "revision": edition.pointer.revision, "degraded": degraded}

"""Whether the process runs, whether it can answer, what it is, and what its problems mean."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.answering import shut_down
from api.openapi import API_VERSION, problems
from api.problems import Row, rows
from api.rendering import Json
from api.schemas.service import HealthOut, ProblemType, ProblemTypes, ProgramOut, ReadyOut
from api.service import Service, service_of
from rag.errors import NotFoundError

router = APIRouter(tags=["service"])


@router.get(
    "/healthz", operation_id="health", response_class=Response, responses=problems() | {200: {"model": HealthOut}}
)
async def health() -> Response:
    """The process runs; nothing else is looked at."""
    return Response(b'{"status":"ok"}', media_type="application/json")


@router.get(
    "/readyz", operation_id="ready", response_class=Response, responses=problems(503) | {200: {"model": ReadyOut}}
)
async def ready(service: Annotated[Service, Depends(service_of)]) -> Response:
    """A version is loaded; 503 before the first one, while shutting down, and where the register cannot be read."""
    if service.draining:
        raise shut_down()

    def work() -> Json:
        edition = service.edition()
        service.catalogue.decisions()  # without it nothing is answered
        return {
            "status": "ready",
            "kb_version": edition.pointer.version,
            "revision": edition.pointer.revision,
            "degraded": ["kb-update"] if service.pipeline.editions.last_error is not None else [],
        }

    return Response(orjson.dumps(await service.read(work)), media_type="application/json")


@router.get(
    "/version", operation_id="version", response_class=Response, responses=problems() | {200: {"model": ProgramOut}}
)
async def version() -> Response:
    """The program and its version."""
    try:
        installed = metadata.version("yiwen")
    except metadata.PackageNotFoundError:
        installed = "not installed"  # run from a source tree
    return Response(
        orjson.dumps({"name": "yiwen", "version": installed, "api": API_VERSION}), media_type="application/json"
    )


@router.get(
    "/problems",
    operation_id="listProblems",
    response_class=Response,
    responses=problems() | {200: {"model": ProblemTypes}},
)
async def list_problems() -> Response:
    """Every problem type that the service answers with."""
    return Response(orjson.dumps({"problems": [_type_json(row) for row in rows()]}), media_type="application/json")


@router.get(
    "/problems/{slug}",
    operation_id="getProblem",
    response_class=Response,
    responses=problems(404) | {200: {"model": ProblemType}},
)
async def get_problem(slug: str) -> Response:
    """What one problem type means."""
    for row in rows():
        if row.slug == slug:
            return Response(orjson.dumps(_type_json(row)), media_type="application/json")
    raise NotFoundError(f"no problem type {slug!r}; /problems lists them")


def _type_json(row: Row) -> Json:
    return {
        "type": f"/problems/{row.slug}",
        "title": row.title,
        "status": row.status,
        "meaning": row.meaning,
        "retry_after": row.retry_after,
    }

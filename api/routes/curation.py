"""Withdrawing evidence and giving it back, the register of both, and what differs between two versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.access import administers
from api.openapi import problems
from api.rendering import Json, entry_json
from api.schemas.evidence import CuratedOut, RegisterOut, WithdrawIn
from api.schemas.kb import DiffOut
from api.schemas.strict import DIGITS
from api.service import Service, service_of
from kg_loader.curation import Curated

router = APIRouter(tags=["knowledge base"])
Version = Annotated[int, Query(ge=1, le=2**31 - 1), DIGITS]


@router.post(
    "/v1/evidence/{evidence_id:path}/withdraw",
    operation_id="withdrawEvidence",
    dependencies=[Depends(administers)],
    response_class=Response,
    responses=problems(400, 401, 403, 404, 408, 409, 410, 413, 422, 503, 507) | {200: {"model": CuratedOut}},
)
async def withdraw(evidence_id: str, body: WithdrawIn, service: Annotated[Service, Depends(service_of)]) -> Response:
    """Let nothing of a fact, passage, source, `pmid:...` or `doi:...` support an answer, in any version, at once."""
    return await _changed(service, lambda: service.catalogue.withdraw(evidence_id, body.reason))


@router.post(
    "/v1/evidence/{evidence_id:path}/restore",
    operation_id="restoreEvidence",
    dependencies=[Depends(administers)],
    response_class=Response,
    responses=problems(401, 403, 404, 409, 410, 422, 503, 507) | {200: {"model": CuratedOut}},
)
async def restore(evidence_id: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    """Let what was withdrawn or retracted support answers again."""
    return await _changed(service, lambda: service.catalogue.restore(evidence_id))


async def _changed(service: Service, change: Callable[[], Curated]) -> Response:
    def work() -> Json:
        done = change()
        counts = {"facts": done.facts, "passages": done.passages}
        return entry_json(done.entry) | {"revision": done.revision, "current_version": counts}

    return Response(orjson.dumps(await service.read(work)), media_type="application/json")


@router.get(
    "/v1/kb/register",
    operation_id="getRegister",
    response_class=Response,
    responses=problems(503) | {200: {"model": RegisterOut}},
)
async def register(service: Annotated[Service, Depends(service_of)]) -> Response:
    """What was withdrawn, retracted or erased, oldest first."""

    def work() -> Json:
        found = service.catalogue.decisions()
        entries = sorted(found.entries.values(), key=lambda entry: (entry.when, entry.key))
        return {"revision": found.revision, "entries": [entry_json(entry) for entry in entries]}

    return Response(orjson.dumps(await service.read(work)), media_type="application/json")


@router.get(
    "/v1/kb/diff",
    operation_id="diffVersions",
    response_class=Response,
    responses=problems(404, 422, 503) | {200: {"model": DiffOut}},
)
async def diff(
    service: Annotated[Service, Depends(service_of)],
    a: Version,
    b: Version,
    samples: Annotated[int, Query(ge=0, le=1000, description="lines to show for each kind"), DIGITS] = 5,
) -> Response:
    """What version `b` has that `a` has not, and the reverse, for each kind of record and for data sets."""

    def work() -> Json:
        found = service.catalogue.diff(a, b, samples=samples)
        return {"from": a, "to": b, "changes": {kind: asdict(change) for kind, change in found.items()}}

    return Response(orjson.dumps(await service.read(work)), media_type="application/json")

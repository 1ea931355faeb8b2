"""`/v1/kb/aliases` and `/v1/kb/reviews`: what the audit doubts, and what a person decides about it.

A decision is part of a version, so a review is a job: it publishes one, in its turn with the ingestions.
"""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api import idempotency
from api.access import administers
from api.openapi import problems
from api.rendering import Json, entity_json, finding_json
from api.routes.jobs import rendered, sender
from api.schemas.jobs import JobOut
from api.schemas.reviews import AliasesOut, ReviewIn
from api.schemas.strict import DIGITS
from api.service import Service, service_of
from kg_loader.aliases import Doubted, Standing
from kg_loader.jobs.job import REVIEW, Job, Order
from rag.domain import Verdict

router = APIRouter(tags=["knowledge base"])


@router.get(
    "/v1/kb/aliases",
    operation_id="listAliases",
    response_class=Response,
    responses=problems(404, 422, 503) | {200: {"model": AliasesOut}},
)
async def aliases(
    service: Annotated[Service, Depends(service_of)],
    standing: Annotated[Standing, Query()] = Standing.HELD,
    limit: Annotated[int, Query(ge=1, le=200), DIGITS] = 50,
    offset: Annotated[int, Query(ge=0, le=10**9, description="`next_offset` of the page before"), DIGITS] = 0,
    kb_version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="default: the current one"), DIGITS] = None,
) -> Response:
    """Aliases with a finding: `held` until somebody releases them, `doubtful` but used, or `released` by somebody."""

    def work() -> Json:
        version = kb_version or service.current_version()
        page = service.catalogue.aliases(version, standing, limit=limit + 1, offset=offset)
        return {
            "items": [_alias_json(one) for one in page[:limit]],
            "next_offset": offset + limit if len(page) > limit else None,
            "kb_version": version,
        }

    return Response(orjson.dumps(await service.read(work)), media_type="application/json")


def _alias_json(one: Doubted) -> Json:
    return {
        "id": one.id,
        "name": one.alias.name,
        "kind": one.alias.kind.value,
        "entity": entity_json(one.entity),
        "datasets": list(one.datasets),
        "findings": [finding_json(finding) for finding in one.findings],
    }


@router.post(
    "/v1/kb/reviews",
    operation_id="review",
    status_code=202,
    dependencies=[Depends(administers)],
    response_class=Response,
    responses=problems(400, 401, 403, 404, 408, 409, 413, 422, 503, 507)
    | {
        200: {"model": JobOut, "description": "The job that an earlier request with this Idempotency-Key made."},
        202: {"model": JobOut, "description": "A new job."},
    },
    openapi_extra={"parameters": [idempotency.HEADER]},
)
async def review(request: Request, body: ReviewIn, service: Annotated[Service, Depends(service_of)]) -> Response:
    """Queue a version in which records are released from quarantine, or held; what is so already stays as it is."""
    records = sorted(set(body.records))
    options = {"verdict": body.verdict, "records": records, "reason": body.reason}
    order = Order((), options=options, kind=REVIEW)
    async with idempotency.reserved(request, service) as reservation:
        if not reservation.new:
            return rendered(await reservation.job(order))

        def work() -> Job:
            service.catalogue.require_reviewable(Verdict(body.verdict), records)
            return service.jobs.submit(order, sender(request), key=reservation.settled_by(order))

        return rendered(await service.read(work), 202)

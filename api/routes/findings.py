"""`GET /v1/kb/findings`: what the audit of a version found."""

from __future__ import annotations

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.openapi import problems
from api.rendering import Json, finding_json
from api.schemas.evidence import FindingsOut
from api.schemas.strict import DIGITS
from api.service import Service, service_of

router = APIRouter(tags=["knowledge base"])


@router.get(
    "/v1/kb/findings",
    operation_id="listFindings",
    response_class=Response,
    responses=problems(404, 422, 503) | {200: {"model": FindingsOut}},
)
async def findings(
    service: Annotated[Service, Depends(service_of)],
    rule: Annotated[str | None, Query(max_length=100)] = None,
    severity: Annotated[Literal["info", "warning", "severe"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000), DIGITS] = 100,
    offset: Annotated[int, Query(ge=0, le=10**9, description="`next_offset` of the page before"), DIGITS] = 0,
    kb_version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="default: the current one"), DIGITS] = None,
) -> Response:
    """Findings, the severest first; severe ones that are not released keep their records out of answers."""

    def work() -> Json:
        version = kb_version or service.current_version()
        kb = service.catalogue.knowledge_base(version)
        page = kb.findings(rule=rule, severity=severity, limit=limit + 1, offset=offset)
        return {
            "items": [finding_json(finding) for finding in page[:limit]],
            "next_offset": offset + limit if len(page) > limit else None,
            "kb_version": version,
        }

    return Response(orjson.dumps(await service.read(work)), media_type="application/json")

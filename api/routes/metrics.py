"""`GET /metrics` for Prometheus."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.metrics import MEDIA_TYPE
from api.openapi import problems
from api.service import Service, service_of

router = APIRouter(tags=["service"])


@router.get(
    "/metrics",
    operation_id="getMetrics",
    response_class=Response,
    responses=problems()
    | {
        200: {
            "description": "The text format of Prometheus.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    },
)
async def metrics(service: Annotated[Service, Depends(service_of)]) -> Response:
    """Requests, outcomes, latency by step, dropped sentences, triage, queues, breaker, version."""
    return Response(service.metrics.text(), headers={"Content-Type": MEDIA_TYPE})

"""`POST /v1/medications/check`: what the knowledge base holds against a list of drugs for a patient."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.answering import REVISION_WAIT_S
from api.openapi import problems
from api.rendering import Json, report_json
from api.schemas.medications import MedicationsIn, MedicationsOut
from api.service import Service, service_of
from rag.editions import wait_for_revision

router = APIRouter(tags=["answers"])


@router.post(
    "/v1/medications/check",
    operation_id="checkMedications",
    response_class=Response,
    responses=problems(400, 404, 408, 413, 422, 503) | {200: {"model": MedicationsOut}},
)
async def check(body: MedicationsIn, request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    """All contraindications, interactions, incompatibilities, allergies and duplicates on record, the gravest first."""
    request.scope["state"]["log"]["drugs"] = len(body.drugs)

    def work() -> Json:
        pipeline = service.pipeline
        if body.min_revision is not None:
            wait_for_revision(pipeline.editions, body.min_revision, REVISION_WAIT_S)
        patient = body.patient.patient() if body.patient else None
        edition, report, degraded = pipeline.check(body.drugs, patient, kb_version=body.kb_version)
        return report_json(report, edition, degraded)

    return Response(orjson.dumps(await service.read(work)), media_type="application/json")

"""`POST /v1/search`: evidence without generation."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.answering import REVISION_WAIT_S
from api.openapi import problems
from api.rendering import Json, evidence_json, mentions_json
from api.schemas.answers import SearchIn, SearchOut
from api.service import Service, service_of
from rag.editions import wait_for_revision

router = APIRouter(tags=["evidence"])


@router.post(
    "/v1/search",
    operation_id="search",
    response_class=Response,
    responses=problems(400, 404, 408, 413, 422, 503) | {200: {"model": SearchOut}},
)
async def search(body: SearchIn, request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    """Facts that answer the question, then passages by fused score."""
    request.scope["state"]["log"]["question_chars"] = len(body.question)

    def work() -> Json:
        pipeline = service.pipeline
        if body.min_revision is not None:
            wait_for_revision(pipeline.editions, body.min_revision, REVISION_WAIT_S)
        top_k = body.top_k or service.settings.top_k
        edition, found, mentions = pipeline.search(body.question, top_k=top_k, kb_version=body.kb_version)
        return {
            "evidence": [evidence_json(evidence) for evidence in found],
            **mentions_json(mentions, edition.kb),
            "kb_version": edition.pointer.version,
            "revision": edition.pointer.revision,
        }

    return Response(orjson.dumps(await service.read(work)), media_type="application/json")

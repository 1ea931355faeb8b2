"""`/v1/feedback`: what people think of answers."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.access import owner_of
from api.openapi import problems
from api.rendering import Json
from api.routes.conversations import timestamp
from api.schemas.conversations import FeedbackIn, FeedbackListOut, FeedbackOut
from api.schemas.strict import DIGITS
from api.service import Service, service_of
from api.state.feedback import Feedback
from api.state.keys import Scope

router = APIRouter(tags=["conversations"])
The = Annotated[Service, Depends(service_of)]


@router.post(
    "/v1/feedback",
    operation_id="giveFeedback",
    response_class=Response,
    responses=problems(400, 408, 413, 422, 503, 507) | {200: {"model": FeedbackOut}},
)
async def give(body: FeedbackIn, request: Request, service: The) -> Response:
    """Say whether an answer was good; again for the same answer replaces what was said."""
    owner = owner_of(request)
    kept = await service.read(
        lambda: service.feedback.give(owner, body.answer_id, body.rating, body.reason, body.evidence_ids)
    )
    return Response(orjson.dumps(_feedback_json(kept)), media_type="application/json")


@router.get(
    "/v1/feedback",
    operation_id="listFeedback",
    response_class=Response,
    responses=problems(422, 503, 507) | {200: {"model": FeedbackListOut}},
)
async def list_feedback(
    request: Request,
    service: The,
    everybody: Annotated[bool, Query(description="of all keys; needs the scope admin")] = False,
    limit: Annotated[int, Query(ge=1, le=200), DIGITS] = 50,
    cursor: Annotated[int | None, Query(ge=0, le=2**53), DIGITS] = None,
) -> Response:
    """Your feedback, the newest first."""
    principal = request.scope["state"]["principal"]
    if everybody and not principal.may(Scope.ADMIN):
        raise HTTPException(403, f"the feedback of others needs the scope {Scope.ADMIN}")
    owner = None if everybody else principal.id
    found, more = await service.read(lambda: service.feedback.page(owner, limit=limit, before=cursor))
    body = {"items": [_feedback_json(one) for one in found], "next_cursor": str(more) if more is not None else None}
    return Response(orjson.dumps(body), media_type="application/json")


@router.delete(
    "/v1/feedback/{answer_id}",
    operation_id="deleteFeedback",
    status_code=204,
    response_class=Response,
    responses=problems(404, 422, 503, 507),
)
async def delete(answer_id: Annotated[str, Path(max_length=64)], request: Request, service: The) -> Response:
    """Take back what you said of an answer."""
    owner = owner_of(request)
    await service.read(lambda: service.feedback.delete(owner, answer_id))
    return Response(status_code=204)


def _feedback_json(one: Feedback) -> Json:
    return {
        "answer_id": one.answer_id,
        "rating": one.rating,
        "reason": one.reason,
        "evidence_ids": list(one.evidence_ids),
        "created": timestamp(one.created),
    }

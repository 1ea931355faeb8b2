"""`POST /ask` and `/v1/ask`: an answer at once, or as events."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Header, Path, Request
from starlette.responses import Response

from api.access import owner_of
from api.answering import Stream, Task, begun, shut_down, whole_answer
from api.events import MEDIA_TYPE, AnswerEvents, EventStream
from api.openapi import event_schema, problems
from api.schemas.answers import AnswerOut, AskIn
from api.service import Service, service_of

router = APIRouter()

_EXAMPLE = (
    'id: 1\nevent: meta\ndata: {"answer_id":"8c2f…","kb_version":3,"revision":7,"triage":{"red_flag":false}}\n\n'
    'id: 2\nevent: evidence\ndata: {"evidence":[…]}\n\nid: 3\nevent: token\ndata: {"text":"…[1]。"}\n\n'
    'id: 4\nevent: answer\ndata: {"answer_id":"8c2f…","outcome":"answered",…}\n\n'
    'id: 5\nevent: done\ndata: {"answer_id":"8c2f…"}\n\n'
)
_EVENTS = (
    "the events meta, evidence, token (checked text), dropped, answer, then done or error; "
    "a comment is sent every 15 s."
)
_NAMES = ["meta", "evidence", "token", "dropped", "answer", "done", "error"]
_CONTENT = {MEDIA_TYPE: {"schema": event_schema(_NAMES), "example": _EXAMPLE}}
AnswerId = Annotated[str, Path(max_length=64)]
_RESPONSES = problems(400, 404, 408, 413, 422, 503, 504) | {
    200: {
        "model": AnswerOut,
        "description": f"The answer; with `Accept: text/event-stream`: {_EVENTS}",
        "content": _CONTENT,
    }
}


@router.post("/v1/ask", operation_id="ask", responses=_RESPONSES, response_class=Response, tags=["answers"])
@router.post("/ask", include_in_schema=False)
async def ask(body: AskIn, request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    """Answer a question from the knowledge base; every sentence of fact carries a citation."""
    fields = request.scope["state"]["log"]
    fields["question_chars"] = len(body.question)
    if service.settings.log_questions:
        fields["question"] = ascii(body.question)
    if service.draining:
        raise shut_down()
    options, owner = body.options(service.settings.top_k), owner_of(request)
    task = Task(
        body.question,
        options,
        body.min_revision,
        owner,
        body.conversation,
        body.instead,
        request.scope["state"]["span"],
    )
    if MEDIA_TYPE not in request.headers.get("accept", ""):
        answer = await whole_answer(service, task, request.receive)
        fields["outcome"] = answer["outcome"]
        return Response(orjson.dumps(answer), media_type="application/json")
    stream = Stream(service, task, owner, service.capacity.reattach_s)
    return EventStream(await begun(stream), AnswerEvents(request.scope["state"]["request_id"], request.url.path))


@router.get(
    "/v1/answers/{answer_id}/events",
    operation_id="followAnswer",
    response_class=Response,
    responses=problems(404, 422) | {200: {"description": f"From there on {_EVENTS}", "content": _CONTENT}},
    tags=["answers"],
)
async def follow(
    answer_id: AnswerId,
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    last_event_id: Annotated[
        int, Header(alias="Last-Event-ID", ge=0, le=2**31 - 1, description="number of the last event that arrived")
    ] = 0,
) -> Response:
    """Take an answer up again whose connection was cut less than 15 s ago, behind `Last-Event-ID`."""
    stream = service.kept.find(answer_id, owner_of(request))
    return EventStream(stream, AnswerEvents(request.scope["state"]["request_id"], request.url.path, last_event_id))


@router.delete(
    "/v1/answers/{answer_id}",
    operation_id="stopAnswer",
    status_code=204,
    response_class=Response,
    responses=problems(404, 422),
    tags=["answers"],
)
async def stop(answer_id: AnswerId, request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    """Stop an answer: what is written stays, and its stream ends with `answer` (degraded: cancelled) and `done`."""
    service.kept.find(answer_id, owner_of(request)).stop()
    return Response(status_code=204)

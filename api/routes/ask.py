"""`POST /ask` and `/v1/ask`: an answer at once, or as events."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.answering import Stream, Task, shut_down, whole_answer
from api.events import MEDIA_TYPE, EventStream
from api.openapi import problems
from api.schemas import AnswerOut, AskIn
from api.service import Service, service_of

router = APIRouter()

_EXAMPLE = (
    'id: 1\nevent: meta\ndata: {"answer_id":"8c2f…","kb_version":3,"revision":7,"triage":{"red_flag":false}}\n\n'
    'id: 2\nevent: evidence\ndata: {"evidence":[…]}\n\nid: 3\nevent: token\ndata: {"text":"…[1]。"}\n\n'
    'id: 4\nevent: answer\ndata: {"answer_id":"8c2f…","outcome":"answered",…}\n\n'
    'id: 5\nevent: done\ndata: {"answer_id":"8c2f…"}\n\n'
)
_RESPONSES = problems(400, 404, 408, 413, 422, 503, 504) | {
    200: {
        "model": AnswerOut,
        "description": "The answer; with `Accept: text/event-stream` the events meta, evidence, token (checked text), "
        "dropped, answer, then done or error. A comment is sent every 15 s.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
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
    task = Task(body.question, body.options(service.settings.top_k), body.min_revision)
    if MEDIA_TYPE not in request.headers.get("accept", ""):
        answer = await whole_answer(service, task, request.receive)
        fields["outcome"] = answer["outcome"]
        return Response(orjson.dumps(answer), media_type="application/json")
    stream = Stream(service, task)
    try:
        first = await stream.next()  # an error before the first event is an ordinary problem
        assert first is not None, "an answer begins with its meta event"
    except BaseException:
        stream.close()
        raise
    return EventStream(stream, first)

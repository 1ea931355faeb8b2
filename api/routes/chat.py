"""`POST /v1/chat/completions` and `GET /v1/models`: what programs written for OpenAI call."""

from __future__ import annotations

import asyncio
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive

from api.access import owner_of
from api.answering import Item, Stream, Task, begun, gone, shut_down
from api.chat import ChatIn, Completion
from api.chores import chore
from api.events import MEDIA_TYPE, EventStream
from api.openapi import event_schema, problems
from api.rendering import Json
from api.schemas.openai import ChatOut, ModelOut, ModelsOut
from api.service import Service, service_of
from rag.errors import NotFoundError

router = APIRouter(tags=["openai"])
_CHUNK = 'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"…[1]。"},…}],…}\n\n'


@router.post(
    "/v1/chat/completions",
    operation_id="createChatCompletion",
    response_class=Response,
    responses=problems(400, 404, 408, 413, 503, 504)
    | {
        200: {
            "model": ChatOut,
            "description": "A completion; with `stream` chunks and `data: [DONE]`. `yiwen` holds the answer of "
            "`/v1/ask` without its text (citations, triage ...), in a stream in the last chunk with a choice.",
            "content": {MEDIA_TYPE: {"schema": event_schema(["message"]), "example": _CHUNK + "data: [DONE]\n\n"}},
        }
    },
)
async def complete(body: ChatIn, request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    """Answer the last message of the user; sources stand under the text. Tokens are counted by estimate."""
    state = request.scope["state"]
    state["log"]["question_chars"] = len(body.question)
    if service.settings.log_questions:
        state["log"]["question"] = ascii(body.question)
    if service.draining:
        raise shut_down()
    _known(service, body.model)
    completion = Completion(body, state["request_id"], request.url.path, str(request.base_url))
    if (text := chore(body.question)) is not None:
        return completion.said(text)
    task = Task(body.question, body.options(service.settings.top_k), owner=owner_of(request), span=state["span"])
    stream = await begun(Stream(service, task))
    if body.stream:
        return EventStream(stream, completion)
    whole = completion.whole(await _collected(stream, request.receive))
    return Response(orjson.dumps(whole), media_type="application/json")


async def _collected(stream: Stream, receive: Receive) -> list[Item]:
    """All items, unless the client leaves first."""
    items, client = asyncio.ensure_future(stream.items()), asyncio.ensure_future(gone(receive))
    stream.attach()
    try:
        await asyncio.wait({items, client}, return_when=asyncio.FIRST_COMPLETED)
        if items.done():
            return items.result()
        raise HTTPException(499)
    finally:
        items.cancel()
        client.cancel()
        stream.detach()


def _known(service: Service, model: str) -> None:
    if model not in service.pipeline.generators:
        raise NotFoundError(f"no model {model!r}; there are: {', '.join(sorted(service.pipeline.generators))}")


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": 0, "owned_by": "yiwen"}


@router.get(
    "/v1/models", operation_id="listModels", response_class=Response, responses=problems() | {200: {"model": ModelsOut}}
)
async def models(service: Annotated[Service, Depends(service_of)]) -> Response:
    """The generators, the default one first."""
    default = service.pipeline.default_generator
    found = await service.read(lambda: list(service.pipeline.generators))  # looks into the folder of adapters
    names = sorted(found, key=lambda name: (name != default, name))
    return Response(
        orjson.dumps({"object": "list", "data": [_model(name) for name in names]}), media_type="application/json"
    )


@router.get(
    "/v1/models/{model:path}",
    operation_id="getModel",
    response_class=Response,
    responses=problems(404) | {200: {"model": ModelOut}},
)
async def model(model: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    """One generator."""
    _known(service, model)
    return Response(orjson.dumps(_model(model)), media_type="application/json")

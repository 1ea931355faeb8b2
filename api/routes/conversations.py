"""`/v1/conversations`: create, search, read, rename, export and delete, each only by the key that owns them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from api.access import owner_of
from api.openapi import problems
from api.rendering import Json, untold
from api.schemas.conversations import (
    ConversationIn,
    ConversationInFullOut,
    ConversationOut,
    ConversationsOut,
    DeletedOut,
    RenameIn,
)
from api.schemas.strict import DIGITS
from api.service import Service, service_of
from api.state.conversations import Conversation, Message
from rag.domain import LABEL
from rag.safety.warnings import DISCLAIMER

router = APIRouter(tags=["conversations"])
ConversationId = Annotated[str, Path(max_length=64)]
The = Annotated[Service, Depends(service_of)]


@router.post(
    "/v1/conversations",
    operation_id="createConversation",
    status_code=201,
    response_class=Response,
    responses=problems(400, 408, 413, 422, 503, 507) | {201: {"model": ConversationOut}},
)
async def create(body: ConversationIn, request: Request, service: The) -> Response:
    """Begin a conversation; name it in `conversation` of `/v1/ask`, and questions and answers are kept in it.

    A program that has one key and serves several people names each in `X-Yiwen-Visitor` (16 to 64 letters, digits, `-`
    or `_`, unguessable), here and with every other request: conversations, feedback and answers are theirs alone.
    """
    owner = owner_of(request)
    made = await service.read(lambda: service.conversations.create(owner, body.title))
    return _json(conversation_json(made), 201, {"Location": f"/v1/conversations/{made.id}"})


@router.get(
    "/v1/conversations",
    operation_id="listConversations",
    response_class=Response,
    responses=problems(422, 503, 507) | {200: {"model": ConversationsOut}},
)
async def list_conversations(
    request: Request,
    service: The,
    q: Annotated[str, Query(max_length=200, description="occurs in the title or a message")] = "",
    limit: Annotated[int, Query(ge=1, le=200), DIGITS] = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Your conversations, the last used first."""
    owner = owner_of(request)
    found, more = await service.read(lambda: service.conversations.page(owner, query=q, limit=limit, cursor=cursor))
    return _json({"items": [conversation_json(one) for one in found], "next_cursor": more})


@router.delete(
    "/v1/conversations",
    operation_id="deleteEverything",
    response_class=Response,
    responses=problems(422, 503, 507) | {200: {"model": DeletedOut}},
)
async def delete_all(request: Request, service: The) -> Response:
    """Forget all your conversations, all your feedback and all records of your answers."""
    owner = owner_of(request)

    def work() -> Json:
        return {
            "conversations": service.conversations.delete_all(owner),
            "feedback": service.feedback.delete_all(owner),
            "records": service.consults.delete_all(owner),
        }

    return _json(await service.read(work))


@router.get(
    "/v1/conversations/{conversation}",
    operation_id="getConversation",
    response_class=Response,
    responses=problems(404, 422, 503, 507) | {200: {"model": ConversationInFullOut}},
)
async def get(conversation: ConversationId, request: Request, service: The) -> Response:
    """A conversation with its messages."""
    owner = owner_of(request)
    found, messages = await service.read(lambda: service.conversations.find(owner, conversation))
    return _json(conversation_json(found) | {"messages": [message_json(message) for message in messages]})


@router.patch(
    "/v1/conversations/{conversation}",
    operation_id="renameConversation",
    response_class=Response,
    responses=problems(400, 404, 408, 413, 422, 503, 507) | {200: {"model": ConversationOut}},
)
async def rename(conversation: ConversationId, body: RenameIn, request: Request, service: The) -> Response:
    """Give a conversation another title."""
    owner = owner_of(request)
    return _json(
        conversation_json(await service.read(lambda: service.conversations.rename(owner, conversation, body.title)))
    )


@router.delete(
    "/v1/conversations/{conversation}",
    operation_id="deleteConversation",
    status_code=204,
    response_class=Response,
    responses=problems(404, 422, 503, 507),
)
async def delete(conversation: ConversationId, request: Request, service: The) -> Response:
    """Forget a conversation, and the records of its answers."""
    owner = owner_of(request)

    def work() -> None:
        _, messages = service.conversations.find(owner, conversation)
        service.conversations.delete(owner, conversation)
        service.consults.delete(owner, [str(m.answer["answer_id"]) for m in messages if m.answer is not None])

    await service.read(work)
    return Response(status_code=204)


@router.get(
    "/v1/conversations/{conversation}/export",
    operation_id="exportConversation",
    response_class=Response,
    responses=problems(404, 422, 503, 507)
    | {
        200: {
            "model": ConversationInFullOut,
            "content": {"text/markdown": {"schema": {"type": "string"}}},
            "description": "JSON, or Markdown as text with `format=markdown`.",
        }
    },
)
async def export(
    conversation: ConversationId,
    request: Request,
    service: The,
    format: Annotated[Literal["json", "markdown"], Query()] = "json",
) -> Response:
    """A conversation as a file, with the label and the sources of every answer."""
    owner = owner_of(request)
    found, messages = await service.read(lambda: service.conversations.find(owner, conversation))
    name = f'attachment; filename="conversation-{found.id}.{"json" if format == "json" else "md"}"'
    if format == "markdown":
        text = markdown(found, messages).encode()
        return Response(text, headers={"Content-Disposition": name}, media_type="text/markdown")
    whole = conversation_json(found) | {"messages": [message_json(message) for message in messages]}
    return _json(whole, headers={"Content-Disposition": name})


def _json(body: Json, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, "application/json")


def timestamp(seconds: float) -> str:
    """UTC, ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def conversation_json(one: Conversation) -> Json:
    """Without its messages."""
    return {"id": one.id, "title": one.title, "created": timestamp(one.created), "updated": timestamp(one.updated)}


def message_json(message: Message) -> Json:
    """One message."""
    return {
        "role": message.role,
        "content": message.content,
        "answer": dict(message.answer) if message.answer is not None else None,
        "created": timestamp(message.created),
    }


def markdown(one: Conversation, messages: list[Message]) -> str:
    """A conversation to read or print."""
    parts = [f"# {one.title}"]
    for message in messages:
        if message.role == "user":
            parts.append(f"## {message.content}")
            continue
        answer = message.answer or {}
        parts.append(f"**{LABEL}**，知识库版本 {answer.get('kb_version', '')}\n\n{message.content}")
        if rest := untold(answer):
            lines = [f"- {warning['text']} `{'、'.join(warning['evidence_ids'])}`" for warning in rest]
            parts.append(f"警示列表（其余 {len(rest)} 条）：\n\n" + "\n".join(lines))
        cited = [_cited(citation) for citation in answer.get("citations", ())]
        if cited:
            parts.append("来源：\n\n" + "\n".join(cited))
    return "\n\n".join([*parts, f"> {DISCLAIMER}"]) + "\n"


def _cited(citation: dict[str, dict[str, object]]) -> str:
    source = citation["source"]
    year = f"（{source['year']}）" if source.get("year") else ""
    link = f" <{source['url']}>" if source.get("url") else ""
    return f"- [{citation['n']}] {source['title']}{year}{link}：“{citation['quote']}”"

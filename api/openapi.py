"""The OpenAPI document: `python -m api.openapi > docs/openapi.json` (a test compares the two)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import ERRORS, HTTP, MEDIA_TYPE, is_openai
from api.schemas.openai import OpenAIError, OpenAIErrorItem
from api.schemas.service import Problem, ProblemItem

API_VERSION = "1"
"""The path prefix `/v1`; within it changes only add."""
ANYWHERE = (500,)

OPEN = ("/healthz", "/readyz", "/version", "/problems", "/problems/{slug}")
"""Paths that need no key, wherever one asks from."""
_SCHEMES = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}

Responses = dict[int | str, dict[str, object]]


def problems(*statuses: int) -> Responses:
    """The documented problem responses of a route; the schema is added when the document is made."""
    return {status: {"description": _description(status)} for status in sorted({*statuses, *ANYWHERE})}


def event_schema(names: Sequence[str]) -> dict[str, object]:
    """One server-sent event of a stream, as its reader sees it; `message` is an event without a name."""
    return {
        "type": "object",
        "description": "each event",
        "properties": {"event": {"enum": list(names)}, "id": {"type": "string"}, "data": {"type": "string"}},
        "required": ["data"],
    }


def _description(status: int) -> str:
    """Every problem type that answers with `status`."""
    table = {row.slug: row for row in (*HTTP.values(), *ERRORS.values()) if row.status == status}
    return "; ".join(f"`{row.slug}`: {row.meaning}" for row in table.values())


def document(app: FastAPI) -> dict[str, object]:
    """FastAPI's document with problems as the schema of every error; made once."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = made["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for model in (Problem, ProblemItem, OpenAIError, OpenAIErrorItem):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    made["components"]["securitySchemes"] = _SCHEMES
    for path, operations in made["paths"].items():
        for operation in operations.values():
            if path not in OPEN:
                operation["security"] = [{}, *({name: []} for name in _SCHEMES)]
                operation["responses"] |= {str(status): {"description": ""} for status in (401, 403, 429)}
            operation["responses"] = dict(_described(path, operation["responses"]))
    app.openapi_schema = made
    return made


def _described(path: str, responses: Mapping[str, dict[str, object]]) -> Iterator[tuple[str, dict[str, object]]]:
    """Responses with the shape of errors at `path`."""
    media, name = ("application/json", "OpenAIError") if is_openai(path) else (MEDIA_TYPE, "Problem")
    for status, response in responses.items():
        if status == "422" and is_openai(path):
            continue
        if status.isdigit() and int(status) >= 400:
            response["description"] = _description(int(status)) or response["description"]
            response["content"] = {media: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
        yield status, response


def rendered(app: FastAPI) -> bytes:
    """The committed form."""
    return orjson.dumps(app.openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def main() -> None:
    """Print the document of a service with default settings."""
    from api.app import create_app
    from rag.settings import Settings

    sys.stdout.buffer.write(rendered(create_app(Settings())))


if __name__ == "__main__":
    main()

"""The application: `create_app(settings)`; `serve(settings)` runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware

from api import logs, problems, server
from api.access import VISITOR, asks, ingests
from api.catalogue import Catalogue, LibraryCatalogue
from api.middleware import REQUEST_ID, BodyLimit, Overload, RequestContext
from api.openapi import API_VERSION, document
from api.routes import (
    ask,
    chat,
    conversations,
    curation,
    entities,
    evidence,
    feedback,
    findings,
    graph,
    health,
    jobs,
    kb,
    medications,
    metrics,
    reports,
    reviews,
    search,
    vocabulary,
)
from api.service import Capacity, Service
from kg_loader.jobs.beside import worker_beside
from rag.pipeline import Pipeline
from rag.settings import Settings

_ANSWERS = ("/ask", "/v1/ask", "/v1/chat/completions")
_ABOUT = """\
Answers medical questions from a versioned knowledge base; every sentence of fact carries a citation.

Errors are RFC 9457 problems; `X-Request-ID` is accepted and echoed. Not a diagnosis, not a prescription."""


def create_app(
    settings: Settings,
    pipeline: Pipeline | None = None,
    catalogue: Catalogue | None = None,
    capacity: Capacity | None = None,
) -> FastAPI:
    """The service; `pipeline` and `catalogue` are built from the settings unless given."""
    service = Service(settings, capacity or Capacity(answers=settings.answers))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(_start, service, pipeline, catalogue)
        try:
            yield
        finally:
            await asyncio.to_thread(service.stop)

    app = FastAPI(
        title="yiwen",
        version=API_VERSION,
        description=_ABOUT,
        lifespan=lifespan,
        docs_url=None,  # its scripts come from elsewhere
        redoc_url=None,
    )
    app.state.service = service
    # `graph` before `entities`: the id of an entity may hold any /
    for module in (
        ask,
        chat,
        medications,
        search,
        graph,
        entities,
        curation,
        evidence,
        findings,
        reviews,
        kb,
        conversations,
        feedback,
        reports,
        vocabulary,
    ):
        app.include_router(module.router, dependencies=[Depends(asks)])
    app.include_router(metrics.router, dependencies=[Depends(asks)])
    app.include_router(jobs.router, dependencies=[Depends(ingests)])
    app.include_router(health.router)
    problems.install(app)
    app.add_middleware(BodyLimit, max_bytes=settings.body_max_bytes, uploads=("/v1/kb/jobs",))
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=[origin.strip() for origin in settings.cors_origins.split(",")],
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization",
                "X-API-Key",
                "Content-Type",
                "Last-Event-ID",
                REQUEST_ID,
                "Idempotency-Key",
                VISITOR,
            ],
            expose_headers=[REQUEST_ID, "Retry-After"],
        )
    app.add_middleware(Overload, full=lambda: service.answers.full, paths=_ANSWERS)
    app.add_middleware(RequestContext, metrics=service.metrics, traces=service.traces)
    app.openapi = partial(document, app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def _start(service: Service, pipeline: Pipeline | None, catalogue: Catalogue | None) -> None:
    if pipeline is None:
        from rag.wiring import build  # the adapters take a while; the OpenAPI document needs none of them

        pipeline = build(service.settings)
    service.start(pipeline, catalogue or LibraryCatalogue(service.settings))


def serve(settings: Settings, on_ready: server.Ready | None = None) -> None:
    """Serve on `settings.host` and `port` until SIGTERM or Ctrl-C, with a worker beside; `on_ready` gets the address.

    Raises DependencyError where the port is taken.
    """
    logs.configure(settings.log_format)
    app = create_app(settings)
    with worker_beside(settings):
        server.run(app, app.state.service, on_ready)

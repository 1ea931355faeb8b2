"""`/v1/kb/versions`: which there are, and which is served."""

from __future__ import annotations

import hmac
import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

import orjson
from fastapi import APIRouter, Depends, Path, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.openapi import problems
from api.rendering import Json
from api.schemas import ActivatedOut, VersionsOut
from api.service import Service, service_of
from rag.settings import Settings
from rag.snapshot import Manifest

router = APIRouter(tags=["knowledge base"])


@router.get(
    "/v1/kb/versions",
    operation_id="listVersions",
    response_class=Response,
    responses=problems(503) | {200: {"model": VersionsOut}},
)
async def versions(service: Annotated[Service, Depends(service_of)]) -> Response:
    """All retained versions, oldest first."""

    def work() -> Json:
        pointer = service.catalogue.pointer()
        current = pointer.version if pointer else None
        return {
            "current": current,
            "revision": pointer.revision if pointer else None,
            "versions": [_version_json(manifest, current) for manifest in service.catalogue.versions()],
        }

    return Response(orjson.dumps(await service.read(work)), media_type="application/json")


def _version_json(manifest: Manifest, current: int | None) -> Json:
    return {
        "version": manifest.version,
        "parent": manifest.parent,
        "digest": manifest.digest,
        "created": manifest.created,
        "counts": dict(manifest.counts),
        "held": dict(manifest.held),
        "datasets": list(manifest.datasets),
        "embedder": manifest.embedder,
        "dimension": manifest.dimension,
        "current": manifest.version == current,
    }


def may_write(request: Request, settings: Settings) -> None:
    """Let the holder of the key pass; without a configured key, programs on this machine, but no web page.

    Raises a 401 or 403 problem.
    """
    if settings.api_key is not None:
        given = request.headers.get("x-api-key", "").encode()
        if not hmac.compare_digest(given, settings.api_key.get_secret_value().encode()):
            raise HTTPException(401, "send the key of this service in X-API-Key", {"WWW-Authenticate": "ApiKey"})
        return
    client = request.client.host if request.client else ""
    # A page in a browser on this machine is a loopback client too: it gives itself away by Origin or by a foreign Host.
    if not _is_loopback(client) or not _is_loopback(request.url.hostname or "") or not _same_origin(request):
        raise HTTPException(403, "set YIWEN_API_KEY on the service to allow this from elsewhere")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _same_origin(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.url.netloc


@router.post(
    "/v1/kb/versions/{version}/activate",
    operation_id="activateVersion",
    response_class=Response,
    responses=problems(401, 403, 404, 409, 422, 503, 507) | {200: {"model": ActivatedOut}},
)
async def activate(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    version: Annotated[int, Path(ge=1, le=2**31 - 1)],
) -> Response:
    """Serve another retained version; answers that are being written keep theirs."""
    may_write(request, service.settings)

    def work() -> Json:
        before = service.catalogue.pointer()
        pointer = service.catalogue.activate(version)
        service.pipeline.editions.refresh()
        return {
            "version": pointer.version,
            "revision": pointer.revision,
            "previous": before.version if before else None,
        }

    return Response(orjson.dumps(await service.read(work)), media_type="application/json")

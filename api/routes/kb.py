"""`/v1/kb/versions`: which there are, and which is served."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from api.access import administers
from api.openapi import problems
from api.rendering import Json
from api.schemas.kb import ActivatedOut, VersionsOut
from api.schemas.strict import DIGITS
from api.service import Service, service_of
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


@router.post(
    "/v1/kb/versions/{version}/activate",
    operation_id="activateVersion",
    dependencies=[Depends(administers)],
    response_class=Response,
    responses=problems(401, 403, 404, 409, 422, 503, 507) | {200: {"model": ActivatedOut}},
)
async def activate(
    service: Annotated[Service, Depends(service_of)],
    version: Annotated[int, Path(ge=1, le=2**31 - 1), DIGITS],
) -> Response:
    """Serve another retained version; answers that are being written keep theirs."""

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

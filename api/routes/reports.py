"""`GET /v1/reports`: what `yiwen eval NAME --json` wrote into the folder of reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.openapi import problems
from api.rendering import Json
from api.routes.conversations import timestamp
from api.schemas.reports import ReportsOut
from api.service import Service, service_of

router = APIRouter(tags=["service"])
MOST, LARGEST_BYTES = 50, 1_000_000
"""Reports that are read, the newest of all; larger files are none of ours."""


@router.get(
    "/v1/reports",
    operation_id="listReports",
    response_class=Response,
    responses=problems(503) | {200: {"model": ReportsOut}},
)
async def reports(service: Annotated[Service, Depends(service_of)]) -> Response:
    """Reports of `yiwen eval NAME --json`, the newest first: the files `*.json` of `YIWEN_REPORTS_FOLDER`."""
    folder = service.settings.reports_folder or service.settings.data_dir / "reports"
    return Response(orjson.dumps({"items": await service.read(lambda: read(folder))}), media_type="application/json")


def read(folder: Path) -> list[Json]:
    """Each as name, time and content; one that is no JSON object has none, and says so in `error`."""
    found = [(path.stat(), path) for path in folder.glob("*.json") if path.is_file()]
    newest = sorted(found, key=lambda pair: (-pair[0].st_mtime, pair[1].name))[:MOST]
    return [
        {"name": path.stem, "written": timestamp(stat.st_mtime), **_content(path, stat.st_size)}
        for stat, path in newest
    ]


def _content(path: Path, size: int) -> Json:
    if size > LARGEST_BYTES:
        return {"report": None, "error": f"it has {size:,} bytes; expected at most {LARGEST_BYTES:,}"}
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        return {"report": None, "error": f"it cannot be read: {error}"}
    if not isinstance(content, dict):
        return {"report": None, "error": "expected a JSON object, as `yiwen eval NAME --json` prints one"}
    return {"report": content, "error": None}

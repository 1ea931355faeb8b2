"""`/v1/kb/jobs`: ingestion jobs are submitted, looked at, cancelled, tried again and deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import orjson
from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from api import idempotency
from api import uploads as receiving
from api.openapi import problems
from api.schemas.jobs import JobForm, JobIn, JobOptions, JobOut, JobsOut
from api.schemas.strict import DIGITS
from api.service import Service, service_of
from kg_loader.jobs.files import within
from kg_loader.jobs.job import Job, JobFile, Order, State
from kg_loader.jobs.ordering import checked, given_files
from kg_loader.jobs.retention import remove
from kg_loader.jobs.table import new_id
from rag.errors import NotFoundError, UsageError, YiwenError

router = APIRouter(tags=["jobs"])

FORM = "multipart/form-data"
_ANY_NUMBER = 2**62
T = TypeVar("T", bound=JobOptions)


Writer = Annotated[Service, Depends(service_of)]
JobId = Annotated[str, InPath(max_length=32)]


def rendered(job: Job, status: int = 200) -> Response:
    """A job; 202 says that it is new, and where it is."""
    headers = {"Location": f"/v1/kb/jobs/{job.id}"} if status == 202 else None
    return Response(orjson.dumps(job.document()), status, headers, "application/json")


def sender(request: Request) -> str:
    """Who submits, as the row of the job names it."""
    return f"api {request.client.host if request.client else ''}".strip()


@router.post(
    "/v1/kb/jobs",
    operation_id="submitJob",
    status_code=202,
    response_class=Response,
    responses=problems(400, 401, 403, 404, 408, 409, 413, 415, 422, 503, 507)
    | {
        200: {"model": JobOut, "description": "The job that an earlier request with this Idempotency-Key made."},
        202: {"model": JobOut, "description": "A new job."},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                FORM: {"schema": JobForm.model_json_schema()},
                "application/json": {"schema": JobIn.model_json_schema()},
            },
        },
        "parameters": [idempotency.HEADER],
    },
)
async def submit(request: Request, service: Writer) -> Response:
    """Queue the ingestion of uploaded files, or of files that the service can read itself."""
    async with idempotency.reserved(request, service) as reservation:
        return await _submitted(request, service, reservation)


async def _submitted(request: Request, service: Service, reservation: idempotency.Reservation) -> Response:
    """What is received is removed again unless a new job comes of it."""
    identifier = new_id()
    try:
        order = await _ordered(request, service, identifier)
        job = None if reservation.new else await reservation.job(order)
    except BaseException:
        await asyncio.to_thread(service.uploads.discard, identifier)
        raise
    if job is not None:
        await asyncio.to_thread(service.uploads.discard, identifier)
        return rendered(job)

    def work() -> Job:
        try:
            if order.upload is not None:
                service.uploads.keep(identifier)
            return service.jobs.submit(order, sender(request), identifier, key=reservation.settled_by(order))
        except YiwenError:
            service.uploads.discard(identifier)
            raise

    try:
        return rendered(await service.read(work), 202)
    except HTTPException:  # too much waits already: the work has not begun
        await asyncio.to_thread(service.uploads.discard, identifier)
        raise


async def _ordered(request: Request, service: Service, identifier: str) -> Order:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == FORM:
        return checked(await _uploaded(request, service, identifier))
    if kind == "application/json":
        body = _parsed(JobIn, await request.body())
        return await service.read(lambda: checked(_named(body, service)))
    raise HTTPException(415, f"expected {FORM} or application/json")


async def _uploaded(request: Request, service: Service, identifier: str) -> Order:
    form = await receiving.receive(request, service.uploads, identifier, service.settings.upload_max_bytes)
    if not form.files:
        raise UsageError("the form holds no file; send at least one part with a file name, called `file`")
    options = _parsed(JobOptions, {name: value for name, value in form.fields.items() if value})
    return _order(options, tuple(form.files), identifier)


def _named(body: JobIn, service: Service) -> Order:
    folder = service.settings.jobs_folder
    if folder is None:
        raise HTTPException(403, "paths are not accepted here: upload the file, or set YIWEN_JOBS_FOLDER")
    paths = [Path(path) if Path(path).is_absolute() else folder / path for path in body.all_paths()]
    for given, path in zip(body.all_paths(), paths, strict=True):
        if "\0" in given or not within(path, folder):
            raise HTTPException(403, f"{given[:200]!r} is not in the folder whose files may be named here")
    return _order(body, given_files(paths), None)


def _order(options: JobOptions, files: tuple[JobFile, ...], upload: str | None) -> Order:
    further = options.further()
    return Order(files, options.dataset, options.format, options.encoding, options.append, further, upload=upload)


def _parsed(model: type[T], given: bytes | Mapping[str, str]) -> T:
    try:
        return model.model_validate_json(given) if isinstance(given, bytes) else model.model_validate(given)
    except ValidationError as error:
        listed = [{**item, "loc": ("body", *item["loc"])} for item in error.errors(include_url=False)]
        raise RequestValidationError(listed) from None


@router.get(
    "/v1/kb/jobs",
    operation_id="listJobs",
    response_class=Response,
    responses=problems(401, 403, 422, 503, 507) | {200: {"model": JobsOut}},
)
async def jobs(
    service: Writer,
    limit: Annotated[int, Query(ge=1, le=200), DIGITS] = 50,
    cursor: Annotated[str | None, Query(max_length=20, description="`next_cursor` of the page before")] = None,
    state: Annotated[list[State], Query(description="only jobs in one of these states")] = [],  # noqa: B006
) -> Response:
    """Jobs, newest first."""
    if cursor is not None and not (cursor.isascii() and cursor.isdigit()):
        raise UsageError(f"the cursor {cursor!r} is not one of ours; pass `next_cursor` of the page before")
    before = min(int(cursor), _ANY_NUMBER) if cursor is not None else None
    found, following = await service.read(lambda: service.jobs.page(limit, before=before, states=state))
    page = {
        "items": [job.document() for job in found],
        "next_cursor": str(following) if following is not None else None,
    }
    return Response(orjson.dumps(page), media_type="application/json")


@router.get(
    "/v1/kb/jobs/{job}",
    operation_id="getJob",
    response_class=Response,
    responses=problems(401, 403, 404, 503, 507) | {200: {"model": JobOut}},
)
async def show(service: Writer, job: JobId) -> Response:
    """One job."""
    return rendered(await service.read(lambda: service.jobs.get(job)))


@router.get(
    "/v1/kb/jobs/{job}/rejects",
    operation_id="getRejects",
    response_class=Response,
    responses=problems(401, 403, 404, 503, 507)
    | {200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}, "description": "One object a line."}},
)
async def rejects(service: Writer, job: JobId) -> Response:
    """The rows that were rejected, with file, line, reason and beginning, as JSON lines."""
    found = await service.read(lambda: service.jobs.get(job))
    path = Path(found.rejects_file) if found.rejects_file else None
    if path is None or not path.is_file():
        raise NotFoundError(f"job {found.id} has no rejected rows")
    return FileResponse(path, media_type="application/x-ndjson", filename=f"{found.id}-rejects.jsonl")


@router.post(
    "/v1/kb/jobs/{job}/cancel",
    operation_id="cancelJob",
    response_class=Response,
    responses=problems(401, 403, 404, 409, 503, 507) | {200: {"model": JobOut}},
)
async def cancel(service: Writer, job: JobId) -> Response:
    """Take a job out of the queue, or end a running one, which takes up to two seconds; nothing of it stays."""
    return rendered(await service.read(lambda: service.jobs.cancel(job)))


@router.post(
    "/v1/kb/jobs/{job}/retry",
    operation_id="retryJob",
    response_class=Response,
    responses=problems(401, 403, 404, 409, 503, 507) | {200: {"model": JobOut}},
)
async def retry(service: Writer, job: JobId) -> Response:
    """Queue a failed or cancelled job again, with the files it had."""
    return rendered(await service.read(lambda: service.jobs.retry(job)))


@router.delete(
    "/v1/kb/jobs/{job}",
    operation_id="deleteJob",
    status_code=204,
    response_class=Response,
    responses=problems(401, 403, 404, 409, 503, 507),
)
async def delete(service: Writer, job: JobId) -> Response:
    """Forget a job that has ended, its upload and its rejected rows; what it published stays."""

    def work() -> None:
        remove(service.jobs, service.uploads, service.jobs.get(job))

    await service.read(work)
    return Response(status_code=204)

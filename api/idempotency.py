"""`Idempotency-Key`: the same request sent again within a day leads to the job that the first one made."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from fastapi import Request

from api.service import Service
from kg_loader.jobs import keys
from kg_loader.jobs.job import INGEST, Job, Order
from rag.errors import UsageError

HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "1 to 255 printable ASCII characters, kept for 24 h. The same request again leads to the same job "
    "(200); another one with this key is refused (422), and any while the first is still being read (409).",
    "schema": {"type": "string", "maxLength": 255},
}
"""As the OpenAPI document has it."""
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Reservation:
    """The key of one request, if it has one, and the job that an earlier request with it made."""

    def __init__(self, service: Service, key: str | None, known: keys.Answered | None) -> None:
        self._service = service
        self._known = known
        self.key = key

    @property
    def new(self) -> bool:
        """Whether a job is to be made."""
        return self._known is None

    async def job(self, order: Order) -> Job:
        """The job that the same request made before. Raises UsageError where it was another request."""
        known = self._known
        assert known is not None
        if known.fingerprint != _fingerprint(order):
            raise UsageError("this Idempotency-Key came with another request before; take a new key for a new job")
        return await self._service.read(lambda: self._service.jobs.get(known.job))

    def settled_by(self, order: Order) -> tuple[str, str] | None:
        """What is written down together with the job."""
        return (self.key, _fingerprint(order)) if self.key is not None else None


@asynccontextmanager
async def reserved(request: Request, service: Service) -> AsyncIterator[Reservation]:
    """The key is this request's until it has led to a job, or failed. Raises UsageError, ConflictError."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise UsageError("the Idempotency-Key is not usable; expected 1 to 255 printable ASCII characters, no spaces")
    known = await service.read(lambda: keys.reserve(service.jobs.database, key)) if key is not None else None
    try:
        yield Reservation(service, key, known)
    except BaseException:
        if key is not None and known is None:
            await asyncio.to_thread(keys.release, service.jobs.database, key)
        raise


def _fingerprint(order: Order) -> str:
    """Of what was asked for: the content of uploads, whatever their place."""
    files = [(file.name, file.size, file.sha256 or file.path) for file in order.files]
    asked: Any = [files, order.dataset, order.format, order.encoding, order.append, dict(order.options)]
    kind = [] if order.kind == INGEST else [order.kind]
    return hashlib.sha256(orjson.dumps([*asked, *kind], option=orjson.OPT_SORT_KEYS)).hexdigest()

"""Who asks, what they may do, and how often: a dependency of every route but those that only say how the service is."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.limits import Buckets
from api.state.keys import Key, KeyTable, Scope, parts
from rag.errors import UsageError

if TYPE_CHECKING:
    from api.service import Service
    from rag.settings import Settings

FRESH_S = 2.0
"""How long a revoked key may still work on another replica."""
_VERIFIED = 1000
VISITOR = "X-Yiwen-Visitor"
"""Whom of several a program asks for that has one key: each has answers, conversations and feedback of their own."""
_VISITOR = re.compile(r"[\w-]{16,64}", re.ASCII)


@dataclass(frozen=True)
class Principal:
    """Who asks; `id` owns conversations and feedback."""

    id: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Whether `scope` is among what is allowed."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


LOCAL = Principal("local", frozenset(Scope))
"""A program on the same machine, without a key."""
CONFIGURED = Principal("configured", frozenset({Scope.ADMIN}))
"""The holder of `YIWEN_API_KEY`."""


class Keyring:
    """Recognises keys; the table is read again every `FRESH_S`, and a secret is hashed once. From worker threads."""

    def __init__(self, table: Callable[[], KeyTable], clock: Callable[[], float] = time.time) -> None:
        self._table, self._now = table, clock
        self._keys: dict[str, Key] = {}
        self._read = float("-inf")
        self._pepper = secrets.token_bytes(32)
        self._verified: OrderedDict[bytes, str] = OrderedDict()

    def at_hand(self, given: str) -> Key | None:
        """The valid key that `given` was found to be a moment ago, without any waiting."""
        if self._now() - self._read > FRESH_S:
            return None
        return self._valid(self._verified.get(self._digest(given), ""))

    def find(self, given: str) -> Key | None:
        """The valid key that `given` is. Raises what the database raises."""
        split = parts(given)
        if split is None:
            return None
        if self._now() - self._read > FRESH_S or split[0] not in self._keys:
            read = self._now()
            self._keys = {key.id: key for key in self._table().all()}
            self._read = read
        digest, key = self._digest(given), self._valid(split[0])
        if key is None:
            return None
        if self._verified.get(digest) != key.id:
            if not key.holds(split[1]):
                return None
            self._verified[digest] = key.id
            while len(self._verified) > _VERIFIED:
                self._verified.popitem(last=False)
        return key

    def _digest(self, given: str) -> bytes:
        return hmac.digest(self._pepper, given.encode("utf-8", "replace"), hashlib.sha256)

    def _valid(self, identifier: str) -> Key | None:
        key = self._keys.get(identifier)
        return key if key is not None and key.valid(self._now()) else None


class Access:
    """Admits requests, or refuses them with a 401, 403 or 429 problem."""

    def __init__(self, settings: Settings, table: Callable[[], KeyTable]) -> None:
        self._settings = settings
        self.keyring = Keyring(table)
        self._addresses = Buckets(settings.rate_per_minute, settings.rate_burst)
        self._holders = Buckets(settings.rate_per_minute, settings.rate_burst)

    async def admit(self, request: Request, scope: Scope, service: Service) -> Principal:
        """Who asks, if they may."""
        given = given_key(request)
        local = is_local(request)
        if not local:
            _within(self._addresses, request.client.host if request.client else "")
        principal = await self._holder(given, service) if given is not None else None
        if principal is not None:
            _within(self._holders, principal.id)
        else:
            principal = self._without_key(request, scope, local)
        if not principal.may(scope):
            raise HTTPException(403, f"this key may not do this; it needs the scope {scope}")
        return principal

    async def _holder(self, given: str, service: Service) -> Principal | None:
        """None for what has not the form of a key: OpenAI's clients cannot help sending something."""
        configured = self._settings.api_key
        if configured is not None and hmac.compare_digest(given.encode(), configured.get_secret_value().encode()):
            return CONFIGURED
        if parts(given) is None:
            return None
        key = self.keyring.at_hand(given) or await service.read(lambda: self.keyring.find(given))
        if key is None:
            raise _unauthorized("this key is unknown, revoked or has ended")
        return Principal(key.id, key.scopes)

    def _without_key(self, request: Request, scope: Scope, local: bool) -> Principal:
        if not local and _on_this_machine(request):
            raise HTTPException(403, "a web page of another origin may not do this without a key")
        writes = scope is not Scope.ASK and self._settings.api_key is not None
        if not local or writes or self._settings.require_key:
            raise _unauthorized("send a key of this service in X-API-Key or as a bearer token; `yiwen keys` makes one")
        return LOCAL


def _unauthorized(detail: str) -> HTTPException:
    return HTTPException(401, detail, {"WWW-Authenticate": 'Bearer realm="yiwen"'})


def _within(buckets: Buckets, name: str) -> None:
    wait_s = buckets.take(name)
    if wait_s:
        raise HTTPException(429, "too many requests; repeat after Retry-After", {"Retry-After": str(wait_s)})


def given_key(request: Request) -> str | None:
    """From `X-API-Key` or `Authorization: Bearer`; None if there is none."""
    given = request.headers.get("x-api-key")
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return given or (token.strip() if kind.lower() == "bearer" else None) or None


def is_local(request: Request) -> bool:
    """Whether a program on this machine asks, and no web page: those give themselves away by Origin or foreign Host."""
    return _on_this_machine(request) and _is_loopback(request.url.hostname or "") and _same_origin(request)


def _on_this_machine(request: Request) -> bool:
    # Behind a proxy on this machine uvicorn puts the address of its client here.
    return _is_loopback(request.client.host if request.client else "") and "forwarded" not in request.headers


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _same_origin(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.url.netloc


def needs(scope: Scope) -> Callable[[Request], Awaitable[Principal]]:
    """A dependency that admits holders of `scope` only, and notes who asks in `request.state.principal`."""

    async def admitted(request: Request) -> Principal:
        service: Service = request.app.state.service
        principal = await service.access.admit(request, scope, service)
        request.scope["state"]["principal"] = principal
        request.scope["state"]["log"]["key"] = principal.id
        return principal

    return admitted


def owner_of(request: Request) -> str:
    """Whose answers, conversations and feedback an admitted request deals with. Raises UsageError."""
    principal = request.scope["state"]["principal"]
    assert isinstance(principal, Principal)
    visitor = request.headers.get(VISITOR)
    if visitor is None:
        return principal.id
    if not _VISITOR.fullmatch(visitor):
        raise UsageError(
            f"{VISITOR} is {visitor[:80]!r}; expected 16 to 64 letters, digits, - or _ that nobody guesses"
        )
    return hashlib.blake2b(f"{principal.id} {visitor}".encode(), digest_size=16).hexdigest()


asks = needs(Scope.ASK)
ingests = needs(Scope.INGEST)
administers = needs(Scope.ADMIN)

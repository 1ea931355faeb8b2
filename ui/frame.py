"""What goes around the pages: the document that Streamlit serves, in our language and with our title, and its headers.

Streamlit's program in the browser looks for its server below the address of the page first (`/graph/_stcore/health`),
which a direct link to a page answers with 404. It is told the address instead.
"""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.sitemap import ICONS
from ui.words import LANGUAGES, say

_CODES = {"zh": "zh-CN", "en": "en"}
_SCRIPT = (
    "window.__streamlit={BACKEND_BASE_URL:location.origin+"
    f"location.pathname.replace(/\\/({'|'.join(ICONS)})?\\/?$/,'/')}};window.prerenderReady=false"
)
_INLINE = re.compile(r"<script>.*?</script>", re.DOTALL)
_HASH = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
POLICY = "; ".join(
    (
        "default-src 'self'",
        f"script-src 'self' 'sha256-{_HASH}' 'wasm-unsafe-eval' blob:",  # Graphviz is WebAssembly, components are blobs
        "style-src 'self' 'unsafe-inline'",  # Streamlit makes its styles as it goes
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""Nothing comes from another host, and no text of the knowledge base can become a script."""
SECURITY = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


class Frame:
    """Middleware around Streamlit's application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; what is no document only gets the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        document = scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")
        if document:  # as it is in the file: not compressed, not from a cache
            kept = [(k, v) for k, v in scope["headers"] if k not in _OF_FILES]
            scope = {**scope, "headers": kept}
        await self._app(scope, receive, _Answer(send, _language(scope) if document else None))


_OF_FILES = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")


def _language(scope: Scope) -> str:
    asked = parse_qs(scope["query_string"].decode("latin-1")).get("lang", ["zh"])[0]
    return asked if asked in LANGUAGES else "zh"


class _Answer:
    """Passes an answer on; a document, where a language is given, is held until it is whole."""

    def __init__(self, send: Send, language: str | None) -> None:
        self._send = send
        self._language = language
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY.items():
                headers[name] = value
            if self._language is not None and headers.get("content-type", "").startswith("text/html"):
                self._start = message
                return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._document(self._start)
            return
        await self._send(message)

    async def _document(self, start: Message) -> None:
        assert self._language is not None
        body = framed(self._body.decode(), self._language).encode()
        headers = MutableHeaders(scope=start)
        headers["content-length"] = str(len(body))
        for name in ("etag", "last-modified"):
            del headers[name]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def framed(document: str, language: str) -> str:
    """Streamlit's document with our language, title and the address of the server."""
    title = say("en" if language == "en" else "zh", "product")
    found = document.replace('<html lang="en">', f'<html lang="{_CODES[language]}">', 1)
    found = found.replace("<title>Streamlit</title>", f"<title>{title}</title>", 1)
    return _INLINE.sub(lambda _: f"<script>{_SCRIPT}</script>", found, count=1)

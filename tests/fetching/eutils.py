"""A local server that behaves like NCBI's E-utilities, faults included. Its articles are made up."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from tests.sources.pubmed_files import article, article_set

MOST = 9_999


@dataclass
class Eutils:
    """What the server holds (PMID to the day it came), what it was asked, and which faults come next, one a request."""

    articles: dict[int, date]
    faults: list[tuple[str, str]] = field(default_factory=list)
    """(path, fault); a fault waits for a request to its path."""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""
    ungiven: frozenset[int] = frozenset()
    unknown: tuple[str, ...] = ()

    def fault(self, path: str) -> str | None:
        for at, (where, what) in enumerate(self.faults):
            if where == path:
                del self.faults[at]
                return what
        return None

    def found(self, mindate: str, maxdate: str) -> list[int]:
        return [
            pmid
            for pmid, came in sorted(self.articles.items(), reverse=True)
            if mindate <= f"{came:%Y/%m/%d}" <= maxdate
        ]

    def count(self, path: str) -> int:
        return sum(where == path for where, _ in self.asked)


class _Handler(BaseHTTPRequestHandler):
    eutils: Eutils

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        asked = {key: values[0] for key, values in parse_qs(self.rfile.read(length).decode()).items()}
        path = self.path.rsplit("/", 1)[-1]
        self.eutils.asked.append((path, asked))
        fault = self.eutils.fault(path)
        if fault == "hang up":
            self.close_connection = True
            return
        if fault is not None and fault[:3].isdecimal():
            self._send(int(fault[:3]), b"busy", {"Retry-After": fault[4:]} if fault[4:] else {})
            return
        answer = self._search(asked) if path == "esearch.fcgi" else self._fetch(asked)
        if fault == "cut short":
            answer = answer[: len(answer) // 2]
        elif fault:
            answer = fault.encode()
        self._send(200, answer, {})

    def _search(self, asked: dict[str, str]) -> bytes:
        found = self.eutils.found(asked["mindate"], asked["maxdate"])
        result = {
            "count": str(len(found)),
            "retmax": asked["retmax"],
            "idlist": [str(pmid) for pmid in found[: int(asked["retmax"])]],
            "querykey": "1",
            "webenv": f"{asked['mindate']}-{asked['maxdate']}",
            "errorlist": {"phrasesnotfound": list(self.eutils.unknown), "fieldsnotfound": []},
        }
        return json.dumps({"header": {"type": "esearch"}, "esearchresult": result}).encode()

    def _fetch(self, asked: dict[str, str]) -> bytes:
        found = self.eutils.found(*asked["WebEnv"].split("-"))
        start, size = int(asked["retstart"]), int(asked["retmax"])
        if start > MOST:
            return b"<eFetchResult><ERROR>retstart cannot be larger than 9998</ERROR></eFetchResult>"
        given = [pmid for pmid in found[start : start + size] if pmid not in self.eutils.ungiven]
        return article_set(*(article(pmid, title=f"Darkness for headache {pmid}.") for pmid in given)).encode()

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def serving(eutils: Eutils) -> Iterator[Eutils]:
    """`eutils` with its address, until the block ends."""
    handler = type("Handler", (_Handler,), {"eutils": eutils})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        eutils.url = f"http://127.0.0.1:{server.server_address[1]}/eutils"
        try:
            yield eutils
        finally:
            server.shutdown()
            thread.join()

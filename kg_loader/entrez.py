"""A client of NCBI's E-utilities (https://www.ncbi.nlm.nih.gov/books/NBK25497/) that keeps their rules.

At most 3 requests a second, 10 with an API key; tool and e-mail are named; results are paged through the history
server; a server that is busy or failing is asked again, as late as it says. What it sends is never trusted to be whole.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
from lxml import etree

from rag.errors import DataError, DependencyError

MOST_OF_ONE_SEARCH = 9_999
"""PubMed gives no article of a search beyond this."""
ATTEMPTS = 6

_TOOL = "yiwen"
_TIMEOUT_S = 60.0
_PER_SECOND, _PER_SECOND_WITH_KEY = 3, 10
_LONGEST_WAIT_S = 120.0
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_ARTICLES = ("PubmedArticle", "PubmedBookArticle")
_PMIDS = ("MedlineCitation/PMID", "BookDocument/PMID")

T = TypeVar("T")


class _Broken(Exception):
    """An answer that is cut short, or says that the server failed: worth asking again."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class Hits:
    """What a search found: PMIDs in the order in which the history server gives their articles."""

    count: int
    ids: tuple[str, ...] = ()
    web_env: str = ""
    query_key: str = ""
    unknown: tuple[str, ...] = ()
    """Phrases of the query that PubMed does not know."""


@dataclass
class Entrez:
    """One server. `pause` (seconds) and `clock` are the passing of time."""

    url: str
    email: str | None = None
    api_key: str | None = None
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=_TIMEOUT_S, follow_redirects=True))
    _free_at: float = 0.0

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()

    def search(self, query: str, first: date, last: date) -> Hits:
        """Articles that came to PubMed from `first` to `last`, at most 9,999 of them listed.

        Raises DataError where the server cannot read the query, DependencyError where it does not answer.
        """
        asked = {
            "term": query, "datetype": "edat", "mindate": f"{first:%Y/%m/%d}", "maxdate": f"{last:%Y/%m/%d}",
            "usehistory": "y", "retmode": "json", "retmax": str(MOST_OF_ONE_SEARCH),
        }  # fmt: skip
        return self._ask("esearch.fcgi", asked, _hits)

    def articles(self, hits: Hits, start: int, ids: Sequence[str]) -> list[bytes]:
        """The articles `ids`, which begin at `start` of `hits`, each as an XML element. Raises as `search`."""
        asked = {
            "WebEnv": hits.web_env, "query_key": hits.query_key, "retstart": str(start), "retmax": str(len(ids)),
            "retmode": "xml",
        }  # fmt: skip
        return self._ask("efetch.fcgi", asked, lambda answer: _articles(answer, frozenset(ids)))

    def _ask(self, name: str, asked: Mapping[str, str], understand: Callable[[bytes], T]) -> T:
        """POST, because queries may be long, and because an address with the API key in it would end up in logs."""
        own = {"db": "pubmed", "tool": _TOOL, "email": self.email, "api_key": self.api_key}
        sent = {key: value for key, value in {**own, **asked}.items() if value}
        for attempt in range(ATTEMPTS):
            self._keep_pace()
            try:
                return understand(self._post(name, sent))
            except _Broken as fault:
                last = fault
            if attempt + 1 < ATTEMPTS:
                self.pause(min(last.wait if last.wait is not None else 2.0**attempt, _LONGEST_WAIT_S))
        raise DependencyError(
            f"{self.url}/{name} failed {ATTEMPTS} times, at last: {last}; run the same command again later, "
            "it continues where it stopped"
        )

    def _keep_pace(self) -> None:
        now = self.clock()
        if now < self._free_at:
            self.pause(self._free_at - now)
        per_second = _PER_SECOND_WITH_KEY if self.api_key else _PER_SECOND
        self._free_at = max(now, self._free_at) + 1 / per_second

    def _post(self, name: str, sent: Mapping[str, str]) -> bytes:
        try:
            answer = self._http.post(f"{self.url.rstrip('/')}/{name}", data=dict(sent))
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects) as error:
            raise DependencyError(f"{self.url} cannot be asked: {error}; see YIWEN_PUBMED_URL") from error
        except httpx.HTTPError as error:
            raise _Broken(f"no answer ({type(error).__name__})") from error
        if answer.status_code in _TRY_AGAIN:
            raise _Broken(f"HTTP {answer.status_code}", _retry_after(answer.headers.get("Retry-After")))
        if answer.status_code != httpx.codes.OK:
            said = " ".join(answer.text.split())[:200]
            raise DataError(f"{self.url}/{name} refused the request with HTTP {answer.status_code}: {said}")
        return answer.content


def _retry_after(written: str | None) -> float | None:
    """Seconds, from a number or a date; None where it is neither."""
    if not written:
        return None
    if written.strip().isdecimal():
        return float(written)
    try:
        at = parsedate_to_datetime(written)
    except ValueError:
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds()) if at.tzinfo else None


def _hits(answer: bytes) -> Hits:
    try:
        found: Any = json.loads(answer, strict=False)  # their JSON may hold raw control characters
    except ValueError as error:
        raise _Broken("a search result that is not JSON") from error
    if not isinstance(found, dict) or "error" in found:
        raise _Broken(str(found.get("error") if isinstance(found, dict) else "not an object")[:200])
    result = found.get("esearchresult")
    if not isinstance(result, dict):
        raise _Broken("a search result without esearchresult")
    if "ERROR" in result:
        raise _search_error(str(result["ERROR"]))
    try:
        ids = tuple(map(str, result["idlist"]))
        unknown = tuple(map(str, (result.get("errorlist") or {}).get("phrasesnotfound", ())))
        return Hits(int(result["count"]), ids, result.get("webenv", ""), result.get("querykey", ""), unknown)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _Broken("a search result without count or idlist") from error


def _search_error(said: str) -> Exception:
    """A failure of the server is worth asking again, a query that it cannot read is not."""
    if "Backend failed" in said or "backend" in said.lower():
        return _Broken(said[:200])
    return DataError(f"PubMed cannot read the query: {said[:200]}")


def _articles(answer: bytes, ids: frozenset[str]) -> list[bytes]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root: Any = etree.fromstring(answer, parser)
    except etree.XMLSyntaxError as error:
        raise _Broken("XML that is cut short or broken") from error
    if root.tag != "PubmedArticleSet":
        raise _Broken(" ".join("".join(root.itertext()).split())[:200] or f"<{root.tag}>")
    found = [one for one in root if one.tag in _ARTICLES and _pmid(one) in ids]
    if ids and not found:
        raise _Broken("none of the articles that were asked for")
    return [etree.tostring(one, encoding="utf-8", with_tail=False) for one in found]


def _pmid(article: Any) -> str | None:  # noqa: ANN401 - lxml has no types
    return next((one.text for path in _PMIDS if (one := article.find(path)) is not None), None)

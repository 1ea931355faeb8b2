"""Downloading from PubMed: paging, pace, faults, going on after an interruption."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from kg_loader.entrez import ATTEMPTS, Entrez
from kg_loader.pubmed import BATCH, Fetched, fetch
from rag.errors import DataError, DependencyError, UsageError
from tests.fetching.eutils import Eutils, serving
from tests.sources.collect import collect

DAY = date(2026, 1, 1)
UNTIL = date(2026, 12, 31)


@dataclass
class Time:
    """A clock that only waiting moves."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


@pytest.fixture
def eutils() -> Iterator[Eutils]:
    with serving(Eutils(dict.fromkeys(range(1, 2 * BATCH + 51), DAY))) as server:
        yield server


@pytest.fixture
def time() -> Time:
    return Time()


def _fetch(
    eutils: Eutils, time: Time, folder: Path, *, query: str = "headache", since: date | None = None,
    api_key: str | None = None, most: int = 1_000_000,
) -> Fetched:  # fmt: skip
    entrez = Entrez(eutils.url, "a@example.org", api_key, time.pause, time.clock)
    try:
        return fetch(entrez, query, since=since, until=UNTIL, folder=folder, name="trial", most=most)
    finally:
        entrez.close()


def _pmids(found: Fetched) -> set[int]:
    assert found.file is not None
    return {int(one.pmid or 0) for one in collect("pubmed-xml", found.file).sources}


def test_every_article_is_paged_into_one_file(eutils: Eutils, time: Time, tmp_path: Path) -> None:
    found = _fetch(eutils, time, tmp_path, since=DAY)
    assert (found.found, found.downloaded, found.reused, found.missing) == (450, 450, 0, 0)
    assert _pmids(found) == set(range(1, 451))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trial.xml"]
    searched, *paged = [asked for _, asked in eutils.asked]
    assert (searched["term"], searched["usehistory"], searched["mindate"]) == ("headache", "y", "2026/01/01")
    assert [asked["retstart"] for asked in paged] == ["0", "200", "400"]


def test_tool_and_address_are_named_in_every_request(eutils: Eutils, time: Time, tmp_path: Path) -> None:
    _fetch(eutils, time, tmp_path, api_key="secret")
    assert {(a["tool"], a["email"], a["api_key"], a["db"]) for _, a in eutils.asked} == {
        ("yiwen", "a@example.org", "secret", "pubmed")
    }


@pytest.mark.parametrize(("key", "per_second"), [(None, 3), ("secret", 10)])
def test_the_pace_is_kept(eutils: Eutils, time: Time, tmp_path: Path, key: str | None, per_second: int) -> None:
    _fetch(eutils, time, tmp_path, api_key=key)
    assert time.waits == pytest.approx([1 / per_second] * 3)


@pytest.mark.parametrize(
    "fault",
    [
        "429",
        "500",
        "503",
        "hang up",
        "cut short",
        "<eFetchResult><ERROR>Empty result</ERROR></eFetchResult>",
        "{}",
        " ",
    ],
)
@pytest.mark.parametrize("path", ["esearch.fcgi", "efetch.fcgi"])
def test_a_fault_that_passes_costs_nothing(eutils: Eutils, time: Time, tmp_path: Path, path: str, fault: str) -> None:
    eutils.faults = [(path, fault), (path, fault)]
    assert _pmids(_fetch(eutils, time, tmp_path)) == set(range(1, 451))
    assert eutils.faults == []
    assert time.waits[:2] == pytest.approx([1.0, 2.0]) or path == "efetch.fcgi"


def test_the_server_says_how_long_to_wait(eutils: Eutils, time: Time, tmp_path: Path) -> None:
    eutils.faults = [("esearch.fcgi", "429 7"), ("esearch.fcgi", "503 Thu, 01 Jan 2026 00:00:00 GMT")]
    _fetch(eutils, time, tmp_path)
    assert time.waits[0] == 7
    eutils.faults = [("esearch.fcgi", "429 86400"), ("esearch.fcgi", "429 soon")]
    _fetch(eutils, time, tmp_path)
    assert 120 in time.waits


@dataclass
class _FailFromNowOn:
    """Called with the progress: once a batch has arrived, the server fails for good."""

    eutils: Eutils

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.eutils.faults = [("efetch.fcgi", "500")] * ATTEMPTS


def test_an_interrupted_download_goes_on(eutils: Eutils, time: Time, tmp_path: Path) -> None:
    entrez = Entrez(eutils.url, None, None, time.pause, time.clock)
    with pytest.raises(DependencyError, match="it continues where it stopped"):
        fetch(
            entrez, "headache", since=None, until=UNTIL, folder=tmp_path, name="trial", most=1000,
            progress=_FailFromNowOn(eutils),
        )  # fmt: skip
    entrez.close()
    eutils.faults = []
    eutils.asked.clear()
    found = _fetch(eutils, time, tmp_path)
    assert (found.downloaded, found.reused) == (250, 200)
    assert eutils.count("efetch.fcgi") == 2
    assert _pmids(found) == set(range(1, 451))


def test_what_is_left_of_an_old_run_is_not_used(eutils: Eutils, time: Time, tmp_path: Path) -> None:
    entrez = Entrez(eutils.url, None, None, time.pause, time.clock)
    with pytest.raises(DependencyError):
        fetch(
            entrez, "headache", since=None, until=UNTIL, folder=tmp_path, name="trial", most=1000,
            progress=_FailFromNowOn(eutils),
        )  # fmt: skip
    entrez.close()
    eutils.faults = []
    for part in (tmp_path / "trial.parts").iterdir():
        os.utime(part, (0, 0))
    assert _fetch(eutils, time, tmp_path).reused == 0


def test_more_than_one_search_gives_is_searched_in_parts(time: Time, tmp_path: Path) -> None:
    came = {pmid: DAY + timedelta(days=pmid % 300) for pmid in range(1, 12_001)}
    with serving(Eutils(came)) as eutils:
        found = _fetch(eutils, time, tmp_path, since=DAY)
    assert (found.found, found.downloaded, found.missing) == (12_000, 12_000, 0)
    assert found.file is not None
    assert found.file.read_bytes().count(b"<PubmedArticle>") == 12_000


def test_too_many_of_one_day_are_refused(time: Time, tmp_path: Path) -> None:
    with serving(Eutils(dict.fromkeys(range(1, 10_002), DAY))) as eutils, pytest.raises(DataError, match="alone"):
        _fetch(eutils, time, tmp_path, since=DAY)


def test_more_than_allowed_is_refused_before_anything_is_downloaded(eutils: Eutils, time: Time, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="450 articles match, more than the 100"):
        _fetch(eutils, time, tmp_path, most=100)
    assert eutils.count("efetch.fcgi") == 0


def test_nothing_found(eutils: Eutils, time: Time, tmp_path: Path) -> None:
    eutils.unknown = ("headakhe",)
    found = _fetch(eutils, time, tmp_path, since=date(2026, 2, 1))
    assert (found.found, found.file, found.unknown) == (0, None, ("headakhe",))
    assert list(tmp_path.iterdir()) == []


def test_articles_that_are_not_given_are_counted(eutils: Eutils, time: Time, tmp_path: Path) -> None:
    eutils.ungiven = frozenset({3, 4})
    found = _fetch(eutils, time, tmp_path)
    assert (found.downloaded, found.missing) == (448, 2)


def test_a_query_that_cannot_be_read_is_not_asked_again(eutils: Eutils, time: Time, tmp_path: Path) -> None:
    eutils.faults = [("esearch.fcgi", '{"esearchresult": {"ERROR": "Query is malformed"}}')]
    with pytest.raises(DataError, match="malformed"):
        _fetch(eutils, time, tmp_path)
    eutils.faults = [("esearch.fcgi", "400")]
    with pytest.raises(DataError, match="HTTP 400"):
        _fetch(eutils, time, tmp_path)
    assert len(eutils.asked) == 2
    with pytest.raises(UsageError, match="empty"):
        _fetch(eutils, time, tmp_path, query="  ")


def test_no_error_shows_the_key(eutils: Eutils, time: Time, tmp_path: Path) -> None:
    eutils.faults = [("esearch.fcgi", "500")] * ATTEMPTS
    with pytest.raises(DependencyError) as raised:
        _fetch(eutils, time, tmp_path, api_key="secret")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/eutils", "nothing", "http://[::1"])
def test_an_address_that_cannot_be_asked(time: Time, tmp_path: Path, url: str) -> None:
    with pytest.raises(DependencyError, match="YIWEN_PUBMED_URL"):
        _fetch(Eutils({}, url=url), time, tmp_path)
    assert time.waits == []

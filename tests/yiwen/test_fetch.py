"""`yiwen fetch pubmed` against a server on the loopback interface."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.fetching.eutils import Eutils, serving
from tests.yiwen.conftest import Yiwen

COMMAND = ("fetch", "pubmed", "--query", "headache", "--dataset", "headache")


@pytest.fixture
def eutils(monkeypatch: pytest.MonkeyPatch) -> Iterator[Eutils]:
    with serving(Eutils({1: date(2026, 1, 1), 2: date(2026, 2, 1)})) as server:
        monkeypatch.setenv("YIWEN_PUBMED_URL", server.url)
        monkeypatch.setenv("YIWEN_PUBMED_API_KEY", "secret")
        yield server


def test_articles_become_a_version(yiwen: Yiwen, eutils: Eutils, data_dir: Path) -> None:
    done = yiwen(*COMMAND, "--json")
    assert done.code == 0, done.err
    assert (done.json["found"], done.json["downloaded"]) == (2, 2)
    assert done.json["ingest"]["loaded_by_kind"] == {"source": 2, "passage": 2}
    assert "copyright" in done.json["licence"]
    assert Path(done.json["file"]) == data_dir / "fetched" / "headache.xml"
    assert eutils.asked[0][1]["mindate"] == "1900/01/01"
    again = yiwen(*COMMAND)
    assert again.code == 0
    assert "unchanged, no new version" in again.out
    assert "National Library of Medicine" in again.out


def test_since_with_append_adds_and_without_it_replaces(yiwen: Yiwen, eutils: Eutils) -> None:
    assert yiwen(*COMMAND, "--json").code == 0
    eutils.articles[3] = date(2026, 3, 1)
    added = yiwen(*COMMAND, "--since", "2026-02-15", "--append", "--json").json
    assert (added["found"], added["ingest"]["added"]) == (1, {"source": 1, "passage": 1})
    replaced = yiwen(*COMMAND, "--since", "2026-02-15", "--json").json
    assert replaced["ingest"]["removed"] == {"source": 2, "passage": 2}


def test_where_nothing_matches_the_data_set_stays(yiwen: Yiwen, eutils: Eutils) -> None:
    assert yiwen(*COMMAND).code == 0
    done = yiwen(*COMMAND, "--since", "2026-06-01")
    assert done.code == 0
    assert "nothing matches; the data set stays as it is" in done.out
    assert yiwen("kb", "info", "--json").json["counts"]["passage"] == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--since", "yesterday"), 2), (("--limit", "1"), 2), (("--limit", "0"), 2), (("--query", " "), 2)],
)
def test_what_cannot_be_meant(yiwen: Yiwen, eutils: Eutils, arguments: tuple[str, str], code: int) -> None:
    assert yiwen(*COMMAND, *arguments).code == code

"""The register itself: keys in normal form, one entry a key, what it says of a piece of evidence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain import Evidence, Source
from rag.errors import ConflictError, ErasedError, NotFoundError
from rag.register import EMPTY, Entry, EntryKind, Register, doi_key, keys_of_source, parse_key, pmid_key
from rag.vocabulary import Grade

WHEN = "2026-01-02T03:04:05+00:00"
PAPER = Source("一项试验", "article", Grade.TRIAL, doi="10.1000/ABC.1", pmid="007")
SEEN = Evidence("p:0000000000000001", "conclusion", "文字", PAPER, 0.0, {})


def entry(key: str, kind: EntryKind = EntryKind.WITHDRAWN, *leaning: str, done: bool = True) -> Entry:
    return Entry(key, kind, "理由", WHEN, leaning, done)


@pytest.mark.parametrize(
    ("given_text", "key"),
    [
        ("p:0123456789abcdef", "p:0123456789abcdef"),
        (" s:0123456789abcdef ", "s:0123456789abcdef"),
        ("pmid:00123", "pmid:123"),
        ("PMID: 123", "pmid:123"),
        ("doi:10.1000/ABC.", "doi:10.1000/abc"),
        ("DOI: 10.1000/abc(1)x", "doi:10.1000/abc(1)x"),
    ],
)
def test_keys_have_one_form(given_text: str, key: str) -> None:
    assert parse_key(given_text) == key
    assert parse_key(key) == key


@pytest.mark.parametrize(
    "text", ["", "p:", "x:0123456789abcdef", "p:0123456789ABCDEF", "123", "pmid:abc", "doi:11.1/x"]
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(NotFoundError, match="16 hex digits"):
        parse_key(text)


@given(st.from_regex(r"10\.[0-9]{4,9}/[a-zA-Z0-9()./;_-]{1,30}[a-zA-Z0-9]", fullmatch=True))
def test_a_doi_is_the_same_however_it_is_written(doi: str) -> None:
    forms = [doi, doi.upper(), f"https://doi.org/{doi}", f"http://dx.doi.org/{doi}", f"doi: {doi}", f" {doi} "]
    assert {doi_key(form) for form in forms} == {f"doi:{doi.lower()}"}


@given(st.text(max_size=30))
def test_any_text_gives_a_key_or_none(text: str) -> None:
    for key in (doi_key(text), pmid_key(text)):
        assert key is None or parse_key(key) == key


def test_evidence_is_found_by_its_id_its_source_and_its_numbers() -> None:
    for key in (SEEN.id, *keys_of_source(PAPER)):
        register = EMPTY.with_entry(entry(key))
        assert register.of(SEEN) == entry(key)
        assert register.without(key).of(SEEN) is None
    assert keys_of_source(PAPER)[1:] == ("pmid:7", "doi:10.1000/abc.1")


def test_one_entry_a_key() -> None:
    register = EMPTY.with_entry(entry("pmid:7"))
    with pytest.raises(ConflictError, match="withdrawn already, since 2026-01-02"):
        register.with_entry(entry("pmid:7"))
    with pytest.raises(ConflictError, match="neither withdrawn nor retracted"):
        EMPTY.without("pmid:7")
    assert (EMPTY.revision, register.revision, register.without("pmid:7").revision) == (0, 1, 2)


def test_retractions_never_replace_a_decision() -> None:
    register = EMPTY.with_entry(entry("pmid:7"))
    retracted = entry("pmid:7", EntryKind.RETRACTED)
    assert register.with_retractions([retracted]) is register
    assert register.with_retractions([entry("pmid:8", EntryKind.RETRACTED)]).entries.keys() == {"pmid:7", "pmid:8"}


def test_what_was_erased_stays_erased() -> None:
    erased = entry("s:0000000000000002", EntryKind.ERASED, SEEN.id, done=False)
    register = EMPTY.with_entry(entry(SEEN.id)).with_erasure(erased)
    assert register.entries.keys() == {erased.key}, "what was known of its ids before is not needed any more"
    assert register.unfinished == (erased,)
    assert register.finished(erased.key).unfinished == ()
    for change in (register.with_entry, register.with_erasure):
        for key in (erased.key, SEEN.id):
            with pytest.raises(ErasedError, match="was erased on 2026-01-02"):
                change(entry(key))
    with pytest.raises(ErasedError):
        register.without(SEEN.id)
    assert register.with_retractions([entry(SEEN.id, EntryKind.RETRACTED)]) is register
    assert Register().tombstones == {}

"""How linking is judged, on a knowledge base and sentences of our own."""

from __future__ import annotations

from typing import Any

import pytest

from evaluation.linking import LinkingReport, evaluate, read_links, read_mentions
from evaluation.metrics import half_of, harmonic, share_of
from rag.domain import Alias, AliasKind, Record
from rag.editions import Edition
from rag.errors import UsageError
from rag.snapshot import Library
from rag.vocabulary import EntityType
from rag.wiring import open_editions
from tests.kb import BOOK, disease, entity, has_symptom, publish, settings_for

RECORDS: list[Record] = [
    BOOK,
    entity(EntityType.DISEASE, "急性甲炎"),
    entity(EntityType.DISEASE, "乙症热"),
    Alias("甲炎急发", disease("急性甲炎"), AliasKind.SYNONYM),
    has_symptom("急性甲炎", "头晕"),
    has_symptom("乙症热", "咳嗽"),
]


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    library = Library(tmp_path_factory.mktemp("linking"))
    publish(library, {"a": RECORDS})
    return open_editions(settings_for(library.data_dir)).current()


def row(text: str, *mentions: dict[str, Any], never: tuple[str, ...] = ()) -> dict[str, Any]:
    """A sentence of the set."""
    return {"id": "x1", "focus": "plain", "text": text, "mentions": mentions, "never": list(never)}


def mention(text: str, surface: str, names: list[str], *flags: str) -> dict[str, Any]:
    """A gold mention at the first place of `surface`."""
    start = text.index(surface)
    end = start + len(surface)
    return {"surface": surface, "start": start, "end": end, "type": "disease", "names": names, "flags": list(flags)}


def judged(edition: Edition, *rows: dict[str, Any]) -> LinkingReport:
    return evaluate(edition, rows)


def test_right_links_and_marks_count(edition: Edition) -> None:
    text = "没有头晕，我妈急性甲炎"
    gold = [mention(text, "头晕", ["头晕"], "negated"), mention(text, "急性甲炎", ["急性甲炎"], "third_person")]
    shares = judged(edition, row(text, *gold)).shares
    for name in ("span_precision", "span_recall", "link_precision", "link_recall", "negated_recall"):
        assert shares[name].value == 1.0, name
    assert (shares["third_person_recall"].right, shares["third_person_recall"].of) == (1, 1)


def test_a_wrong_name_a_forbidden_name_and_a_missing_mark_show(edition: Edition) -> None:
    text = "得了急性甲炎"
    report = judged(edition, row(text, mention(text, "急性甲炎", ["慢性甲炎", "头晕"], "past"), never=("急性甲炎",)))
    assert report.shares["link_precision"].value == 0.0
    assert report.shares["past_recall"].value == 0.0
    verdict = report.verdicts[0]
    assert verdict.never == ("急性甲炎",)
    assert verdict.missed == ("急性甲炎",)
    assert verdict.wrong_flags == ("急性甲炎 -past",)
    assert verdict.false_links


def test_names_that_the_knowledge_base_lacks_count_for_spans_alone(edition: Edition) -> None:
    text = "丙病怎么治"
    shares = judged(edition, row(text, mention(text, "丙病", ["丙病"]))).shares
    assert (shares["link_recall"].of, shares["span_recall"].of) == (0, 1)


def test_linking_what_nobody_bears_is_a_fault(edition: Edition) -> None:
    text = "假急性甲炎热"
    shares = judged(edition, row(text, mention(text, "假急性甲炎热", [], "nil"))).shares
    assert shares["nil_left_alone"].of == 1


def test_the_opposite_pairs_are_asked_too(edition: Edition) -> None:
    report = judged(edition, row("头晕", mention("头晕", "头晕", ["头晕"])))
    assert report.pairs >= 200
    assert report.merged == []
    assert "opposite pairs merged" in report.markdown()
    assert report.summary()["merged_pairs"] == []


def test_shares_have_intervals_over_questions() -> None:
    share = share_of([1, 0, 1, 1], [1, 1, 1, 1])
    assert (share.value, share.right, share.of) == (0.75, 3, 4)
    assert 0 <= share.low <= 0.75 <= share.high <= 1
    assert share_of([], []).value == 0.0
    assert harmonic(0.0, 0.0) == 0.0
    with pytest.raises(UsageError):
        share_of([1], [])


def test_the_halves_are_counted_apart(edition: Edition) -> None:
    text = "得了急性甲炎"
    right, wrong = (mention(text, "急性甲炎", [name]) for name in ("急性甲炎", "慢性甲炎"))
    ids = {half_of(f"x{number}"): f"x{number}" for number in range(9)}
    report = judged(
        edition,
        row(text, right) | {"id": ids[0]},
        row(text, wrong | {"names": ["慢性甲炎", "头晕"]}) | {"id": ids[1]},
    )
    assert [half["link_precision"].value for half in report.halves] == [1.0, 0.0]
    assert report.shares["link_precision"].value == 0.5
    assert "| half 0 | half 1 |" in report.markdown()


def test_only_links_of_the_half_that_may_be_read_count_as_read() -> None:
    texts = {row["id"]: row["text"] for row in read_mentions()}
    read = read_links()
    assert len(read) > 20
    for sentence, surface, _ in read:
        assert half_of(sentence) == 0
        assert surface in texts[sentence]

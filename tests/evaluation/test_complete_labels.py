"""The sentences with every mention labelled: closed labels, and how links are judged against them."""

from __future__ import annotations

from collections import Counter

from evaluation.complete_labels import CompleteReport, Verdict, judge, parsed, read_sentences
from evaluation.linking import Found
from evaluation.metrics import half_of
from rag.domain import EntityId
from rag.vocabulary import EntityType

SENTENCES = read_sentences()
LABELS = [label for sentence in SENTENCES for label in sentence.labels]
REAL_STYLES = {"case", "compare", "query", "consult"}


def test_counts_and_unique_sentences() -> None:
    assert len({sentence.id for sentence in SENTENCES}) == len({s.text for s in SENTENCES}) == len(SENTENCES) >= 300
    assert sum(not label.optional for label in LABELS) >= 800
    assert sum(s.style in REAL_STYLES for s in SENTENCES) * 2 > len(SENTENCES)
    assert min(Counter(half_of(sentence.id) for sentence in SENTENCES).values()) >= 150


def test_texts_hold_no_markup_and_labels_are_where_they_say() -> None:
    assert {label.type for label in LABELS} <= set(EntityType)
    for sentence in SENTENCES:
        assert not set("[]|!") & set(sentence.text), sentence.id
        end = 0
        for label in sentence.labels:
            assert label.start >= end
            assert sentence.text[label.start : label.end] == label.surface != ""
            assert label.names.isdisjoint(sentence.never)
            end = label.end


def found(surface: str, text: str, name: str) -> Found:
    start = text.index(surface)
    entity = EntityId(f"symptom:{name}")
    return Found(start, start + len(surface), surface, (entity,), frozenset(), frozenset({EntityType.SYMPTOM}), False)


def verdict(marked: str, *links: tuple[str, str]) -> Verdict:
    one = parsed("c1", "query", marked, ["低血压"])
    known = {"头痛", "腹痛", "高血压", "手术"}
    return judge(one, [found(surface, one.text, name) for surface, name in links], known)


def test_a_right_name_on_a_part_of_the_span_counts_for_the_name_alone() -> None:
    counts = verdict("我[肚子有点疼|s|腹痛]", ("肚子", "腹痛")).counts
    assert (counts["name_right"], counts["link_right"], counts["found"], counts["found_exactly"]) == (1, 0, 1, 0)


def test_what_nobody_labelled_is_false() -> None:
    judged = verdict("[头疼|s|头痛]怎么办，高血压", ("头疼", "头痛"), ("高血压", "高血压"))
    assert (judged.counts["links"], judged.counts["name_right"]) == (2, 1)
    assert judged.false_links == ("高血压 -> symptom:高血压",)


def test_what_need_not_be_found_counts_only_where_it_is_wrong() -> None:
    assert verdict("要[手术|t?]吗", ("手术", "手术")).counts["links"] == 0
    assert verdict("要[手术|t?]吗", ("手术", "头痛")).counts["links"] == 1
    assert verdict("要[手术|t?]吗").missed == ()


def test_names_that_the_knowledge_base_lacks_are_not_missed_but_may_not_lead_elsewhere() -> None:
    assert verdict("[丙病|d]怎么治").counts["labels"] == 0
    assert verdict("[丙病|d]怎么治", ("丙病", "头痛")).counts["links"] == 1


def test_forbidden_names_and_the_half_that_is_not_shown() -> None:
    judged = verdict("[高血压|d]", ("高血压", "低血压"))
    assert judged.never == ("低血压",)
    table = CompleteReport([judged]).markdown()
    assert "forbidden names linked" in table
    assert "低血压" not in table

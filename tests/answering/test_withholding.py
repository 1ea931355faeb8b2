"""What the register withholds does not exist for an answer: not found, not in the graph, no warning from it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain import EntityId, Fact, Passage, PassageKind, Patient, Record, Source
from rag.errors import CorruptSnapshotError
from rag.pipeline import Finished, Options, Shown
from rag.register import EMPTY, Entry, EntryKind, Register, Withheld
from rag.text import tokens
from rag.vocabulary import Grade, Relation
from rag.withholding import VisibleKnowledgeBase, withheld_in
from tests.answering.records import CONCLUSION, IBUPROFEN, MIGRAINE, MONOGRAPH, RECORDS, TRIAL
from tests.fake_knowledge_base import FakeKnowledgeBase
from tests.fakes import FakeLibrary, fake_pipeline
from tests.kb import HashEmbedder


def register_of(*keys: str, kind: EntryKind = EntryKind.WITHDRAWN) -> Register:
    register = EMPTY
    for key in keys:
        register = register.with_entry(Entry(key, kind, "理由", "2026-01-01T00:00:00+00:00"))
    return register


def shown(library: FakeLibrary, question: str, **options: object) -> set[str]:
    """Ids of the evidence, citations and warnings of an answer, and of a search."""
    pipeline = fake_pipeline(library)
    events = list(pipeline.stream(question, Options(**options)))  # type: ignore[arg-type]
    last = events[-1]
    assert isinstance(last, Finished)
    found = {e.id for event in events if isinstance(event, Shown) for e in event.evidence}
    found |= {citation.evidence_id for citation in last.answer.citations}
    found |= {key for warning in last.answer.warnings for key in warning.evidence_ids}
    _, evidence, _ = pipeline.search(question)
    return found | {e.id for e in evidence}


QUESTIONS = ("偏头痛有哪些症状", "布洛芬能缓解偏头痛吗", "头痛恶心畏光是什么病", "布洛芬的禁忌", "偏头痛吃什么药")


@pytest.mark.parametrize("question", QUESTIONS)
def test_whatever_is_shown_can_be_withdrawn(library: FakeLibrary, question: str) -> None:
    patient = Patient(pregnant=True)
    for key in sorted(shown(library, question, patient=patient)):
        library.register = register_of(key)
        assert key not in shown(library, question, patient=patient)
    library.register = EMPTY
    everything = shown(library, question, patient=patient)
    library.register = register_of(*everything)
    assert everything.isdisjoint(shown(library, question, patient=patient))


@pytest.mark.parametrize("key", [TRIAL.id, "pmid:1"])
def test_a_source_is_withheld_with_all_that_leans_on_it(library: FakeLibrary, key: str) -> None:
    assert CONCLUSION.id in shown(library, "布洛芬能缓解偏头痛吗")
    library.register = register_of(key, kind=EntryKind.RETRACTED)
    leaning = {r.id for r in RECORDS if isinstance(r, Fact | Passage) and r.source == TRIAL.id}
    for question in QUESTIONS:
        assert leaning.isdisjoint(shown(library, question))


def test_a_withdrawn_contraindication_warns_nobody(library: FakeLibrary) -> None:
    pipeline = fake_pipeline(library)
    options = Options(patient=Patient(pregnant=True))
    warnings = [w for w in pipeline.ask("偏头痛能吃布洛芬吗", options).warnings if w.kind == "contraindication"]
    assert warnings
    library.register = register_of(*(key for warning in warnings for key in warning.evidence_ids))
    kinds = [w.kind for w in pipeline.ask("偏头痛能吃布洛芬吗", options).warnings]
    assert "contraindication" not in kinds


def test_it_holds_in_every_version_and_ends_with_its_entry(library: FakeLibrary) -> None:
    library.publish([*RECORDS])
    pipeline = fake_pipeline(library)
    cited = {c.evidence_id for c in pipeline.ask("布洛芬能缓解偏头痛吗").citations}
    library.register = register_of(*cited)
    for version in (1, 2):
        answer = pipeline.ask("布洛芬能缓解偏头痛吗", Options(kb_version=version))
        assert cited.isdisjoint(c.evidence_id for c in answer.citations)
    library.register = EMPTY
    assert {c.evidence_id for c in pipeline.ask("布洛芬能缓解偏头痛吗").citations} == cited


def test_an_answer_keeps_the_register_it_began_with(library: FakeLibrary) -> None:
    pipeline = fake_pipeline(library)
    stream = pipeline.stream("偏头痛有哪些症状")
    next(stream)
    library.register = register_of(*(r.id for r in RECORDS if isinstance(r, Fact | Passage)))
    last = list(stream)[-1]
    assert isinstance(last, Finished)
    assert last.answer.citations
    assert pipeline.ask("偏头痛有哪些症状").citations == ()


def test_without_a_readable_register_only_a_red_flag_is_answered(library: FakeLibrary) -> None:
    class Damaged(FakeLibrary):
        @property
        def register(self) -> Register:
            raise CorruptSnapshotError("register.json: it is damaged")

        @register.setter
        def register(self, _: Register) -> None:
            pass

    damaged = Damaged()
    damaged.publish(RECORDS)
    pipeline = fake_pipeline(damaged)
    with pytest.raises(CorruptSnapshotError, match="damaged"):
        pipeline.ask("偏头痛有哪些症状")
    assert pipeline.ask("突然胸痛，出冷汗，左臂发麻").triage.red_flag


# ---------------------------------------------------------------- the view itself


def many(count: int) -> list[Record]:
    sources = [Source(f"文献{n}", "article", Grade.STUDY, pmid=str(n + 1)) for n in range(3)]
    passages = [
        Passage(f"头痛第{n}号观察{'恶心' * (n % 4)}。", PassageKind.CONCLUSION, sources[n % 3].id, about=MIGRAINE)
        for n in range(count)
    ]
    return [*sources, *passages]


@given(gone=st.sets(st.integers(0, 23)), whole=st.booleans(), limit=st.integers(0, 12), by_number=st.booleans())
def test_a_search_finds_what_it_would_without_the_withheld(
    gone: set[int], whole: bool, limit: int, by_number: bool
) -> None:
    records = many(24)
    sources = [r for r in records if isinstance(r, Source)]
    passages = [r for r in records if isinstance(r, Passage)]
    kb = FakeKnowledgeBase(records, embedder=HashEmbedder())
    keys = {passages[n].id for n in gone} | ({"pmid:2" if by_number else sources[1].id} if whole else set())
    withheld = withheld_in(kb, register_of(*keys))
    view = VisibleKnowledgeBase(kb, withheld)
    hidden = {passages[n].id for n in gone} | {p.id for p in passages if whole and p.source == sources[1].id}
    assert withheld.passages == hidden

    def rest(found: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
        return [hit for hit in found if hit[0] not in hidden][:limit]

    terms = tokens("头痛恶心")
    vector = HashEmbedder().encode(["头痛恶心"], kind="query")[0]
    assert view.search_sparse(terms, concepts=[], limit=limit) == rest(kb.search_sparse(terms, concepts=[], limit=99))
    assert view.search_dense(vector, limit=limit) == rest(kb.search_dense(vector, limit=99))
    everything = [(key, 0.0) for key in kb.about([MIGRAINE], limit_each=99)]
    assert view.about([MIGRAINE, EntityId("disease:没有")], limit_each=limit) == [key for key, _ in rest(everything)]
    ids = [p.id for p in passages]
    assert view.passages(ids).keys() == view.mentions(ids).keys() == view.evidence(ids).keys() == set(ids) - hidden


def test_names_stay(library: FakeLibrary) -> None:
    kb = library.kept[1]
    view = VisibleKnowledgeBase(kb, Withheld(sources=frozenset({TRIAL.id})))
    assert list(view.names()) == list(kb.names())
    assert view.entities([MIGRAINE]) == kb.entities([MIGRAINE])
    assert view.about([IBUPROFEN], limit_each=5) == [MONOGRAPH.id]
    assert view.sources([TRIAL.id]) == {}
    assert view.sources_numbered(["pmid:1"]) == frozenset()
    facts = [r.id for r in RECORDS if isinstance(r, Fact) and r.relation is Relation.SYMPTOM]
    assert view.evidence(facts).keys() == set(facts)

"""The short way to the id of a fact gives what the long one gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.domain import EntityId, Fact, Literal, Qualifiers, content_hash, fact_hash
from rag.vocabulary import Relation

# Quotes, backslashes, and characters that NFC composes with what stands before them, decomposes or puts in order.
TEXTS = st.text(
    st.sampled_from('a"\\\n/é=<\u0338\u0301\u0307\u0323\u0344ｱﾞ\uf900가각ᄀ\u1161\u11a8病炎\u2126'), max_size=8
)
OBJECTS = st.one_of(TEXTS.map(EntityId), st.builds(Literal, TEXTS, TEXTS))


@given(
    subject=TEXTS, relation=st.sampled_from(Relation), target=OBJECTS, source=TEXTS,
    dose=st.none() | TEXTS, severity=st.none() | TEXTS,
)  # fmt: skip
def test_equal_hashes(
    subject: str, relation: Relation, target: EntityId | Literal, source: str, dose: str | None, severity: str | None
) -> None:
    plain = Fact(EntityId(subject), relation, target, source)
    limited = Fact(EntityId(subject), relation, target, source, Qualifiers(severity=severity, dose=dose))
    for fact in (plain, limited):
        assert fact_hash(fact) == content_hash(fact.content())
        assert fact.id == f"f:{fact_hash(fact):016x}"

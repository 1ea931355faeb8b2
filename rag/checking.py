"""Whether a sentence may leave: everything it states must stand in the evidence it cites. Pure and deterministic.

A sentence passes if its citations exist, its quotations are word for word, and the names, relation, polarity,
population, numbers and units of the rest agree with the cited evidence. What does not pass is dropped with a reason
out of `REASONS`; nothing is repaired.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.domain import Evidence
from rag.linking import Names
from rag.text import Quantity, normalise, quantities, sentence_spans, tokens
from rag.vocabulary import RELATIONS, TYPE_LABELS, Polarity

REASONS: Mapping[str, str] = {
    "no_citation": "没有引用",
    "citation_does_not_exist": "引用的编号不存在",
    "quote_not_in_evidence": "引号内文字与证据不一致",
    "entity_not_in_evidence": "提到了证据中没有的名称",
    "number_not_in_evidence": "数字或单位不在证据中",
    "relation_not_in_evidence": "关系与证据不一致",
    "citation_does_not_support": "所引证据与句子无关",
    "polarity_not_in_evidence": "肯定与否定和证据不一致",
    "population_not_in_evidence": "人群与证据不一致",
    "wording_not_in_evidence": "措辞超出证据",
}

MARK = re.compile(r"\[(\d{1,4})\]")
_QUOTE = re.compile(r"“([^”]*)”")
_AGAINST = re.compile(
    r"禁|忌|慎|不宜|不能|不可|不得|避免|不良反应|副作用|相互作用|相反|不要|勿|"
    r"contraindicat|avoid|adverse|not recommended"
)
_NEGATION = re.compile(r"不|无|未|没|非(?=[^常])|\b(?:no|not|without|neither|nor|cannot|lack)\b")
_PEOPLE = re.compile(
    r"孕妇|妊娠|哺乳|儿童|小儿|婴儿|新生儿|老年|老人|青少年|男性|女性|肝功能不全|肾功能不全|"
    r"pregnan|lactati|child|infant|neonat|elderly|older|women|men\b|adolescent"
)
_LABELS = frozenset(word for row in RELATIONS.values() for word in (row.label, *row.aliases, *row.cues)) | frozenset(
    TYPE_LABELS.values()
)
_ENOUGH_WORDING = 0.5


@dataclass(frozen=True)
class Checker:
    """Checks sentences against numbered evidence; `names` are those of the version that the evidence came from."""

    names: Names

    def check(self, sentence: str, evidence: Sequence[Evidence]) -> str | None:
        """The reason to drop `sentence`, or None. `[n]` counts `evidence` from 1."""
        numbers = [int(n) for n in MARK.findall(sentence)]
        if not numbers:
            return "no_citation"
        if any(not 1 <= n <= len(evidence) for n in numbers):
            return "citation_does_not_exist"
        cited = [evidence[n - 1] for n in dict.fromkeys(numbers)]
        bare = MARK.sub("", sentence)
        texts = [normalise(f"{e.title or ''} {e.text}") for e in cited]
        if not all(_quoted(quote, cited) for quote in _QUOTE.findall(bare)):
            return "quote_not_in_evidence"
        claim = normalise(_QUOTE.sub("", bare))
        return self._claim(claim, bool(_QUOTE.search(bare)), cited, texts)

    def _claim(self, claim: str, quotes: bool, cited: Sequence[Evidence], texts: Sequence[str]) -> str | None:
        """Check what is said outside quotation marks."""
        joined = "\n".join(texts)
        if not self._names_known(claim, cited, joined):
            return "entity_not_in_evidence"
        frame = re.sub(r"\((?:19|20)\d\d年\)", "", claim) if quotes else claim
        if not _numbers_known(frame, cited):
            return "number_not_in_evidence"
        facts = [e for e in cited if e.fact is not None]
        for evidence in facts:
            reason = _fact_reason(claim, evidence)
            if reason:
                return reason
        if _AGAINST.search(claim) and not quotes and not any(_speaks_against(e) for e in cited):
            return "polarity_not_in_evidence"
        if any(word not in joined for word in _PEOPLE.findall(claim)):
            return "population_not_in_evidence"
        if quotes or facts:
            return None
        return _wording_reason(claim, cited)

    def _names_known(self, claim: str, cited: Sequence[Evidence], joined: str) -> bool:
        """Every known name in the claim stands in the evidence, as such or as another name of an entity there."""
        there = {entity for e in cited for entity in e.entities}
        for name, _, _ in self.names.find(claim):
            if name in joined or name in _LABELS:
                continue
            if not any(c.entity in there for c in self.names.candidates(name) if c.score >= 0.5):
                return False
        return True


def _quoted(quote: str, cited: Sequence[Evidence]) -> bool:
    return any(quote in e.text for e in cited)


def _fact_reason(claim: str, evidence: Evidence) -> str | None:
    fact = evidence.fact
    if fact is None:
        return None
    row = RELATIONS[fact.relation]
    if not any(normalise(word) in claim for word in (row.label, *row.aliases, *row.cues)):
        return "relation_not_in_evidence"
    if normalise(fact.object_text).rstrip("。；;，, ") not in claim and normalise(fact.subject_name) not in claim:
        return "citation_does_not_support"
    if row.polarity is Polarity.AGAINST and not _AGAINST.search(claim):
        return "polarity_not_in_evidence"
    return None


def _speaks_against(evidence: Evidence) -> bool:
    if evidence.fact is not None:
        return RELATIONS[evidence.fact.relation].polarity is Polarity.AGAINST or bool(_AGAINST.search(evidence.text))
    return bool(_AGAINST.search(normalise(evidence.text)))


def _numbers_known(claim: str, cited: Sequence[Evidence]) -> bool:
    known = [q for e in cited for q in quantities(normalise(f"{e.title or ''} {e.text}"))]
    return all(any(_same(asked, found) for found in known) for asked in quantities(claim))


def _same(asked: Quantity, found: Quantity) -> bool:
    unit = asked.unit == found.unit or not asked.unit
    return unit and asked.low == found.low and asked.high == found.high


def _wording_reason(claim: str, cited: Sequence[Evidence]) -> str | None:
    """A paraphrase of a passage: enough of its words, and the same negation as the sentence that it comes from."""
    said = _content(claim)
    if not said:
        return "citation_does_not_support"
    best, share = "", 0.0
    for evidence in cited:
        for start, end in sentence_spans(evidence.text):
            sentence = evidence.text[start:end]
            covered = len(said & _content(sentence)) / len(said)
            if covered > share:
                best, share = sentence, covered
    if share < _ENOUGH_WORDING:
        return "wording_not_in_evidence"
    if bool(_NEGATION.search(claim)) != bool(_NEGATION.search(normalise(best))):
        return "polarity_not_in_evidence"
    return None


def _content(text: str) -> set[str]:
    return {token for token in tokens(text) if len(token) > 1}

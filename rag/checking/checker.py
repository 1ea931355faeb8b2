"""Whether a sentence may leave: everything it states must stand in the evidence it cites. Pure and deterministic.

A sentence passes if its citations exist, its quotations are word for word, and the names, relation, polarity,
population, numbers and units of the rest agree with the cited evidence. What does not pass is dropped with a reason
out of `REASONS`; nothing is repaired. Where the rules cannot tell, the sentence is dropped: a lost sentence costs
less than an unsupported one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.checking.clauses import canonical
from rag.checking.effects import turns_lists
from rag.checking.ground import ground_of
from rag.checking.grounding import reason_against
from rag.checking.naming import allowed_by, crosses, in_parts, made_of_parts, states_old_age, states_young_age, word_of
from rag.checking.quotations import FORBIDDING, MARK, QUOTED, Part, is_sentence_of, parts_of, quotes_reason
from rag.checking.stated import lines_of, object_of, texts_of, titles_of, unquoted, words_of
from rag.checking.wording import CONNECTIVES, FRAME, NEGATION, remainder, without
from rag.domain import Evidence, GraphFact, Literal
from rag.linking.names import Names
from rag.text import Quantity, normalise, quantities
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

_STRAY_MARK = re.compile(r"[\[［【]\s*\d[\d\s,，、;；\-–]*[\]］】]")
_AGAINST = re.compile(
    r"禁|忌|慎|不宜|不能|不可|不得|避免|不良反应|副作用|相互作用|相反|不要|勿|"
    r"contraindicat|avoid|adverse|not recommended"
)
_PERMITTING = re.compile(r"可用|可以|能用|适合|适用|适宜|推荐|安全|放心|无妨")
_PEOPLE = re.compile(
    r"孕妇|妊娠|哺乳|儿童|小儿|幼儿|婴儿|新生儿|成人|成年|老年|老人|青少年|男性|女性|肝功能不全|肾功能不全|"
    r"pregnan|lactati|child|infant|neonat|adult|elderly|older|women|\bmen\b|adolescent"
)
_HAN_AMOUNT = re.compile(
    "[零一二两三四五六七八九十百千万半几]+(?:成|分之[零一二两三四五六七八九十百]+|型|期|度|级|联|线)"
)
_INSTRUCTS = re.compile(
    r"(?:忽略|无视|忘记|不要理会)[^。；;]{0,12}(?:规则|指令|指示|提示|要求|内容)|系统提示词?|"
    r"(?:ignore|disregard|forget)\b[^.]{0,40}\b(?:instruction|rule|prompt)s?|system prompt"
)
"""A record that talks to the model is quoted or not used; nobody speaks in its words."""
_LABELS = frozenset(word for row in RELATIONS.values() for word in (row.label, *row.aliases, *row.cues)) | frozenset(
    TYPE_LABELS.values()
)
_SURE = 0.5


@dataclass(frozen=True)
class Checker:
    """Checks sentences against numbered evidence; `names` are those of the version that the evidence came from."""

    names: Names

    def check(self, sentence: str, evidence: Sequence[Evidence]) -> str | None:
        """The reason to drop `sentence`, or None. `[n]` counts `evidence` from 1."""
        numbers = [int(n) for n in MARK.findall(sentence)]
        if not numbers:
            return "no_citation"
        bare = MARK.sub(" ", sentence)
        if any(not 1 <= n <= len(evidence) for n in numbers) or _STRAY_MARK.search(QUOTED.sub(" ", bare)):
            return "citation_does_not_exist"
        parts = parts_of(sentence, evidence)
        reason = quotes_reason(sentence, parts)
        if reason:
            return reason
        cited = [evidence[n - 1] for n in dict.fromkeys(numbers)]
        if not QUOTED.search(bare) and any(_INSTRUCTS.search(normalise(e.text)) for e in cited if e.fact is None):
            return "wording_not_in_evidence"
        if not any(e.fact for e in cited) and all(is_sentence_of(bare, e) for e in cited):
            return None
        return self._claim(bare, parts, cited)

    def _claim(self, bare: str, parts: Sequence[Part], cited: Sequence[Evidence]) -> str | None:
        """Check what is said outside quotation marks."""
        claim = normalise(QUOTED.sub(" ", bare))
        if all(e.fact is None for e in cited) and not QUOTED.search(bare):
            return self._paraphrase(claim, cited)
        reason = self._by_template(claim, bare, parts, cited)
        return None if reason and self._restates(claim, bare, parts, cited) else reason

    def _by_template(self, claim: str, bare: str, parts: Sequence[Part], cited: Sequence[Evidence]) -> str | None:
        """Check a sentence that states facts in the words of the graph, or introduces a quotation."""
        texts = [normalise(text) for e in cited for text in texts_of(e)]
        joined = "\n".join(texts)
        if not self._names_known(claim, cited, texts):
            return "entity_not_in_evidence"
        if not _numbers_known(claim, cited, joined):
            return "number_not_in_evidence"
        reason = self._facts_reason(bare, parts, cited)
        if reason:
            return reason
        if _AGAINST.search(claim) and not any(_speaks_against(e) for e in cited):
            return "polarity_not_in_evidence"
        if any(word not in joined for word in _PEOPLE.findall(claim)):
            return "population_not_in_evidence"
        facts = [e.fact for e in cited if e.fact is not None]
        if facts and turns_lists(claim, ground_of(tuple((line, (subject,)) for subject, line in lines_of(facts)))):
            return "relation_not_in_evidence"
        if facts:
            return self._rest_reason(unquoted(bare), facts, cited)
        whole = [normalise(title) for e in cited for title in titles_of(e)]  # before names, which would tear them apart
        left = remainder(without(claim, [*whole, *self._stated(claim, cited)]), texts, FRAME)
        return "wording_not_in_evidence" if left else None

    def _paraphrase(self, claim: str, cited: Sequence[Evidence]) -> str | None:
        """Check a sentence in its own words against passages."""
        texts = [canonical(normalise(text)) for e in cited for text in texts_of(e)]
        if not self._names_said(canonical(claim), cited, texts):
            return "entity_not_in_evidence"
        return reason_against(claim, ground_of(tuple((e.text, tuple(titles_of(e))) for e in cited)))

    def _restates(self, claim: str, bare: str, parts: Sequence[Part], cited: Sequence[Evidence]) -> bool:
        """Whether a sentence tells facts in its own words: held, as lines of a record, to what passages are held to.

        Not of facts that speak against something: there every word counts.
        """
        facts = [e.fact for e in cited if e.fact is not None]
        if len(facts) < len(cited) or QUOTED.search(bare):
            return False
        if any(RELATIONS[fact.relation].polarity is Polarity.AGAINST for fact in facts):
            return False
        said = unquoted(bare)
        if not all(self._names_ends(said, fact) for fact in facts) or self._leaves_unsaid(parts):
            return False
        lines = tuple((line, (subject,)) for subject, line in lines_of(facts))
        texts = [canonical(normalise(text)) for line, titles in lines for text in (line, *titles)]
        return self._names_said(canonical(claim), cited, texts) and reason_against(claim, ground_of(lines)) is None

    def _names_ends(self, said: str, fact: GraphFact) -> bool:
        """Whether the sentence names what the fact is about and whom it is limited to."""
        population = fact.qualifiers.population
        named = self._says(said, normalise(fact.subject_name), fact.subject)
        return named and (not population or normalise(population) in said)

    # ------------------------------------------------------------ names

    def _names_known(self, claim: str, cited: Sequence[Evidence], texts: Sequence[str]) -> bool:
        """Every known name in the claim is a name in the evidence, not a part of one, or another name of its entity."""
        there = {entity for e in cited for entity in e.entities}
        known = {name for text in texts for name, _, _ in self.names.find(text)}
        return all(
            name in known or name in _LABELS or name in texts or self._means(name, there)
            for name, _, _ in self.names.find(claim)
        )

    def _names_said(self, claim: str, cited: Sequence[Evidence], texts: Sequence[str]) -> bool:
        """As `_names_known`; part of a name will do where the sentence says the rest of it too: `血糖会升高`."""
        there = {entity for e in cited for entity in e.entities}
        known = {name for text in texts for name, _, _ in self.names.find(text)}
        joined = "\n".join(texts)
        return all(
            name in known
            or name in _LABELS
            or name in texts
            or self._means(name, there)
            or any(name in text and not self._part_of_a_name(text, name) for text in texts)
            or crosses(claim, start, end, known)
            or in_parts(name, claim, known)
            or made_of_parts(name, joined)
            or word_of(name, joined)
            or allowed_by(name, joined)
            or states_young_age(name, claim, joined)
            or states_old_age(name, claim)
            for name, start, end in self.names.find(claim)
        )

    def _means(self, name: str, entities: Iterable[object]) -> bool:
        """Whether `name` surely stands for one of `entities`."""
        return any(c.entity in entities for c in self.names.candidates(name) if c.score >= _SURE)

    def _says(self, text: str, name: str, entity: object) -> bool:
        """Whether normalised `text` names the entity, by `name` or by another of its names."""
        if name in text and not self._part_of_a_name(text, name):
            return True
        return any(self._means(found, {entity}) for found, _, _ in self.names.find(text))

    def _part_of_a_name(self, text: str, name: str) -> bool:
        """Whether `name` stands in `text` only inside longer names."""
        return name not in without(
            text, [found for found, _, _ in self.names.find(text) if name in found and found != name]
        )

    # ------------------------------------------------------------ facts

    def _facts_reason(self, bare: str, parts: Sequence[Part], cited: Sequence[Evidence]) -> str | None:
        """The sentence names each fact's subject and relation, and the stretch before a mark its object."""
        facts = [e.fact for e in cited if e.fact is not None]
        if not facts:
            return None
        said = unquoted(bare)
        for fact in facts:
            reason = self._fact_reason(said, fact)
            if reason:
                return reason
        return "citation_does_not_support" if self._leaves_unsaid(parts, literals=True) else None

    def _leaves_unsaid(self, parts: Sequence[Part], *, literals: bool = False) -> bool:
        """Whether the stretch before a mark lacks the object of a fact that is cited there."""
        cited = ((part.text, e.fact) for part in parts for e in part.cited if e.fact is not None)
        return any(
            not self._says(unquoted(text), object_of(fact), fact.object)
            for text, fact in cited
            if literals or not isinstance(fact.object, Literal)
        )

    def _fact_reason(self, said: str, fact: GraphFact) -> str | None:
        row = RELATIONS[fact.relation]
        if not any(word in said for word in words_of(fact.relation)):
            return "relation_not_in_evidence"
        if not self._says(said, normalise(fact.subject_name), fact.subject):
            return "citation_does_not_support"
        if row.polarity is Polarity.AGAINST and not _AGAINST.search(said):
            return "polarity_not_in_evidence"
        if fact.qualifiers.population and normalise(fact.qualifiers.population) not in said:
            return "population_not_in_evidence"
        return None

    def _rest_reason(self, said: str, facts: Sequence[GraphFact], cited: Sequence[Evidence]) -> str | None:
        """What is left of a sentence when all that its facts state is taken out."""
        relations = [word for fact in facts for word in words_of(fact.relation)]
        rest = without(said, [*self._stated(said, cited), *relations])
        against = all(RELATIONS[fact.relation].polarity is Polarity.AGAINST for fact in facts)
        if against and _PERMITTING.search(FORBIDDING.sub("\n", rest)):
            return "polarity_not_in_evidence"
        if against:
            rest = FORBIDDING.sub("\n", rest)
        passages = [normalise(text) for e in cited if e.fact is None for text in texts_of(e)]
        if NEGATION.search(rest) and not any(NEGATION.search(text) for text in passages):
            return "polarity_not_in_evidence"
        return "wording_not_in_evidence" if remainder(rest, passages, CONNECTIVES) else None

    def _stated(self, claim: str, cited: Sequence[Evidence]) -> list[str]:
        """The names and limits in the claim that the cited evidence states."""
        there = {entity for e in cited for entity in e.entities}
        stated = [name for name, _, _ in self.names.find(claim) if self._means(name, there)]
        for fact in (e.fact for e in cited if e.fact is not None):
            limits = fact.qualifiers
            values = [text for text in (limits.severity, limits.population, limits.dose) if text]
            labels = ["严重程度", "人群", "用量"] if values else []
            stated += [normalise(fact.subject_name), object_of(fact), *map(normalise, values), *labels]
        return stated


def _speaks_against(evidence: Evidence) -> bool:
    if evidence.fact is not None and RELATIONS[evidence.fact.relation].polarity is Polarity.AGAINST:
        return True
    return any(_AGAINST.search(normalise(text)) for text in texts_of(evidence))


def _numbers_known(claim: str, cited: Sequence[Evidence], joined: str) -> bool:
    """Every number with its unit; the year of a source may be named."""
    known = [q for e in cited for text in texts_of(e) for q in quantities(normalise(text))]
    known += [Quantity(e.source.year, e.source.year, "年", 0, 0) for e in cited if e.source.year]
    same = all(any(_same(asked, found) for found in known) for asked in quantities(claim))
    return same and all(amount in joined for amount in _HAN_AMOUNT.findall(claim))


def _same(asked: Quantity, found: Quantity) -> bool:
    return (asked.low, asked.high, asked.unit) == (found.low, found.high, found.unit)

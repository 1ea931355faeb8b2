"""Training rows out of a knowledge base: what the service would send to a generator, and a cited answer to it.

A question goes through the pipeline as it is served, and what would reach the generator is kept. So the prompt of a row
is that of an answer, word for word. Its answer are sentences that pass the checker or, where the evidence was taken
away, one that says what is missing. The same knowledge base, options and seed give the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Event
from typing import Any, NamedTuple

from finetune.data.asking import ASKED, SAFETY, Asking
from finetune.data.quoted import QUOTED
from rag.answer.prompt import estimated_tokens, messages
from rag.checking.cutting import cut_sentences
from rag.checking.quotations import MARK
from rag.domain import Evidence, Fact, GenerationRequest, Source
from rag.errors import ConfigurationError
from rag.generators.extractive.generator import ExtractiveGenerator
from rag.pipeline import Pipeline
from rag.text import normalise

KINDS = ("relevant", "distracting", "missing", "safety")
_FEWEST, _MOST = 2, 5
"""Pieces of evidence that are about something else."""
_POOL = 2000
"""Pieces of evidence that these are drawn from."""
_TRIES = 20
"""Questions tried before a row is given up."""


@dataclass(frozen=True)
class GroundedOptions:
    """What is made: how many rows, in which shares, and about whom not."""

    rows: int = 2000
    seed: int = 0
    shares: Mapping[str, float] = field(
        default_factory=lambda: {"relevant": 0.4, "distracting": 0.3, "missing": 0.15, "safety": 0.15}
    )
    without: frozenset[str] = frozenset()
    """Names that no row contains."""
    hold_out: float = 0.0
    """Share of the subjects of facts, drawn by `seed`, that no row names."""

    def __post_init__(self) -> None:
        if self.rows < 1 or not 0 <= self.hold_out < 1:
            raise ConfigurationError(
                f"{self.rows} rows, {self.hold_out:g} of the subjects held out; expected 1 row or more, and a share "
                "from 0 to below 1"
            )
        if set(self.shares) - set(KINDS) or not any(share > 0 for share in self.shares.values()):
            raise ConfigurationError(f"shares of {', '.join(self.shares)}; expected some of {', '.join(KINDS)}")


class GroundedRow(NamedTuple):
    """`said` is the prompt as (role, content), `evidence` the ids of what it numbers."""

    kind: str
    said: Sequence[tuple[str, str]]
    answer: str
    rejected: str
    """An answer to the same prompt that the checker would not let pass."""
    evidence: tuple[str, ...]
    sources: tuple[Source, ...]
    """Of that evidence, which the prompt quotes; each once."""

    def dialogue(self) -> dict[str, Any]:
        """As the supervised stage reads it."""
        said = _messages([*self.said, ("assistant", self.answer)])
        return {"messages": said, "kind": self.kind, "evidence": list(self.evidence), QUOTED: self._quoted()}

    def preference(self) -> dict[str, Any]:
        """As stage `dpo` reads it."""
        sides = {"chosen": self.answer, "rejected": self.rejected}
        pair = {side: _messages([("assistant", text)]) for side, text in sides.items()}
        return {"prompt": _messages(self.said), **pair, QUOTED: self._quoted()}

    def _quoted(self) -> list[dict[str, str]]:
        return [{"title": source.title, "licence": source.licence or ""} for source in self.sources]


def _messages(said: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in said]


def rows(pipeline: Pipeline, options: GroundedOptions) -> Iterator[GroundedRow]:
    """At most `options.rows`, fewer where the knowledge base gives no more. Raises NotReadyError before a version."""
    maker = _Maker(pipeline, options)
    kinds = [kind for kind in KINDS if options.shares.get(kind, 0) > 0]
    seen: set[tuple[str, str]] = set()
    for _ in range(options.rows):
        kind = maker.asking.chance.choices(kinds, [options.shares[kind] for kind in kinds])[0]
        tried = (maker.row(kind) for _ in range(_TRIES))
        row = next((row for row in tried if row is not None and (row.said[-1][1], row.answer) not in seen), None)
        if row is not None:
            seen.add((row.said[-1][1], row.answer))
            yield row


def held_out(pipeline: Pipeline, options: GroundedOptions) -> list[str]:
    """All names that no row contains, sorted: those given, and every name of the subjects held out."""
    return sorted(_asking(pipeline, options).unwanted)


def sent(pipeline: Pipeline, question: str) -> GenerationRequest | None:
    """What the service would send to a generator; None where it would ask none."""
    listener = _Listener()
    replace(pipeline, generators={listener.identity: listener}, default_generator=listener.identity).ask(question)
    return listener.heard


class _Listener:
    """Keeps what a generator is sent and says nothing."""

    identity = "listener"

    def __init__(self) -> None:
        self.heard: GenerationRequest | None = None

    def stream(self, request: GenerationRequest, cancel: Event) -> Iterator[str]:
        self.heard = request
        return iter(())


def _asking(pipeline: Pipeline, options: GroundedOptions) -> Asking:
    return Asking(pipeline.editions.current().kb, options.seed, options.without, options.hold_out)


class _Maker:
    """Makes rows of one edition."""

    def __init__(self, pipeline: Pipeline, options: GroundedOptions) -> None:
        self.pipeline, self.edition = pipeline, pipeline.editions.current()
        self.asking = _asking(pipeline, options)

    def row(self, kind: str) -> GroundedRow | None:
        """One about a fact drawn by chance; None where that fact gives none."""
        drawn = self.asking.draw(SAFETY if kind == "safety" else ASKED)
        request = sent(self.pipeline, drawn.question) if drawn is not None else None
        if drawn is None or request is None or not any(_about(e, drawn.fact) for e in request.evidence):
            return None
        request = replace(
            request, warned=frozenset(), quoted=frozenset(), limits=replace(self.pipeline.limits, detail="short")
        )
        answer = self._answer(request)
        if kind == "missing":
            row = self._missing(request, drawn.fact, answer)
        elif kind == "distracting":
            row = self._distracted(request, drawn.fact, answer)
        else:
            row = self._row(kind, request, answer)
        told = row is not None and (kind != "safety" or self._speaks(row, drawn.fact))
        return row if told else None

    def _answer(self, request: GenerationRequest) -> str:
        """The extractive answer, of which only what passes the checker is kept."""
        cut = cut_sentences(ExtractiveGenerator().stream(request, Event()))
        return "".join(s for s in cut if self.edition.checker.check(s, request.evidence) is None).strip()

    def _distracted(self, request: GenerationRequest, fact: Fact, answer: str) -> GroundedRow | None:
        """The same answer where evidence about something else stands between; the marks follow their evidence."""
        mixed = [*request.evidence, *self._others(request, fact)]
        self.asking.chance.shuffle(mixed)
        place = {e.id: n for n, e in enumerate(mixed, start=1)}
        moved = MARK.sub(lambda mark: f"[{place[request.evidence[int(mark[1]) - 1].id]}]", answer)
        return self._row("distracting", replace(request, evidence=tuple(mixed)), moved)

    def _missing(self, request: GenerationRequest, fact: Fact, answer: str) -> GroundedRow | None:
        """Everything that answers is taken out; other facts about the subject may stay."""
        asked = {*request.intent.relations, fact.relation}
        near = [e for e in self._facts_of(fact) if e.fact is not None and e.fact.relation not in asked]
        left = [*self.asking.chance.sample(near, min(len(near), _FEWEST)), *self._others(request, fact)]
        self.asking.chance.shuffle(left)
        invented = MARK.sub(lambda mark: f"[{(int(mark[1]) - 1) % len(left) + 1}]", answer) if left else ""
        return self._row("missing", replace(request, evidence=tuple(left)), self.asking.lacking(fact), invented)

    def _row(self, kind: str, request: GenerationRequest, answer: str, wrong: str | None = None) -> GroundedRow | None:
        """None where it is too long, names what it must not, or where the checker disagrees with either answer."""
        said, evidence = messages(request), request.evidence
        length = sum(estimated_tokens(e.text) + 12 for e in evidence)
        rejected = wrong if wrong is not None else _mismarked(answer, len(evidence))
        text = normalise("\n".join((said[-1][1], answer, rejected)))
        right = kind == "missing" or (answer != "" and self._passes(answer, evidence))
        fits = evidence and length <= self.pipeline.limits.evidence_tokens
        if not (fits and right) or self._passes(rejected, evidence) or any(n in text for n in self.asking.unwanted):
            return None
        sources = tuple({e.source.id: e.source for e in evidence}.values())
        return GroundedRow(kind, said, answer, rejected, tuple(e.id for e in evidence), sources)

    def _passes(self, answer: str, evidence: Sequence[Evidence]) -> bool:
        return all(self.edition.checker.check(s, evidence) is None for s in cut_sentences([answer]))

    def _speaks(self, row: GroundedRow, fact: Fact) -> bool:
        """Whether the answer cites what it was asked about."""
        found = self.edition.kb.evidence(row.evidence)
        cited = [found[row.evidence[int(n) - 1]] for n in MARK.findall(row.answer) if row.evidence[int(n) - 1] in found]
        return any(_about(e, fact) and e.fact is not None and e.fact.object == fact.object for e in cited)

    # ------------------------------------------------------------ evidence about something else

    def _others(self, request: GenerationRequest, fact: Fact) -> list[Evidence]:
        """Some that name nothing of what the question names."""
        chance = self.asking.chance
        named = {fact.subject} | {c.entity for m in request.mentions for c in m.candidates}
        names = [normalise(m.surface) for m in request.mentions] + [fact.subject.partition(":")[2]]
        known = {e.id for e in request.evidence}
        found: list[Evidence] = []
        wanted = chance.randint(_FEWEST, _MOST)
        for evidence in chance.sample(self._pool, min(len(self._pool), 4 * _MOST)):
            text = normalise(evidence.text + (evidence.title or ""))
            apart = not named & set(evidence.entities) and not any(name in text for name in names)
            if apart and evidence.id not in known and len(found) < wanted:
                found.append(evidence)
        return found

    @cached_property
    def _pool(self) -> list[Evidence]:
        ids = [fact.id for fact in self.asking.facts]
        drawn = self.asking.chance.sample(ids, min(len(ids), _POOL))
        found = self.edition.kb.evidence(drawn)
        return [found[key] for key in drawn if key in found]

    def _facts_of(self, fact: Fact) -> list[Evidence]:
        ids = [other.id for other in self.asking.facts_of(fact.subject)]
        found = self.edition.kb.evidence(ids)
        return [found[key] for key in ids if key in found]


def _about(evidence: Evidence, fact: Fact) -> bool:
    """Whether it states the relation of the fact's subject."""
    return evidence.fact is not None and (evidence.fact.subject, evidence.fact.relation) == (
        fact.subject,
        fact.relation,
    )


def _mismarked(answer: str, evidence: int) -> str:
    """The answer citing what stands one further; without marks where there is nothing else."""
    if evidence == 1:
        return MARK.sub("", answer)
    return MARK.sub(lambda mark: f"[{int(mark[1]) % evidence + 1}]", answer)

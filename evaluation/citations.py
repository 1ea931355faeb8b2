"""Every `[n]` of an answer: does it exist, does it open, is its quotation the evidence's own text at its span?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rag.domain import Answer, Citation, Evidence
from rag.pipeline import Options, Pipeline

_MARK = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class Fault:
    """One broken citation of one answer."""

    question: str
    reason: str
    detail: str


@dataclass
class CitationReport:
    """What was checked and what was wrong."""

    answers: int = 0
    with_citations: int = 0
    citations: int = 0
    marks: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    def summary(self) -> dict[str, object]:
        """For a JSON document."""
        found = {name: value for name, value in vars(self).items() if name not in ("outcomes", "faults")}
        return {**found, "outcomes": dict(sorted(self.outcomes.items())), "faults": [vars(f) for f in self.faults]}

    def markdown(self) -> str:
        """A table, then the faults."""
        rows = {
            "answers": self.answers,
            "answers that cite": self.with_citations,
            "citations": self.citations,
            "marks in the texts": self.marks,
            "faults": len(self.faults),
        }
        lines = ["| what | count |", "|---|---|", *(f"| {name} | {count:,} |" for name, count in rows.items())]
        lines += ["", *(f"- {f.reason}: {f.question} ({f.detail})" for f in self.faults)] if self.faults else []
        return "\n".join(lines) + "\n"


def evaluate(pipeline: Pipeline, questions: Iterable[str], *, detail: str = "short") -> CitationReport:
    """Ask every question and open everything that the answers cite, in the version that answered."""
    report = CitationReport()
    for question in questions:
        answer = pipeline.ask(question, Options(detail=detail))
        kb = pipeline.editions.at(answer.kb_version).kb
        held = kb.evidence([citation.evidence_id for citation in answer.citations])
        report.answers += 1
        report.with_citations += bool(answer.citations)
        report.citations += len(answer.citations)
        report.marks += len(_MARK.findall(answer.text))
        report.outcomes[answer.outcome.value] += 1
        report.faults += [Fault(question, reason, detail) for reason, detail in faults(answer, held)]
    return report


def faults(answer: Answer, held: dict[str, Evidence]) -> Iterator[tuple[str, str]]:
    """(reason, detail) of everything wrong with the citations of one answer; `held` is what the version holds."""
    marks = list(dict.fromkeys(int(n) for n in _MARK.findall(answer.text)))
    numbers = [citation.n for citation in answer.citations]
    if numbers != list(range(1, len(numbers) + 1)):
        yield "numbers do not count from 1", str(numbers)
    if marks != numbers:
        yield "marks in the text differ from the citations, or come in another order", f"{marks} and {numbers}"
    for citation in answer.citations:
        evidence = held.get(citation.evidence_id)
        if evidence is None:
            yield "cannot be opened", citation.evidence_id
        else:
            yield from _against(citation, evidence)


def _against(citation: Citation, evidence: Evidence) -> Iterator[tuple[str, str]]:
    start, end = citation.span
    if not 0 <= start < end <= len(evidence.text):
        yield "span outside the evidence", f"{citation.evidence_id} {citation.span}"
    elif citation.quote != evidence.text[start:end]:
        yield "quotation is not the text at its span", f"{citation.evidence_id} {citation.quote[:40]}"
    if (citation.kind, citation.source) != (evidence.kind, evidence.source):
        yield "kind or source is another", citation.evidence_id

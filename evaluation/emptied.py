"""Nothing comes from anywhere but the knowledge base: without facts and passages every answer is `not_in_kb`."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kg_loader.ingest import TERMS, TERMS_FILE, ingest
from rag.domain import Outcome
from rag.pipeline import Options, Pipeline
from rag.settings import Settings
from rag.snapshot import Library
from rag.wiring import build


@dataclass
class EmptiedReport:
    """Outcomes of all questions, and those that are not `not_in_kb`; `citing` must be 0.

    An emergency is told whatever the knowledge base holds, so it is not unfounded.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    others: list[tuple[str, str]] = field(default_factory=list)
    citing: int = 0

    def unfounded(self) -> list[str]:
        """Questions that were answered, or asked back about, from nothing."""
        return [question for outcome, question in self.others if outcome != Outcome.EMERGENCY]

    def markdown(self) -> str:
        """A table, then what was unfounded."""
        rows = {"questions": sum(self.outcomes.values()), **{f"outcome, {k}": n for k, n in self.outcomes.items()}}
        rows |= {"answers that cite": self.citing}
        lines = ["| what | count |", "|---|---|", *(f"| {name} | {count} |" for name, count in rows.items())]
        lines += ["", *(f"- {question}" for question in self.unfounded())] if self.unfounded() else []
        return "\n".join(lines) + "\n"

    def summary(self) -> dict[str, object]:
        """For a JSON document."""
        return {"outcomes": dict(self.outcomes), "citing": self.citing, "others": self.others}


@contextmanager
def emptied(settings: Settings) -> Iterator[Pipeline]:
    """A pipeline over a temporary knowledge base that holds the packaged names and nothing else."""
    with tempfile.TemporaryDirectory(prefix="yiwen-eval-") as folder:
        own = settings.model_copy(update={"data_dir": Path(folder)})
        ingest(Library(own.data_dir), [TERMS_FILE], dataset=TERMS, settings=own)
        yield build(own)


def evaluate(pipeline: Pipeline, questions: Iterable[str]) -> EmptiedReport:
    """Ask every question in full."""
    report = EmptiedReport()
    for question in questions:
        answer = pipeline.ask(question, Options(detail="full"))
        report.outcomes[answer.outcome.value] += 1
        report.citing += bool(answer.citations)
        if answer.outcome is not Outcome.NOT_IN_KB:
            report.others.append((answer.outcome.value, question))
    return report

"""What every answer must keep to, on the operator's own knowledge base: names, citations, nothing from nothing.

The three parts ask the pairs of `sets/opposite_pairs.csv`, the mixed questions and, if they are given, the graph
questions that `sets/make_graph_questions.py` makes from raw data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation import citations, emptied, pairs
from evaluation.citations import CitationReport
from evaluation.emptied import EmptiedReport
from evaluation.pairs import PairReport
from evaluation.speed.asking import mixed_questions
from rag.settings import Settings
from rag.wiring import build


@dataclass(frozen=True)
class AnswersReport:
    """The three reports; citations once for short answers, once for those in full."""

    pairs: PairReport
    short: CitationReport
    full: CitationReport
    emptied: EmptiedReport

    @property
    def held(self) -> bool:
        """Whether nothing was confused, broken or made up."""
        broken = [*self.pairs.offences, *self.short.faults, *self.full.faults, *self.emptied.unfounded()]
        return not broken

    def summary(self) -> dict[str, object]:
        """For a JSON document."""
        parts = {name: part.summary() for name, part in vars(self).items()}
        return {**parts, "held": self.held}

    def markdown(self) -> str:
        """A section for each part."""
        sections = {
            "Opposite pairs": pairs.markdown(self.pairs),
            "Citations, short answers": self.short.markdown(),
            "Citations, answers in full": self.full.markdown(),
            "Emptied knowledge base": self.emptied.markdown(),
        }
        return "\n".join(f"## {title}\n\n{text}" for title, text in sections.items())


def run(settings: Settings, graph_questions: Sequence[str] = ()) -> AnswersReport:
    """Ask everything of the current knowledge base, and once more of an emptied one. Raises NotReadyError."""
    pipeline = build(settings)
    confused = pairs.evaluate(pipeline, pairs.read_pairs())
    questions = [*mixed_questions(), *graph_questions]
    short, full = (citations.evaluate(pipeline, questions, detail=detail) for detail in ("short", "full"))
    with emptied.emptied(settings) as nothing:
        return AnswersReport(confused, short, full, emptied.evaluate(nothing, graph_questions or questions))

"""What every answer must keep to, on the operator's own knowledge base: names, citations, nothing from nothing.

The parts ask the pairs of `sets/opposite_pairs.csv`, the mixed questions and, if they are given, the graph questions
that `sets/make_graph_questions.py` makes from raw data. Some of these go to each generator, and to each model alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evaluation import alone, citations, emptied, pairs
from evaluation.alone import Asked, GeneratorReport
from evaluation.citations import CitationReport
from evaluation.emptied import EmptiedReport
from evaluation.hostile import HostileGenerator
from evaluation.pairs import PairReport
from evaluation.speed.asking import mixed_questions
from rag.settings import Settings
from rag.wiring import build


@dataclass(frozen=True)
class AnswersReport:
    """The reports; citations once for short answers, once for those in full."""

    pairs: PairReport
    short: CitationReport
    full: CitationReport
    emptied: EmptiedReport
    generators: tuple[GeneratorReport, ...] = ()

    @property
    def held(self) -> bool:
        """Whether nothing was confused, broken or made up."""
        broken = [*self.pairs.offences, *self.short.faults, *self.full.faults, *self.emptied.unfounded()]
        return not broken and not any(one.faults for one in self.generators)

    def summary(self) -> dict[str, object]:
        """For a JSON document."""
        parts = {name: part.summary() for name, part in vars(self).items() if name != "generators"}
        return {**parts, "generators": [one.summary() for one in self.generators], "held": self.held}

    def markdown(self) -> str:
        """A section for each part."""
        sections = {
            "Opposite pairs": pairs.markdown(self.pairs),
            "Citations, short answers": self.short.markdown(),
            "Citations, answers in full": self.full.markdown(),
            "Emptied knowledge base": self.emptied.markdown(),
            "Generators": alone.markdown(self.generators),
        }
        return "\n".join(f"## {title}\n\n{text}" for title, text in sections.items())


def run(
    settings: Settings,
    graph_questions: Sequence[Mapping[str, Any]] = (),
    *,
    generators: Collection[str] = (),
    sample: int = 100,
) -> AnswersReport:
    """Ask everything of the current knowledge base, and once more of an emptied one.

    `graph_questions` are rows of `evaluation.graph_questions`; `sample` questions, spread over all, go to each of
    `generators` (all without any; `hostile`, that of `evaluation.hostile`, shows that the judge sees). Raises
    NotReadyError, NotFoundError.
    """
    pipeline = build(settings)
    graph = [_with_gold(row) for row in graph_questions]
    everything = [*map(Asked, mixed_questions()), *graph]
    chosen = (graph or everything)[:: max(1, len(graph or everything) // sample)][:sample]
    enemy = HostileGenerator()
    with_enemy = replace(pipeline, generators={**pipeline.generators, enemy.identity: enemy})
    told = alone.compare(with_enemy if enemy.identity in generators else pipeline, chosen, generators)
    confused = pairs.evaluate(pipeline, pairs.read_pairs())
    questions = [one.question for one in everything]
    short, full = (citations.evaluate(pipeline, questions, detail=detail) for detail in ("short", "full"))
    with emptied.emptied(settings) as nothing:
        found = emptied.evaluate(nothing, [one.question for one in graph or everything])
    return AnswersReport(confused, short, full, found, tuple(told))


def _with_gold(row: Mapping[str, Any]) -> Asked:
    names = (item["disease"] if isinstance(item, Mapping) else item for item in row["gold"])
    return Asked(str(row["question"]), tuple(map(str, names)))

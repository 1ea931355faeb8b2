"""Whether an answer says and cites the fact that was asked for, and the table of the arms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Event

from evaluation.metrics import Difference, Interval, mean_interval, paired_bootstrap
from finetune.ablation.material import NAME
from rag.checking.quotations import MARK
from rag.domain import GenerationRequest
from rag.ports import Generator

COLUMNS = ("object-correct", "cited", "both")
TOGETHER = "KB + LoRA"


@dataclass(frozen=True)
class Asked:
    """A question as the service sends it, the invented names of the fact that answers it, and that fact's id."""

    served: GenerationRequest
    mixed: GenerationRequest
    """The same with evidence about other things in between."""
    subject: str
    gold: str
    fact: str

    @property
    def alone(self) -> GenerationRequest:
        """The question without evidence."""
        return replace(self.served, evidence=(), alone=True)

    def judge(self, text: str, request: GenerationRequest) -> tuple[bool, bool]:
        """(object-correct, cited) of an answer to a request.

        Correct: the object is named, and beside it and the subject nothing else invented. Cited: there are marks, and
        all of them point to the evidence that states the fact.
        """
        names, marks = set(NAME.findall(text)), set(MARK.findall(text))
        place = {str(n) for n, evidence in enumerate(request.evidence, start=1) if evidence.id == self.fact}
        return self.gold in names <= {self.gold, self.subject}, bool(marks) and marks == place


@dataclass(frozen=True)
class Arm:
    """How the questions were answered by one system: the answers and their verdicts, in order."""

    answers: Sequence[str]
    verdicts: Sequence[tuple[bool, bool]]

    def values(self, column: str) -> list[float]:
        """1 or 0 a question."""
        n = COLUMNS.index(column)
        return [float(all(verdict) if column == "both" else verdict[n]) for verdict in self.verdicts]

    def share(self, column: str) -> Interval:
        """Of the questions."""
        return mean_interval(self.values(column))


def answered(generator: Generator, asked: Sequence[Asked], requests: Sequence[GenerationRequest]) -> Arm:
    """What the generator itself writes, one request a question; nothing replaces or repairs it."""
    answers = ["".join(generator.stream(request, Event())) for request in requests]
    verdicts = [one.judge(text, request) for one, text, request in zip(asked, answers, requests, strict=True)]
    return Arm(answers, verdicts)


def gains(arms: Mapping[str, Arm], others: Iterable[str]) -> dict[str, Difference]:
    """Of `TOGETHER` over the others in what is object-correct, on the same questions."""
    best = arms[TOGETHER].values("object-correct")
    return {name: paired_bootstrap(arms[name].values("object-correct"), best) for name in others}


def markdown(arms: Mapping[str, Arm], gained: Mapping[str, Difference]) -> str:
    """A row an arm; the gain of `TOGETHER` over it stands last."""
    lines = [f"| arm | {' | '.join(COLUMNS)} | gain of {TOGETHER} (object-correct) |", "|---|---|---|---|---|"]
    for name, arm in arms.items():
        gain = f"{g.mean:+.3f} [{g.low:+.3f}, {g.high:+.3f}]" if (g := gained.get(name)) else ""
        lines.append(f"| {name} | {' | '.join(str(arm.share(column)) for column in COLUMNS)} | {gain} |")
    return "\n".join(lines)

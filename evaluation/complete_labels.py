"""Linking against sentences in which every mention is labelled, so that a link to anything else is false.

`sets/linking_complete.txt`; `sets/README.md` has the guideline and how it is scored. Half 1 is counted and never shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evaluation.linking import Found, found_in
from evaluation.metrics import Share, half_of, share_of
from rag.editions import Edition
from rag.text import normalise

SENTENCES = Path(__file__).parent / "sets" / "linking_complete.txt"
TYPES = {
    "d": "disease", "s": "symptom", "m": "drug", "h": "herb", "f": "formula", "e": "examination", "t": "treatment",
    "o": "food", "b": "body_part", "i": "indicator", "p": "pathogen", "c": "cause", "y": "syndrome", "a": "acupoint",
    "g": "population",
}  # fmt: skip
_MENTION = re.compile(r"\[([^|\]]+)\|([a-z])([-?x]*)(?:\|([^\]]+))?\]")


@dataclass(frozen=True)
class Label:
    """A mention: where it is, the normalised names that are right for it, and its marks."""

    start: int
    end: int
    surface: str
    type: str
    names: frozenset[str]
    denied: bool = False
    optional: bool = False
    invented: bool = False


@dataclass(frozen=True)
class Sentence:
    """A text with all its mentions and the names that may not be linked in it."""

    id: str
    style: str
    text: str
    labels: tuple[Label, ...]
    never: tuple[str, ...]


def read_sentences(path: Path = SENTENCES) -> list[Sentence]:
    """The sentences in the order of the file."""
    found, style = [], ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            style = line.removeprefix("## ")
        elif line and not line.startswith("#"):
            number, _, rest = line.partition(" ")
            marked, _, never = rest.partition(" ! ")
            found.append(parsed(number, style, marked.rstrip(), never.split()))
    return found


def parsed(number: str, style: str, marked: str, never: Sequence[str]) -> Sentence:
    """A sentence from its marked text."""
    text, labels, last = "", [], 0
    for found in _MENTION.finditer(marked):
        text += marked[last : found.start()]
        surface, kind, marks, names = found.groups()
        right = frozenset(map(normalise, _right(surface, kind, names or "")))
        labels.append(Label(
            len(text), len(text) + len(surface), surface, TYPES[kind], right, "-" in marks, "?" in marks, "x" in marks
        ))  # fmt: skip
        text, last = text + surface, found.end()
    return Sentence(number, style, text + marked[last:], tuple(labels), tuple(never))


def _right(surface: str, kind: str, names: str) -> Iterator[str]:
    """Every right name; an examination may be called so."""
    for name in filter(None, (surface, *names.split("/"))):
        yield name
        if TYPES[kind] == "examination":
            yield f"{name}检查"


@dataclass(frozen=True)
class Verdict:
    """One sentence: what is counted, and its faults."""

    sentence: Sentence
    counts: Counter[str]
    false_links: tuple[str, ...]
    missed: tuple[str, ...]
    never: tuple[str, ...]

    @property
    def half(self) -> int:
        """1: only counted."""
        return half_of(self.sentence.id)

    def __str__(self) -> str:
        wrong = [*self.false_links, *(f"missed {name}" for name in self.missed), *(f"never {n}" for n in self.never)]
        return f"{self.sentence.id} {self.sentence.text}: {'; '.join(wrong)}" if wrong else ""


_MEASURES = {
    "name_precision": ("name_right", "links"),
    "name_recall": ("found", "labels"),
    "link_precision": ("link_right", "links"),
    "link_recall": ("found_exactly", "labels"),
    "negated_precision": ("denied_right", "denied_found"),
    "negated_recall": ("denied_right", "denied"),
    "invented_left_alone": ("invented_right", "invented"),
}


@dataclass
class CompleteReport:
    """Verdicts on all sentences."""

    verdicts: list[Verdict] = field(default_factory=list)

    def shares(self, verdicts: Sequence[Verdict]) -> dict[str, Share]:
        """The measures over some of the sentences."""
        return {name: _share(verdicts, *keys) for name, keys in _MEASURES.items()}

    def summary(self) -> dict[str, object]:
        """For a JSON document."""
        return {
            **{name: share.summary() for name, share in self.shares(self.verdicts).items()},
            "halves": [{n: s.summary() for n, s in self.shares(self._half(half)).items()} for half in (0, 1)],
            "never_linked": sum(len(verdict.never) for verdict in self.verdicts),
        }

    def markdown(self) -> str:
        """Tables: the halves, the styles, the types."""
        halves = [self.shares(self._half(half)) for half in (0, 1)]
        lines = ["| every mention labelled | half 0 | half 1 | all |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {halves[0][name]} | {halves[1][name]} | {share} |"
            for name, share in self.shares(self.verdicts).items()
        ]
        never = [sum(len(verdict.never) for verdict in self._half(half)) for half in (0, 1)]
        lines += [f"| forbidden names linked | {never[0]} | {never[1]} | {sum(never)} |"]
        lines += ["", "| style | name precision | name recall |", "|---|---|---|"]
        for style in sorted({verdict.sentence.style for verdict in self.verdicts}):
            own = [verdict for verdict in self.verdicts if verdict.sentence.style == style]
            lines.append(f"| {style} | {_share(own, 'name_right', 'links')} | {_share(own, 'found', 'labels')} |")
        lines += ["", "| type | name recall |", "|---|---|"]
        lines += [f"| {kind} | {_share(self.verdicts, f'found_{kind}', f'labels_{kind}')} |" for kind in TYPES.values()]
        return "\n".join(lines) + "\n"

    def _half(self, half: int) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.half == half]


def _share(verdicts: Sequence[Verdict], right: str, of: str) -> Share:
    counts = [verdict.counts for verdict in verdicts]
    return share_of([count[right] for count in counts], [count[of] for count in counts])


def evaluate(edition: Edition, sentences: Sequence[Sentence] | None = None) -> CompleteReport:
    """Link every sentence."""
    known = {row.name for row in edition.kb.names()}
    sentences = read_sentences() if sentences is None else sentences
    return CompleteReport([judge(one, found_in(edition, one.text), known) for one in sentences])


def judge(sentence: Sentence, found: Sequence[Found], known: Collection[str]) -> Verdict:
    """What was found in a sentence against its labels; `known` are the names of the knowledge base."""
    counts: Counter[str] = Counter()
    links = [one for one in found if one.entities]
    false_links = [
        f"{one.surface} -> {'、'.join(one.entities)}" for one in links if not _judge_link(one, sentence.labels, counts)
    ]
    missed = [label.surface for label in sentence.labels if not _judge_label(label, found, known, counts)]
    named = {name for one in links for name in one.names}
    never = tuple(name for name in sentence.never if normalise(name) in named)
    return Verdict(sentence, counts, tuple(false_links), tuple(missed), never)


def _judge_link(one: Found, labels: Sequence[Label], counts: Counter[str]) -> bool:
    """Count a link; whether it is not false."""
    fitting = [label for label in _touched(one, labels) if one.best in label.names]
    if any(label.optional for label in fitting):
        return True
    counts["links"] += 1
    counts["name_right"] += bool(fitting)
    counts["link_right"] += any((label.start, label.end) == (one.start, one.end) for label in fitting)
    return bool(fitting)


def _judge_label(label: Label, found: Sequence[Found], known: Collection[str], counts: Counter[str]) -> bool:
    """Count a mention; whether it was found, or need not be."""
    touching = [one for one in found if one.start < label.end and label.start < one.end]
    marked = any("negated" in one.flags for one in touching)
    if not label.optional:
        counts["denied"] += label.denied
        counts["denied_found"] += marked
        counts["denied_right"] += marked and label.denied
    fitting = [one for one in touching if one.entities and one.best in label.names]
    if label.invented:
        counts["invented"] += 1
        counts["invented_right"] += not any(one.entities for one in touching)
    if label.optional or label.invented or label.names.isdisjoint(known):
        return True
    for kind in ("", f"_{label.type}"):
        counts[f"labels{kind}"] += 1
        counts[f"found{kind}"] += bool(fitting)
    counts["found_exactly"] += any((one.start, one.end) == (label.start, label.end) for one in fitting)
    return bool(fitting)


def _touched(one: Found, labels: Sequence[Label]) -> Iterator[Label]:
    return (label for label in labels if one.start < label.end and label.start < one.end)

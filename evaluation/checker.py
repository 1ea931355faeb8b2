"""How well the checker tells supported sentences from others: `yiwen eval checker`.

Sets (`sets/README.md`): supported sentences, the same with one thing changed, judged pairs of a sentence and its
citation, and cases by evidence. Every row is put to the checker as an answer would: each text as one passage, the
sentence with `[1]`. The rows are reported in two halves by CRC-32 of the base id (of pairs and cases: of the evidence):
failures of half 0 were looked at while the rules were written, those of half 1 were not.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import numpy as np

from evaluation.checker_cases import CASES, SUPPORTED, Case
from evaluation.metrics import half_of, share
from rag.checking.checker import Checker
from rag.domain import Evidence, Passage, PassageKind, Source
from rag.errors import NotFoundError, UsageError, YiwenError
from rag.linking.names import Names
from rag.text import normalise
from rag.vocabulary import Grade

SOURCE = Source("checker set", "evaluation", Grade.REFERENCE)
SENTENCES = ("id", "sentence", "evidence_kind", "title", "evidence")
PAIRS = ("id", "sentence", "evidence_kind", "title", "evidence", "label")
MUTATIONS = ("id", "base", "mutation", "sentence", "title", "evidence")
SUPPORTS, PARTLY = "supports", "partly"
NUMERIC = frozenset({"number", "unit"})

_SURE = 0.5
"""From here on a name links, as when a snapshot is built."""

Row = Mapping[str, str]


@dataclass(frozen=True)
class Checked:
    """One sentence put to the checker; `reason` is None where it passed."""

    id: str
    group: str
    half: int
    reason: str | None
    row: Row = field(repr=False)

    @property
    def passed(self) -> bool:
        """Whether the sentence would leave."""
        return self.reason is None


@dataclass(frozen=True)
class CheckerReport:
    """Verdicts on the sets, and the processor time of each check in ms."""

    supported: tuple[Checked, ...]
    mutated: tuple[Checked, ...]
    pairs: tuple[Checked, ...]
    cases: tuple[Checked, ...]
    milliseconds: tuple[float, ...]

    def summary(self) -> dict[str, object]:
        """For a JSON document: every figure as [value, low, high, rows], 95 % bootstrap."""
        found: dict[str, object] = {}
        for half in (None, 0, 1):
            name = "all" if half is None else f"half_{half}"
            found[name] = {title: list(value) for title, value in self._figures(half).items()}
        median, tail = np.percentile(self.milliseconds, [50, 95]) if self.milliseconds else (0.0, 0.0)
        return {**found, "ms": {"median": round(float(median), 4), "p95": round(float(tail), 4)}}

    def _figures(self, half: int | None) -> dict[str, tuple[float, float, float, int]]:
        supported, mutated, pairs = (_of(rows, half) for rows in (self.supported, self.mutated, self.pairs))
        figures = {
            "supported sentences dropped": [not c.passed for c in supported],
            "changed sentences dropped": [not c.passed for c in mutated],
        }
        for kind in sorted({c.group for c in mutated}):
            figures[f"  {kind}"] = [not c.passed for c in mutated if c.group == kind]
        figures["number faithfulness (number and unit)"] = [not c.passed for c in mutated if c.group in NUMERIC]
        judged = [c for c in pairs if c.group != PARTLY]
        figures["citation precision (passed and supported)"] = [c.group == SUPPORTS for c in judged if c.passed]
        figures["citation recall (supported and passed)"] = [c.passed for c in judged if c.group == SUPPORTS]
        figures["pairs judged as labelled"] = [c.passed == (c.group == SUPPORTS) for c in judged]
        figures["partly supported, dropped"] = [not c.passed for c in pairs if c.group == PARTLY]
        for group in dict.fromkeys(c.group for c in self.cases):
            figures[f"{group} dropped"] = [not c.passed for c in _of(self.cases, half) if c.group == group]
        return {name: share(values) for name, values in figures.items() if values}

    def markdown(self) -> str:
        """One table: both halves and all."""
        columns = [self._figures(half) for half in (0, 1, None)]
        lines = ["| what | rows | half 0 | half 1 | all |", "|---|---|---|---|---|"]
        for name, (*_, rows) in columns[2].items():
            cells = [_cell(column.get(name)) for column in columns]
            lines.append(f"| {name.replace('  ', '&nbsp;&nbsp;')} | {rows} | {' | '.join(cells)} |")
        median, tail = np.percentile(self.milliseconds, [50, 95]) if self.milliseconds else (0.0, 0.0)
        took = f"One check takes {median:.2f} ms of processor time (median), {tail:.2f} ms (p95)."
        return "\n".join(lines) + f"\n\n{took}\n"

    def failures(self, half: int) -> list[Checked]:
        """What was judged wrongly in one half."""
        told = [(self.supported, True), (self.mutated, False)]
        rows = [*told, *(((c,), c.group.endswith(SUPPORTED)) for c in self.cases)]
        found = [c for group, right in rows for c in group if c.half == half and c.passed is not right]
        return found + [c for c in self.pairs if c.half == half and c.passed != (c.group == SUPPORTS)]


def _of(rows: Iterable[Checked], half: int | None) -> list[Checked]:
    return [row for row in rows if half is None or row.half == half]


def _cell(figure: tuple[float, float, float, int] | None) -> str:
    if figure is None:
        return ""
    value, low, high, _ = figure
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def evaluate(
    checker: Checker,
    sentences: Sequence[Row],
    mutations: Sequence[Row],
    pairs: Sequence[Row],
    cases: Sequence[Case] = (),
) -> CheckerReport:
    """Put every row to the checker."""
    times: list[float] = []

    def reason(sentence: str, evidence: Sequence[Evidence]) -> str | None:
        marks = "".join(f"[{n}]" for n in range(1, len(evidence) + 1))
        started = time.process_time()
        found = checker.check(f"{sentence.rstrip('。. ')}{marks}。", evidence)
        times.append(1000 * (time.process_time() - started))
        return found

    def checked(row: Row, group: str, base: str) -> Checked:
        evidence = _evidence(row.get("evidence_kind", ""), row["title"], row["evidence"], checker.names)
        return Checked(row["id"], group, half_of(base), reason(row["sentence"], (evidence,)), row)

    def judged(case: Case) -> Checked:
        told = zip(case.titles, case.texts, strict=True)
        cited = [_evidence(case.form, title, text, checker.names) for title, text in told]
        group = f"{case.set}: {case.kind}"
        return Checked(case.id, group, half_of("".join(case.texts)), reason(case.sentence, cited), case.row)

    return CheckerReport(
        tuple(checked(row, "supported", row["id"]) for row in sentences),
        tuple(checked(row, row["mutation"], row["base"]) for row in mutations),
        tuple(checked(row, row["label"], row["evidence"]) for row in pairs),
        tuple(map(judged, sorted(cases, key=lambda case: (CASES.index(case.set), case.kind != SUPPORTED)))),
        tuple(times),
    )


def _evidence(kind: str, title: str, words: str, names: Names) -> Evidence:
    """Evidence as a passage; a fact's line is one too, for its objects stand in one sentence."""
    passage = Passage(
        words,
        PassageKind(kind) if kind in set(PassageKind) else PassageKind.TEXTBOOK,
        SOURCE.id,
        title=title or None,
    )
    text = normalise(f"{title}\n{words}")
    mentioned = {c.entity for name, _, _ in names.find(text) for c in names.candidates(name) if c.score >= _SURE}
    return Evidence(
        passage.id, passage.kind.value, passage.text, SOURCE, 1.0, {}, passage.title, passage=passage,
        entities=tuple(sorted(mentioned)),
    )  # fmt: skip


# ---------------------------------------------------------------- reading


def read_table(file: Path | None, name: str, columns: Sequence[str]) -> list[Row]:
    """The rows of a CSV file, by default that of `sets/`. Raises NotFoundError, UsageError."""
    with _opened(file, name) as path, path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise UsageError(f"{path}: has no column {missing[0]!r}; expected {', '.join(columns)}")
        return list(reader)


def read_mutations(file: Path | None) -> list[Row]:
    """The rows of a JSON Lines file, by default those that the script makes. Raises NotFoundError, UsageError."""
    with _made() if file is None else _opened(file, "") as path:
        rows: list[Row] = []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            row = _parsed(line)
            if row is None or any(not isinstance(row.get(name), str) for name in MUTATIONS):
                raise UsageError(f"{path}:{number}: expected a JSON object with the texts {', '.join(MUTATIONS)}")
            rows.append(row)
        return rows


def _parsed(line: str) -> dict[str, str] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


@contextmanager
def _opened(file: Path | None, name: str) -> Iterator[Path]:
    if file is None:
        with resources.as_file(resources.files("evaluation") / "sets" / name) as path:
            yield path
    elif not file.is_file():
        raise NotFoundError(f"{file}: no such file; expected one in the format of evaluation/sets/README.md")
    else:
        yield file


@contextmanager
def _made() -> Iterator[Path]:
    """The changed sentences, by a script that shares nothing with the product."""
    script = resources.files("evaluation") / "sets" / "make_checker_mutations.py"
    with tempfile.TemporaryDirectory(prefix="yiwen-eval-") as folder, resources.as_file(script) as path:
        out = Path(folder) / "mutations.jsonl"
        command = [sys.executable, str(path), str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise YiwenError(f"no changed sentences could be made: {last}")
        yield out


def describe(failure: Checked, say: Callable[[str], object]) -> None:
    """Print one wrong verdict."""
    verdict = failure.reason or "passed"
    say(f"{failure.group} {failure.id}: {verdict}\n  {failure.row['sentence']}\n  {failure.row['evidence']}")

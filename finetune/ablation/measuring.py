"""The ablation from nothing to its table: an invented knowledge base, a tiny model, two adapters, five arms.

Half of the invented diseases are for training, the others are asked about. Everything goes the way of the product: the
ingestion, the rows of `yiwen data grounded`, the trainer, the local generator with its adapters, the prompt.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from evaluation.metrics import Difference
from finetune.ablation.invented import MANY, Names, read_dialogues, retold_texts, write_facts
from finetune.ablation.judging import COLUMNS, TOGETHER, Arm, Asked, answered, gains, markdown
from finetune.ablation.material import LENGTH, Row, apart, closed_book, named, renamed, texts_of
from finetune.ablation.tiny import Shape, make_tiny
from finetune.ablation.training import Learning, full, lora, write
from finetune.data.asking import ASKED, Asking, Drawn
from finetune.data.grounded import GroundedOptions, rows, sent
from rag.domain import Evidence, Fact, GenerationRequest
from rag.errors import DataError
from rag.generators.extractive.generator import ExtractiveGenerator
from rag.pipeline import Pipeline
from rag.settings import Settings
from rag.wiring import build, open_models

ADAPTERS = ("closed", "grounded")
"""Trained alike, the one without evidence, the other with it."""
_SHORTER = 4
"""Rows without prompt and evidence against those with them: so each step of both adapters holds about as many rows."""
_OTHERS = (1, 3)
"""Pieces of evidence about other things that a question gets besides its own."""
_SHAPE = Shape(width=128, layers=2, looks_back=4.6, spread=0.05)
_PRETRAINING, _OPEN_ANSWERS = Learning(1700, 3e-3, 1280), Learning(400, 1e-3, 1280)
_ADAPTER = Learning(1600, 1e-3, 1536)


@dataclass(frozen=True)
class Scale:
    """How large everything is; the defaults are those of the published table."""

    seed: int = 1
    questions: int = 100
    subjects: int = 100
    """Diseases to train on."""
    texts: int = 12_000
    dialogues: int = 3000
    rows: int = 300
    times: int = 40
    """How often each row is said under other names."""
    shape: Shape = _SHAPE
    rank: int = 16
    pretraining: Learning = _PRETRAINING
    open_answers: Learning = _OPEN_ANSWERS
    adapter: Learning = _ADAPTER
    """Of both adapters."""


@dataclass(frozen=True)
class Ablation:
    """The arms by name, what `KB + LoRA` gains over the other three, and what it took."""

    arms: Mapping[str, Arm]
    gained: Mapping[str, Difference]
    cpu_s: float

    def markdown(self) -> str:
        """The table and a line on the run."""
        date = datetime.now(UTC).date()
        questions = len(next(iter(self.arms.values())).answers)
        return f"{markdown(self.arms, self.gained)}\n\n{questions} questions, {self.cpu_s:.0f} s of CPU time, {date}"

    def summary(self) -> dict[str, object]:
        """For a JSON document: (value, low, high) of each figure."""
        return {
            "questions": len(next(iter(self.arms.values())).answers),
            "cpu_s": round(self.cpu_s, 1),
            "arms": {name: {c: arm.share(c).as_list() for c in COLUMNS} for name, arm in self.arms.items()},
            "gains": {name: [round(v, 4) for v in (g.mean, g.low, g.high)] for name, g in self.gained.items()},
        }


def measure(folder: Path, scale: Scale) -> Ablation:
    """Runs everything below `folder`. Raises DataError where a training row names what is asked about."""
    begin = sum(os.times()[:4])  # of this process and the commands that it runs
    names = Names(scale.seed, MANY, LENGTH)
    learnt, asked_about = _knowledge_base(folder, names, scale)
    settings = Settings(_env_file=None, data_dir=folder / "kb")
    pipeline = build(settings)
    asked = questions(pipeline, frozenset(learnt), scale)
    base = _train(folder, names, pipeline, frozenset(asked_about), scale)
    arms = _arms(folder, settings, base, asked)
    return Ablation(arms, gains(arms, ("base", "LoRA", "KB")), sum(os.times()[:4]) - begin)


def _arms(folder: Path, settings: Settings, base: Path, asked: Sequence[Asked]) -> dict[str, Arm]:
    """What each says, by the generators of the service."""
    models = open_models(
        settings.model_copy(
            update={"local_model": str(base), "local_adapters": folder / "adapters", "llm_context_tokens": 512,
                    "llm_answer_tokens": 48, "llm_first_token_s": 120.0, "llm_total_s": 240.0, "local_device": "cpu"}
        )
    )  # fmt: skip
    alone, mixed = [one.alone for one in asked], [one.mixed for one in asked]
    return {
        "base": answered(models["local"], asked, alone),
        "LoRA": answered(models[f"local:{ADAPTERS[0]}"], asked, alone),
        "KB": answered(models["local"], asked, mixed),
        TOGETHER: answered(models[f"local:{ADAPTERS[1]}"], asked, mixed),
        "extractive, as served": answered(ExtractiveGenerator(), asked, [one.served for one in asked]),
    }


def _knowledge_base(folder: Path, names: Names, scale: Scale) -> tuple[list[str], list[str]]:
    """Ingests invented facts; returns the names of the diseases to train on, and all names of the others' facts."""
    learnt = write_facts(folder / "learnt.csv", names, scale.subjects)
    write_facts(folder / "asked.csv", names, scale.questions)
    for file in ("learnt.csv", "asked.csv"):
        command = [sys.executable, "-m", "yiwen", "--data-dir", str(folder / "kb"), "ingest", str(folder / file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise DataError(f"{file} was not ingested: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return learnt, sorted(named([(folder / "asked.csv").read_text(encoding="utf-8")]))


def questions(pipeline: Pipeline, without: frozenset[str], scale: Scale) -> list[Asked]:
    """One about each disease that is not in `without`, as the service sends it, with evidence of others mixed in."""
    asking = Asking(pipeline.editions.current().kb, scale.seed, without, 0.0)
    drawn: dict[str, Drawn] = {}
    while len(drawn) < scale.questions:
        one = asking.draw(ASKED)
        if one is None:
            raise DataError("the knowledge base has nothing to ask about")
        drawn.setdefault(one.fact.subject, one)
    found = [(one.fact, _served(pipeline, one)) for one in drawn.values()]
    every = {e.id: e for _, request in found for e in request.evidence}
    return [_mixed(fact, served, every.values(), asking.chance) for fact, served in found]


def _served(pipeline: Pipeline, drawn: Drawn) -> GenerationRequest:
    request = sent(pipeline, drawn.question)
    if request is None or drawn.fact.id not in {e.id for e in request.evidence}:
        raise DataError(f"the service does not find the evidence for {drawn.question!r}")
    return replace(request, limits=replace(pipeline.limits, detail="short"))


def _mixed(fact: Fact, served: GenerationRequest, every: Iterable[Evidence], chance: random.Random) -> Asked:
    own = {e.id for e in served.evidence}
    others = [e for e in every if e.id not in own and fact.subject not in e.entities]
    mixed = [*served.evidence, *chance.sample(others, min(len(others), chance.randint(*_OTHERS)))]
    chance.shuffle(mixed)
    subject, gold = (str(end).partition(":")[2] for end in (fact.subject, fact.object))
    return Asked(served, replace(served, evidence=tuple(mixed)), subject, gold, fact.id)


def _train(folder: Path, names: Names, pipeline: Pipeline, held_out: frozenset[str], scale: Scale) -> Path:
    """Makes the data and the model, trains the base and both adapters; returns the base."""
    made = list(rows(pipeline, GroundedOptions(
        rows=scale.rows, seed=scale.seed, without=held_out, shares={"relevant": 0.4, "distracting": 0.6}
    )))  # fmt: skip
    grounded = list(renamed(made, scale.times, held_out, scale.seed))
    data: dict[str, Sequence[Row]] = {
        "pt": list(retold_texts(scale.texts, scale.seed, MANY, LENGTH, held_out)),
        "sft": list(read_dialogues(names, scale.dialogues)),
        "closed": list(closed_book(grounded)),
        "grounded": grounded,
    }
    for part in data.values():
        apart(part, held_out)
    paths = {name: write(folder / f"{name}.jsonl", part) for name, part in data.items()}
    texts = [text for part in data.values() for text in texts_of(part[:1500])]
    base = make_tiny(folder / "random", texts, single=MANY + "123456789", like=scale.shape, seed=scale.seed)
    base = full(folder / "pt", "pt", paths["pt"], base, scale.pretraining)
    base = full(folder / "sft", "sft", paths["sft"], base, scale.open_answers)
    without = replace(scale.adapter, tokens=scale.adapter.tokens // _SHORTER)
    for name, how in zip(ADAPTERS, (without, scale.adapter), strict=True):
        lora(folder / name, paths[name], base, how, rank=scale.rank, register=folder / "adapters")
    return base

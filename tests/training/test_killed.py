"""A run that is killed in the middle of a step, or shared by two ranks, gives the weights of one that is not."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from finetune.meter import read_log
from finetune.record import resolved
from finetune.run_file import load
from finetune.stages.packed import train
from finetune.trainer import last_complete
from tests.hf.models import make_model
from tests.ports import free_port
from tests.source_tree import ROOT
from tests.training.packs import examples
from tests.training.processes import PATIENCE_S, environment, ranks, start
from tests.training.runs import a_run

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


class Slow(list[Any]):
    """Packs that take `seconds` to be had."""

    seconds = 0.0

    def __getitem__(self, place: Any) -> Any:  # noqa: ANN401 - as a list has it
        time.sleep(self.seconds)
        return super().__getitem__(place)


def trained(file: Path, seconds: float, *, ordered: bool) -> None:
    """The run of a file, of which each pack takes that long."""
    made = examples()
    packs = Slow(made.train)
    packs.seconds = seconds
    train(load(file), lambda run, tokenizer: replace(made, train=packs, ordered=ordered), resume=True)


def in_turn(file: Path) -> None:
    trained(file, 0.3, ordered=False)


def on_a_rank(file: Path) -> None:
    trained(file, 0, ordered=True)


SCRIPT = """
import sys
from pathlib import Path
from tests.training.test_killed import on_a_rank
on_a_rank(Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("base") / "tiny", "qwen2")


@pytest.mark.timeout(600)
def test_killed_in_the_middle_of_a_step_it_ends_with_the_same_bits(base: Path, tmp_path: Path) -> None:
    dropout = {"dropout": 0.1}
    whole = a_run(base, tmp_path / "whole", lora=dropout)
    train(whole, lambda run, tokenizer: examples())
    run = a_run(base, tmp_path / "run", lora=dropout)
    (tmp_path / "run.yaml").write_text(resolved(run), encoding="utf-8")
    child = start(in_turn, tmp_path / "run.yaml")
    log = run.out / "log.jsonl"
    while child.is_alive():
        if last_complete(run.out) is not None and '"step": 4' in log.read_text(encoding="utf-8"):
            break
        time.sleep(0.02)
    child.kill()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert not (run.out / "adapter").exists()
    train(run, lambda run, tokenizer: examples(), resume=True)
    before, after = (load_file(one.out / "adapter" / "adapter_model.safetensors") for one in (whole, run))
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.timeout(600)
def test_two_ranks_learn_what_one_does(base: Path, tmp_path: Path) -> None:
    """The same packs a step: one process with accumulation 4, or two with 2; token-weighted, so the same loss."""
    few = {"steps": 2, "save_every": "never"}
    alone = a_run(base, tmp_path / "one", train=few | {"accumulation": 4})
    train(alone, lambda run, tokenizer: replace(examples(), ordered=True))
    both = a_run(base, tmp_path / "two", train=few | {"accumulation": 2})
    (tmp_path / "two.yaml").write_text(resolved(both), encoding="utf-8")
    ranks(on_a_rank, tmp_path / "two.yaml")
    one, two = (
        [(entry["loss"], entry["grad_norm"]) for entry in read_log(run.out / "log.jsonl") if "loss" in entry]
        for run in (alone, both)
    )
    assert two == [pytest.approx(pair, rel=1e-4) for pair in one]
    reports = [json.loads((run.out / "report.json").read_text(encoding="utf-8")) for run in (alone, both)]
    assert reports[1]["tokens"] == pytest.approx(reports[0]["tokens"], rel=0.2), "those of both ranks"
    before, after = (load_file(run.out / "adapter" / "adapter_model.safetensors") for run in (alone, both))
    assert all(torch.allclose(before[name], after[name], atol=1e-4) for name in before)


@pytest.mark.timeout(600)
def test_two_nodes_end_with_the_weights_of_two_ranks_on_one(base: Path, tmp_path: Path) -> None:
    """Two agents of torchrun meet over the loopback interface, as those of two machines do over theirs."""
    few = {"steps": 3, "save_every": "never"}
    runs = {name: a_run(base, tmp_path / name, train=few) for name in ("nodes", "ranks")}
    for name, run in runs.items():
        (tmp_path / f"{name}.yaml").write_text(resolved(run), encoding="utf-8")
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    meeting = ["--nnodes", "2", "--nproc-per-node", "1", "--master-addr", "127.0.0.1"]
    command = [sys.executable, "-m", "torch.distributed.run", *meeting, "--master-port", str(free_port())]
    agents = [
        subprocess.Popen(
            [*command, "--node-rank", str(rank), str(tmp_path / "script.py"), str(tmp_path / "nodes.yaml")],
            cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(),
        )
        for rank in range(2)
    ]  # fmt: skip
    ranks(on_a_rank, tmp_path / "ranks.yaml")
    for agent in agents:
        _, said = agent.communicate(timeout=PATIENCE_S)
        assert agent.returncode == 0, said[-3000:]
    nodes, two = (load_file(run.out / "adapter" / "adapter_model.safetensors") for run in runs.values())
    assert nodes.keys() == two.keys()
    assert all(torch.equal(nodes[name], tensor) for name, tensor in two.items())

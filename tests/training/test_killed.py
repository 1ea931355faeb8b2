"""A run that is killed in the middle of a step, or shared by two ranks, gives the weights of one that is not."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from finetune.meter import read_log
from finetune.record import resolved
from finetune.stages.packed import train
from finetune.trainer import last_complete
from tests.hf.models import make_model
from tests.source_tree import ROOT
from tests.training.packs import examples
from tests.training.runs import a_run

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
SCRIPT = """
import sys, time
from dataclasses import replace
from pathlib import Path
from finetune.run_file import load
from finetune.stages.packed import train
from tests.training.packs import examples

slow, ordered = float(sys.argv[2]), sys.argv[3] == "ordered"
class Slow(list):
    def __getitem__(self, place):
        time.sleep(slow)
        return super().__getitem__(place)

made = examples()
run = load(Path(sys.argv[1]))
train(run, lambda run, tokenizer: replace(made, train=Slow(made.train), ordered=ordered), resume=True)
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("base") / "tiny", "qwen2")


@pytest.mark.timeout(240)
def test_killed_in_the_middle_of_a_step_it_ends_with_the_same_bits(base: Path, tmp_path: Path) -> None:
    dropout = {"dropout": 0.1}
    whole = a_run(base, tmp_path / "whole", lora=dropout)
    train(whole, lambda run, tokenizer: examples())
    run = a_run(base, tmp_path / "run", lora=dropout)
    (tmp_path / "run.yaml").write_text(resolved(run), encoding="utf-8")
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "run.yaml"), "0.3", "random"], cwd=ROOT, stderr=subprocess.PIPE
    )
    log = run.out / "log.jsonl"
    deadline = time.monotonic() + 50
    while child.poll() is None and time.monotonic() < deadline:
        if last_complete(run.out) is not None and '"step": 4' in log.read_text(encoding="utf-8"):
            break
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    _, said = child.communicate()
    assert child.returncode == -signal.SIGKILL, said.decode()[-2000:]
    assert not (run.out / "adapter").exists()
    train(run, lambda run, tokenizer: examples(), resume=True)
    before, after = (load_file(one.out / "adapter" / "adapter_model.safetensors") for one in (whole, run))
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.timeout(240)
def test_two_ranks_learn_what_one_does(base: Path, tmp_path: Path) -> None:
    """The same packs a step: one process with accumulation 4, or two with 2; token-weighted, so the same loss."""
    few = {"steps": 2, "save_every": "never"}
    alone = a_run(base, tmp_path / "one", train=few | {"accumulation": 4})
    train(alone, lambda run, tokenizer: replace(examples(), ordered=True))
    both = a_run(base, tmp_path / "two", train=few | {"accumulation": 2})
    (tmp_path / "two.yaml").write_text(resolved(both), encoding="utf-8")
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         str(tmp_path / "script.py"), str(tmp_path / "two.yaml"), "0", "ordered"],
        cwd=ROOT, capture_output=True, text=True, check=False, env=_environment(), timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = (
        [(entry["loss"], entry["grad_norm"]) for entry in read_log(run.out / "log.jsonl") if "loss" in entry]
        for run in (alone, both)
    )
    assert two == [pytest.approx(pair, rel=1e-4) for pair in one]
    before, after = (load_file(run.out / "adapter" / "adapter_model.safetensors") for run in (alone, both))
    assert all(torch.allclose(before[name], after[name], atol=1e-4) for name in before)


@pytest.mark.timeout(600)
def test_two_nodes_end_with_the_weights_of_two_ranks_on_one(base: Path, tmp_path: Path) -> None:
    """Two agents of torchrun meet over the loopback interface, as those of two machines do over theirs."""
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    meeting = ["--nnodes", "2", "--nproc-per-node", "1", "--master-addr", "127.0.0.1", "--master-port", str(port)]
    runs = {
        "nodes": [[*meeting, "--node-rank", "0"], [*meeting, "--node-rank", "1"]],
        "ranks": [["--standalone", "--nproc-per-node", "2"]],
    }
    weights = {}
    for name, agents in runs.items():
        run = a_run(base, tmp_path / name, train={"steps": 3, "save_every": "never"})
        file = tmp_path / f"{name}.yaml"
        file.write_text(resolved(run), encoding="utf-8")
        begin = [sys.executable, "-m", "torch.distributed.run"]
        started = [
            subprocess.Popen(
                [*begin, *agent, str(tmp_path / "script.py"), str(file), "0", "ordered"],
                cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment(),
            )
            for agent in agents
        ]  # fmt: skip
        for child in started:
            _, said = child.communicate(timeout=280)
            assert child.returncode == 0, said[-3000:]
        weights[name] = load_file(run.out / "adapter" / "adapter_model.safetensors")
    assert weights["nodes"].keys() == weights["ranks"].keys()
    assert all(torch.equal(weights["nodes"][name], tensor) for name, tensor in weights["ranks"].items())


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}

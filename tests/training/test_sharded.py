"""FSDP2 on two ranks of a CPU. accelerate takes it on GPUs only, so torch is called itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.hf.models import make_model
from tests.source_tree import ROOT
from tests.training.test_killed import _environment

SCRIPT = """
import json, os, sys
from pathlib import Path
import torch
from safetensors.torch import save_file
from torch import distributed
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from finetune.arguments import LAUNCH
from finetune.data.collate import collate
from finetune.models import adapted, layers_of, open_base
from finetune.trainer import pack_loss
from tests.training.packs import examples
from tests.training.runs import a_run

base, out, sharded = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "sharded"
run = a_run(base, out)
torch.manual_seed(0)
model = adapted(open_base(run), run)
rank, ranks = 0, 1
if sharded:
    distributed.init_process_group("gloo")
    rank, ranks = distributed.get_rank(), distributed.get_world_size()
    how = json.loads((LAUNCH / "fsdp2.json").read_text())
    for layer in layers_of(model):
        fully_shard(layer, reshard_after_forward=how["reshard_after_forward"])
    fully_shard(model, reshard_after_forward=how["reshard_after_forward"])
    assert all(isinstance(parameter, DTensor) for parameter in model.parameters())
learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(learning, lr=1e-2)
packs = examples().train
for step in range(3):
    both = [collate([packs[2 * step + place]]) for place in range(2)]
    tokens = sum(int((batch["labels"] != -100).sum()) for batch in both)
    for batch in both[rank::ranks]:
        loss, _, _ = pack_loss(model, batch)
        (loss / tokens * ranks).backward()
    optimizer.step()
    optimizer.zero_grad()
options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
found = get_model_state_dict(model, options=options)
if rank == 0:
    out.mkdir(exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in found.items()}, out / "learnt.safetensors")
if sharded:
    distributed.barrier()
    distributed.destroy_process_group()
    os._exit(0)  # threads of gloo that still wait would end the process with an error
"""


@pytest.mark.timeout(240)
def test_two_sharded_ranks_learn_what_one_process_does(tmp_path: Path) -> None:
    base = make_model(tmp_path / "base", "qwen2")
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    learnt = {}
    for name, launched in (
        ("alone", []),
        ("sharded", ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]),
    ):
        done = subprocess.run(
            [sys.executable, *launched, str(tmp_path / "script.py"), str(base), str(tmp_path / name), name],
            cwd=ROOT, capture_output=True, text=True, check=False, env=_environment(), timeout=200,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        learnt[name] = load_file(tmp_path / name / "learnt.safetensors")
    assert learnt["alone"].keys() == learnt["sharded"].keys()
    assert all("lora_" in name for name in learnt["alone"])
    assert all(torch.allclose(learnt["sharded"][name], tensor, atol=1e-4) for name, tensor in learnt["alone"].items())
    assert any(tensor.abs().max() > 1e-3 for name, tensor in learnt["alone"].items() if "lora_B" in name), "it learnt"

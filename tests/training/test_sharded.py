"""FSDP2 on two ranks of a CPU. accelerate takes it on GPUs only, so torch is called itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import distributed
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from finetune.arguments import LAUNCH
from finetune.data.collate import collate
from finetune.models import adapted, layers_of, open_base
from finetune.trainer import pack_loss
from tests.hf.models import make_model
from tests.training.packs import examples
from tests.training.processes import ranks
from tests.training.runs import a_run


def learnt(base: Path, out: Path, *, sharded: bool) -> dict[str, list[float]]:
    """The adapter after three steps of two packs: one after the other, or one on each rank."""
    run = a_run(base, out)
    torch.manual_seed(0)
    model = adapted(open_base(run), run)
    rank, number = 0, 1
    if sharded:
        distributed.init_process_group("gloo")
        rank, number = distributed.get_rank(), distributed.get_world_size()
        how = json.loads((LAUNCH / "fsdp2.json").read_text(encoding="utf-8"))
        for layer in [*layers_of(model), model]:
            fully_shard(layer, reshard_after_forward=how["reshard_after_forward"])
        assert all(isinstance(parameter, DTensor) for parameter in model.parameters())
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=1e-2)
    packs = examples().train
    for step in range(3):
        both = [collate([packs[2 * step + place]]) for place in range(2)]
        tokens = sum(int((batch["labels"] != -100).sum()) for batch in both)
        for batch in both[rank::number]:
            loss, _, _ = pack_loss(model, batch)
            (loss / tokens * number).backward()
        optimizer.step()
        optimizer.zero_grad()
    options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
    found = get_model_state_dict(model, options=options)
    return {name: tensor.flatten().tolist() for name, tensor in found.items()}


def on_a_rank(base: Path, out: Path) -> dict[str, list[float]]:
    return learnt(base, out, sharded=True)


@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_two_sharded_ranks_learn_what_one_process_does(tmp_path: Path) -> None:
    base = make_model(tmp_path / "base", "qwen2")
    alone = learnt(base, tmp_path / "alone", sharded=False)
    sharded, _ = ranks(on_a_rank, base, tmp_path / "sharded")
    assert alone.keys() == sharded.keys()
    assert all("lora_" in name for name in alone)
    assert all(sharded[name] == pytest.approx(values, abs=1e-4) for name, values in alone.items())
    assert any(max(map(abs, values)) > 1e-3 for name, values in alone.items() if "lora_B" in name), "it learnt"

"""Documents of a pack do not see each other, and a packed step learns what separate ones would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from finetune.attention import attend, register
from finetune.data.collate import collate
from finetune.data.encode import Encoded
from finetune.trainer import pack_loss
from rag.errors import DataError
from tests.hf.models import make_model
from tests.training.packs import rows

EXACT = 1e-5


@pytest.fixture(scope="module", params=["llama", "qwen2"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("base") / request.param, request.param)


def opened(base: Path, implementation: str) -> Any:  # noqa: ANN401 - a model
    return AutoModelForCausalLM.from_pretrained(base, attn_implementation=implementation, dtype=torch.float32)


@pytest.fixture(scope="module")
def documents() -> list[Encoded]:
    return rows(5, seed=3)


def alone(base: Path, documents: list[Encoded]) -> torch.Tensor:
    model = opened(base, "sdpa")
    with torch.no_grad():
        return torch.cat([model(torch.from_numpy(d.input_ids).long()[None]).logits[0] for d in documents])


def difference(base: Path, documents: list[Encoded], implementation: str, **given: object) -> float:
    model = opened(base, implementation)
    with torch.no_grad():
        logits = model(collate([documents])["input_ids"], **given).logits[0]
    return float((logits - alone(base, documents)).abs().max())


def inputs(documents: list[Encoded]) -> dict[str, Any]:
    batch = collate([documents])
    return {"cu_seq_lens_q": batch["cu_seq_lens"], "max_length_q": batch["max_length"]}


def test_the_varlen_attention_isolates_documents(base: Path, documents: list[Encoded]) -> None:
    batch = collate([documents])
    given = inputs(documents) | {"position_ids": batch["position_ids"], "use_cache": False}
    assert difference(base, documents, register(), **given) < EXACT
    ones = torch.ones_like(batch["input_ids"])
    assert difference(base, documents, register(), attention_mask=ones, **given) < EXACT, "a mask of ones is none"


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
def test_which_inputs_isolate_documents_without_it(base: Path, documents: list[Encoded], implementation: str) -> None:
    positions = collate([documents])["position_ids"]
    ones = torch.ones_like(positions)
    assert difference(base, documents, implementation, position_ids=positions, use_cache=False) < EXACT
    contaminated = [
        {"position_ids": positions},
        {"position_ids": positions, "attention_mask": ones, "use_cache": False},
        {"use_cache": False},
    ]
    for given in contaminated:
        assert difference(base, documents, implementation, **given) > 0.01, given.keys()


def test_padding_on_the_right_needs_no_mask(base: Path, documents: list[Encoded]) -> None:
    model = opened(base, "sdpa")
    longest = max(len(d.input_ids) for d in documents)
    padded = torch.zeros(len(documents), longest, dtype=torch.long)
    for line, document in enumerate(documents):
        padded[line, : len(document.input_ids)] = torch.from_numpy(document.input_ids)
    with torch.no_grad():
        logits = model(padded, use_cache=False).logits
    kept = torch.cat([logits[line, : len(d.input_ids)] for line, d in enumerate(documents)])
    assert float((kept - alone(base, documents)).abs().max()) < EXACT


@pytest.mark.parametrize("implementation", ["yiwen_varlen", "sdpa"])
def test_a_pack_has_the_loss_and_gradients_of_its_documents(
    base: Path, documents: list[Encoded], implementation: str
) -> None:
    register()
    together, apart = opened(base, implementation), opened(base, "sdpa")
    loss, count, outputs = pack_loss(together, collate([documents]))
    assert outputs.logits.shape[1] == count, "the head runs at supervised positions only"
    loss.backward()
    total = torch.zeros(())
    for document in documents:
        ids = torch.from_numpy(document.input_ids).long()
        wanted = torch.where(torch.from_numpy(document.supervised), ids, -100)[1:]
        logits = apart(ids[None]).logits[0, :-1]
        total = total + torch.nn.functional.cross_entropy(logits, wanted, ignore_index=-100, reduction="sum")
    total.backward()
    assert loss.item() / count == pytest.approx(total.item() / count, abs=EXACT)
    for (name, a), (_, b) in zip(together.named_parameters(), apart.named_parameters(), strict=True):
        assert a.grad is not None
        assert b.grad is not None
        assert float((a.grad - b.grad).abs().max()) / count < EXACT, name


def test_a_window_reaches_so_far_back(documents: list[Encoded]) -> None:
    torch.manual_seed(0)
    query, key, value = (torch.randn(1, heads, 12, 8) for heads in (4, 2, 2))
    bounds = torch.tensor([0, 5, 12], dtype=torch.int32)
    out, _ = attend(None, query, key, value, None, sliding_window=3, cu_seq_lens_q=bounds, max_length_q=7)
    again, _ = attend(None, query, key, value.clone().index_fill_(2, torch.tensor([5]), 9.0), None, sliding_window=3,
                      cu_seq_lens_q=bounds, max_length_q=7)  # fmt: skip
    changed = (out - again).abs().amax(dim=(0, 2, 3)).nonzero()[:, 0].tolist()
    assert changed == [5, 6, 7], "the fifth token is seen by itself and the two after it"


def test_a_mask_or_a_cache_is_refused() -> None:
    query = torch.randn(1, 2, 4, 8)
    with pytest.raises(DataError, match="without mask and cache"):
        attend(None, query[:, :, -1:], query, query, None)
    with pytest.raises(DataError, match="without mask and cache"):
        attend(None, query, query, query, torch.ones(1, 4))

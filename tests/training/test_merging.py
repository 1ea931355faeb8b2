"""What leaves a run: merged models, deltas and adapters of 2023, each the same model as before."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, Literal

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig
from typer.testing import CliRunner

from finetune import delta
from finetune.data.prepared import Origin, Prepared
from finetune.export import check_parity, clean_generation, logits, merge, probe
from finetune.legacy import import_adapter
from finetune.quantised import LIMITS
from finetune.stages.packed import train
from rag.domain import GenerationRequest, Intent
from rag.errors import ConflictError, DataError, NotFoundError
from rag.generators.adapters import AdapterFolder, Base, fingerprint
from rag.generators.huggingface import LocalModel
from tests.hf.models import make_adapter, make_model
from tests.training.packs import examples
from tests.training.runs import a_run
from yiwen.cli import app

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("base") / "tiny", "qwen2")


def with_adapter(base: Path, *adapters: Path) -> torch.Tensor:
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    for adapter in adapters[:-1]:
        model = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    model = PeftModel.from_pretrained(model, str(adapters[-1]))
    return logits(model, probe(AutoTokenizer.from_pretrained(base), model))


def of(folder: Path) -> torch.Tensor:
    model = AutoModelForCausalLM.from_pretrained(folder)
    return logits(model, probe(AutoTokenizer.from_pretrained(folder), model))


def a_source(made: Prepared) -> Prepared:
    return replace(made, origins=[Origin("dialogues", "ab" * 32, 40, "CC-BY-NC-4.0")])


@pytest.mark.parametrize(
    "lora", [{"rslora": False}, {}, {"dora": True}, {"pissa": True}], ids=["plain", "rslora", "dora", "pissa"]
)
def test_a_trained_adapter_merges_into_the_same_model(base: Path, tmp_path: Path, lora: dict[str, Any]) -> None:
    run = a_run(base, tmp_path / "run", lora=lora, train={"steps": 3})
    train(run, lambda run, tokenizer: a_source(examples()))
    adapter = run.out / "adapter"
    expected = with_adapter(base, adapter)
    assert not torch.allclose(expected, of(base), atol=1e-3), "the adapter does something"
    found = merge(str(base), [adapter], tmp_path / "merged", dtype="float32")
    assert found.in_memory < 1e-5
    assert found.same_choice == 1.0
    assert torch.allclose(of(tmp_path / "merged"), expected, atol=1e-3)
    rounded = merge(str(base), [adapter], tmp_path / "rounded")
    assert 0 < rounded.saved < 0.05
    assert json.loads((tmp_path / "rounded" / "config.json").read_text())["dtype"] == "bfloat16"
    card = (tmp_path / "merged" / "README.md").read_text(encoding="utf-8")
    assert all(part in card for part in ("CC-BY-NC-4.0", "ab" * 32, "stage sft", "Adapter 1: run"))
    assert "chat_template.jinja" in {path.name for path in (tmp_path / "merged").iterdir()}


def test_adapters_are_merged_in_turn(base: Path, tmp_path: Path) -> None:
    first = make_adapter(tmp_path / "a", base, seed=1)
    second = make_adapter(tmp_path / "b", base, seed=2)
    merge(str(base), [first, second], tmp_path / "both", dtype="float32")
    assert torch.allclose(of(tmp_path / "both"), with_adapter(base, first, second), rtol=1e-3, atol=1e-2)


def test_an_adapter_for_another_base_is_refused(base: Path, tmp_path: Path) -> None:
    other = make_model(tmp_path / "other", "qwen2", seed=5)
    smaller = make_model(tmp_path / "llama", "llama", seed=5)
    with pytest.raises(DataError, match="not for"):
        merge(str(base), [make_adapter(tmp_path / "a", other, seed=1)], tmp_path / "out")
    unmarked = make_adapter(tmp_path / "b", smaller, seed=1, marked=False)
    weights = load_file(unmarked / "adapter_model.safetensors")
    save_file({k: v[..., :-8].contiguous() for k, v in weights.items()}, unmarked / "adapter_model.safetensors")
    with pytest.raises(DataError, match="does not fit this base"):
        merge(str(base), [unmarked], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_merge_that_changes_the_model_fails_loudly(base: Path, tmp_path: Path) -> None:
    adapter = make_adapter(tmp_path / "a", base, seed=1)
    weights = load_file(adapter / "adapter_model.safetensors")
    weights[sorted(weights)[0]][0, 0] = float("nan")
    save_file(weights, adapter / "adapter_model.safetensors")
    with pytest.raises(DataError, match=r"NaNs|finite"):
        merge(str(base), [adapter], tmp_path / "out")
    assert not list(tmp_path.glob("*out*"))
    before = of(base)
    with pytest.raises(DataError, match="changes the model"):
        check_parity(before, before + torch.randn_like(before), 1e-4, "merging")


def test_what_is_there_already_stays(base: Path, tmp_path: Path) -> None:
    adapter = make_adapter(tmp_path / "a", base, seed=1)
    with pytest.raises(ConflictError):
        merge(str(base), [adapter], adapter)
    with pytest.raises(NotFoundError, match=r"adapter_config\.json"):
        merge(str(base), [base], tmp_path / "out")


def test_contradicting_generation_settings_are_cleaned() -> None:
    given = GenerationConfig(temperature=0.3, top_p=0.7, do_sample=False, eos_token_id=2, max_new_tokens=50)
    cleaned = clean_generation("base", given)
    cleaned.validate(strict=True)
    assert (cleaned.temperature, cleaned.eos_token_id, cleaned.max_new_tokens) == (None, 2, 50)
    sampled = clean_generation("base", GenerationConfig(temperature=0.3, do_sample=True))
    assert sampled.temperature == 0.3


def old_style(folder: Path, adapter: Path, content: object = None) -> Path:
    """As alpaca-lora left it: a pickled file, and a configuration with keys that are gone."""
    folder.mkdir()
    weights = load_file(adapter / "adapter_model.safetensors")
    torch.save(weights if content is None else content, folder / "adapter_model.bin")
    config = json.loads((adapter / "adapter_config.json").read_text())
    kept = {k: config[k] for k in ("peft_type", "task_type", "r", "lora_alpha", "target_modules", "lora_dropout")}
    old = {"base_model_name_or_path": "decapoda-research/llama-7b-hf", "enable_lora": None, "merge_weights": False}
    (folder / "adapter_config.json").write_text(json.dumps(kept | old))
    return folder


def test_an_adapter_of_2023_is_served_and_merged(base: Path, tmp_path: Path) -> None:
    adapter = make_adapter(tmp_path / "new", base, seed=1)
    old = old_style(tmp_path / "old", adapter)
    merge(str(base), [old], tmp_path / "merged", dtype="float32")
    assert torch.allclose(of(tmp_path / "merged"), with_adapter(base, adapter), rtol=1e-3, atol=1e-2)
    import_adapter(old, tmp_path / "adapters" / "imported", base=str(base))
    assert AdapterFolder(tmp_path / "adapters", Base(str(base), fingerprint(base))).names() == ["imported"]


class Bomb:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (exec, ("raise SystemExit('run')",))


def test_a_pickle_is_never_run(base: Path, tmp_path: Path) -> None:
    adapter = make_adapter(tmp_path / "new", base, seed=1)
    for number, content in enumerate([{"lora_A": Bomb()}, {}, {"weight": torch.zeros(2)}, ["no", "names"]]):
        old = old_style(tmp_path / f"old{number}", adapter, content)
        with pytest.raises(DataError):
            import_adapter(old, tmp_path / f"out{number}")
    (tmp_path / "old1" / "adapter_model.bin").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(DataError):
        import_adapter(tmp_path / "old1", tmp_path / "out9")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_delta_gives_the_same_bits_again(base: Path, tmp_path: Path, dtype: torch.dtype) -> None:
    plain = tmp_path / "base"
    AutoModelForCausalLM.from_pretrained(base, dtype=dtype).save_pretrained(plain)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.02 * torch.randn_like(parameter)
    model.save_pretrained(tmp_path / "tuned")
    counts = delta.make(str(plain), tmp_path / "tuned", tmp_path / "delta")
    assert counts["difference"] > counts["whole"]
    assert delta.apply(str(plain), tmp_path / "delta", tmp_path / "again") == counts
    before, after = (load_file(tmp_path / name / "model.safetensors") for name in ("tuned", "again"))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    with pytest.raises(DataError, match="not for"):
        delta.apply(str(make_model(tmp_path / "other", "qwen2", seed=9)), tmp_path / "delta", tmp_path / "wrong")
    with pytest.raises(ConflictError):
        delta.apply(str(plain), tmp_path / "delta", tmp_path / "again")


def test_a_delta_of_the_huatuogpt_line_is_applied(base: Path, tmp_path: Path) -> None:
    """Everything is added, the embeddings and the head are taken whole; in pickled files."""
    below, target = load_file(base / "model.safetensors"), {}
    given = {}
    for name, value in below.items():
        whole = "embed_tokens" in name or "lm_head" in name
        target[name] = value + 1
        given[name] = target[name] if whole else torch.ones_like(value)
    folder = tmp_path / "delta"
    folder.mkdir()
    torch.save(given, folder / "pytorch_model.bin")
    (folder / "config.json").write_bytes((base / "config.json").read_bytes())
    counts = delta.apply(str(base), folder, tmp_path / "out")
    after = load_file(tmp_path / "out" / "model.safetensors")
    assert counts["whole"] >= 1
    assert all(torch.allclose(after[name], target[name], atol=1e-6) for name in target)
    assert not list((tmp_path / "out").glob("*.bin"))
    given["model.norm.weight"] = torch.ones(3)
    torch.save(given, folder / "pytorch_model.bin")
    with pytest.raises(DataError, match="another base"):
        delta.apply(str(base), folder, tmp_path / "out2")
    assert not list(tmp_path.glob("*out2*"))


@pytest.mark.parametrize(("bits", "smaller"), [(8, 0.6), (4, 0.4)])
def test_a_merged_model_in_fewer_bits_is_close_smaller_and_served(
    base: Path, tmp_path: Path, bits: Literal[8, 4], smaller: float
) -> None:
    run = a_run(base, tmp_path / "run", train={"steps": 3})
    train(run, lambda run, tokenizer: examples())
    adapter = run.out / "adapter"
    whole, out = merge(str(base), [adapter], tmp_path / "whole", dtype="float32"), tmp_path / "out"
    made = merge(str(base), [adapter], out, bits=bits)
    assert made.quantised is not None
    assert whole.saved < made.saved < made.quantised < LIMITS[bits]
    assert f"| in fewer bits by bitsandbytes | {made.quantised:.2g} |" in (out / "README.md").read_text(
        encoding="utf-8"
    )
    assert [path.suffix for path in sorted(out.glob("*model*"))] == [".safetensors"]
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (out, whole.folder)]
    assert sizes[0] < smaller * sizes[1], sizes
    assert torch.equal(of(out), of(out)), "what is opened again is what was checked"
    model = LocalModel(str(out), None)
    request = GenerationRequest("偏头痛有什么症状", Intent(()), (), ())
    assert "".join(model["local"].stream(request, Event())) is not None
    assert any(f"Linear{bits}bit" in type(module).__name__ for module in model._model.modules())


def test_fewer_bits_that_change_too_much_leave_nothing(base: Path, tmp_path: Path) -> None:
    """An adapter of random numbers makes a model that rounding to 4 bits destroys."""
    with pytest.raises(DataError, match="saving in 4 bits changes the model"):
        merge(str(base), [make_adapter(tmp_path / "a", base, seed=1)], tmp_path / "out", dtype="float32", bits=4)
    assert not list(tmp_path.glob("*out*"))


def test_other_numbers_of_bits_are_refused(base: Path, tmp_path: Path) -> None:
    given = ["merge", str(tmp_path), "--base", str(base), "--out", str(tmp_path / "out"), "--bits", "5"]
    done = CliRunner().invoke(app, given)
    assert (done.exit_code, "--bits is 5; expected 16, 8 or 4" in done.stderr) == (2, True)

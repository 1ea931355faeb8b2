"""An adapter that was learnt on top of another goes with it everywhere, and on the base alone nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from finetune.export import logits, merge, probe
from finetune.saving import register_adapter
from finetune.stages.packed import train
from finetune.write import Decoding, Writer
from rag.errors import DataError, NotFoundError
from rag.generators.adapters import AdapterFolder, Base, fingerprint
from tests.hf.models import make_adapter, make_model
from tests.training.packs import examples
from tests.training.runs import a_run

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("base") / "tiny", "qwen2")


def test_it_is_merged_after_the_one_below_and_served_by_no_other_way(base: Path, tmp_path: Path) -> None:
    below = make_adapter(tmp_path / "below", base, seed=1)
    run = a_run(base, tmp_path / "run", model={"adapters": [str(below)]}, train={"steps": 1, "save_every": "never"})
    train(run, lambda run, tokenizer: examples(10))
    above = run.out / "adapter"
    assert merge(str(base), [below, above], tmp_path / "both", dtype="float32").same_choice == 1.0
    for refuse in (
        lambda: merge(str(base), [above], tmp_path / "alone"),
        lambda: merge(str(base), [make_adapter(tmp_path / "other", base, seed=2), above], tmp_path / "alone"),
        lambda: Writer(str(base), [above]),
        lambda: register_adapter(above, tmp_path / "adapters", "mine"),
        lambda: train(a_run(base, tmp_path / "next", lora={"start": str(above)}), lambda run, tokenizer: examples(10)),
    ):
        with pytest.raises(DataError, match="on top of another adapter"):
            refuse()
    assert not (tmp_path / "alone").exists()
    (tmp_path / "adapters").mkdir()
    above.rename(tmp_path / "adapters" / "moved")
    assert AdapterFolder(tmp_path / "adapters", Base(str(base), fingerprint(base))).names() == []


def test_training_goes_on_with_an_adapter_of_this_base_only(base: Path, tmp_path: Path) -> None:
    other = make_model(tmp_path / "other", "qwen2", seed=5)
    start = make_adapter(tmp_path / "a", other, seed=1)
    for sections in ({"lora": {"start": str(start)}}, {"model": {"adapters": [str(start)]}}):
        with pytest.raises(DataError, match=r"was made for .*, not for"):
            train(a_run(base, tmp_path / "run", **sections), lambda run, tokenizer: examples(10))
    for sections in ({"lora": {"start": str(base)}}, {"model": {"adapters": [str(base)]}}):
        with pytest.raises(NotFoundError, match="is no adapter"):
            train(a_run(base, tmp_path / "run", **sections), lambda run, tokenizer: examples(10))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("bits", [16, 8, 4])
def test_a_writer_has_all_adapters(base: Path, tmp_path: Path, bits: int) -> None:
    """Quantised weights are not merged into, but the adapters add up there as they do merged."""
    folders = [make_adapter(tmp_path / name, base, seed=seed) for seed, name in enumerate("ab", start=1)]
    whole = Writer(str(base), folders, bits=bits)
    assert whole.answer("偏头痛", Decoding(4))
    merge(str(base), folders, tmp_path / "both", dtype="float32")
    tokenizer, model = AutoTokenizer.from_pretrained(base), AutoModelForCausalLM.from_pretrained(tmp_path / "both")
    probes = probe(tokenizer, model)
    wanted, found = logits(model, probes), logits(whole.model, probes)
    alone = [logits(Writer(str(base), [folder], bits=bits).model, probes) for folder in folders]
    distances = [float((other - wanted).square().mean()) for other in (found, *alone)]
    assert distances[0] < 0.5 * min(distances[1:]), distances


def test_weights_are_as_readable_as_their_folder(base: Path, tmp_path: Path) -> None:
    """Whoever trains is seldom whoever serves; safetensors writes for its owner alone."""
    run = a_run(base, tmp_path / "run", train={"steps": 1, "save_every": "never"})
    train(run, lambda run, tokenizer: examples(10))
    merge(str(base), [run.out / "adapter"], tmp_path / "merged")
    for folder in (run.out / "adapter", tmp_path / "merged"):
        expected = folder.stat().st_mode & 0o666
        assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
            path.name: expected for path in folder.iterdir()
        }
    assert json.loads((run.out / "adapter" / "base.json").read_text())["fingerprint"] == fingerprint(base)

"""Local models with adapters: tiny random ones, loaded, switched and stopped for real."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from evaluation.alone import Asked, compare
from rag.domain import GenerationRequest, Intent, Turn
from rag.errors import ConfigurationError, DependencyError
from rag.generators.adapters import TEMPLATE, fingerprint
from rag.generators.huggingface import Loading, LocalGenerator, LocalModel
from rag.generators.stopping import ModelLimits
from rag.pipeline import FALLBACK, Options
from rag.snapshot import Library
from rag.wiring import build
from tests.answering.records import CONCLUSION, request, told
from tests.hf.models import SHAPES, make_adapter, make_model
from tests.kb import publish, settings_for, small_kb

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
ASKED = request([told(CONCLUSION)], question="偏头痛吃什么药")
AS_SAVED = Loading()
SWITCH_S = 0.2
"""An adapter is switched within this."""
SHORT = ModelLimits(context_tokens=4096, answer_tokens=12, first_token_s=20)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`SHAPE/base` and `SHAPE/adapters/{a,b}`."""
    root = tmp_path_factory.mktemp("zoo")
    for shape in SHAPES:
        base = make_model(root / shape / "base", shape, chat=shape != "bloom")
        for seed, name in enumerate("ab", start=1):
            make_adapter(root / shape / "adapters" / name, base, seed=seed)
    return root


def opened(zoo: Path, shape: str, limits: ModelLimits = SHORT, loading: Loading = AS_SAVED) -> LocalModel:
    return LocalModel(str(zoo / shape / "base"), zoo / shape / "adapters", loading=loading, limits=limits)


def said(model: LocalModel, name: str, cancel: threading.Event | None = None) -> str:
    return "".join(model[name].stream(ASKED, cancel or threading.Event()))


@pytest.mark.seconds
@pytest.mark.parametrize("shape", SHAPES)
def test_switching_equals_a_fresh_load_and_is_quick(zoo: Path, shape: str) -> None:
    fresh = {name: said(opened(zoo, shape), name) for name in ("local", "local:a", "local:b")}
    assert len(set(fresh.values())) == 3, "each adapter says something of its own"
    model = opened(zoo, shape)
    assert list(model) == ["local", "local:a", "local:b"]
    for name in ["local:b", "local", "local:a", "local", "local:b", "local:a"]:
        assert said(model, name) == fresh[name], name
    assert mean_switch_s(model) < SWITCH_S


@pytest.mark.seconds
def test_switching_is_quick_in_as_many_layers_as_people_serve(tmp_path: Path) -> None:
    base = make_model(tmp_path / "base", "llama", layers=32)
    for seed, name in enumerate("ab", start=1):
        make_adapter(tmp_path / "adapters" / name, base, seed=seed)
    assert mean_switch_s(LocalModel(str(base), tmp_path / "adapters", limits=SHORT)) < SWITCH_S


def mean_switch_s(model: LocalModel) -> float:
    """Between two loaded adapters and none."""
    for name in "ab":
        model._use(model._adapters.find(name))
    begin = time.perf_counter()
    for name in "ba" * 5:
        with model._use(model._adapters.find(name)):
            pass
        with model._use(None):
            pass
    return (time.perf_counter() - begin) / 20


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_quantised_with_an_adapter(zoo: Path, shape: str, bits: int) -> None:
    loading = Loading(bits=bits, dtype="float32")
    model = opened(zoo, shape, loading=loading)
    first = {name: said(model, name) for name in ("local", "local:a", "local:b")}
    assert len(set(first.values())) == 3
    assert [said(model, name) for name in reversed(first)] == list(reversed(first.values()))
    assert said(opened(zoo, shape, loading=loading), "local:b") == first["local:b"], "as loaded afresh"
    assert any(type(module).__name__ == f"Linear{bits}bit{'Lt' if bits == 8 else ''}" for module in _layers(model))


def _layers(model: LocalModel) -> list[object]:
    return list(model._model.modules())


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_the_dtype_is_as_set(zoo: Path, dtype: str) -> None:
    model = opened(zoo, "llama", loading=Loading(dtype=dtype))
    assert str(model._model.dtype) == f"torch.{dtype}"
    assert said(model, "local:a")


def test_an_adapter_comes_changes_and_goes_while_the_model_runs(zoo: Path, tmp_path: Path) -> None:
    base = zoo / "llama" / "base"
    model = LocalModel(str(base), tmp_path, limits=SHORT)
    assert list(model) == ["local"]
    without = said(model, "local")
    make_adapter(tmp_path / "new", base, seed=7)
    first = said(model, "local:new")
    shutil.rmtree(tmp_path / "new")
    make_adapter(tmp_path / "new", base, seed=8)
    second = said(model, "local:new")
    assert len({without, first, second}) == 3
    shutil.rmtree(tmp_path / "new")
    assert "local:new" not in model
    assert said(model, "local") == without
    assert model._loaded == {}


def test_an_adapter_that_went_while_its_answer_waited_is_said(zoo: Path, tmp_path: Path) -> None:
    base = zoo / "llama" / "base"
    model = LocalModel(str(base), tmp_path, limits=replace(SHORT, answer_tokens=400))
    make_adapter(tmp_path / "old", base, seed=7)
    make_adapter(tmp_path / "never-used", base, seed=8)
    writing, waiting = (model[name].stream(ASKED, threading.Event()) for name in ("local:old", "local:never-used"))
    first = next(writing)
    shutil.rmtree(tmp_path / "old")
    shutil.rmtree(tmp_path / "never-used")
    assert first + "".join(writing), "what is in memory goes on"
    with pytest.raises(DependencyError, match="holds no adapter 'never-used'"):
        next(waiting)
    assert said(model, "local")
    assert model._loaded == {}


def _cut_short(folder: Path) -> None:
    weights = folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def _of_another_shape(folder: Path) -> None:
    config = json.loads((folder / "adapter_config.json").read_bytes())
    (folder / "adapter_config.json").write_text(json.dumps(config | {"r": 8}), encoding="utf-8")


def _for_layers_that_are_not_there(folder: Path) -> None:
    config = json.loads((folder / "adapter_config.json").read_bytes())
    (folder / "adapter_config.json").write_text(json.dumps(config | {"target_modules": ["absent"]}), encoding="utf-8")


@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize("spoil", [_cut_short, _of_another_shape, _for_layers_that_are_not_there])
def test_a_spoilt_adapter_is_said_and_leaves_nothing_behind(
    zoo: Path, tmp_path: Path, spoil: Callable[[Path], None], others: int
) -> None:
    base = zoo / "llama" / "base"
    model = LocalModel(str(base), tmp_path, limits=SHORT)
    without = said(model, "local")
    make_adapter(tmp_path / "good", base, seed=7)
    make_adapter(tmp_path / "spoilt", base, seed=8)
    spoil(tmp_path / "spoilt")
    before = said(model, "local:good") if others else ""
    with pytest.raises(DependencyError, match="'spoilt' cannot be loaded"):
        said(model, "local:spoilt")
    assert said(model, "local") == without
    assert said(model, "local:good") == (before or said(LocalModel(str(base), tmp_path, limits=SHORT), "local:good"))
    shutil.rmtree(tmp_path / "spoilt")
    make_adapter(tmp_path / "spoilt", base, seed=8)
    assert said(model, "local:spoilt") not in ("", without, before)


def test_an_adapter_of_another_base_is_refused_by_name_and_fingerprint(
    zoo: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = make_model(tmp_path / "other" / "base", "llama", seed=5)
    make_adapter(tmp_path / "adapters" / "same-name", other, seed=1)
    third = make_model(tmp_path / "third", "llama", seed=6)
    make_adapter(tmp_path / "adapters" / "another-name", third, seed=1, marked=False)
    model = LocalModel(str(zoo / "llama" / "base"), tmp_path / "adapters", limits=SHORT)
    assert list(model) == ["local"]
    assert model.base.fingerprint in caplog.text
    assert "same-name" in caplog.text
    assert "third" in caplog.text
    with pytest.raises(ConfigurationError, match="train the adapter on this one") as refused:
        model._adapters.find("same-name")
    assert fingerprint(other) in str(refused.value)
    assert str(tmp_path) not in str(refused.value), "it is told to whoever asks for it"


def _cut_weights(base: Path) -> None:
    (base / "model.safetensors").write_bytes(b"cut short")


def _without_tokenizer(base: Path) -> None:
    (base / "tokenizer.json").unlink()


def _without_configuration(base: Path) -> None:
    (base / "config.json").unlink()


@pytest.mark.parametrize("spoil", [_cut_weights, _without_tokenizer, _without_configuration])
def test_a_model_that_cannot_be_opened_is_one_line(zoo: Path, tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    shutil.copytree(zoo / "llama" / "base", tmp_path / "base")
    spoil(tmp_path / "base")
    with pytest.raises(ConfigurationError, match=r"YIWEN_LOCAL_MODEL is '.*base', which cannot be opened") as refused:
        LocalModel(str(tmp_path / "base"), None)
    assert "\n" not in str(refused.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks for a GPU that is not there")
@pytest.mark.parametrize("bits", [16, 4])
def test_a_device_that_is_not_there_is_one_line(zoo: Path, bits: int) -> None:
    with pytest.raises(ConfigurationError, match="YIWEN_LOCAL_DEVICE=cuda:1"):
        opened(zoo, "llama", loading=Loading(device="cuda:1", bits=bits))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("bits", [16, 8, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_on_a_gpu_switching_equals_a_fresh_load(zoo: Path, shape: str, bits: int) -> None:
    loading = Loading(device="cuda:0", bits=bits, dtype="bfloat16")
    fresh = {name: said(opened(zoo, shape, loading=loading), name) for name in ("local", "local:a", "local:b")}
    model = opened(zoo, shape, loading=loading)
    assert model._model.device.type == "cuda"
    for name in ["local:b", "local", "local:a", "local:b"]:
        assert said(model, name) == fresh[name], name


@pytest.mark.parametrize("name", ["local:", "local:..", "local:../a", "other", "local:absent", "local:.hidden"])
def test_names_that_are_no_adapter(zoo: Path, name: str) -> None:
    assert name not in opened(zoo, "llama")


@pytest.mark.seconds
def test_cancelling_ends_it_within_a_token(zoo: Path) -> None:
    model = opened(zoo, "llama", replace(SHORT, answer_tokens=2000))
    cancel = threading.Event()
    stream = model["local"].stream(ASKED, cancel)
    next(stream)
    cancel.set()
    assert list(stream) == []
    begin = time.monotonic()
    next(model["local:a"].stream(ASKED, threading.Event()))
    assert time.monotonic() - begin < 5, "the worker is free again"


def test_a_stop_text_ends_it(zoo: Path) -> None:
    whole = said(opened(zoo, "llama"), "local")
    stop = whole[3:5]
    cut = said(opened(zoo, "llama", replace(SHORT, stop=(stop,))), "local")
    assert cut == whole[: whole.index(stop)]


def test_limits_of_time(zoo: Path) -> None:
    with pytest.raises(DependencyError, match="silent"):
        said(opened(zoo, "llama", replace(SHORT, first_token_s=0.0001)), "local")
    with pytest.raises(DependencyError, match="longer"):
        said(opened(zoo, "llama", replace(SHORT, answer_tokens=2000, total_s=0.5)), "local")


def test_answers_that_ask_at_once_get_what_each_gets_alone(zoo: Path) -> None:
    model = opened(zoo, "llama")
    names = ["local", "local:a", "local:b"] * 3
    alone = {name: said(model, name) for name in names[:3]}
    with ThreadPoolExecutor(len(names)) as pool:
        assert list(pool.map(lambda name: said(model, name), names)) == [alone[name] for name in names]


def test_who_leaves_the_queue_makes_room_for_others(zoo: Path) -> None:
    """Though the worker has not come to see it yet."""
    model = opened(zoo, "llama", replace(SHORT, answer_tokens=2000), Loading(waiting=2))
    running = model["local"].stream(ASKED, threading.Event())
    next(running)
    for _ in range(5):
        cancels = [threading.Event() for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(said, model, "local", cancel) for cancel in cancels]
            time.sleep(0.05)
            for cancel in cancels:
                cancel.set()
            assert [one.result(5) for one in waiting] == ["", ""]
    running.close()  # type: ignore[attr-defined]
    assert next(model["local:a"].stream(ASKED, threading.Event()))


def test_a_model_without_a_template_is_asked_in_that_of_a_reference_system(zoo: Path) -> None:
    model = opened(zoo, "bloom", loading=Loading(template="huatuogpt"))
    text = model._tokenizer.decode(model._prompts.of(ASKED, None)[0])
    assert "<病人>：你是医学知识库的答题助手。" in text
    assert text.endswith("问题：偏头痛吃什么药 <HuatuoGPT>：")
    assert said(model, "local:a") != said(opened(zoo, "bloom"), "local:a"), "which has the plain one"


def test_a_full_queue_is_said_at_once(zoo: Path) -> None:
    model = opened(zoo, "llama", replace(SHORT, answer_tokens=2000), Loading(waiting=0))
    running = model["local"].stream(ASKED, threading.Event())
    next(running)
    with pytest.raises(DependencyError, match="YIWEN_LOCAL_QUEUE"):
        said(model, "local")
    running.close()  # type: ignore[attr-defined]
    assert next(model["local"].stream(ASKED, threading.Event()))


def test_old_turns_give_way_and_evidence_stays(zoo: Path) -> None:
    long = replace(ASKED, history=(Turn("user", "旧" * 3000), Turn("assistant", "新")))
    model = opened(zoo, "qwen2", replace(SHORT, context_tokens=1500))
    text = model._tokenizer.decode(model._prompts.of(long, None)[0])
    assert text.startswith("<|im_start|>system\n")
    assert text.endswith("<|im_start|>assistant\n")
    assert CONCLUSION.text in text
    assert "旧" not in text


def test_a_failing_model_tells_and_goes_on(zoo: Path) -> None:
    model = opened(zoo, "llama")
    good = model._model.generation_config
    model._model.generation_config = None
    with pytest.raises(DependencyError, match="AttributeError"):
        said(model, "local")
    model._model.generation_config = good
    assert said(model, "local")


def test_an_answer_ends_with_the_token_of_the_model_or_that_of_training(zoo: Path) -> None:
    model = opened(zoo, "llama")
    whole = said(model, "local")
    prompt = torch.tensor([model._prompts.of(ASKED, None)[0]])
    written = model._model.generate(prompt, max_new_tokens=12, do_sample=False, pad_token_id=0)[0, prompt.shape[1] :]
    model._model.generation_config.eos_token_id = [int(written[3])]
    assert 0 < len(said(model, "local")) < len(whole)
    assert model._ends() == [int(written[3]), model._tokenizer.eos_token_id]


def test_a_template_that_fails_is_said_and_the_model_goes_on(zoo: Path, tmp_path: Path) -> None:
    base = zoo / "llama" / "base"
    make_adapter(tmp_path / "odd", base, seed=3)
    (tmp_path / "odd" / TEMPLATE).write_text("{{ raise_exception('no such role') }}")
    model = LocalModel(str(base), tmp_path, limits=SHORT)
    with pytest.raises(DependencyError, match="the template of the adapter odd fails: no such role"):
        said(model, "local:odd")
    assert said(model, "local")


def test_settings_make_it_and_what_it_says_unsupported_is_never_shown(zoo: Path, data_dir: Path) -> None:
    publish(Library(data_dir), {"a": small_kb()})
    settings = settings_for(
        data_dir, local_model=str(zoo / "llama" / "base"), local_adapters=zoo / "llama" / "adapters",
        generator="local:a", llm_answer_tokens=16, llm_context_tokens=4096,
    )  # fmt: skip
    pipeline = build(settings)
    assert list(pipeline.generators) == [FALLBACK, "local", "local:a", "local:b"]
    for chosen in (None, "local", "local:b"):
        answer = pipeline.ask("甲病有哪些症状", Options(generator=chosen))
        assert (answer.generator, answer.degraded) == (FALLBACK, ("generator",))
        assert "头晕" in answer.text


def test_the_model_alone_and_with_the_knowledge_base_are_compared(zoo: Path, data_dir: Path) -> None:
    publish(Library(data_dir), {"a": small_kb()})
    settings = settings_for(
        data_dir, local_model=str(zoo / "qwen2" / "base"), local_adapters=zoo / "qwen2" / "adapters",
        llm_answer_tokens=16, llm_context_tokens=4096,
    )  # fmt: skip
    pipeline = build(settings)
    reports = compare(pipeline, [Asked("甲病有哪些症状", ("头晕",))], ["local", "local:a"])
    assert [(one.name, one.replaced, one.silent) for one in reports] == [("local", 1, 0), ("local:a", 1, 0)]
    for report in reports:
        shown = report.made_up("shown")
        assert shown is not None
        assert (shown.right, shown.of) == (0, 1)
        assert report.made_up("alone") is not None
    model = pipeline.generators["local"]
    assert isinstance(model, LocalGenerator)
    bare = GenerationRequest("甲病有哪些症状", Intent(()), (), (), alone=True)
    text = model.model._tokenizer.decode(model.model._prompts.of(bare, None)[0])
    assert text == "<|im_start|>user\n甲病有哪些症状<|im_end|>\n<|im_start|>assistant\n"

"""Local models with adapters: tiny random ones, loaded, switched and stopped for real."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rag.domain import Turn
from rag.errors import ConfigurationError, DependencyError
from rag.generators.huggingface import Loading, LocalModel
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


@pytest.mark.parametrize("shape", SHAPES)
def test_switching_equals_a_fresh_load_and_is_quick(zoo: Path, shape: str) -> None:
    fresh = {name: said(opened(zoo, shape), name) for name in ("local", "local:a", "local:b")}
    assert len(set(fresh.values())) == 3, "each adapter says something of its own"
    model = opened(zoo, shape)
    assert list(model) == ["local", "local:a", "local:b"]
    for name in ["local:b", "local", "local:a", "local", "local:b", "local:a"]:
        assert said(model, name) == fresh[name], name
    begin = time.perf_counter()
    model._use(model._adapters.find("b"))
    with model._use(None):
        pass
    model._use(model._adapters.find("a"))
    assert (time.perf_counter() - begin) / 3 < 0.2


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_quantised_with_an_adapter(zoo: Path, shape: str, bits: int) -> None:
    model = opened(zoo, shape, loading=Loading(bits=bits, dtype="float32"))
    assert said(model, "local:a") != said(model, "local")


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
    with pytest.raises(ConfigurationError, match="train the adapter on this one"):
        model._adapters.find("same-name")


@pytest.mark.parametrize("name", ["local:", "local:..", "local:../a", "other", "local:absent", "local:.hidden"])
def test_names_that_are_no_adapter(zoo: Path, name: str) -> None:
    assert name not in opened(zoo, "llama")


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
    text = model._tokenizer.decode(model._prompt(long)[0])
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

"""The model of a run: opened, quantised, adapted, frozen; and its tokenizer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from finetune.attention import register
from finetune.config import LoraConfig, ModelConfig, Run, TrainConfig
from finetune.data.tokenizer import open_tokenizer as data_tokenizer
from finetune.saving import check_base
from rag.errors import ConfigurationError, DataError, DependencyError, MissingExtraError
from rag.hub import downloading, find_model

try:
    import torch
    from peft import LoraConfig as PeftConfig
    from peft import PeftModel, get_peft_model, prepare_model_for_kbit_training
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModelForCausalLM, BitsAndBytesConfig
except ImportError as error:
    raise MissingExtraError("training needs torch, transformers and peft: pip install 'yiwen[train]'") from error


@contextmanager
def opening(what: str, name: str | None = None) -> Iterator[None]:
    """Turns what the libraries raise for a model that cannot be opened into one line; `name` is first looked for."""
    if name is not None:
        find_model(name)
    try:
        with downloading(name or what):
            yield
    except torch.cuda.OutOfMemoryError as error:
        raise DependencyError(
            f"{what} does not fit into the GPU's memory; set model.bits to 4, or model.dtype to bfloat16"
        ) from error
    except ImportError as error:
        raise MissingExtraError(f"{what} needs a library that is missing: {error}") from error
    except SafetensorError as error:
        raise DataError(
            f"{what} has weights that are cut off or damaged ({error}); copy or download it again"
        ) from error
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ConfigurationError(
            f"{what} cannot be opened ({' '.join(str(error).split())[:300]}); expected a folder or hub name"
        ) from error


def open_tokenizer(model: ModelConfig) -> Any:  # noqa: ANN401 - of transformers
    """With a padding token, which only TRL's stages use: the end token where there is none of its own."""
    tokenizer = data_tokenizer(model.tokenizer or model.path, trust_remote_code=model.trust_remote_code)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def vocabulary(model: ModelConfig) -> int | None:
    """How many tokens the model knows, by its configuration: ids beyond them would end in a device error on a GPU."""
    with opening(f"the model {model.path}", model.path):
        shape = AutoConfig.from_pretrained(model.path, trust_remote_code=model.trust_remote_code)
    known: int | None = getattr(shape.get_text_config(), "vocab_size", None)
    return known


def computing(train: TrainConfig) -> str:
    """`bf16`, `fp16` or `fp32`."""
    if train.precision != "auto":
        return train.precision
    gpu = torch.cuda.is_available() and train.device != "cpu"
    return "bf16" if gpu and torch.cuda.is_bf16_supported() else "fp32"


def open_base(run: Run, *, kind: Any = AutoModelForCausalLM, packed: bool = True, **shaped: object) -> Any:  # noqa: ANN401
    """The base model as the run says, adapters of `model.adapters` merged in; `shaped` changes its configuration.

    Raises ConfigurationError if it cannot be opened, DataError where an adapter does not fit.
    """
    config, cpu = run.model, run.train.device == "cpu" or not torch.cuda.is_available()
    implementation = register() if packed and config.attention != "sdpa" else "sdpa"
    with opening(f"the model {config.path}", config.path):
        shape = AutoConfig.from_pretrained(config.path, trust_remote_code=config.trust_remote_code, **shaped)
        if config.rope_scaling is not None:
            shape.rope_parameters = {
                **(getattr(shape, "rope_parameters", None) or {}),
                "rope_type": config.rope_scaling,
                "factor": config.rope_factor,
            }
        dtype = _dtype(run, shape)
        given: dict[str, Any] = {"config": shape, "attn_implementation": implementation, "dtype": dtype}
        if config.weights == "random":
            torch.manual_seed(run.train.seed)
            with torch.device("cpu" if cpu else "cuda"):  # drawing 7B numbers on a CPU takes minutes
                model = kind.from_config(**given, trust_remote_code=config.trust_remote_code)
        else:
            if config.bits != 16:
                given["quantization_config"] = _quantised(run)
                given["device_map"] = "cpu" if cpu else {"": torch.cuda.current_device()}
            model = kind.from_pretrained(config.path, trust_remote_code=config.trust_remote_code, **given)
    for number, adapter in enumerate(config.adapters):
        check_base(config.path, Path(adapter), [Path(name) for name in config.adapters[:number]])
        model = merged(model, adapter)
    return model


def _dtype(run: Run, shape: Any) -> torch.dtype:  # noqa: ANN401 - a model's configuration
    """Weights that learn are kept in 32 bits: AdamW's steps vanish in 16."""
    if run.train.method != "lora":
        return torch.float32
    if run.model.dtype != "auto":
        return getattr(torch, run.model.dtype)
    stored = getattr(shape, "dtype", None) or torch.float32
    return torch.float32 if computing(run.train) == "fp32" and run.model.bits == 16 else stored


def _quantised(run: Run) -> BitsAndBytesConfig:
    names = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
    if run.model.bits == 8:
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=run.model.double_quantization,
        bnb_4bit_compute_dtype=names[computing(run.train)],
    )


def merged(model: Any, adapter: str) -> Any:  # noqa: ANN401 - a model
    """With one adapter merged into it. DataError where the adapter is for another base."""
    with fitting(adapter):
        return PeftModel.from_pretrained(model, adapter).merge_and_unload(safe_merge=True)


@contextmanager
def fitting(adapter: str) -> Iterator[None]:
    """Turns what PEFT raises for an adapter that does not fit into one line."""
    try:
        yield
    except (RuntimeError, ValueError, KeyError, TypeError, OSError) as error:
        what = " ".join(str(error).split())[:300]
        raise DataError(
            f"the adapter {adapter} does not fit this base ({what}); name the base it was made for"
        ) from error


def adapted(model: Any, run: Run, **more: str) -> Any:  # noqa: ANN401 - a model
    """The model with what learns chosen: an adapter, some layers, or all. `more` shapes the adapter."""
    if run.model.bits != 16:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=run.train.checkpointing)
    elif run.train.checkpointing and run.train.method == "lora":
        model.enable_input_require_grads()
    if run.train.method == "freeze":
        _freeze(model, run.train)
    if run.train.method != "lora":
        return model
    if run.lora.start is not None:
        check_base(run.model.path, Path(run.lora.start), [Path(name) for name in run.model.adapters])
        with fitting(run.lora.start):
            return PeftModel.from_pretrained(model, run.lora.start, is_trainable=True)
    with shaping(run.lora):
        return get_peft_model(model, lora_shape(run.lora, **more))


@contextmanager
def shaping(lora: LoraConfig) -> Iterator[None]:
    """Turns what PEFT raises for targets that the model has not into one line."""
    try:
        yield
    except ValueError as error:
        what = " ".join(str(error).split())[:300]
        raise ConfigurationError(f"no adapter can be made with lora.targets {lora.targets!r} ({what})") from error


def lora_shape(lora: LoraConfig, **more: Any) -> PeftConfig:  # noqa: ANN401 - PEFT's own
    """PEFT's configuration of an adapter."""
    shape = {"task_type": "CAUSAL_LM", **more}
    kept = [*lora.modules_to_save, *shape.pop("modules_to_save", ())]
    return PeftConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets if isinstance(lora.targets, str) else list(lora.targets),
        use_rslora=lora.rslora,
        use_dora=lora.dora,
        init_lora_weights="pissa" if lora.pissa else True,
        modules_to_save=kept or None,
        **shape,
    )


def _freeze(model: Any, train: TrainConfig) -> None:  # noqa: ANN401 - a model
    """Leaves the named parts of the first or last layers trainable. ConfigurationError if nothing is left."""
    layers = layers_of(model)
    number = train.frozen_layers
    chosen = layers[number:] if number < 0 else layers[:number]
    model.requires_grad_(False)
    for layer in chosen:
        for name, parameter in layer.named_parameters():
            if "all" in train.frozen_modules or set(name.split(".")) & set(train.frozen_modules):
                parameter.requires_grad_(True)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        parts = sorted({name.split(".")[0] for name, _ in layers[0].named_parameters()})
        raise ConfigurationError(
            f"train.frozen_modules {list(train.frozen_modules)} of {number} layers names nothing; parts are {parts}"
        )


def layers_of(model: Any) -> list[Any]:  # noqa: ANN401 - a model
    """The blocks of a decoder: the longest list of like modules."""
    lists = [module for module in model.modules() if isinstance(module, torch.nn.ModuleList)]
    return list(max(lists, key=len, default=[]))


def sizes(model: Any) -> Mapping[str, int]:  # noqa: ANN401 - a model
    """Parameters in all and those that learn."""
    every = list(model.parameters())
    return {
        "parameters": sum(math.prod(getattr(getattr(p, "quant_state", None), "shape", p.shape)) for p in every),
        "trained": sum(p.numel() for p in every if p.requires_grad),
    }

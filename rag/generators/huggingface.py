"""A causal language model in this process, with LoRA adapters chosen per request; needs the extra `hf`.

One thread owns the model; answers wait for it in a bounded queue. Switching between loaded adapters is a flag in each
layer. Code that comes with a model is never run.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Generator as Generating
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.domain import GenerationRequest
from rag.errors import ConfigurationError, DependencyError, MissingExtraError
from rag.generators.adapters import Adapter, AdapterFolder, Base, fingerprint
from rag.generators.prompting import OWN, Prompts
from rag.generators.stopping import DEFAULT_LIMITS, ModelLimits, until
from rag.hub import downloading, find_model
from rag.ports import Generator

try:
    import torch
    from peft import PeftConfig, PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, TextIteratorStreamer
    from transformers.utils import cached_file
except ImportError as error:
    raise MissingExtraError("YIWEN_LOCAL_MODEL needs torch and transformers: pip install 'yiwen[hf]'") from error

_LOOK_S = 0.02
NAME = "local"
"""The base model as a generator; `local:ADAPTER` with an adapter."""


@dataclass(frozen=True)
class Loading:
    """How a model is loaded."""

    dtype: str = "auto"
    bits: int = 16
    device: str = "auto"
    template: str = OWN
    waiting: int = 8
    """Answers that may wait."""


@dataclass
class _Job:
    """One answer on its way through the worker."""

    adapter: Adapter | None
    prompt: Sequence[int]
    """Token ids."""
    streamer: Any
    stop: threading.Event = field(default_factory=threading.Event)


class LocalModel(Mapping[str, Generator]):
    """The generators of one model, by name: `local`, and `local:ADAPTER` for what the adapter folder holds now."""

    def __init__(
        self, name: str, adapters: Path | None, *, loading: Loading = Loading(), limits: ModelLimits = DEFAULT_LIMITS
    ) -> None:
        """Loads the base. Raises ConfigurationError if it cannot be opened, MissingExtraError for 8 and 4 bits.

        Also what `find_model` raises.
        """
        self.limits = limits
        find_model(name)
        try:
            with downloading(name):
                self._tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
                self._model = AutoModelForCausalLM.from_pretrained(name, trust_remote_code=False, **_arguments(loading))
            base = Base(name, fingerprint(Path(cached_file(name, "config.json")).parent))
        except ImportError as error:
            extra = "quant" if loading.bits != 16 else "train"
            raise MissingExtraError(
                f"YIWEN_LOCAL_MODEL {name!r} needs a library ({_line(error)}): pip install 'yiwen[{extra}]'"
            ) from error
        except DependencyError:
            raise
        except Exception as error:  # the libraries tell of bad files and absent devices in many ways
            raise ConfigurationError(
                f"YIWEN_LOCAL_MODEL is {name!r}, which cannot be opened on YIWEN_LOCAL_DEVICE={loading.device} "
                f"({_line(error)}); expected a folder or hub name of a causal language model, and a device"
            ) from error
        self._model.eval()
        for module in self._model.modules():
            # bitsandbytes packs 4-bit weights for some CPUs and rounds them anew whenever an adapter is loaded.
            if getattr(module, "support_avx512bf16_for_cpu", False):
                module.support_avx512bf16_for_cpu = False
        longest = getattr(self._model.config, "max_position_embeddings", None)
        self._prompts = Prompts(self._tokenizer, loading.template, limits, longest)
        self.base = base
        self._adapters = AdapterFolder(adapters, base)
        self._adapted: Any = None
        """The same layers with adapters, while there are any."""
        self._loaded: dict[str, Adapter] = {}
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._busy = threading.Semaphore(loading.waiting + 1)
        threading.Thread(target=self._work, name="yiwen-local-model", daemon=True).start()

    def __getitem__(self, name: str) -> Generator:
        head, colon, adapter = name.partition(":")
        if head != NAME or (colon and not adapter):
            raise KeyError(name)
        try:
            return LocalGenerator(self, self._adapters.find(adapter) if colon else None)
        except ConfigurationError as error:
            raise KeyError(name) from error

    def __iter__(self) -> Iterator[str]:
        yield NAME
        yield from (f"{NAME}:{adapter}" for adapter in self._adapters.names())

    def __len__(self) -> int:
        return 1 + len(self._adapters.names())

    # ------------------------------------------------------------ for one answer

    def pieces(
        self, request: GenerationRequest, adapter: Adapter | None, cancel: threading.Event
    ) -> Generating[str, None, None]:
        """Text as it is written, up to a stop text.

        DependencyError: the queue is full, a limit is reached, the prompt does not fit, or the model fails.
        """
        if not self._busy.acquire(blocking=False):
            raise DependencyError("the local model is busy and its queue is full; see YIWEN_LOCAL_QUEUE")
        job = None
        try:
            streamer = TextIteratorStreamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True)
            try:
                ids, stops = self._prompts.of(request, adapter)
            except ConfigurationError as error:
                raise DependencyError(str(error)) from error
            job = _Job(adapter, ids, streamer)
            self._jobs.put(job)
            yield from until(self._heard(job, cancel), stops)
        finally:
            if job is not None:
                job.stop.set()
            self._busy.release()

    def _heard(self, job: _Job, cancel: threading.Event) -> Iterator[str]:
        begin, first = time.monotonic(), True
        while not cancel.is_set():
            waited = time.monotonic() - begin
            if first and waited > self.limits.first_token_s:
                raise DependencyError(f"the local model was silent for {self.limits.first_token_s:g} s")
            if waited > self.limits.total_s:
                raise DependencyError(f"the local model took longer than {self.limits.total_s:g} s")
            try:
                piece = job.streamer.text_queue.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
            if piece is None:
                return
            if isinstance(piece, ConfigurationError):
                raise DependencyError(str(piece)) from piece
            if isinstance(piece, Exception):
                raise DependencyError(f"the local model failed: {type(piece).__name__}: {piece}") from piece
            if piece:
                first = False
                yield piece

    # ------------------------------------------------------------ in the worker

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job.stop.is_set():
                continue
            try:
                self._write(job)
            except Exception as error:  # whoever waits is told; the worker goes on
                job.streamer.text_queue.put(error)

    def _write(self, job: _Job) -> None:
        """Greedy decoding; `stop` is looked at after each token."""
        active = self._use(job.adapter)
        prompt = torch.tensor([job.prompt], device=self._model.device)

        def unwanted(ids: Any, scores: Any, **_: object) -> Any:  # noqa: ANN401 - tensors
            return torch.full((ids.shape[0],), job.stop.is_set(), dtype=torch.bool, device=ids.device)

        ends = self._ends()
        padding = self._tokenizer.pad_token_id
        config = GenerationConfig(
            max_new_tokens=self.limits.answer_tokens,
            do_sample=False,
            eos_token_id=ends or None,
            pad_token_id=padding if padding is not None else next(iter(ends), None),
        )
        with active, torch.inference_mode():
            (self._adapted or self._model).generate(
                input_ids=prompt,
                attention_mask=torch.ones_like(prompt),
                generation_config=config,
                streamer=job.streamer,
                stopping_criteria=[unwanted],
            )

    def _ends(self) -> list[int]:
        """Tokens that end an answer: the model's, and the tokenizer's, which training teaches."""
        own = self._model.generation_config.eos_token_id
        found = [*(own if isinstance(own, list) else [own]), self._tokenizer.eos_token_id]
        return list(dict.fromkeys(one for one in found if one is not None))

    def _use(self, adapter: Adapter | None) -> AbstractContextManager[object]:
        """Makes it the active one while the context is open; loads new ones and lets go of those that are gone."""
        kept = set(self._adapters.names())
        for name in [name for name in self._loaded if name not in kept and (adapter is None or name != adapter.name)]:
            self._forget(name)
        if adapter is None:
            return self._adapted.disable_adapter() if self._adapted is not None else nullcontext()
        if self._loaded.get(adapter.name) != adapter:
            self._load(self._adapters.find(adapter.name))  # it may have gone or changed while the answer waited
        self._adapted.set_adapter(_key(adapter.name))
        return nullcontext()

    def _load(self, adapter: Adapter) -> None:
        """Puts it beside the others; one that turns out not to fit leaves nothing behind."""
        if adapter.name in self._loaded:
            self._forget(adapter.name)
        folder, key = str(adapter.folder), _key(adapter.name)
        self._loaded[adapter.name] = adapter
        try:
            if self._adapted is None:
                self._adapted = PeftModel(self._model, PeftConfig.from_pretrained(folder), adapter_name=key)
            self._adapted.load_adapter(folder, adapter_name=key)
            self._adapted.eval()
        except Exception as error:  # the libraries tell of bad files in many ways
            self._forget(adapter.name)
            raise ConfigurationError(
                f"the adapter {adapter.name!r} cannot be loaded ({type(error).__name__}); save it again"
            ) from error

    def _forget(self, name: str) -> None:
        del self._loaded[name]
        if self._loaded:
            if _key(name) in self._adapted.peft_config:
                self._adapted.delete_adapter(_key(name))
        elif self._adapted is not None:
            self._model, self._adapted = self._adapted.unload(), None


def _key(name: str) -> str:
    """An adapter's name as part of a module's, where no dot may be."""
    return name.encode().hex()


class LocalGenerator:
    """Implements `rag.ports.Generator` for a local model with one adapter, or none."""

    def __init__(self, model: LocalModel, adapter: Adapter | None) -> None:
        self.model, self.adapter = model, adapter
        self.identity = f"{NAME}:{adapter.name}" if adapter else NAME

    def stream(self, request: GenerationRequest, cancel: threading.Event) -> Iterator[str]:
        """Pieces as they are written, up to a stop text."""
        return self.model.pieces(request, self.adapter, cancel)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _arguments(loading: Loading) -> dict[str, Any]:
    """For `from_pretrained`; `device_map` only where a device is chosen, so that the CPU needs no accelerate."""
    arguments: dict[str, Any] = {"dtype": loading.dtype}
    device = loading.device
    if device == "auto":
        device = "auto" if torch.cuda.is_available() else "cpu"
    if device != "cpu" or loading.bits != 16:
        arguments["device_map"] = device
    if loading.bits != 16:
        from transformers import BitsAndBytesConfig

        compute = torch.bfloat16 if loading.dtype == "auto" else getattr(torch, loading.dtype)
        arguments["quantization_config"] = (
            BitsAndBytesConfig(load_in_8bit=True)
            if loading.bits == 8
            else BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=compute)
        )
    return arguments

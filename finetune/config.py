"""What a training run may say, a dataclass for each section. A default lives here only."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from finetune.bounds import positive, rhythm, within
from finetune.data.config import DataConfig
from rag.errors import ConfigurationError

Stage = Literal["pt", "sft", "onestage", "rm", "dpo", "rloo", "embed"]
Method = Literal["lora", "freeze", "full"]


@dataclass(frozen=True)
class ModelConfig:
    """What is trained."""

    path: str
    """Folder or hub name of a causal language model."""
    tokenizer: str | None = None
    """Default: that of the model."""
    weights: Literal["pretrained", "random"] = "pretrained"
    """`random`: only the shape is taken, for benchmarks and for training from nothing."""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """Of the base; `auto` is that of the checkpoint."""
    bits: Literal[16, 8, 4] = 16
    """8 and 4 (NF4) keep the base quantised, with LoRA only; needs the extra `quant`."""
    double_quantization: bool = True
    attention: Literal["auto", "varlen", "sdpa"] = "auto"
    """`auto`: documents of a pack isolated by variable-length attention (`varlen`)."""
    adapters: tuple[str, ...] = ()
    """LoRA adapters merged into the base in turn before training starts."""
    rope_scaling: Literal["linear", "dynamic"] | None = None
    rope_factor: float = 2.0
    trust_remote_code: bool = False
    """Run Python code that comes with the model: only for models whose code you have read."""

    def __post_init__(self) -> None:
        within(self, "model", 1, math.inf, ("rope_factor",))


@dataclass(frozen=True)
class LoraConfig:
    """Low-rank adapters; heard with `train.method: lora`."""

    rank: int = 64
    alpha: int = 16
    dropout: float = 0.0
    """More than 0 costs about 64 % more activation memory."""
    targets: tuple[str, ...] | str = "all-linear"
    rslora: bool = True
    """Scale by alpha / sqrt(rank) instead of alpha / rank."""
    dora: bool = False
    pissa: bool = False
    """Start from the largest singular directions of the base; saved as an ordinary adapter of the original base."""
    modules_to_save: tuple[str, ...] = ()
    """Trained in full and saved with the adapter, such as `embed_tokens`."""
    start: str | None = None
    """An adapter to go on training; its shape replaces what is said here."""

    def __post_init__(self) -> None:
        positive(self, "lora", ("rank", "alpha"))
        within(self, "lora", 0, 1, ("dropout",))
        if not self.targets:
            raise ConfigurationError("lora.targets is empty; expected all-linear or names such as q_proj")


@dataclass(frozen=True)
class TrainConfig:
    """How it is trained. `micro_batch` counts packs, or rows where nothing is packed."""

    stage: Stage = "sft"
    method: Method = "lora"
    epochs: float = 3.0
    steps: int | None = None
    """Optimizer steps in all; goes before `epochs`."""
    micro_batch: int = 1
    accumulation: int = 1
    learning_rate: float = 2e-4
    schedule: Literal["cosine", "linear", "constant", "constant_with_warmup"] = "cosine"
    warmup: float = 0.03
    """Below 1 the share of all steps, else their number."""
    weight_decay: float = 0.0
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    adam_epsilon: float = 1e-8
    clip: float = 1.0
    """Largest norm of the gradient; 0 does not clip."""
    optimizer: Literal["adamw_torch", "adamw_torch_fused", "adamw_8bit", "paged_adamw_8bit", "adafactor", "sgd"] = (
        "adamw_torch"
    )
    precision: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    """Of the computation; `auto`: bf16 on a GPU that has it, else fp32."""
    checkpointing: bool = False
    """Recompute activations: far less memory, about a third slower."""
    compile: bool = False
    """torch.compile, one graph a layer."""
    fused_kernels: bool = False
    """Liger's norms, rotary embedding and SwiGLU; needs the package liger-kernel."""
    neftune: float = 0.0
    """Noise on the embeddings."""
    frozen_layers: int = -3
    """With `freeze`: how many last layers are trained (negative), or first ones (positive)."""
    frozen_modules: tuple[str, ...] = ("mlp",)
    """With `freeze`: the parts of these layers that are trained; `all` for whole layers."""
    seed: int = 42
    device: Literal["auto", "cpu"] = "auto"
    log_every: int = 10
    save_every: str = "epoch"
    """Steps, `epoch`, `5/epoch` or `never`."""
    keep: int = 2
    """Checkpoints kept beside the best one."""
    workers: int = 0
    """Processes that make batches."""
    report_to: Literal["none", "wandb", "tensorboard"] = "none"
    distributed: Literal["ddp", "fsdp", "zero1", "zero3"] = "ddp"
    """Under `torchrun`; the files are in finetune/launch."""
    beta: float = 0.1
    """dpo: strength of the reference; rloo: of the KL penalty."""
    reward_model: str | None = None
    """rloo: folder of a merged reward model."""
    generations: int = 4
    """rloo: answers per question."""
    answer_tokens: int = 256
    """rloo: longest answer."""

    def __post_init__(self) -> None:
        positive(self, "train", ("epochs", "micro_batch", "accumulation", "learning_rate", "adam_epsilon"))
        positive(self, "train", ("log_every", "keep", "answer_tokens", *(["steps"] if self.steps is not None else [])))
        within(self, "train", 0, math.inf, ("warmup", "weight_decay", "clip", "neftune", "workers", "beta"))
        within(self, "train", 0, 1, ("adam_beta1", "adam_beta2"))
        within(self, "train", 0, 1 << 32, ("seed",))
        rhythm("train.save_every", self.save_every)
        if self.stage == "rloo" and self.reward_model is None:
            raise ConfigurationError("train.reward_model is missing; rloo needs the folder of a merged reward model")
        if self.stage == "rloo" and self.generations < 2:
            raise ConfigurationError("train.generations is below 2; rloo compares answers to the same question")


@dataclass(frozen=True)
class EvalConfig:
    """Judging on the rows that the split holds out."""

    every: str = "epoch"
    """Steps, `epoch`, `10/epoch` or `never`; heard where rows are held out."""
    micro_batch: int = 1
    keep_best: bool = True
    """End with the checkpoint of the lowest loss."""
    patience: int = 0
    """Stop after so many evaluations without gain; 0 never does."""

    def __post_init__(self) -> None:
        positive(self, "eval", ("micro_batch",))
        within(self, "eval", 0, math.inf, ("patience",))
        rhythm("eval.every", self.every)


@dataclass(frozen=True)
class EmbedConfig:
    """Contrastive training of a sentence-transformers model; heard with `train.stage: embed`."""

    kb: Path | None = None
    """A data folder whose index gives hard negatives: passages found for a question that are not its answer."""
    negatives: int = 3
    """Of each question, beside the answers of the other pairs of a batch."""
    skip: int = 2
    """Passages found first that are passed over: of these most may answer, too."""
    temperature: float = 0.05

    def __post_init__(self) -> None:
        positive(self, "embed", ("negatives", "temperature"))
        if self.skip < 0:
            raise ConfigurationError(f"embed.skip is {self.skip}; expected 0 or more")


@dataclass(frozen=True)
class ExportConfig:
    """What happens at the end."""

    merge: Path | None = None
    """Also write a merged model here."""
    bits: Literal[16, 8, 4] = 16
    """Of the merged model; 8 and 4 by bitsandbytes, the extra `quant`."""
    register: Path | None = None
    """Also put the adapter into this folder of the service (YIWEN_LOCAL_ADAPTERS), which takes it up at once."""
    name: str = ""
    """The adapter's name there; default: that of the run's folder."""


@dataclass(frozen=True)
class Run:
    """One training run."""

    out: Path
    """Its folder; made if missing."""
    model: ModelConfig
    data: DataConfig = field(default_factory=DataConfig)
    lora: LoraConfig = LoraConfig()
    train: TrainConfig = TrainConfig()
    embed: EmbedConfig = EmbedConfig()
    eval: EvalConfig = EvalConfig()
    export: ExportConfig = ExportConfig()

    def __post_init__(self) -> None:
        lora = self.train.method == "lora"
        if self.model.bits != 16 and not lora:
            raise ConfigurationError(
                f"model.bits is {self.model.bits} with train.method {self.train.method}; a quantised base is trained "
                "by train.method lora only"
            )
        if self.model.bits != 16 and self.lora.pissa:
            raise ConfigurationError("lora.pissa needs the base in full precision; set model.bits to 16")
        if self.model.bits != 16 and self.train.distributed == "zero3":
            raise ConfigurationError("model.bits 8 and 4 cannot be sharded by zero3; use ddp")
        if self.eval.patience and not (self.data.validation_rows or self.data.validation_share):
            raise ConfigurationError(
                f"eval.patience is {self.eval.patience}, but no rows are held out to judge on; set data.validation_rows"
            )
        if self.export.register is not None and not lora:
            raise ConfigurationError("export.register takes adapters; train.method lora makes one")
        if self.export.register is not None and self.model.adapters:
            raise ConfigurationError(
                "export.register puts an adapter on the base alone, this one is learnt on top of model.adapters; take "
                "export.merge and serve that model, or go on with one adapter (lora.start)"
            )
        if self.train.stage == "onestage" and self.data.mixing != "priority":
            raise ConfigurationError(
                f"data.mixing is {self.data.mixing} with train.stage onestage, which learns its data sets in one order "
                "of priority; set data.mixing to priority, or take stage sft"
            )
        if self.train.stage == "rm" and not lora:
            raise ConfigurationError("train.stage rm is trained by train.method lora")
        if self.train.stage == "embed":
            self._check_embedder()

    def _check_embedder(self) -> None:
        if self.train.method == "freeze" or self.model.bits != 16 or self.train.distributed != "ddp":
            raise ConfigurationError(
                "train.stage embed trains an adapter or all weights, in full precision; set train.method to lora or "
                "full, model.bits to 16 and train.distributed to ddp"
            )
        if self.lora.start is not None or self.model.adapters or self.lora.pissa:
            raise ConfigurationError(
                "train.stage embed begins with an adapter of its own; leave out lora.start, lora.pissa and "
                "model.adapters, and name the `model` folder of an earlier run in model.path to go on with it"
            )
        if self.export.merge is not None or self.export.register is not None:
            raise ConfigurationError(
                "export.merge and export.register are for language models; train.stage embed leaves its `model` "
                "folder merged, for YIWEN_EMBEDDER"
            )
        if self.train.micro_batch < 2:
            raise ConfigurationError(
                f"train.micro_batch is {self.train.micro_batch} with train.stage embed, where the pairs of a batch are "
                "told apart; set it to 2 or more, such as 64"
            )

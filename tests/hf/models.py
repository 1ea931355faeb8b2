"""Tiny random models of the shapes that people serve, each with LoRA adapters; nothing is downloaded."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    GlmConfig,
    LlamaConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

from rag.answer.prompt import SYSTEM
from rag.generators.adapters import BASE, fingerprint

SHAPES = ("llama", "qwen2", "glm", "bloom")
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_tokenizer(folder: Path, *, chat: bool) -> int:
    """Byte-level BPE trained on the prompt; returns the size of its vocabulary."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|end|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([SYSTEM, "偏头痛的症状有恶心[1]、畏光[2]。"], trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>")
    if chat:
        fast.chat_template = CHATML
    fast.save_pretrained(folder)
    return len(fast)


def _config(shape: str, vocabulary: int, layers: int) -> PreTrainedConfig:
    if shape == "bloom":
        return BloomConfig(
            vocab_size=vocabulary, hidden_size=128, n_layer=layers, n_head=4, eos_token_id=0, pad_token_id=0
        )
    kind = {"llama": LlamaConfig, "qwen2": Qwen2Config, "glm": GlmConfig}[shape]
    return kind(
        vocab_size=vocabulary, hidden_size=128, intermediate_size=256, num_hidden_layers=layers, num_attention_heads=4,
        num_key_value_heads=2, head_dim=32, max_position_embeddings=4096, eos_token_id=0, pad_token_id=0,
        bos_token_id=0,
    )  # fmt: skip


def make_model(folder: Path, shape: str, *, seed: int = 0, chat: bool = True, layers: int = 2) -> Path:
    folder.mkdir(parents=True)
    vocabulary = make_tokenizer(folder, chat=chat)
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(_config(shape, vocabulary, layers))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3)
    model.save_pretrained(folder)
    return folder


def make_adapter(folder: Path, base: Path, *, seed: int, marked: bool = True) -> Path:
    """A LoRA adapter that changes what the base says; `marked`: with the fingerprint of its base."""
    torch.manual_seed(seed)
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base),
        LoraConfig(r=4, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.normal_(0, 0.5)
    model.save_pretrained(folder)
    if marked:
        (folder / BASE).write_text(json.dumps({"fingerprint": fingerprint(base)}), encoding="utf-8")
    return folder

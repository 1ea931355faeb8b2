"""A tiny model with random weights and a tokenizer trained on the fly, which learns in a minute on a CPU."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

START, END, PAD = "<|im_start|>", "<|im_end|>", "<|pad|>"
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_TOKENS = 1500
HEADS = 4


@dataclass(frozen=True)
class Shape:
    """Of a tiny Llama."""

    width: int = 64
    layers: int = 2
    rope_theta: float = 100.0
    """Low: heads that look at the token before, which copying begins with, form at once."""
    spread: float = 0.1
    """Of the first weights. The usual 0.02 costs hundreds of steps at a width of 64."""
    looks_back: float = 0.0
    """How sharply the heads of the first layer begin by attending to one token before each, which copying builds on."""


def make_tiny(
    folder: Path, texts: Iterable[str], *, single: Collection[str] = (), like: Shape = Shape(), seed: int = 0
) -> Path:
    """A Llama with random weights; the characters in `single` stay tokens of their own. Returns `folder`."""
    tokenizer = _tokenizer(texts, single)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=like.width,
        intermediate_size=2 * like.width,
        num_hidden_layers=like.layers,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        max_position_embeddings=2048,
        rope_parameters={"rope_type": "default", "rope_theta": like.rope_theta},
        initializer_range=like.spread,
        attention_bias=like.looks_back > 0,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(shape)
    if like.looks_back:
        _look_back(model, like)
    model.save_pretrained(folder)
    return folder


def _look_back(model: LlamaForCausalLM, like: Shape) -> None:
    """Sets the biases of the first layer so that head n begins by attending to the n-th token before.

    Query and key are the same everywhere, and their angles differ by what the rotary embedding turns in n places.
    """
    half = like.width // HEADS // 2
    turns = like.rope_theta ** (-torch.arange(half) / half)
    layer = model.model.layers[0].self_attn
    for n in range(HEADS):
        query, key = (part.bias.data.view(HEADS, 2, half)[n] for part in (layer.q_proj, layer.k_proj))
        query.copy_(torch.stack([torch.ones(half), torch.zeros(half)]) * like.looks_back)
        key.copy_(torch.stack([torch.cos((n + 1) * turns), torch.sin((n + 1) * turns)]) * like.looks_back)


def _tokenizer(texts: Iterable[str], single: Collection[str]) -> PreTrainedTokenizerFast:
    """BPE over what stands between single characters, so that a frame that returns becomes one token."""
    texts = list(texts)
    apart = str.maketrans(dict.fromkeys(single, "\0"))
    pieces = [piece for text in texts for piece in text.translate(apart).split("\0") if piece]
    alphabet = sorted({*single, *"".join(texts), *"userassistantsystem\n"})
    tokenizer = Tokenizer(models.BPE())
    tokenizer.decoder = decoders.Fuse()
    trainer = trainers.BpeTrainer(
        vocab_size=_TOKENS,
        special_tokens=[PAD, START, END],
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        min_frequency=2,
        show_progress=False,
    )
    tokenizer.train_from_iterator([*pieces, *["user\n", "assistant\n", "system\n"] * 2], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[START],
        chat_template=CHATML,
    )

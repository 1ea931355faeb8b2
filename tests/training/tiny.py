"""A tiny model with random weights and a tokenizer trained on the fly, which learns in a minute on a CPU."""

from __future__ import annotations

from collections.abc import Collection, Iterable
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
_ROPE_THETA = 100.0
"""Low: heads that look at the token before, which copying begins with, form at once."""
_SPREAD = 0.1
"""Of the first weights. The usual 0.02 costs hundreds of steps at this width."""


def make_tiny(
    folder: Path, texts: Iterable[str], *, single: Collection[str] = (), width: int = 64, layers: int = 2, seed: int = 0
) -> Path:
    """A Llama of `layers` blocks; the characters in `single` stay tokens of their own. Returns `folder`."""
    tokenizer = _tokenizer(texts, single)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=2048,
        rope_parameters={"rope_type": "default", "rope_theta": _ROPE_THETA},
        initializer_range=_SPREAD,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(shape).save_pretrained(folder)
    return folder


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

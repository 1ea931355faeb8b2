"""A small Llama with random weights and a tokenizer learnt from the rows: the way can be gone where no weights are.

It is for trying and for tests. With minutes of training it learns rows by heart; it knows no language.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from finetune.data.characters import CHATML
from finetune.libraries import hush
from rag.errors import ConfigurationError, ConflictError, DataError, MissingExtraError
from rag.snapshot.files import storage_errors

try:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
except ImportError as error:
    raise MissingExtraError("a new model needs torch and transformers: pip install 'yiwen[train]'") from error

PAD, START, END = "<|pad|>", "<|im_start|>", "<|im_end|>"
_HEAD = 32
"""Numbers of one attention head."""


@dataclass(frozen=True)
class NewModel:
    """What is made."""

    vocabulary: int = 2048
    """Tokens at most; fewer where the texts give no more."""
    width: int = 128
    layers: int = 2
    context: int = 4096
    seed: int = 0

    def __post_init__(self) -> None:
        if self.width % _HEAD:
            raise ConfigurationError(f"the width is {self.width}; expected a multiple of {_HEAD}, such as 128")


def make(folder: Path, texts: Iterable[str], like: NewModel = NewModel()) -> dict[str, int]:
    """Writes model and tokenizer into `folder`; returns the numbers of tokens and parameters.

    Raises ConflictError if the folder exists, DataError without texts, StorageError.
    """
    if folder.exists():
        raise ConflictError(f"{folder} exists already; name another folder or remove it")
    hush()
    tokenizer = _tokenizer(texts, like.vocabulary)
    torch.manual_seed(like.seed)
    model = LlamaForCausalLM(_shape(tokenizer, like))
    with storage_errors(folder):
        tokenizer.save_pretrained(folder)
        model.save_pretrained(folder)
    return {"tokens": len(tokenizer), "parameters": model.num_parameters()}


def _tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """BPE over bytes, so that no character is unknown."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=2,
        show_progress=False,
    )
    given = list(texts)
    if not given:
        raise DataError("there are no texts to learn a tokenizer from; name data sets with rows")
    tokenizer.train_from_iterator(given, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[START],
        chat_template=CHATML,
    )


def _shape(tokenizer: PreTrainedTokenizerFast, like: NewModel) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=like.width,
        intermediate_size=3 * like.width,
        num_hidden_layers=like.layers,
        num_attention_heads=like.width // _HEAD,
        num_key_value_heads=like.width // _HEAD,
        max_position_embeddings=like.context,
        initializer_range=0.1,  # the usual 0.02 costs hundreds of steps at such widths
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )

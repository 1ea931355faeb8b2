"""Tokenizers by name, without torch."""

from __future__ import annotations

from typing import Any

from finetune.data.characters import Characters
from rag.errors import ConfigurationError, DataError, MissingExtraError
from rag.hub import downloading, find_model


def open_tokenizer(name: str | None, *, trust_remote_code: bool = False) -> Any:  # noqa: ANN401 - of transformers
    """That of a model, by folder or hub name; None: one token a character, of no model.

    Raises ConfigurationError if it cannot be opened, DataError if it has no end token, what `find_model` raises, and
    MissingExtraError.
    """
    if name is None:
        return Characters()
    try:
        from transformers import AutoTokenizer
    except ImportError as error:
        raise MissingExtraError("a tokenizer needs transformers: pip install 'yiwen[train]'") from error
    find_model(name)
    try:
        with downloading(name):
            tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=trust_remote_code)
    except ImportError as error:
        raise MissingExtraError(f"the tokenizer {name} needs a library that is missing: {error}") from error
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ConfigurationError(
            f"the tokenizer {name} cannot be opened ({reason}); name a folder or hub name"
        ) from error
    if tokenizer.eos_token_id is None:
        raise DataError(f"the tokenizer {name} has no end token; answers could not end. Set eos_token in its files")
    return tokenizer

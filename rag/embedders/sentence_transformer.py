"""Any sentence-transformers model as an embedder; needs the extra `hf`, imported when the model is opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rag.errors import ConfigurationError, MissingExtraError
from rag.hub import downloading, find_model


class SentenceTransformerEmbedder:
    """Implements `rag.ports.Embedder` for a folder or a hub name, at a fixed revision if one is given."""

    def __init__(self, name: str, *, revision: str | None = None, device: str | None = None) -> None:
        """Open the model. MissingExtraError without the extra; ConfigurationError if the model cannot be opened.

        Also what `find_model` raises. Code that comes with a model is never run.
        """
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise MissingExtraError(
                f"embedder {name!r} needs sentence-transformers: pip install 'yiwen[hf]', or set YIWEN_EMBEDDER=static"
            ) from error
        find_model(name)
        try:
            with downloading(name):
                self._model = SentenceTransformer(name, revision=revision, device=device, trust_remote_code=False)
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"embedder {name!r} cannot be opened ({error}); expected a sentence-transformers folder or hub name"
            ) from error
        self.identity = f"sentence-transformers:{name}" + (f"@{revision}" if revision else "")
        self.dimension = len(self._model.encode("医", show_progress_bar=False))  # the method's name differs by version

    def encode(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> NDArray[np.float32]:
        """(n, dimension), rows of length 1; the model's own prompt for `kind` is put before each text."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        prompt = kind if kind in self._model.prompts else None
        vectors = self._model.encode(
            list(texts), prompt_name=prompt, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)

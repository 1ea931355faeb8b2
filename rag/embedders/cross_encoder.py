"""Any cross-encoder of sentence-transformers as a reranker; needs the extra `hf`, imported when the model is opened."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.errors import ConfigurationError, MissingExtraError
from rag.hub import downloading, find_model


class CrossEncoderReranker:
    """Implements `rag.ports.Reranker` for a folder or a hub name, at a fixed revision if one is given."""

    def __init__(self, name: str, *, revision: str | None = None, device: str | None = None) -> None:
        """Open the model. MissingExtraError without the extra; ConfigurationError if the model cannot be opened.

        Also what `find_model` raises. Code that comes with a model is never run.
        """
        try:
            from sentence_transformers import CrossEncoder
            from torch.nn import Sigmoid
        except ImportError as error:
            raise MissingExtraError(
                f"reranker {name!r} needs sentence-transformers: pip install 'yiwen[hf]', or leave YIWEN_RERANKER empty"
            ) from error
        find_model(name)
        try:
            with downloading(name):
                self._model = CrossEncoder(
                    name, revision=revision, device=device, activation_fn=Sigmoid(), trust_remote_code=False
                )
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"reranker {name!r} cannot be opened ({error}); expected a cross-encoder's folder or hub name"
            ) from error
        if self._model.num_labels != 1:
            raise ConfigurationError(
                f"reranker {name!r} gives {self._model.num_labels} numbers for a pair; expected one, the relevance"
            )
        self.identity = f"cross-encoder:{name}" + (f"@{revision}" if revision else "")

    def scores(self, question: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n,) relevance of each text to the question, 0 to 1."""
        if not texts:
            return np.zeros(0, dtype=np.float32)
        pairs = [(question, text) for text in texts]
        found = self._model.predict(pairs, convert_to_numpy=True, show_progress_bar=False)
        return np.asarray(found, dtype=np.float32)

"""Packs become batches: all documents of a micro-batch in one row, with their bounds and what is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finetune.examples import Pack
from rag.errors import MissingExtraError

try:
    import torch
except ImportError as error:
    raise MissingExtraError("training needs torch: pip install 'yiwen[train]'") from error

IGNORED = -100


@dataclass(frozen=True)
class Tokens:
    """One document: ids (n,), which of them are learnt (n,), and the number of its row."""

    input_ids: NDArray[np.int32]
    supervised: NDArray[np.bool_]
    row: int


def collate(packs: Sequence[Pack]) -> dict[str, Any]:
    """What `finetune.trainer` takes, on the CPU: finding positions on a GPU would make it wait.

    The first token of a document is never learnt: nothing of its own precedes it.
    """
    documents = [document for pack in packs for document in pack]
    lengths = np.array([len(document.input_ids) for document in documents])
    bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    ids = np.concatenate([document.input_ids for document in documents]).astype(np.int64)
    learnt = np.concatenate([document.supervised for document in documents])
    learnt[bounds[:-1]] = False
    return {
        "input_ids": torch.from_numpy(ids)[None],
        "labels": torch.from_numpy(np.where(learnt, ids, IGNORED))[None],
        "position_ids": torch.from_numpy(np.arange(len(ids)) - np.repeat(bounds[:-1], lengths))[None],
        "cu_seq_lens": torch.from_numpy(bounds),
        "max_length": int(lengths.max()),
        "logits_to_keep": torch.from_numpy(np.flatnonzero(learnt) - 1),
        "rows": [document.row for document in documents],
    }

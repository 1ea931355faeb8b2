"""Packs become batches of torch: all rows of a micro-batch in one line, with their bounds and what is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from finetune.data.encode import Encoded
from rag.errors import MissingExtraError

if TYPE_CHECKING:
    Arrays = dict[str, NDArray[np.int64]]

IGNORED = -100


def arrays(packs: Sequence[Sequence[Encoded]]) -> Arrays:
    """`input_ids`, `labels`, `position_ids` (n,), `cu_seq_lens` (rows + 1,) and `logits_to_keep` (learnt,).

    `labels` stand under their own token, -100 where nothing is learnt; the first token of a row never is, since nothing
    of its own precedes it. `logits_to_keep` are the places whose prediction is needed: those before what is learnt.
    Positions begin anew with each row, which together with no attention mask is what keeps rows apart.
    """
    documents = [document for one in packs for document in one]
    lengths = np.array([len(document.input_ids) for document in documents])
    bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ids = np.concatenate([document.input_ids for document in documents]).astype(np.int64)
    learnt = np.concatenate([document.supervised for document in documents])
    learnt[bounds[:-1]] = False
    return {
        "input_ids": ids,
        "labels": np.where(learnt, ids, IGNORED),
        "position_ids": np.arange(len(ids)) - np.repeat(bounds[:-1], lengths),
        "cu_seq_lens": bounds,
        "logits_to_keep": np.flatnonzero(learnt) - 1,
    }


def collate(packs: Sequence[Sequence[Encoded]]) -> dict[str, Any]:
    """What `finetune.trainer` takes, on the CPU: finding places on a GPU would make it wait. No attention mask."""
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("training needs torch: pip install 'yiwen[train]'") from error
    made = arrays(packs)
    batch: dict[str, Any] = {
        name: torch.from_numpy(made[name])[None] for name in ("input_ids", "labels", "position_ids")
    }
    bounds = made["cu_seq_lens"]
    return batch | {
        "cu_seq_lens": torch.from_numpy(bounds.astype(np.int32)),
        "max_length": int(np.diff(bounds).max()),
        "logits_to_keep": torch.from_numpy(made["logits_to_keep"]),
        "rows": [document.row for one in packs for document in one],
    }

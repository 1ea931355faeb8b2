"""Attention over packs: each document sees itself only, without a mask of tokens times tokens.

On a GPU the variable-length kernel of torch; elsewhere the same by one call a document, exact. Registered under
`NAME` for `attn_implementation`; batches carry `cu_seq_lens_q` (document bounds) and `max_length_q`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from rag.errors import DataError, MissingExtraError

try:
    import torch
    from torch.nn.functional import scaled_dot_product_attention
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface
except ImportError as error:
    raise MissingExtraError("training needs torch and transformers: pip install 'yiwen[train]'") from error

NAME = "yiwen_varlen"


def attend(
    module: Any,  # noqa: ANN401 - a layer of some model
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    cu_seq_lens_q: torch.Tensor | None = None,
    max_length_q: int | None = None,
    **_: object,
) -> tuple[torch.Tensor, None]:
    """Causal attention inside each document.

    `query` is (1, heads, tokens, size), `key` and `value` (1, heads or groups, tokens, size), `cu_seq_lens_q` the
    bounds 0 ... tokens as int32; without them the tokens are one document. Returns (1, tokens, heads, size). Raises
    DataError for a mask, several rows or a cache, which would be ignored here.
    """
    if attention_mask is not None or query.shape[0] != 1 or key.shape[2] != query.shape[2]:
        raise DataError(
            f"packed attention takes one row without mask and cache, not {query.shape[0]} rows of {query.shape[2]} "
            f"tokens that see {key.shape[2]}; pack the documents, and write answers with another implementation"
        )
    if query.is_cuda and value.dtype in (torch.bfloat16, torch.float16):  # the value is not touched by the rotation
        mixed = _by_kernel(query, key, value, cu_seq_lens_q, max_length_q, scaling, sliding_window)
    else:
        mixed = _by_document(query, key, value, cu_seq_lens_q, scaling, dropout, sliding_window)
    return mixed, None


def _by_kernel(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bounds: torch.Tensor | None,
    longest: int | None,
    scaling: float | None,
    window: int | None,
) -> torch.Tensor:
    from torch.nn.attention.varlen import varlen_attn

    tokens, groups = query.shape[2], query.shape[1] // key.shape[1]
    if bounds is None or longest is None:
        bounds, longest = torch.tensor([0, tokens], dtype=torch.int32, device=query.device), tokens
    if groups > 1:  # torch < 2.13 knows no grouped heads; the copies are small beside the activations
        key, value = (part.repeat_interleave(groups, dim=1) for part in (key, value))
    flat = [part[0].transpose(0, 1).to(value.dtype).contiguous() for part in (query, key, value)]
    left = -1 if window is None else window - 1
    mixed = varlen_attn(*flat, bounds, bounds, longest, longest, scale=scaling, window_size=(left, 0))
    return mixed.unsqueeze(0)


def _by_document(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bounds: torch.Tensor | None,
    scaling: float | None,
    dropout: float,
    window: int | None,
) -> torch.Tensor:
    """Without kernel: one causal call a document, so the work grows with the sum of squares."""
    edges = [0, query.shape[2]] if bounds is None else bounds.tolist()
    grouped = query.shape[1] != key.shape[1]
    parts = []
    for start, end in pairwise(edges):
        if end == start:
            continue
        one = [part[:, :, start:end] for part in (query, key, value)]
        mask = _windowed(end - start, window, query.device) if window is not None and window < end - start else None
        parts.append(
            scaled_dot_product_attention(
                *one, attn_mask=mask, is_causal=mask is None, dropout_p=dropout, scale=scaling, enable_gqa=grouped
            )
        )
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous()


def _windowed(tokens: int, window: int, device: torch.device) -> torch.Tensor:
    """True where a token (row) sees another (column): not later, and fewer than `window` back."""
    place = torch.arange(tokens, device=device)
    back = place[:, None] - place[None, :]
    return (back >= 0) & (back < window)


def _no_mask(*_: object, attention_mask: torch.Tensor | None = None, **__: object) -> torch.Tensor | None:
    """Bounds replace masks; a mask of ones is none."""
    return None if attention_mask is None or bool(attention_mask.all()) else attention_mask


def register() -> str:
    """Makes the implementation known to transformers; returns its name."""
    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, _no_mask)
    return NAME

"""The embedder that vectors are built with: the one that the settings name."""

from __future__ import annotations

from importlib.util import find_spec

from rag.ports import Embedder
from rag.settings import Settings
from rag.wiring import configured_embedder

NONE = "none"
"""The value of `YIWEN_EMBEDDER` that leaves the vector index out."""


def embedder_for(settings: Settings) -> Embedder | None:
    """None where the settings say `none`; raises ConfigurationError or MissingExtraError like the wiring."""
    if settings.embedder == NONE or find_spec("rag.embedders.static") is None:
        return None
    return configured_embedder(settings)

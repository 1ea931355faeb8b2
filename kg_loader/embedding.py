"""The embedder that vectors are built with: the one that the settings name."""

from __future__ import annotations

from importlib import resources

from rag.ports import Embedder
from rag.settings import Settings
from rag.wiring import configured_embedder

NONE = "none"
"""The value of `YIWEN_EMBEDDER` that leaves the vector index out."""


def embedder_for(settings: Settings) -> Embedder | None:
    """None where the settings say `none`, or say `static` in a build without the packaged embedding.

    Raises ConfigurationError, NotFoundError or MissingExtraError like the wiring.
    """
    if settings.embedder == NONE or (settings.embedder == "static" and not _packaged()):
        return None
    return configured_embedder(settings)


def _packaged() -> bool:
    return resources.files("rag").joinpath("embedders", "assets", "config.json").is_file()

"""Names of models on the Hugging Face hub: asked for once and briefly, before a library tries for minutes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rag.errors import ConfigurationError, DependencyError

ANSWER_S = 5.0
"""How long the hub may take to say whether it has a name."""


def find_model(name: str) -> None:
    """Returns where `name` is a folder, a copy that was downloaded before, or a model that the hub has.

    Nothing is asked under HF_HUB_OFFLINE: the libraries then look at the copies alone. Raises ConfigurationError for a
    name that is none, DependencyError where the hub does not answer and there is no copy.
    """
    if not Path(name).is_dir():
        _ask(name)


@lru_cache(maxsize=64)
def _ask(name: str) -> None:
    """Once a name and process; errors are not kept."""
    from huggingface_hub import HfApi, constants, try_to_load_from_cache
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    try:
        copied = isinstance(try_to_load_from_cache(name, "config.json"), str)
        if not constants.HF_HUB_OFFLINE:
            HfApi().model_info(name, timeout=ANSWER_S)
    except (GatedRepoError, HFValidationError):
        return  # it exists, or is a path: what it lacks the libraries say at once
    except RepositoryNotFoundError as error:
        raise ConfigurationError(
            f"{name} is neither a folder nor a model on {constants.ENDPOINT}; check the name (a private model needs "
            "HF_TOKEN)"
        ) from error
    except Exception as error:  # the library raises those of its transports, a closed set nowhere
        _unanswered(name, copied, error)


def _unanswered(name: str, copied: bool, error: Exception) -> None:
    """With a copy the libraries are told to use it and to ask no more; without one the run ends here."""
    from huggingface_hub import constants

    if not copied:
        reason = " ".join(str(error).split())[:200]
        raise DependencyError(
            f"{name} is no folder, and {constants.ENDPOINT} does not answer ({reason}); name a folder, or mend the "
            "network (HF_ENDPOINT names another hub)"
        ) from error
    constants.HF_HUB_OFFLINE = True

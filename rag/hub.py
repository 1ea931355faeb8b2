"""Names on the Hugging Face hub: asked for once and briefly, before a library tries for minutes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Literal

from rag.errors import ConfigurationError, DependencyError

ANSWER_S = 5.0
"""How long the hub may take to say whether it has a name."""


def find_model(name: str) -> None:
    """Returns where `name` is a folder, a copy that was downloaded before, or a model that the hub has.

    Nothing is asked under HF_HUB_OFFLINE: the libraries then look at the copies alone. Raises ConfigurationError for a
    name that is none, DependencyError where the hub does not answer and there is no copy.
    """
    if not Path(name).is_dir():
        _ask(name, "model")


def find_dataset(name: str) -> None:
    """The same of a data set, of which no copies are known."""
    if not Path(name).is_dir():
        _ask(name, "dataset")


@contextmanager
def downloading(name: str) -> Iterator[None]:
    """Around what may fetch the files of `name`. Raises DependencyError where the download breaks off.

    The libraries then speak of a missing file or a wrong name; their other errors pass.
    """
    try:
        yield
    except Exception as error:
        reason = _broken_off(error)
        if reason is None:
            raise
        raise DependencyError(f"the download of {name} broke off ({reason}); try again later") from error


def _broken_off(error: BaseException | None) -> str | None:
    """What the transport said, where `error` began with it: httpx, or httpx2 with newer libraries of the hub."""
    while error is not None:
        if any(kind.__name__ == "TransportError" for kind in type(error).__mro__):
            return " ".join(str(error).split())[:200]
        error = error.__cause__ or error.__context__
    return None


@lru_cache(maxsize=64)
def _ask(name: str, kind: Literal["model", "dataset"]) -> None:
    """Once a name and process; errors are not kept."""
    from huggingface_hub import HfApi, constants, try_to_load_from_cache
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    try:
        copied = kind == "model" and isinstance(try_to_load_from_cache(name, "config.json"), str)
        if not constants.HF_HUB_OFFLINE:
            HfApi().repo_info(name, repo_type=kind, timeout=ANSWER_S)
    except (GatedRepoError, HFValidationError):
        return  # it exists, or is a path: what it lacks the libraries say at once
    except RepositoryNotFoundError as error:
        raise ConfigurationError(
            f"{name} is neither a folder nor a {kind} on {constants.ENDPOINT}; check the name (a private one needs "
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

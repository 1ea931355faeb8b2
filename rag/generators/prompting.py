"""A request as token ids of a local model, by the template it was trained with, within its window. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rag.domain import GenerationRequest
from rag.errors import ConfigurationError, NotFoundError
from rag.generators.adapters import TEMPLATE, Adapter
from rag.generators.stopping import ModelLimits, fitted
from rag.templates import Template, prompt_text, template

OWN, PLAIN = "own", "plain"


class Prompts:
    """The prompts of one model.

    `own` is the template that an adapter brings with it, else that of the model, else a plain one; any other name or
    file of `rag.templates` holds for all.
    """

    def __init__(self, tokenizer: Any, name: str, limits: ModelLimits, longest: int | None) -> None:  # noqa: ANN401
        """`longest`: tokens that the model takes, if it says so. Raises ConfigurationError."""
        self._tokenizer, self._limits, self._own = tokenizer, limits, name == OWN
        own = getattr(tokenizer, "chat_template", None)
        own = own.get("default") if isinstance(own, dict) else own
        try:
            self._template = template(None, own) if self._own and own else template(PLAIN if self._own else name, None)
        except (ConfigurationError, NotFoundError) as error:
            raise ConfigurationError(f"YIWEN_LOCAL_TEMPLATE is {name!r}: {error}") from error
        self._window = min(limits.context_tokens, longest or limits.context_tokens)
        if self._window <= limits.answer_tokens:
            raise ConfigurationError(
                f"YIWEN_LLM_ANSWER_TOKENS is {limits.answer_tokens}; expected less than the {self._window} that the "
                "model takes, prompt and answer together"
            )

    def of(self, request: GenerationRequest, adapter: Adapter | None) -> tuple[list[int], tuple[str, ...]]:
        """Token ids, and the texts that end the answer.

        Raises DependencyError where system prompt, evidence and question alone do not fit, ConfigurationError for a
        template that fails.
        """
        chosen = self._chosen(adapter)

        def ids(said: Sequence[tuple[str, str]]) -> list[int]:
            text = prompt_text(self._tokenizer, chosen, said)
            found: list[int] = self._tokenizer([text], add_special_tokens=False)["input_ids"][0]
            return found

        said = fitted(request, self._window - self._limits.answer_tokens, lambda said: len(ids(said)))
        return ids(said), (*self._limits.stop, *chosen.stops)

    def _chosen(self, adapter: Adapter | None) -> Template:
        if adapter is None or not self._own:
            return self._template
        try:
            brought = (adapter.folder / TEMPLATE).read_text(encoding="utf-8")
        except FileNotFoundError:
            return self._template
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"the template of the adapter {adapter.name!r} cannot be read; save it again"
            ) from error
        return replace(self._template, name=f"of the adapter {adapter.name}", jinja=brought, stops=())

"""`docker-compose.yml` as Compose would read it: variables filled in, merge keys resolved. No engine is needed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

import yaml

from tests.source_tree import ROOT

FILE = ROOT / "docker-compose.yml"
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<kind>:[-?])(?P<rest>[^{}]*))?\}")


class MissingVariableError(Exception):
    """A variable that the file requires (`${NAME:?why}`) is not set."""


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """`text` with `${NAME}`, `${NAME:-default}` and `${NAME:?why}` filled in; an empty value counts as unset."""

    def value(found: re.Match[str]) -> str:
        given = variables.get(found["name"], "")
        if given:
            return given
        if found["kind"] == ":?":
            raise MissingVariableError(f"{found['name']}: {found['rest']}")
        return found["rest"] or ""

    filled = _VARIABLE.sub(value, text)
    assert "${" not in filled, "a form of variable that this reader does not know"
    return filled


def project(variables: Mapping[str, str]) -> dict[str, Any]:
    """The whole file as one mapping. Comments are no place for variables to be missing, so they are left out."""
    loaded = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {key: _filled(value, variables) for key, value in loaded.items()}


def _filled(value: Any, variables: Mapping[str, str]) -> Any:  # noqa: ANN401 - whatever YAML holds
    if isinstance(value, dict):
        return {key: _filled(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, variables) for item in value]
    return interpolated(value, variables) if isinstance(value, str) else value


def arguments(command: list[str] | str) -> list[str]:
    """A command of either form as the words of which a process is made."""
    return shlex.split(command) if isinstance(command, str) else [str(word) for word in command]


def health_arguments(service: Mapping[str, Any]) -> list[str]:
    """What the health check of `service` runs."""
    kind, *words = service["healthcheck"]["test"]
    return ["/bin/sh", "-c", *words] if kind == "CMD-SHELL" else [str(word) for word in words]

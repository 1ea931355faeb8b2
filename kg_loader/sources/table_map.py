"""The map of a table: a YAML file that says what each column is. Described with an example in docs/data.md.

Every scalar of the YAML is a text, so that `no` and `2020` stay what was written. A key that nobody knows, or that
stands twice, is an error, and every error names the line of the map.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from kg_loader.encodings import open_text
from kg_loader.sources.map_parts import TableMap, relation_info, require_type
from rag.errors import DataError

MAX_MAP = 1 << 20
"""Characters."""
_UNKNOWN_KEY = "extra_forbidden"

Place = tuple[str | int, ...]
"""The keys and numbers that lead to a part of a map."""


def read_map_text(path: Path) -> str:
    """The text of a map, checked. Raises NotFoundError, UsageError, DataError naming the line."""
    with open_text(path, "utf-8-sig") as file:
        text = file.read(MAX_MAP + 1)
    if len(text) > MAX_MAP:
        raise DataError(f"{path}: a map of more than {MAX_MAP} characters is none; look at --map")
    parse_map(text, str(path))
    return text


def parse_map(text: str, where: str) -> TableMap:
    """The map that a YAML text says; `where` names it in messages. Raises DataError."""
    lines: dict[Place, int] = {}
    try:
        node = yaml.compose(text, Loader=_NoAliases)
        content = _plain(node, (), lines) if node is not None else {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DataError(f"{where}: line {mark.line + 1 if mark else 1}: {error.problem or error.context}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise DataError(f"{where}: not YAML: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(content, dict):
        raise DataError(f"{where}: line 1: a map is keys and values, such as `subject: ...`; docs/data.md shows one")
    try:
        found = TableMap.model_validate(content)
    except ValidationError as error:
        raise DataError(_told(where, error, lines)) from None
    for at, message in _misfits(found):
        raise DataError(f"{where}: line {_line(at, lines)}: {message}")
    return found


def _misfits(table_map: TableMap) -> Iterator[tuple[Place, str]]:
    """Facts whose subject is of a type that the relation does not take."""
    for number, fact in enumerate(table_map.facts):
        owner = fact.of or table_map.subject
        for info in map(relation_info, fact.relation.possible()):
            for kind in (owner and owner.types()) or ():
                try:
                    require_type(kind, info.subjects, "a subject", info)
                except ValueError as error:
                    yield ("facts", number), f"facts.{number}: {error}"


class _NoAliases(yaml.SafeLoader):
    """Anchors could unfold a small map without end, and nobody needs them in one."""

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - untyped there
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # its stubs leave this one out
            raise yaml.MarkedYAMLError(problem="a reference (*name) is not allowed", problem_mark=mark)
        return super().compose_node(parent, index)


def _plain(node: yaml.Node, at: Place, lines: dict[Place, int]) -> object:
    """The content with every scalar as text; `lines` gets the line of each part."""
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key that is no text", problem_mark=key.start_mark)
            if key.value in found:
                raise yaml.MarkedYAMLError(problem=f"key {key.value!r} stands twice", problem_mark=key.start_mark)
            lines[(*at, key.value)] = key.start_mark.line + 1
            found[key.value] = _plain(value, (*at, key.value), lines)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, (*at, n), lines) for n, one in enumerate(node.value)]
    return node.value


def _told(where: str, error: ValidationError, lines: Mapping[Place, int]) -> str:
    """The first problem by line, and how many more there are."""
    found = sorted(error.errors(include_url=False), key=lambda problem: _line(problem["loc"], lines))
    problem = next((one for one in found if one["type"] == _UNKNOWN_KEY), found[0])  # the cause of others, mostly
    at = ".".join(str(part) for part in _written(problem["loc"], lines))
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == _UNKNOWN_KEY:
        message = _unknown_key(problem["loc"], lines)
    elif problem["type"] == "missing":
        message = f"{problem['loc'][-1]} is missing"
    elif problem["type"] != "value_error":
        message = f"{message}, given {str(problem['input'])[:60]!r}"
    line = _line(problem["loc"], lines)
    return f"{where}: line {line}: {f'{at}: ' if at else ''}{message}{more}"


def _written(loc: Place, lines: Mapping[Place, int]) -> Place:
    """The part of a location that stands in the file; pydantic also names the branches of a union in it."""
    at: Place = ()
    for part in loc:
        if (*at, part) in lines:
            at = (*at, part)
    return at


def _line(loc: Place, lines: Mapping[Place, int]) -> int:
    return lines.get(_written(loc, lines), 1)


def _unknown_key(loc: Place, lines: Mapping[Place, int]) -> str:
    known = list(_model_at(_written(loc[:-1], lines)).model_fields)
    close = get_close_matches(str(loc[-1]), known, 1, 0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"unknown key; {hint}known are {', '.join(known)}"


def _model_at(at: Place) -> type[BaseModel]:
    model: type[BaseModel] = TableMap
    for part in at:
        field = model.model_fields.get(str(part))
        if field is not None:
            model = next(_models_in(field.annotation), model)
    return model


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)

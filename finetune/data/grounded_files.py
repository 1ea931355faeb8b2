"""Grounded rows as JSON Lines, beside them preferences and the names left out; a file is whole or as it was."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from finetune.data.grounded import KINDS, GroundedOptions, held_out, rows
from rag.errors import ConfigurationError, DataError, NotFoundError
from rag.pipeline import Pipeline
from rag.snapshot.files import storage_errors, write_durably


def write(
    pipeline: Pipeline,
    options: GroundedOptions,
    out: Path,
    *,
    preferences: Path | None = None,
    names: Path | None = None,
    watch: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Makes the rows and writes them; returns counts. DataError if the knowledge base gives none."""
    made = []
    for row in rows(pipeline, options):
        made.append(row)
        watch(len(made))
    if not made:
        raise DataError(
            "the knowledge base gives no row: nothing in it is asked for by finetune/data/grounded_wordings.yaml, or "
            "all of it is held out"
        )
    excluded = held_out(pipeline, options)
    _save(out, (_line(row.dialogue()) for row in made))
    if preferences is not None:
        _save(preferences, (_line(row.preference()) for row in made))
    if names is not None:
        _save(names, excluded)
    kinds = Counter(row.kind for row in made)
    return {"rows": len(made), "kinds": {kind: kinds[kind] for kind in KINDS}, "names_left_out": len(excluded)}


def read_names(path: Path) -> frozenset[str]:
    """Names, one a line. Raises NotFoundError, DataError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotFoundError(f"{path} does not exist; expected names, one a line") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}); expected names in UTF-8, one a line") from error
    return frozenset(filter(None, map(str.strip, text.splitlines())))


def shares_of(given: Sequence[str]) -> Mapping[str, float]:
    """`relevant=0.5` for each kind of row. Raises ConfigurationError."""
    shares: dict[str, float] = {}
    for text in given:
        kind, _, value = text.partition("=")
        with suppress(ValueError):
            shares[kind.strip()] = float(value)
        if shares.get(kind.strip(), -1) < 0 or kind.strip() not in KINDS:
            raise ConfigurationError(
                f"--share {text!r}: expected KIND=NUMBER, such as relevant=0.5, and a kind out of {', '.join(KINDS)}"
            )
    return shares


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


def _save(path: Path, lines: Iterable[str]) -> None:
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, "".join(f"{line}\n" for line in lines).encode())

"""Rows of JSON Lines files as a stage takes them: dialogues, texts, preferences; the model's own template renders them.

`data` of a run: `files` (paths, with an optional licence each), `cutoff`, `packing`, `pack_length`, `validation_rows`,
`validation_seed`.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from finetune.config import Run
from finetune.examples import Examples, Pack, Preferences, Source
from finetune.packs import Tokens, collate
from finetune.schema import build
from rag.errors import DataError, NotFoundError
from rag.snapshot.files import checksum


@dataclass(frozen=True)
class FileConfig:
    """One file."""

    path: Path
    licence: str = ""


@dataclass(frozen=True)
class RowsConfig:
    """The section `data` of a run."""

    files: tuple[FileConfig, ...]
    cutoff: int = 1024
    """Tokens of a row; later ones are left out and counted."""
    packing: bool = True
    pack_length: int = 8192
    validation_rows: int = 0
    validation_seed: int = 0


def examples(run: Run, tokenizer: Any) -> Examples:  # noqa: ANN401 - of transformers
    """Packs for `pt` and `sft`. Raises NotFoundError, DataError that names file and line."""
    config = build(RowsConfig, run.data, "data")
    counts: Counter[str] = Counter()
    cut = [
        document
        for number, (place, row) in enumerate(_rows(config))
        if (document := _tokens(row, place, tokenizer, number, config.cutoff, counts)) is not None
    ]
    random.Random(config.validation_seed).shuffle(cut)
    held_out, kept = cut[: config.validation_rows], cut[config.validation_rows :]
    length = config.pack_length if config.packing else 0
    return Examples(_packed(kept, length), _packed(held_out, length), collate, _sources(config), counts=dict(counts))


def preferences(run: Run, tokenizer: Any) -> Preferences:  # noqa: ANN401 - of transformers
    """Rows for `rm`, `dpo` and `rloo`: `prompt`, `chosen`, `rejected`, each a text or a list of messages."""
    config = build(RowsConfig, run.data, "data")
    rows = [{key: _said(row[key], role) for key, role in _SIDES.items() if row.get(key)} for _, row in _rows(config)]
    random.Random(config.validation_seed).shuffle(rows)
    return Preferences(rows[config.validation_rows :], rows[: config.validation_rows], _sources(config))


_SIDES = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}


def _said(value: object, role: str) -> object:
    """A text is one message."""
    return [{"role": role, "content": value}] if isinstance(value, str) else value


def _rows(config: RowsConfig) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for file in config.files:
        try:
            lines = file.path.read_text(encoding="utf-8-sig").splitlines()
        except FileNotFoundError:
            raise NotFoundError(f"data.files names {file.path}, which does not exist") from None
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{file.path} cannot be read ({error}); expected JSON Lines in UTF-8") from error
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise DataError(f"{file.path}:{number} is no JSON ({error})") from error
            if not isinstance(row, dict):
                raise DataError(f"{file.path}:{number} is no object")
            yield f"{file.path}:{number}", row


def _tokens(
    row: Mapping[str, Any],
    place: str,
    tokenizer: Any,  # noqa: ANN401 - of transformers
    number: int,
    cutoff: int,
    counts: Counter[str],
) -> Tokens | None:
    """None where nothing is left to learn; what is cut or left out is counted."""
    text, spans = (row["text"] + tokenizer.eos_token, None) if "text" in row else _dialogue(row, place, tokenizer)
    found = tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
    ids = np.array(found["input_ids"], np.int32)
    starts = np.array([start for start, _ in found["offset_mapping"]], np.int64)
    learnt = np.ones(len(ids), bool) if spans is None else _inside(starts, spans)
    counts["cut"] += len(ids) > cutoff
    ids, learnt = ids[:cutoff], learnt[:cutoff]
    if not learnt[1:].any():
        counts["nothing left to learn"] += 1
        return None
    return Tokens(ids, learnt, number)


def _inside(starts: np.ndarray[Any, np.dtype[np.int64]], spans: Sequence[tuple[int, int]]) -> Any:  # noqa: ANN401
    learnt = np.zeros(len(starts), bool)
    for begin, end in spans:
        learnt |= (starts >= begin) & (starts < end)
    return learnt


def _dialogue(row: Mapping[str, Any], place: str, tokenizer: Any) -> tuple[str, list[tuple[int, int]]]:  # noqa: ANN401
    """The text of a dialogue and where its answers are, end marks included."""
    messages = row.get("messages") or _alpaca(row)
    if not messages or messages[-1].get("role") != "assistant":
        raise DataError(f"{place} has no answer; expected messages that end with the assistant's, text, or output")
    if not tokenizer.chat_template:
        raise DataError("the model has no chat template; name a tokenizer that has one in model.tokenizer")

    def rendered(number: int, prompt: bool) -> str:
        text: str = tokenizer.apply_chat_template(messages[:number], add_generation_prompt=prompt, tokenize=False)
        return text

    spans = [
        (len(rendered(number, True)), len(rendered(number + 1, False)))
        for number, message in enumerate(messages)
        if message["role"] == "assistant"
    ]
    return rendered(len(messages), False), spans


def _alpaca(row: Mapping[str, Any]) -> list[dict[str, str]]:
    if not row.get("instruction") or not row.get("output"):
        return []
    question = "\n".join(str(row[key]) for key in ("instruction", "input") if row.get(key))
    return [{"role": "user", "content": question}, {"role": "assistant", "content": str(row["output"])}]


def _packed(documents: Sequence[Tokens], length: int) -> list[Pack]:
    """In order; a pack ends before it would grow beyond `length`, and after each row where that is 0."""
    packs: list[list[Tokens]] = []
    room = 0
    for document in documents:
        if len(document.input_ids) > room:
            packs.append([])
            room = length
        packs[-1].append(document)
        room -= len(document.input_ids)
    return list(packs)


def _sources(config: RowsConfig) -> list[Source]:
    """Names, hashes and licences of the files."""
    found = []
    for file in config.files:
        rows = sum(1 for line in file.path.read_bytes().splitlines() if line.strip())
        found.append(Source(file.path.name, checksum(file.path, sha256=True).sha256, rows, file.licence))
    return found

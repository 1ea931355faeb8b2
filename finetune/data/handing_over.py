"""Prepared data as one file, for the other processes of a run: written once, read by each, without pickles."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finetune.data.encode import Encoded
from finetune.data.prepared import Pack, Prepared, PreparedPreferences
from rag.snapshot.files import storage_errors


def write(made: Prepared | PreparedPreferences, path: Path) -> None:
    """What is trained and judged on; origins, losses and schedule stay with whoever prepared. Raises StorageError."""
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez(file, **(_packs(made) if isinstance(made, Prepared) else _rows(made)))


def read(path: Path) -> Prepared | PreparedPreferences:
    """The same documents in the same packs, each row told apart as before."""
    with np.load(path, allow_pickle=False) as found:
        if "rows" in found:
            said = json.loads(found["rows"].tobytes())
            return PreparedPreferences(said["train"], said["held_out"])
        parts = {name: found[name] for name in found.files}
    ends = np.cumsum(parts["lengths"])
    documents = [
        Encoded(parts["ids"][end - length : end], parts["learnt"][end - length : end], int(row))
        for end, length, row in zip(ends, parts["lengths"], parts["numbers"], strict=True)
    ]
    train, held_out = (
        _packed(documents, parts[f"{name}_documents"], parts[f"{name}_sizes"]) for name in ("train", "held_out")
    )
    return Prepared(train, held_out, ordered=bool(parts["ordered"]), fill=float(parts["fill"]))


def _rows(made: PreparedPreferences) -> Mapping[str, Any]:
    said = json.dumps({"train": list(made.train), "held_out": list(made.held_out)}, ensure_ascii=False)
    return {"rows": np.frombuffer(said.encode(), np.uint8)}


def _packs(made: Prepared) -> Mapping[str, Any]:
    """Each document once, however often it is learnt; packs as numbers of documents."""
    known = {id(one): one for pack in (*made.train, *made.held_out) for one in pack}
    unique, place = list(known.values()), {key: n for n, key in enumerate(known)}
    return {
        "ids": np.concatenate([one.input_ids for one in unique]),
        "learnt": np.concatenate([one.supervised for one in unique]),
        "lengths": np.array([len(one) for one in unique], np.int64),
        "numbers": np.array([one.row for one in unique], np.int64),
        **_numbered("train", made.train, place),
        **_numbered("held_out", made.held_out, place),
        "ordered": np.array(made.ordered),
        "fill": np.array(made.fill),
    }


def _numbered(name: str, packs: Sequence[Pack], place: Mapping[int, int]) -> dict[str, NDArray[np.int64]]:
    return {
        f"{name}_documents": np.array([place[id(one)] for pack in packs for one in pack], np.int64),
        f"{name}_sizes": np.array([len(pack) for pack in packs], np.int64),
    }


def _packed(documents: Sequence[Encoded], numbers: NDArray[np.int64], sizes: NDArray[np.int64]) -> list[Pack]:
    ends = np.cumsum(sizes)
    return [[documents[n] for n in numbers[end - size : end]] for end, size in zip(ends, sizes, strict=True)]

"""One process of each machine prepares the data; the others wait and read what it made.

Eight processes would tokenise the same rows eight times, side by side in the memory of one machine.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from finetune.arguments import arguments
from finetune.config import Run
from finetune.data.handing_over import read, write
from rag.errors import DataError, MissingExtraError, YiwenError

try:
    from torch import distributed
except ImportError as error:
    raise MissingExtraError("training needs torch and transformers: pip install 'yiwen[train]'") from error

_LONGEST = timedelta(days=1)
"""That preparing may take; the usual timeout of a group would end a run on much data."""


def is_first(run: Run) -> bool:
    """Whether this process is the one that writes and reports."""
    return bool(arguments(run, 1, held_out=False).process_index == 0)


def once(run: Run, prepare: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the stage takes
    """What `prepare` makes, in every process. Where it fails all of them raise: its error, and DataError elsewhere."""
    processes = arguments(run, 1, held_out=False)  # joins the group that `torchrun` or `accelerate` began
    if processes.world_size == 1:
        return prepare()
    group = distributed.new_group(backend="gloo", timeout=_LONGEST)
    place = run.out.with_name(f".{run.out.name}.{platform.node()}.prepared")
    first, made, fault = processes.local_process_index == 0, None, None
    if first:
        try:
            made = prepare()
            write(made, place)
        except YiwenError as error:
            fault = error
    try:
        _wait_for(group, processes.world_size, fault)
        made = made if first else read(place)
        distributed.barrier(group)
    finally:
        if first:
            place.unlink(missing_ok=True)
    return made


def _wait_for(group: Any, number: int, fault: YiwenError | None) -> None:  # noqa: ANN401 - a group of processes
    faults: list[str | None] = [None] * number
    distributed.all_gather_object(faults, str(fault) if fault is not None else None, group=group)
    if fault is not None:
        raise fault
    if any(faults):
        raise DataError("another process could not prepare the data; its message says why")

"""Processes beside that of the tests, forked from one that has imported the libraries already: that takes seconds.

What they run has to be a function of a module; it finds the environment that `torchrun` gives to its workers.
"""

from __future__ import annotations

import multiprocessing
import os
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

import pytest

from tests.ports import free_port
from tests.source_tree import ROOT

PATIENCE_S = 400
"""For a machine that has other work; nothing waits for it where all is well."""
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["finetune.execute", "finetune.stages.packed"])


_GIVEN = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
"""To children: this source tree, one thread, no GPU."""


def environment() -> dict[str, str]:
    """Of a command."""
    return {**os.environ, **_GIVEN}


def start(target: Callable[..., object], *arguments: object) -> ForkServerProcess:
    """A process that runs `target` by itself."""
    child = _CONTEXT.Process(target=target, args=arguments, daemon=True)
    with pytest.MonkeyPatch.context() as patch:  # the process that forks is started with the first child
        for name, value in _GIVEN.items():
            patch.setenv(name, value)
        child.start()
    return child


def ranks(target: Callable[..., Any], *arguments: object, number: int = 2) -> list[Any]:
    """What `target` returns in each rank of one node. Raises RuntimeError with what one of them raised."""
    given = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": str(number)}
    given |= {"LOCAL_WORLD_SIZE": str(number)}
    pipes = [_CONTEXT.Pipe(duplex=False) for _ in range(number)]
    children = [
        start(_rank, given | {"RANK": str(n), "LOCAL_RANK": str(n)}, sender, target, arguments)
        for n, (_, sender) in enumerate(pipes)
    ]
    try:
        said = [_said(receiver) for receiver, _ in pipes]
    finally:
        for child in children:
            child.join(10)
            child.kill()
    faults = [fault for fault, _ in said if fault is not None]
    if faults:
        raise RuntimeError("\n".join(faults))
    return [found for _, found in said]


def _said(receiver: Connection) -> tuple[str | None, Any]:
    if not receiver.poll(PATIENCE_S):
        return f"a rank said nothing for {PATIENCE_S} s", None
    fault, found = receiver.recv()
    return fault, found


def _rank(given: dict[str, str], sender: Connection, target: Callable[..., Any], arguments: tuple[object, ...]) -> None:
    os.environ.update(given)
    try:
        sender.send((None, target(*arguments)))
    except BaseException:  # whatever it is, the test is told
        sender.send((traceback.format_exc(), None))
    sender.close()
    os._exit(0)  # threads of gloo that still wait would end the process with an error

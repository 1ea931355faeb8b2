"""Processes that die where they are told, forked from one that has loaded everything: loading takes them most time.

`python -m tests.crash.forking` reads orders, a JSON object in each line, and says of each how its process ended.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, NoReturn

from tests.crash import child, erasing, live_child
from tests.source_tree import ROOT

DEEDS: Mapping[str, Callable[..., None]] = {
    "publish": child.run, "erase": erasing.run, "ingest": live_child.run,
}  # fmt: skip
LONGEST_S = 120
"""After which a process that hangs is ended by its alarm, and so in another way than a test asks for."""


class Forking:
    """The process that forks, for the one who gives orders."""

    def __init__(self, orders: IO[str], told: IO[str]) -> None:
        self._orders, self._told = orders, told

    def ended(
        self, deed: str, *arguments: object, kill_after: float | None = None, environment: Mapping[str, str] = {}
    ) -> int:
        """The exit code of a process that does `deed`, or less than 0: the signal that ended it."""
        order = {
            "deed": deed, "arguments": [str(one) for one in arguments], "kill_after": kill_after,
            "environment": dict(environment),
        }  # fmt: skip
        self._orders.write(json.dumps(order) + "\n")
        self._orders.flush()
        return int(self._told.readline())

    def killed(
        self, deed: str, *arguments: object, kill_after: float | None = None, environment: Mapping[str, str] = {}
    ) -> bool:
        """Whether it was killed, and did not end in another way."""
        return self.ended(deed, *arguments, kill_after=kill_after, environment=environment) == -signal.SIGKILL


@contextmanager
def forking() -> Iterator[Forking]:
    """A process that forks, until the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-m", __name__], cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        yield Forking(process.stdin, process.stdout)


def _end_of(order: Mapping[str, Any]) -> int:
    """How a process ended; it and whatever it forked are gone then."""
    receiving, sending = os.pipe()
    process = os.fork()
    if process == 0:
        os.dup2(sending, 1)
        _do(order)
    os.close(sending)
    if order["kill_after"] is not None:
        time.sleep(order["kill_after"])
        os.kill(process, signal.SIGKILL)  # nobody has waited for it yet: the number is still its own
    with open(receiving, "rb") as said:
        said.read()  # until nobody holds the other end
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _do(order: Mapping[str, Any]) -> NoReturn:
    """In the new process."""
    code = 1
    try:
        signal.alarm(LONGEST_S)
        os.environ.update(order["environment"])
        DEEDS[order["deed"]](*order["arguments"])
        code = 0
    except Exception:
        traceback.print_exc()
    os._exit(code)


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(f"{_end_of(json.loads(line))}\n")
        sys.stdout.flush()

"""Values made in a process of their own while the one before is put to use."""

from __future__ import annotations

import ctypes
import gc
import marshal
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import IO, Any, NoReturn, TypeVar, cast

T = TypeVar("T")
_PR_SET_PDEATHSIG = 1
"""Linux: the signal that this process gets when its parent is gone, however that ended."""
SMALL = 1 << 20
"""Bytes; reading fewer takes hardly longer than making a copy of the process."""
_LENGTH = 8
"""Bytes that tell how long the value behind them is; a length of 0 is the end."""


@contextmanager
def ahead(values: Iterable[T], size: int) -> Iterator[Iterator[T]]:
    """The values, plain ones (numbers, texts, tuples, lists, dicts); a copy of this process begins to make them now.

    The copy ends with the block. Values are made here, one by one, where the `size` bytes that they are made of are not
    worth a copy, where there is no processor to spare, or where a copy is unsafe: beside other threads, or on another
    system than Linux. So are those that a copy left out because it was ended, or because making one failed: then it
    fails here too, as itself. Making them must use no database connection made before, and may open only files of
    databases that nobody writes to, as immutable.
    """
    if size < SMALL or not _can_copy():
        yield iter(values)
        return
    receiving, sending = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # idle threads of numpy's libraries; none is Python's
        process = os.fork()
    if process == 0:
        _make(values, sending)
    os.close(sending)
    try:
        with open(receiving, "rb") as stream:
            yield _received(stream, values)
    finally:
        # Whoever started this process may have had ended children reaped at once.
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def _can_copy() -> bool:
    return sys.platform == "linux" and threading.active_count() == 1 and len(os.sched_getaffinity(0)) > 1


def _received(stream: IO[bytes], values: Iterable[T]) -> Iterator[T]:
    count = 0
    while len(head := stream.read(_LENGTH)) == _LENGTH:
        length = int.from_bytes(head, "little")
        if not length:
            return
        if len(told := stream.read(length)) < length:
            break
        yield cast(T, marshal.loads(told))  # from our own copy, through a pipe that nobody else holds
        count += 1
    yield from islice(values, count, None)


def _make(values: Iterable[T], sending: int) -> NoReturn:
    """In the copy: hand over what is made, and end without any farewell."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other one, which ends this one
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.closerange(3, sending)  # among them the lock: it must be free as soon as the other one is gone
        os.closerange(sending + 1, os.sysconf("SC_OPEN_MAX"))
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        gc.freeze()  # looking through what both share would copy it
        with open(sending, "wb") as stream:
            for value in values:
                told = marshal.dumps(cast(Any, value))
                stream.write(len(told).to_bytes(_LENGTH, "little"))
                stream.write(told)
                stream.flush()
            stream.write(bytes(_LENGTH))
    finally:
        os._exit(0)  # what went wrong goes wrong again where somebody can be told

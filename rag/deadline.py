"""Time: when to stop, and what each step took."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class Stop(threading.Event):
    """What a generator watches: the caller's `cancel`, and a deadline in seconds from now."""

    def __init__(self, cancel: threading.Event, timeout_s: float) -> None:
        super().__init__()
        self._cancel = cancel
        self._deadline = time.monotonic() + timeout_s

    @property
    def cancelled(self) -> bool:
        """The caller wants no more."""
        return self._cancel.is_set()

    @property
    def late(self) -> bool:
        """The deadline is over."""
        return time.monotonic() >= self._deadline

    def is_set(self) -> bool:
        """Either of both."""
        return self.cancelled or self.late

    def wait(self, timeout: float | None = None) -> bool:
        """Until either, at most `timeout` seconds."""
        left = max(0.0, self._deadline - time.monotonic())
        self._cancel.wait(left if timeout is None else min(left, timeout))
        return self.is_set()

    def unhurried(self) -> Stop:
        """The same without a deadline."""
        return Stop(self._cancel, threading.TIMEOUT_MAX / 2)

    def only_cancel(self) -> threading.Event:
        """The caller's own."""
        return self._cancel


class Clock:
    """Milliseconds of each step."""

    def __init__(self, timings: dict[str, float]) -> None:
        self._timings = timings
        self._last = time.perf_counter()

    def lap(self, step: str) -> None:
        """The step that ends now took the time since the last one ended."""
        now = time.perf_counter()
        self._timings[step] = round((now - self._last) * 1000, 3)
        self._last = now


def within(call: Callable[[], T], timeout_s: float, *, name: str = "yiwen-within") -> T:
    """What `call` gives or raises, in at most `timeout_s` seconds; then TimeoutError, and the call goes on unheard.

    A thread of its own each time (0.1 ms): one that hangs blocks neither the next call nor the end of the process.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(call())
        except BaseException as error:  # whatever it is belongs to the caller
            done.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return done.result(max(0.0, timeout_s))

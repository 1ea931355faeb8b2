"""A circuit breaker: something outside that keeps failing is left alone until a probe finds it well."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from rag.errors import DependencyError, StaleGraphError

_LOG = logging.getLogger(__name__)


def _in_background(run: Callable[[], None]) -> None:
    threading.Thread(target=run, name="yiwen-probe", daemon=True).start()


class Breaker:
    """Lets nobody through after `opens_after` failures in a row, until `probe` has succeeded.

    `probe` runs beside the questions, at most once in `probe_s` seconds, and may take its time: a server that has just
    started compiles its queries for longer than a question may wait. `on_open` is called at each failure that leaves
    the breaker open: a chance to let go of what hangs. After a probe one failure opens it again: what answers a probe
    need not do its work. `what` and `instead` are words of the log.
    """

    def __init__(
        self,
        probe: Callable[[], None] = lambda: None,
        on_open: Callable[[], None] = lambda: None,
        *,
        what: str = "the live graph",
        instead: str = "snapshots answer",
        opens_after: int = 3,
        probe_s: float = 10.0,
        now: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], None] = _in_background,
    ) -> None:
        self._probe, self._start = probe, start
        self._what, self._instead = what, instead
        self._on_open, self._opens_after, self._probe_s, self._now = on_open, opens_after, probe_s, now
        self._guard = threading.Lock()
        self._failures = 0
        self._next_probe = 0.0
        self._probing = False

    def admits(self) -> bool:
        """Whether to try; while open nobody, but whoever asks when it is time starts a probe."""
        with self._guard:
            if self._failures < self._opens_after:
                return True
            if self._probing or self._now() < self._next_probe:
                return False
            self._probing = True
        self._start(self._try)
        return False

    def look(self) -> None:
        """Probe now, open or not, unless a probe is under way: something has changed out there."""
        with self._guard:
            if self._probing:
                return
            self._probing = True
        self._start(self._try)

    def is_open(self) -> bool:
        """Whether nobody is let through."""
        with self._guard:
            return self._failures >= self._opens_after

    def _try(self) -> None:
        """One probe. A server that answers, though with another version, is well."""
        try:
            self._probe()
        except StaleGraphError:
            self._found_well()
        except DependencyError as error:
            self.failed(error)
        else:
            self._found_well()
        finally:
            with self._guard:
                self._probing = False

    def _found_well(self) -> None:
        was_open = self.is_open()
        self.succeeded()
        if was_open:
            with self._guard:
                self._failures = self._opens_after - 1

    def succeeded(self) -> None:
        """Closed again."""
        with self._guard:
            if self._failures >= self._opens_after:
                _LOG.warning("%s answers again", self._what)
            self._failures = 0

    def failed(self, error: Exception) -> None:
        """One more failure; the first that opens it is logged."""
        with self._guard:
            self._failures += 1
            opened = self._failures >= self._opens_after
            if opened:
                self._next_probe = self._now() + self._probe_s
            if self._failures == self._opens_after:
                _LOG.warning("%s is left alone for a while, %s: %s", self._what, self._instead, error)
        if opened:
            self._on_open()

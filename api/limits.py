"""Token buckets in memory: each process limits what it sees."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

_MOST = 10_000
"""As many names are remembered; the one not seen for longest is forgotten first."""


class Buckets:
    """A bucket a name: `burst` requests at once, `per_minute` in the long run; 0 is no limit. For one thread."""

    def __init__(self, per_minute: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s, self._burst, self._now = per_minute / 60, burst, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> int:
        """0 if a request of `name` may go on, else the whole seconds until one may."""
        if not self._per_s:
            return 0
        now = self._now()
        left, then = self._left.pop(name, (float(self._burst), now))
        left = min(float(self._burst), left + (now - then) * self._per_s)
        granted = left >= 1
        self._left[name] = (left - granted, now)
        if len(self._left) > _MOST:
            self._left.popitem(last=False)
        return 0 if granted else math.ceil((1 - left) / self._per_s)

"""Token buckets in memory: how often one visitor may do a thing."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

KEPT = 10_000
"""Visitors remembered; the one longest unseen is forgotten first, so that memory stays bounded."""


class Buckets:
    """`burst` times at once, then `per_second` times a second, for each name.

    >>> posts = Buckets(burst=20, per_second=1)
    >>> posts.take("visitor-1")
    True
    """

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> bool:
        """Take one token; False when there is none."""
        now = self._clock()
        level, since = self._levels.pop(name, (float(self._burst), now))
        level = min(self._burst, level + (now - since) * self._per_second)
        allowed = level >= 1
        self._levels[name] = (level - allowed, now)
        if len(self._levels) > KEPT:
            self._levels.popitem(last=False)
        return allowed

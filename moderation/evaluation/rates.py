"""Shares with their intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable

from moderation.types import Noun

Z = 1.959964
"""The normal quantile of a 95 % interval."""
FEW = 200
"""Rows below which a share is shown with its interval."""


class Rate(Noun):
    """`hits` of `rows`, as a share with Wilson's 95 % interval (Wilson 1927); `share` is None without rows."""

    hits: int
    rows: int
    share: float | None
    low: float
    high: float

    def decimal(self) -> str:
        """`0.87`; of few rows `0.87 (0.61-0.97)`."""
        return self._shown(2, 1, "")

    def percent(self) -> str:
        """`0.87 %`; of few rows `3.1 (0.7-9.1) %`."""
        return self._shown(1 if self.rows < FEW else 2, 100, " %")

    def bare_percent(self) -> str:
        """`0.87 %`, however few the rows."""
        return "–" if self.share is None else f"{self.share:.2%}".replace("%", " %")

    def _shown(self, digits: int, scale: int, unit: str) -> str:
        if self.share is None:
            return "–"
        shown = f"{scale * self.share:.{digits}f}"
        if self.rows < FEW:
            shown += f" ({scale * self.low:.{digits}f}-{scale * self.high:.{digits}f})"
        return shown + unit


def rate(hits: int, rows: int) -> Rate:
    """The share of `hits` in `rows`."""
    if not rows:
        return Rate(hits=0, rows=0, share=None, low=0.0, high=1.0)
    low, high = wilson(hits / rows, rows)
    return Rate(hits=hits, rows=rows, share=hits / rows, low=low, high=high)


def wilson(share: float, rows: float) -> tuple[float, float]:
    """The 95 % interval of a share of so many rows; of weighted ones, of as many as they are worth. It always holds the
    share, which rounding would otherwise put beside an interval that ends at 0 or 1."""
    square = Z * Z
    centre = (share + square / (2 * rows)) / (1 + square / rows)
    half = Z * math.sqrt(share * (1 - share) / rows + square / (4 * rows * rows)) / (1 + square / rows)
    return min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))


def counted(flags: Iterable[bool]) -> Rate:
    """The share of the true ones."""
    held = list(flags)
    return rate(sum(held), len(held))

"""How much the shares of two groups differ when their rows come from several sources."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from moderation.evaluation.rates import Rate, Z, rate
from moderation.types import Noun

Estimate = tuple[float, float, float]
"""A value with its 95 % interval."""


class Stratum(NamedTuple):
    """One source: hits and rows of the group, and of the others."""

    hits: int
    rows: int
    other_hits: int
    other_rows: int


class Gap(Noun):
    """A group against others, on one kind of message: the `difference` of the shares flagged, and their `ratio`.

    Mantel and Haenszel's estimates over sources, so that a group is compared with others of its own source, with the
    intervals of Greenland and Robins (1985). None where the rows cannot tell: no source holds both, or no hits.
    `inside` and `others` are the plain shares over the sources that hold both.
    """

    on: str
    lang: str
    group: str
    against: str
    inside: Rate
    others: Rate
    difference: Estimate | None
    ratio: Estimate | None

    def shown(self) -> tuple[str, str]:
        """Difference in points and ratio, with their intervals."""
        points = "–" if self.difference is None else "{:+.1f} ({:+.1f} to {:+.1f})".format(*in_points(self.difference))
        ratio = "–" if self.ratio is None else "{:.2f} ({:.2f}-{:.2f})".format(*self.ratio)
        return points, ratio


def in_points(values: Iterable[float]) -> list[float]:
    """Shares as percentage points."""
    return [100 * value for value in values]


def gap(on: str, lang: str, group: str, against: str, strata: Sequence[Stratum]) -> Gap:
    """Compare a group with others. Sources without rows of either are left out."""
    both = [one for one in strata if one.rows and one.other_rows]
    return Gap(
        on=on,
        lang=lang,
        group=group,
        against=against,
        inside=rate(sum(one.hits for one in both), sum(one.rows for one in both)),
        others=rate(sum(one.other_hits for one in both), sum(one.other_rows for one in both)),
        difference=difference(both),
        ratio=ratio(both),
    )


def difference(strata: Sequence[Stratum]) -> Estimate | None:
    """The pooled difference of shares with its interval; None without rows."""
    weights = [one.rows * one.other_rows / (one.rows + one.other_rows) for one in strata]
    whole = sum(weights)
    if not whole:
        return None
    value = sum(
        weight * (one.hits / one.rows - one.other_hits / one.other_rows)
        for weight, one in zip(weights, strata, strict=True)
    )
    spread = sum(
        weight**2 * (spread_of(one.hits, one.rows) + spread_of(one.other_hits, one.other_rows))
        for weight, one in zip(weights, strata, strict=True)
    )
    value, half = value / whole, Z * math.sqrt(spread) / whole
    return value, value - half, value + half


def spread_of(hits: int, rows: int) -> float:
    """The variance of a share, with half a hit added to either side: no hits at all are not a certainty."""
    share = (hits + 0.5) / (rows + 1)
    return share * (1 - share) / rows


def ratio(strata: Sequence[Stratum]) -> Estimate | None:
    """The pooled ratio of shares with its interval; None when either side has no hits."""
    above = sum(one.hits * one.other_rows / (one.rows + one.other_rows) for one in strata)
    below = sum(one.other_hits * one.rows / (one.rows + one.other_rows) for one in strata)
    if not above or not below:
        return None
    spread = 0.0
    for one in strata:
        rows, hits = one.rows + one.other_rows, one.hits + one.other_hits
        spread += (hits * one.rows * one.other_rows - one.hits * one.other_hits * rows) / rows**2
    half = Z * math.sqrt(spread / (above * below))
    value = above / below
    return value, value * math.exp(-half), value * math.exp(half)

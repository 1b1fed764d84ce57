"""From which confidence on answers may be given so that few are wrong: a promise with a stated certainty.

Learn then Test (Angelopoulos et al. 2021) for answers that are given or not: the thresholds are tested one after the
other, the strictest first, each by the exact upper bound of its share of wrong answers (Clopper and Pearson 1934), and
the first that fails ends it. Tests in a fixed order need no correction for their number. The order begins where enough
is answered for a test to pass; that looks at counts alone, and is exact where a more confident answer is not more often
wrong. The promise is for questions drawn as the calibrating ones were.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

GRID = np.arange(100, -1, -1) / 100
"""The thresholds that are tested, the strictest first."""
RISKS = np.arange(1, 200) / 200
"""The risks among which the lowest that can be promised is looked for."""


class Draft(NamedTuple):
    """An answer that could be given: its confidence in [0, 1], and whether it is wrong."""

    confidence: float
    wrong: bool


class Promise(NamedTuple):
    """From `threshold` on `answered` of the calibrating drafts are given and `wrong` of them are wrong; the true share
    of wrong ones is at most `bound`."""

    threshold: float
    answered: int
    wrong: int
    bound: float


def upper(wrong: ArrayLike, answered: ArrayLike, sure: float) -> NDArray[np.float64]:
    """The upper end of Clopper and Pearson's one-sided interval with confidence `sure`; 1 where nothing is answered."""
    held, given = np.asarray(wrong, np.float64), np.asarray(answered, np.float64)
    some = np.maximum(given - held, 1)
    bound: NDArray[np.float64] = np.where(held >= given, 1.0, betaincinv(held + 1, some, sure))
    return bound


def promise(drafts: Sequence[Draft], risk: float, sure: float) -> Promise | None:
    """The lowest threshold at which, with confidence `sure`, at most the share `risk` of the answers is wrong.

    None when no threshold reaches that, as when nothing is answered.
    """
    first = fewest(len(drafts), risk, sure)
    if first is None:
        return None
    scores = np.array([draft.confidence for draft in drafts])
    given = scores >= GRID[:, None]
    answered = given.sum(axis=1)
    wrong = (given & np.array([draft.wrong for draft in drafts])).sum(axis=1)
    bounds = upper(wrong, answered, sure)
    tested = np.flatnonzero(answered >= first)
    passed = np.cumprod(bounds[tested] <= risk).sum()
    if not passed:
        return None
    last = tested[passed - 1]
    return Promise(float(GRID[last]), int(answered[last]), int(wrong[last]), float(bounds[last]))


def fewest(most: int, risk: float, sure: float) -> int | None:
    """Answers from which on thresholds are tested: the fewest of `most` that pass with one wrong among them, so that
    one bad answer among the surest does not end it; else the fewest that pass at all. None when none do."""
    counts = np.arange(1, most + 1)
    for wrong in (1, 0):
        enough = counts[upper(wrong, counts, sure) <= risk]
        if enough.size:
            return int(enough[0])
    return None


def lowest_risk(drafts: Sequence[Draft], sure: float) -> float | None:
    """The lowest of RISKS that can be promised, or None."""
    return next((float(risk) for risk in RISKS if promise(drafts, float(risk), sure)), None)

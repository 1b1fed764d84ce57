"""Fits the confidence (`bot/answering/confidence.py`) to questions that were asked: which signs a right reading has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from bot.answering.confidence import Signs, Weights
from bot.evaluation.asking import Labelled
from bot.evaluation.figures import calibrating
from bot.evaluation.houses import SET_HOUSE, SHOPS_HOUSE
from bot.evaluation.report import Report
from moderation.errors import XiaoerError

FITTED = (SET_HOUSE, SHOPS_HOUSE)
"""Houses whose halves are fitted to; a folder of someone's own is never."""
FEWEST = 50
"""Right readings, and wrong ones, below which nothing can be learnt."""


class FitError(XiaoerError):
    """Too little was asked to fit a confidence."""


def readings(report: Report, seed: int) -> list[Labelled]:
    """All drafts of the calibrating halves of FITTED, and whether each was right."""
    found: list[Labelled] = []
    for house in FITTED:
        mine = [one for one in report.asked if one.house == house]
        held = calibrating(mine, seed)
        found += [draft for one in mine if one.question.context in held for draft in one.drafts]
    return found


def fit(readings: Sequence[tuple[Signs, bool]]) -> Weights:
    """The logistic regression (L2, C = 1, on standardised signs) of readings that were right or not.

    Raises FitError when there are too few of either.
    """
    signs = np.array([list(one) for one, _ in readings], dtype=np.float64)
    right = np.array([good for _, good in readings], dtype=np.bool_)
    if min(right.sum(), (~right).sum(), len(right)) < FEWEST:
        raise FitError(
            f"{len(right)} readings, {int(right.sum())} of them right: at least {FEWEST} right and as many wrong ones "
            "are needed; evaluate with a larger --sample"
        )
    scaler = StandardScaler().fit(signs)
    learnt = LogisticRegression(C=1.0, max_iter=1000).fit(scaler.transform(signs), right)
    of = learnt.coef_[0] / scaler.scale_
    return Weights(float(learnt.intercept_[0] - of @ scaler.mean_), tuple(map(float, of)))


def write(weights: Weights, out: Path) -> None:
    """Writes the weights as `bot/answering/confidence.json` holds them."""
    named = {name: round(weight, 4) for name, weight in zip(Signs._fields, weights.of, strict=True)}
    out.write_text(json.dumps({"bias": round(weights.bias, 4), "weights": named}, indent=1) + "\n", "utf-8")

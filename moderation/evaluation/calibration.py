"""Whether a score of 0.3 is right three times in ten: calibration error, Brier score, reliability.

Scores are calibrated for a declared share of bad messages and not for the share that the dev rows happen to hold. So
positives and negatives are weighed to the declared share before anything is measured, per clause and language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from moderation.evaluation.judged import LANGS, Judged, unseen
from moderation.evaluation.rates import wilson
from moderation.evaluation.tables import Table
from moderation.training.corpus import assumed_share
from moderation.types import Noun

BINS = 15
TENTHS = 10
FEWEST = 10
"""Positives and negatives below which calibration is not measured."""

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


class Tenth(Noun):
    """The rows whose scores lie in one tenth of [0, 1]: their mean score, and the share of them that is truly bad
    with its 95 % interval. `mass` is their part of all rows, as weighed."""

    score: float
    share: float
    low: float
    high: float
    mass: float
    rows: int


class Calibration(Noun):
    """One clause in one language. `share` is the part of positives in the rows, `declared` the one weighed to.

    `ece` is the expected calibration error over 15 bins of equal mass (Guo et al. 2017; equal mass: Nixon et al.
    2019), `ece_unweighted` the same as the rows stand, `ece_unseen` that of sources without a part in training or
    None where they are too few. `brier` is the mean squared error, `skill` the part by which it is below that
    of the declared share as everybody's score.
    """

    clause: str
    lang: str
    rows: int
    positives: int
    share: float
    declared: float
    ece: float
    ece_unweighted: float
    ece_unseen: float | None
    brier: float
    skill: float
    tenths: tuple[Tenth, ...]


def declared_shares(clauses: Iterable[str]) -> dict[str, float]:
    """The share of bad messages for which training calibrates each clause."""
    return {clause: assumed_share(clause) for clause in clauses}


def calibrations(judged: Sequence[Judged], declared: Mapping[str, float]) -> Iterable[Calibration]:
    """Per clause and language with at least ten rows of either truth."""
    for clause, share in declared.items():
        for lang in LANGS:
            known = [item for item in judged if item.row.lang == lang and clause in item.row.truth]
            scores, truths = columns(known, clause)
            if enough(truths):
                apart = columns([item for item in known if unseen(item.row)], clause)
                yield calibration(clause, lang, scores, truths, share, apart)


def columns(items: Sequence[Judged], clause: str) -> tuple[Floats, Truths]:
    scores = np.array([item.verdict.scores[clause] for item in items], dtype=np.float64)
    return scores, np.array([item.row.truth[clause] for item in items], dtype=np.bool_)


def enough(truths: Truths) -> bool:
    return bool(min(truths.sum(), (~truths).sum()) >= FEWEST)


def calibration(
    clause: str, lang: str, scores: Floats, truths: Truths, declared: float, apart: tuple[Floats, Truths]
) -> Calibration:
    weights = weighed(truths, declared)
    brier = float(np.average((scores - truths) ** 2, weights=weights))
    return Calibration(
        clause=clause,
        lang=lang,
        rows=len(truths),
        positives=int(truths.sum()),
        share=float(truths.mean()),
        declared=declared,
        ece=ece(scores, truths, weights),
        ece_unweighted=ece(scores, truths, np.ones(len(truths))),
        ece_unseen=ece(*apart, weighed(apart[1], declared)) if enough(apart[1]) else None,
        brier=brier,
        skill=1 - brier / (declared * (1 - declared)),
        tenths=tuple(tenths(scores, truths, weights)),
    )


def weighed(truths: Truths, share: float) -> Floats:
    """A weight per row, so that the positives make up this share of the whole; on average one."""
    base = truths.mean() if len(truths) else share
    return np.where(truths, share / max(base, 1e-12), (1 - share) / max(1 - base, 1e-12))


def ece(scores: Floats, truths: Truths, weights: Floats, bins: int = BINS) -> float:
    """The mean distance of score and truth over bins of equal mass; equal scores share a bin."""
    unique, place = np.unique(scores, return_inverse=True)
    mass = np.bincount(place, weights, minlength=len(unique))
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    of_row = np.minimum((middle * bins).astype(np.int64), bins - 1)[place]
    off = np.bincount(of_row, weights * (scores - truths))
    return float(np.abs(off).sum() / weights.sum())


def tenths(scores: Floats, truths: Truths, weights: Floats) -> Iterable[Tenth]:
    """The tenths of [0, 1] that hold at least ten rows."""
    of_row = np.minimum((scores * TENTHS).astype(np.int64), TENTHS - 1)
    for tenth in range(TENTHS):
        inside = of_row == tenth
        if inside.sum() >= FEWEST:
            mine = weights[inside]
            share = float(np.average(truths[inside], weights=mine))
            low, high = wilson(share, float(mine.sum() ** 2 / (mine**2).sum()))
            yield Tenth(
                score=float(np.average(scores[inside], weights=mine)),
                share=share,
                low=low,
                high=high,
                mass=float(mine.sum() / weights.sum()),
                rows=int(inside.sum()),
            )


def calibration_table(figures: Iterable[Calibration]) -> Table:
    rows = tuple(
        (
            one.clause,
            one.lang,
            str(one.rows),
            str(one.positives),
            f"{one.share:.1%}",
            f"{one.declared:.0%}",
            f"{one.ece:.3f}",
            f"{one.ece_unweighted:.3f}",
            "–" if one.ece_unseen is None else f"{one.ece_unseen:.3f}",
            f"{one.brier:.3f}",
            f"{one.skill:.2f}",
        )
        for one in figures
    )
    note = (
        f"Of the judge's scores, rules and all. ECE: {BINS} bins of equal mass (Guo et al. 2017, Nixon et al. 2019), "
        "rows weighed so that the declared share of them is bad, for which the scores are calibrated; a calm group "
        "has fewer, and there the scores are too high. Unweighted: as the rows stand. Unseen: sources without a part "
        "in training. Skill: how far Brier is below that of one score for all. The dev rows with a licence served to "
        "calibrate, so their figures are a little kind."
    )
    columns = (
        "clause", "lang", "rows", "positives", "share", "declared",
        "ECE", "ECE unweighted", "ECE unseen", "Brier", "skill",
    )  # fmt: skip
    return Table("Calibration", note, columns, rows)

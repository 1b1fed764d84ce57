"""How far blind second looks agree with the first decision: shares, and Cohen's kappa with its interval.

Kappa is the agreement beyond chance, (observed - expected) / (1 - expected), with the chance taken from each side's own
shares: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20 (1960),
37-46, doi:10.1177/001316446002000104. Where both sides use one and the same label alone, chance agrees always and kappa
is not defined: it is None then, and the share of agreement has to speak.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moderation.evaluation.rates import Rate, counted
from moderation.types import ENFORCING, Action, Case

LOOKED_AT: tuple[Action, ...] = ("dismiss", *ENFORCING)
"""What a first decision and a second look can be."""
RESAMPLES = 2000
SEED = 20
"""Fixed, so that the same cases always give the same interval."""

Pair = tuple[str, str]
"""A first label and that of a second look."""


class Kappa(NamedTuple):
    """Cohen's kappa with a 95 % percentile bootstrap interval over cases; all None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


class Agreement(NamedTuple):
    """How far second looks agree on one clause, or on all (`clause` is then empty).

    `side` compares only whether something was done at all, `action` what exactly.
    """

    clause: str
    cases: int
    looks: int
    same_side: Rate
    same_action: Rate
    kappa_side: Kappa
    kappa_action: Kappa


def agreements(cases: Iterable[Case]) -> tuple[Agreement, ...]:
    """Over all cases with a second look, and then by clause in the order of their names; nothing without any look."""
    looked = [(clause_of(case), actions) for case in cases if (actions := _looks(case))]
    if not looked:
        return ()
    clauses = sorted({clause for clause, _ in looked})
    everything = _agreement("", [actions for _, actions in looked])
    return (everything, *(_agreement(one, [actions for clause, actions in looked if clause == one]) for one in clauses))


def clause_of(case: Case) -> str:
    """The clause in question: what the machine found, or the reason that a person gave; "other" for neither."""
    found = case.verdict.clause if case.verdict else None
    return found or (case.decision.reason if case.decision else "") or "other"


def kappa(cases: Sequence[Sequence[Pair]]) -> Kappa:
    """Kappa of the pairs of all cases. A case's pairs stay together when cases are drawn anew for the interval."""
    labels = sorted({label for pairs in cases for pair in pairs for label in pair})
    patterns = Counter(tuple(sorted(pairs)) for pairs in cases)
    tables = np.array([_table(pairs, labels) for pairs in patterns])
    counts = np.array(list(patterns.values()))
    value = float(kappas(np.tensordot(counts, tables, axes=1)))
    if np.isnan(value):
        return Kappa(None, None, None)
    drawn = np.random.default_rng(SEED).multinomial(len(cases), counts / counts.sum(), size=RESAMPLES)
    resampled = kappas(np.tensordot(drawn, tables, axes=1))
    low, high = np.nanquantile(resampled, [0.025, 0.975])
    return Kappa(value, float(low), float(high))


def kappas(tables: NDArray[np.int64]) -> NDArray[np.float64]:
    """Kappa of each table of counts, of shape (..., labels, labels) with the first side's labels as rows; NaN where it
    is not defined."""
    total = tables.sum(axis=(-2, -1))
    agreed = np.trace(tables, axis1=-2, axis2=-1) * total
    chance = (tables.sum(axis=-1) * tables.sum(axis=-2)).sum(axis=-1)
    found: NDArray[np.float64] = np.full(np.shape(total), np.nan)
    np.divide(agreed - chance, total**2 - chance, out=found, where=total**2 != chance)
    return found


def _table(pairs: Iterable[Pair], labels: Sequence[str]) -> NDArray[np.int64]:
    table = np.zeros((len(labels), len(labels)), np.int64)
    for first, second in pairs:
        table[labels.index(first), labels.index(second)] += 1
    return table


def _looks(case: Case) -> list[tuple[Action, Action]]:
    """The first decision's action with that of each second look."""
    first = case.decision.action if case.decision else None
    if case.kind != "moderation" or first is None or first not in LOOKED_AT:
        return []
    return [(first, look.action) for look in case.after if look.action in LOOKED_AT]


def _agreement(clause: str, cases: Sequence[Sequence[tuple[Action, Action]]]) -> Agreement:
    sides = [[(_side(first), _side(second)) for first, second in pairs] for pairs in cases]
    return Agreement(
        clause=clause,
        cases=len(cases),
        looks=sum(map(len, cases)),
        same_side=counted(first == second for pairs in sides for first, second in pairs),
        same_action=counted(first == second for pairs in cases for first, second in pairs),
        kappa_side=kappa(sides),
        kappa_action=kappa(cases),
    )


def _side(action: Action) -> str:
    return "dismiss" if action == "dismiss" else "enforce"

"""From the signs of a reading to the probability that it is right.

A small model's own likelihood orders right from wrong poorly. Several weak signs together do it far better: how readily
it answers rather than refuses, over the whole passage and again over the one sentence that it quotes; whether it says
the same both times; what the search thinks; and what it reads in the other passages. The weights are of a logistic
regression (`bot/evaluation/fitting.py`), fitted to 582 readings of the dev set, which the adapter was not taught.
"""

from __future__ import annotations

import json
import math
from functools import cache
from importlib.resources import files
from typing import NamedTuple

MOST = 8.0
"""Where log-odds are cut: beyond it a probability in float32 says no more."""


class Signs(NamedTuple):
    """What is known of a reading. `willing`, `alone` and `rival` are log-odds within MOST.

    `willing`: the model answers rather than refuses. `certain`: the mean natural logarithm of its tokens'
    probabilities. `alone`: as `willing`, over the quoted sentence alone; `agreed`: how alike, in [0, 1], it answers
    there. `score`: the search's probability that the passage covers the question. `rival`: as `willing`, of the best
    other passage with another answer; `seconded`: 1 when another passage gives the same. `wanting`: 1 when a number
    was asked for and none is said. `unmet`: numbers and names of the question that the passage does not hold, at most
    3; `near`: the part of its terms that the quoted sentence holds. `foreign`: 1 when the passage is in the other
    language. `length`: the natural logarithm of its characters.
    """

    willing: float
    certain: float
    alone: float
    agreed: float
    score: float
    rival: float
    seconded: float
    wanting: float
    unmet: float
    near: float
    foreign: float
    length: float


def log_odds(probability: float) -> float:
    """The log-odds of a probability, cut at MOST either way.

    >>> log_odds(0.5), log_odds(1.0)
    (0.0, 8.0)
    """
    if probability <= 0 or probability >= 1:
        return MOST if probability >= 1 else -MOST
    return max(-MOST, min(MOST, math.log(probability / (1 - probability))))


class Weights(NamedTuple):
    """Of the logistic model: the bias, and a weight for each sign in the order of `Signs`."""

    bias: float
    of: tuple[float, ...]


@cache
def weights() -> Weights:
    """The shipped weights."""
    held = json.loads((files("bot") / "answering" / "confidence.json").read_text("utf-8"))
    return Weights(held["bias"], tuple(held["weights"][name] for name in Signs._fields))


def confidence(signs: Signs) -> float:
    """The probability that a reading with these signs is right."""
    fitted = weights()
    evidence = fitted.bias + sum(weight * sign for weight, sign in zip(fitted.of, signs, strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, evidence))))

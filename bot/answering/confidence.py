"""From the signs of a reading to the probability that it is right.

A small model's own likelihood orders right from wrong poorly. Several weak signs together do it far better: how readily
the language model answers rather than refuses; whether the witness, a reader of another kind, says that the passage
answers, and believes the answer to stand in the same sentence; what the search thinks; what they read in the other
passages. The weights are of a logistic regression (`bot/evaluation/fitting.py`), fitted to 780 drafts over passages
that neither reader was taught. Further signs were tried and told nothing more: the mean likelihood of the words, their
number, those shared with the question, the same draft in a second passage, the told sentence read by itself, the
likelihood of the question after what is told or after its passage, by the model taught or untaught. Nor do boosted
trees or products of the signs order any better.
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
    """What is known of a draft. `willing`, `says` and `rival` are log-odds within MOST, the others lie in [0, 1].

    `willing`: the model answers rather than refuses. `says`: the passage answers, by the witness; `held`: the part of
    the witness's belief where the answer stands that lies in what is told. `agreed`: how much of the witness's mark
    stands in what the model said; `own`: 1 for the draft of the witness. `score`: the search's probability that the
    passage covers the question; `first`: 1 when the search finds none better; `leads`: 1 when search and witness
    together find none likelier. `rival`: as `willing`, of the best other passage with another draft. `foreign`: 1 when
    the passage is in the other language. `wanting`: 1 when a number was asked for and none is told.
    """

    willing: float
    says: float
    held: float
    agreed: float
    own: float
    score: float
    first: float
    leads: float
    rival: float
    foreign: float
    wanting: float


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

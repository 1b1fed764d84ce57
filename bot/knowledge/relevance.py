"""From what a question and a passage share to the log-odds, and the probability, that the passage covers the question.

The weights are of logistic regressions on 1,650 questions over 451 paragraphs of open reading sets (XQuAD, CMRC 2018,
ChineseSquad; train parts) and of our own examples, some asked in the other language: each question of 30 to 150 random
paragraphs of both languages, with its own paragraph among them or taken out. Passages in the other language have
weights of their own: they share hardly a word with the question. On those questions the best passage is right in 91 %
of the cases where the score is above one half.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bot.knowledge.meaning import Floats, Meaning, Sense, Tokens
from bot.knowledge.terms import is_pair

Doubles = npt.NDArray[np.float64]


class Weights(NamedTuple):
    """Of the logistic model; each measure lies between about 0 and 1."""

    bias: float
    coverage: float
    likeness: float = 0.0
    cosine: float = 0.0


WORDS_ALONE = Weights(-5.3, 12.9)
OWN = Weights(-8.4, 3.3, 4.9, 12.6)
"""Of passages in the question's language."""
FOREIGN = Weights(-9.0, 0.0, 5.0, 16.0)
"""Of those in the other. A fit gave more weight to the likeness of tokens and less to the vectors, and found fewer of
the passages of a merchants' folder."""
PAIR = 0.3
"""What a pair of Chinese characters weighs against a word: every word brings its pairs too."""
CLOSER = 24
"""How many candidates are also compared token by token, which takes most of a search's time; a third are kept for the
other language."""
OWN_FIRST = 2.0
"""Log-odds by which a passage in the other language must be better to come before one in the asker's own: a folder
rarely says a thing in the other language alone."""


def rarity(terms: Sequence[str], found_in: npt.NDArray[np.intp], passages: int) -> Doubles:
    """The inverse document frequency of each term, never below 0 (as in Lucene); that of a pair times PAIR.

    `found_in` tells for each term how many of the passages hold it.
    """
    shares = np.array([PAIR if is_pair(term) else 1.0 for term in terms])
    result: Doubles = shares * np.log(1 + (passages - found_in + 0.5) / (found_in + 0.5))
    return result


class Evidence(NamedTuple):
    """What is known of the candidates, [n] each: the share of the question's terms that they hold, weighted by rarity;
    the cosine of their vector with the question's; their tokens; whether they are in the other language than it."""

    coverage: Doubles
    cosine: Floats
    tokens: Sequence[Tokens]
    foreign: npt.NDArray[np.bool_]


def by_words(coverage: Doubles) -> Doubles:
    """The candidates' log-odds by words alone."""
    return WORDS_ALONE.bias + WORDS_ALONE.coverage * coverage


def by_all(found: Evidence, asked: Sense, meaning: Meaning) -> Doubles:
    """The candidates' log-odds by words and meaning."""
    weights = np.where(found.foreign[:, None], FOREIGN, OWN)
    bias, of_coverage, of_likeness, of_cosine = weights.T
    evidence: Doubles = bias + of_coverage * found.coverage + of_cosine * found.cosine
    order = np.argsort(-evidence)
    own, others = order[~found.foreign[order]], order[found.foreign[order]]
    closer = np.concatenate(
        [own[: CLOSER - min(len(others), CLOSER // 3)], others[: max(CLOSER // 3, CLOSER - len(own))]]
    )
    evidence[closer] += of_likeness[closer] * meaning.likeness(asked, [found.tokens[at] for at in closer])
    return evidence


def probability(evidence: float) -> float:
    """Of log-odds."""
    return 1 / (1 + math.exp(-evidence))

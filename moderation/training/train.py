"""Training of the judge's classifier: from rows with masked labels to calibrated int8 weights.

One logistic regression per clause (scikit-learn, L-BFGS) on the rows that say something about it, a network over the
same rows (`moderation.training.train_network`), then a curve over both on the dev rows. A fifth of the rows is
repeated in disguise, so that the classifier knows what normalising leaves of a disguise. The same data, seed, library
versions and number of threads give the same weights.
"""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from moderation.judging.classifier import BATCH, PIECE, LearnedClassifier, LinearModel, script
from moderation.judging.evasion import TRANSFORMS
from moderation.judging.features import BAG_BITS, bag
from moderation.judging.network import Network, as_int8
from moderation.judging.normalise import normalise
from moderation.training.corpus import HEADS, CorpusError, Row, assumed_share, corpus, lift, trainable
from moderation.training.train_network import train_network

Progress = Callable[[str, float], None]
"""Told what is being done and how much of the whole is done, from 0 to 1."""
STRENGTH, STRENGTH_OF_MANY = 4.0, 20.0
"""Inverse regularisation of a head with few examples and of one of the MANY, each better on the dev rows."""
MANY = frozenset({"spam_ads", "abuse", "hate", "prompt_injection"})
ITERATIONS = 120
FEWEST = 10
"""Positive rows that a clause needs before it is learnt or calibrated on its own."""
RARE_SCORE = 0.25
DISGUISED = 0.2
"""Share of the rows that are repeated in disguise."""
DISGUISED_WEIGHT = 0.5
LINEAR_DONE = 0.3
"""How much of the whole is done when the linear part is."""

Floats = NDArray[np.float32]


def train_judge(data: Path, out: Path, seed: int, progress: Progress) -> Path:
    """Train on `data` (the shared folder) and write `out` and its `.sha256`. Raises CorpusError for unusable data."""
    progress("reading", 0.0)
    rows = trainable(corpus(data, "train"))
    rows += disguised(rows, seed)
    texts = plain_texts(rows)
    progress("hashing", 0.03)
    linear = train_linear(matrix(texts), rows, seed, progress)
    network = train_network(
        texts,
        rows,
        seed,
        lambda done: progress("learning the order of words", LINEAR_DONE + (0.95 - LINEAR_DONE) * done),
    )
    progress("calibrating", 0.95)
    save(calibrated(linear, network, trainable(corpus(data, "dev"))), out)
    progress("done", 1.0)
    return out


def plain_texts(rows: Sequence[Row]) -> list[str]:
    """The normalised texts; a text's first piece stands for it."""
    return [normalise(row.text).text[:PIECE] for row in rows]


def disguised(rows: Sequence[Row], seed: int) -> list[Row]:
    """Some of the rows, harmless ones too, each in one of the twelve disguises."""
    chance = random.Random(seed)  # noqa: S311, no secret
    names = sorted(TRANSFORMS)
    return [
        replace(
            row, text=TRANSFORMS[chance.choice(names)](row.text[:PIECE], chance), weight=row.weight * DISGUISED_WEIGHT
        )
        for row in rows
        if chance.random() < DISGUISED
    ]


def train_linear(features: csr_matrix, rows: Sequence[Row], seed: int, progress: Progress) -> LinearModel:
    """A logistic regression per head, as int8."""
    progress("learning the words", 0.06)
    lessons, weighed = [row.lesson for row in rows], np.array([row.weight for row in rows])
    jobs = (delayed(fit)(features, lessons, weighed, head, seed) for head in HEADS)
    fitted = Parallel(n_jobs=-1, prefer="threads")(jobs)
    weights = np.stack([found for found, _ in fitted], axis=1)
    return quantised(weights, np.array([bias for _, bias in fitted], dtype=np.float32))


def matrix(texts: Sequence[str]) -> csr_matrix:
    """The features of normalised texts, shape (texts, 2^BAG_BITS)."""
    bags = [(at, bag(texts[at : at + BATCH])) for at in range(0, len(texts), BATCH)]
    places = np.concatenate([part.rows + at for at, part in bags])
    buckets = np.concatenate([part.buckets for _, part in bags])
    values = np.concatenate([part.values for _, part in bags])
    return csr_matrix((values, (places, buckets)), shape=(len(texts), 1 << BAG_BITS), dtype=np.float32)


def fit(
    features: csr_matrix, lessons: Sequence[Mapping[str, bool]], weighed: NDArray[np.float64], head: str, seed: int
) -> tuple[Floats, float]:
    """Weights and bias for one head, from the rows that know about it. Raises CorpusError for too few of them."""
    known = [index for index, lesson in enumerate(lessons) if head in lesson]
    truth = np.array([lessons[index][head] for index in known])
    if truth.sum() < FEWEST:
        raise CorpusError(
            f"{head}: only {truth.sum()} messages in training; write at least {FEWEST} in moderation/examples"
        )
    weights = weighed[known]
    weights[truth] *= lift(float(weights[truth].sum()), float(weights.sum()))
    model = LogisticRegression(
        C=STRENGTH_OF_MANY if head in MANY else STRENGTH, max_iter=ITERATIONS, tol=1e-4, random_state=seed
    )
    model.fit(features[known], truth, sample_weight=weights)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def quantised(weights: Floats, bias: Floats) -> LinearModel:
    """Weights as int8 and the scale of each clause."""
    columns = [as_int8(column) for column in weights.T]
    scale = np.array([step for _, step in columns], dtype=np.float32)
    return LinearModel(np.stack([column for column, _ in columns], axis=1), scale, bias)


def calibrated(linear: LinearModel, network: Network, rows: Sequence[Row]) -> LearnedClassifier:
    """The classifier with a curve per head and language, from margins on rows that it has not seen."""
    texts = plain_texts(rows)
    batches = [texts[at : at + BATCH] for at in range(0, len(texts), BATCH)]
    margins = np.stack(
        [np.concatenate([part.margins(batch) for batch in batches]) for part in (linear, network)], axis=1
    )
    calibration = np.zeros((2, 3, len(HEADS)), dtype=np.float32)
    lessons, scripts = [row.lesson for row in rows], [script(text) for text in texts]
    for index, head in enumerate(HEADS):
        share = assumed_share(head)
        for language in (0, 1):
            known = [at for at, lesson in enumerate(lessons) if head in lesson and scripts[at] == language]
            truth = np.array([lessons[at][head] for at in known], dtype=bool)
            calibration[language, :, index] = curve(margins[known, :, index], truth, share)
    return LearnedClassifier(HEADS, linear, network, calibration)


def curve(margins: Floats, truth: NDArray[np.bool_], share: float) -> tuple[float, float, float]:
    """Slopes of the two margins (n, 2) and the offset of a logistic curve, as if this share broke the clause.

    With too few positives to fit it, half of each, placed so that one clear message in a thousand reaches RARE_SCORE.
    """
    if truth.sum() < FEWEST:
        clear = margins[~truth].mean(axis=1)
        highest = float(np.quantile(clear, 0.999)) if len(clear) else 0.0
        return 0.5, 0.5, float(np.log(RARE_SCORE / (1 - RARE_SCORE))) - highest
    weights = np.where(truth, share / truth.mean(), (1 - share) / (1 - truth.mean()))
    platt = LogisticRegression(C=1e3).fit(margins, truth, sample_weight=weights)
    linear, network = platt.coef_[0]
    return float(linear), float(network), float(platt.intercept_[0])


def save(model: LearnedClassifier, out: Path) -> None:
    """Write the arrays as .npz and their sha256 beside them, in the form of sha256sum."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **model.arrays())
    content = buffer.getvalue()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(content)
    out.with_suffix(".sha256").write_text(f"{hashlib.sha256(content).hexdigest()}  {out.name}\n", encoding="ascii")

"""Training of the judge's classifier: from rows with masked labels to calibrated int8 weights.

One logistic regression per clause (scikit-learn, L-BFGS) on the rows that say something about it; then Platt's curve on
the dev rows. The same data, seed and library versions give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from moderation.classifier import BATCH, BITS, PIECE, LinearClassifier, bag, script
from moderation.corpus import CorpusError, Row, corpus, trainable
from moderation.normalise import normalise
from moderation.policy import CLAUSES

Progress = Callable[[str, float], None]
"""Told what is being done and how much of the whole is done, from 0 to 1."""
STRENGTH = 4.0
"""Inverse regularisation, better on the dev rows than 32."""
ITERATIONS = 400
FEWEST = 10
"""Positive rows that a clause needs before it is learnt or calibrated on its own."""
CLIP = 99.99
"""Percentile of the absolute weights that int8's 127 stands for; the few beyond it are cut."""
COMMON = frozenset({"spam_ads", "abuse", "hate"})
COMMON_SHARE, SELDOM_SHARE = 0.2, 0.05
"""The share of messages breaking a clause that its scores are calibrated for: the common ones and all others. A calm
group has fewer of either; thresholds are set by what they flag there."""
RARE_SCORE = 0.25
RARE_SHARE = 0.02
"""What the positives of a rare clause weigh together, at least, as a part of all rows that know the clause."""

Floats = NDArray[np.float32]


def train_judge(data: Path, out: Path, seed: int, progress: Progress) -> Path:
    """Train on `data` (the shared folder) and write `out` and its `.sha256`. Raises CorpusError for unusable data."""
    progress("reading", 0.0)
    rows = trainable(corpus(data, "train"))
    features = matrix(rows)
    weights = np.zeros((1 << BITS, len(CLAUSES)), dtype=np.float32)
    bias = np.full(len(CLAUSES), -10.0, dtype=np.float32)
    for index, clause in enumerate(CLAUSES):
        progress(f"learning {clause}", 0.1 + 0.8 * index / len(CLAUSES))
        weights[:, index], bias[index] = fit(features, rows, clause, seed)
    progress("calibrating", 0.9)
    model = calibrated(*quantised(weights), bias, trainable(corpus(data, "dev")))
    save(model, out)
    progress("done", 1.0)
    return out


def matrix(rows: Sequence[Row]) -> csr_matrix:
    """The features of all rows, shape (rows, 2^18); a text's first piece stands for it."""
    texts = [normalise(row.text).text[:PIECE] for row in rows]
    bags = [(at, bag(texts[at : at + BATCH])) for at in range(0, len(texts), BATCH)]
    places = np.concatenate([part.rows + at for at, part in bags])
    buckets = np.concatenate([part.buckets for _, part in bags])
    values = np.concatenate([part.values for _, part in bags])
    return csr_matrix((values, (places, buckets)), shape=(len(rows), 1 << BITS), dtype=np.float32)


def fit(features: csr_matrix, rows: Sequence[Row], clause: str, seed: int) -> tuple[Floats, float]:
    """Weights and bias for one clause, from the rows that know about it."""
    known = [index for index, row in enumerate(rows) if clause in row.truth]
    truth = np.array([rows[index].truth[clause] for index in known])
    if truth.sum() < FEWEST:
        raise CorpusError(
            f"{clause}: only {truth.sum()} examples in training; write at least {FEWEST} in examples.jsonl"
        )
    weights = np.array([rows[index].weight for index in known])
    weights[truth] *= max(1.0, RARE_SHARE * weights.sum() / weights[truth].sum())
    model = LogisticRegression(C=STRENGTH, max_iter=ITERATIONS, tol=1e-6, random_state=seed)
    model.fit(features[known], truth, sample_weight=weights)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def quantised(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Weights as int8 and the scale of each clause."""
    present = [column[column > 0] for column in np.abs(weights).T]
    scale = np.array([np.percentile(column, CLIP) / 127 for column in present], dtype=np.float32)
    return np.clip(np.rint(weights / scale), -127, 127).astype(np.int8), scale


def calibrated(weights: NDArray[np.int8], scale: Floats, bias: Floats, rows: Sequence[Row]) -> LinearClassifier:
    """The classifier with a curve per clause and language, from margins on rows that it has not seen."""
    texts = [normalise(row.text).text[:PIECE] for row in rows]
    raw = LinearClassifier(CLAUSES, weights, scale, bias, np.zeros((2, 2, len(CLAUSES)), dtype=np.float32))
    margins = np.concatenate([raw.margins(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)])
    calibration = np.zeros((2, 2, len(CLAUSES)), dtype=np.float32)
    for index, clause in enumerate(CLAUSES):
        share = COMMON_SHARE if clause in COMMON else SELDOM_SHARE
        for language in (0, 1):
            known = [at for at, row in enumerate(rows) if clause in row.truth and script(texts[at]) == language]
            truth = np.array([rows[at].truth[clause] for at in known], dtype=bool)
            calibration[language, :, index] = curve(margins[known, index], truth, share)
    return LinearClassifier(CLAUSES, weights, scale, bias, calibration)


def curve(margins: Floats, truth: NDArray[np.bool_], share: float) -> tuple[float, float]:
    """Slope and offset of Platt's curve, as if this share of the messages broke the clause.

    With too few positives to fit it, slope one, placed so that one clear message in a thousand reaches RARE_SCORE.
    """
    clear = margins[~truth]
    if truth.sum() < FEWEST:
        highest = float(np.quantile(clear, 0.999)) if len(clear) else 0.0
        return 1.0, float(np.log(RARE_SCORE / (1 - RARE_SCORE))) - highest
    weights = np.where(truth, share / truth.mean(), (1 - share) / (1 - truth.mean()))
    platt = LogisticRegression(C=1e6).fit(margins[:, None], truth, sample_weight=weights)
    return float(platt.coef_[0, 0]), float(platt.intercept_[0])


def save(model: LinearClassifier, out: Path) -> None:
    """Write the arrays as .npz and their sha256 beside them, in the form of sha256sum."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **model.arrays())
    content = buffer.getvalue()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(content)
    out.with_suffix(".sha256").write_text(f"{hashlib.sha256(content).hexdigest()}  {out.name}\n", encoding="ascii")

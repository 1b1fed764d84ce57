"""The trained classifier: a linear model over hashed pieces of the text and a small network over its tokens.

Both give a margin per clause; a logistic curve per clause and language over the two (Platt 1999, stacked) makes it a
probability. The linear model is the quick and steady part and tells what it rests on; the network adds the order of
words. Weights are int8. `moderation.training.train` makes them.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from moderation.errors import XiaoerError
from moderation.judging.characters import HAN
from moderation.judging.features import BAG_BITS, bag, places
from moderation.judging.network import Network

WEIGHTS = Path(__file__).parent.parent / "weights" / "judge.npz"
PIECE = 1000
"""Characters judged at once. Of a longer text the worst piece counts, so that padding hides nothing."""
HAN_CHARACTER = re.compile(f"[{HAN}]")
BATCH = 512
"""Texts that are hashed together: enough to spread numpy's overhead, little memory."""
KEEN = 0.5
"""How far above a text's mean a character's contribution lies to be part of the evidence, in means."""

Floats = NDArray[np.float32]


class ClassifierError(XiaoerError):
    """The classifier cannot be loaded or cannot judge."""


class Classifier(Protocol):
    """What the judge asks of a classifier."""

    name: str

    def scores(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """The calibrated probability of every clause it knows, per normalised text. Raises ClassifierError."""
        ...

    def because(self, texts: Sequence[str], clauses: Sequence[str]) -> list[tuple[int, int] | None]:
        """For each text and its clause, the [start, end) that speaks most for it, or None where it cannot tell."""
        ...


class LinearModel:
    """Weights (2^BAG_BITS, clauses) as int8; scale and bias (clauses,)."""

    def __init__(self, weights: NDArray[np.int8], scale: Floats, bias: Floats) -> None:
        self._weights = weights
        self._scale = scale
        self._bias = bias

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a file of weights holds."""
        return {"weights": self._weights, "scale": self._scale, "bias": self._bias}

    def margins(self, texts: Sequence[str]) -> Floats:
        """The raw outputs, shape (texts, clauses): positive where the clause is likelier than not in training."""
        found = bag(texts)
        rows = self._weights.take(found.buckets, axis=0).astype(np.float32)
        bounds = np.searchsorted(found.rows, np.arange(len(texts) + 1))
        sums = csr_array((found.values, np.arange(len(rows)), bounds), shape=(len(texts), len(rows))) @ rows
        return np.asarray(sums * self._scale + self._bias, dtype=np.float32)

    def because(self, texts: Sequence[str], clauses: Sequence[int]) -> list[tuple[int, int] | None]:
        """The run of characters in each text whose pieces weigh most for its clause."""
        found = places(texts)
        share = self._weights[found.buckets, np.asarray(clauses)[found.owners]] / (found.ends - found.starts)
        bounds = np.concatenate([[0], np.cumsum([len(text) + 1 for text in texts])])
        edges = np.bincount(bounds[found.owners] + found.starts, share, minlength=bounds[-1])
        edges -= np.bincount(bounds[found.owners] + found.ends, share, minlength=bounds[-1])
        weights = np.cumsum(edges)
        return [heaviest(weights[start : end - 1]) for start, end in pairwise(bounds)]


def heaviest(weights: NDArray[Any]) -> tuple[int, int] | None:
    """The run with the largest sum above the text's own level (Kadane's algorithm), or None."""
    if not len(weights) or weights.max() <= 0:
        return None
    sums = np.cumsum(weights - KEEN * np.maximum(weights, 0).mean())
    before = np.concatenate([[0.0], sums[:-1]])
    end = int(np.argmax(sums - np.minimum.accumulate(before)))
    return int(np.argmin(before[: end + 1])), end + 1


class LearnedClassifier:
    """The linear model, the network and the curves over both: calibration (2, 3, clauses), for Chinese, then for
    English, the linear margin's slope, the network's, and the offset."""

    def __init__(
        self, clauses: Sequence[str], linear: LinearModel, network: Network, calibration: Floats, name: str = "learned"
    ) -> None:
        self.name = name
        self.clauses = tuple(clauses)
        self._linear = linear
        self._network = network
        self._calibration = calibration

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a file of weights holds."""
        parts = {"calibration": self._calibration, "clauses": np.array(self.clauses)}
        return {**self._linear.arrays(), **self._network.arrays(), **parts}

    def scores(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """The calibrated probability of every clause, per normalised text."""
        parts = [(index, text[at : at + PIECE]) for index, text in enumerate(texts) for at in cuts(text)]
        best = np.zeros((len(texts), len(self.clauses)), dtype=np.float32)
        for at in range(0, len(parts), BATCH):
            batch = parts[at : at + BATCH]
            chunk = [text for _, text in batch]
            np.maximum.at(best, [index for index, _ in batch], self._probabilities(chunk))
        return [dict(zip(self.clauses, row, strict=True)) for row in best.tolist()]

    def because(self, texts: Sequence[str], clauses: Sequence[str]) -> list[tuple[int, int] | None]:
        """The part of each normalised text that the linear model rests on most."""
        return self._linear.because(
            [text[:PIECE] for text in texts], [self.clauses.index(clause) for clause in clauses]
        )

    def _probabilities(self, texts: Sequence[str]) -> Floats:
        linear, network, offset = self._calibration[[script(text) for text in texts]].swapaxes(0, 1)
        return sigmoid(self._linear.margins(texts) * linear + self._network.margins(texts) * network + offset)


def sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))), dtype=np.float32)


def script(text: str) -> int:
    """Which calibration holds: 0 for a text with a Chinese character, 1 for one without."""
    return 0 if HAN_CHARACTER.search(text) else 1


def cuts(text: str) -> range:
    """Where the pieces of a text start."""
    return range(0, max(1, len(text)), PIECE)


def load_classifier(path: Path | None = None) -> Classifier:
    """Load weights that `moderation.training.train` wrote, beside their `.sha256`; None loads the shipped ones.

    Raises ClassifierError when they are missing, altered or of another make.
    """
    path = path or WEIGHTS
    digest_path = path.with_suffix(".sha256")
    try:
        content = path.read_bytes()
        expected = digest_path.read_text(encoding="ascii").split()[0]
    except (OSError, IndexError, UnicodeDecodeError) as error:
        raise ClassifierError(
            f"{path}: the classifier's weights or their {digest_path.name} cannot be read ({error}); "
            "install xiaoer again, or make them with `xiaoer train judge`"
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != expected:
        raise ClassifierError(
            f"{path}: sha256 is {digest[:12]}…, {digest_path.name} says {expected[:12]}…; install again"
        )
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return built({name: file[name] for name in file.files}, name=f"judge-{digest[:8]}")
    except (KeyError, ValueError, BadZipFile) as error:
        raise ClassifierError(f"{path}: holds no classifier ({error}); make it with `xiaoer train judge`") from error


def built(arrays: Mapping[str, NDArray[Any]], name: str) -> LearnedClassifier:
    """The classifier that the arrays of a file are. Raises KeyError or ValueError for other arrays."""
    weights = arrays["weights"]
    if weights.shape[0] != 1 << BAG_BITS:
        raise ValueError(f"{weights.shape[0]} rows of weights where {1 << BAG_BITS} belong")
    linear = LinearModel(weights, arrays["scale"], arrays["bias"])
    clauses = [str(clause) for clause in arrays["clauses"]]
    return LearnedClassifier(clauses, linear, Network.read(arrays), arrays["calibration"], name)

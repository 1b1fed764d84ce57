"""The trained classifier: a linear model over hashed pieces of the text, one output per clause.

It reads normalised text as a bag of character 1-4-grams, words and word pairs, hashed into 2^18 buckets (feature
hashing, Weinberger et al. 2009) and scaled to length one. Weights are int8 with a scale per clause. Scores are
calibrated by a logistic curve per clause and language (Platt 1999). `moderation.train` makes the weights.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from moderation.errors import XiaoerError
from moderation.normalise import HAN

WEIGHTS = Path(__file__).parent / "weights" / "judge.npz"
BITS = 18
PIECE = 1000
"""Characters judged at once. Of a longer text the worst piece counts, so that padding hides nothing."""
GRAMS = (1, 2, 3, 4)
HAN_CHARACTER = re.compile(f"[{HAN}]")
BASE = np.uint64(0x9E3779B97F4A7C15)
INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
BATCH = 512
"""Texts that are hashed together: enough to spread numpy's overhead, little memory."""

Words = NDArray[np.uint64]
Places = NDArray[np.int64]


class ClassifierError(XiaoerError):
    """The classifier cannot be loaded or cannot judge."""


class Classifier(Protocol):
    """What the judge asks of a classifier."""

    name: str

    def scores(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """The calibrated probability of every clause it knows, per normalised text. Raises ClassifierError."""
        ...


@dataclass(frozen=True, slots=True)
class Bag:
    """The features of several texts: text `rows[i]` holds bucket `buckets[i]` with weight `values[i]`; rows ascend."""

    rows: Places
    buckets: Places
    values: NDArray[np.float32]


def bag(texts: Sequence[str]) -> Bag:
    """Hash texts into buckets. Every text gets a unit vector; an empty one gets none."""
    codes, text_of = code_points(texts)
    starts, ends, kinds = pieces(codes, text_of)
    hashes = substring_hashes(codes, starts, ends, kinds)
    keys = (text_of[starts].astype(np.uint64) << np.uint64(BITS)) | (hashes >> np.uint64(64 - BITS))
    unique, counts = np.unique(keys, return_counts=True)
    rows = (unique >> np.uint64(BITS)).astype(np.int64)
    buckets = (unique & np.uint64((1 << BITS) - 1)).astype(np.int64)
    values = 1.0 + np.log(counts)
    lengths = np.sqrt(np.bincount(rows, values**2, minlength=len(texts)))
    return Bag(rows, buckets, (values / lengths[rows]).astype(np.float32))


def code_points(texts: Sequence[str]) -> tuple[NDArray[np.uint32], Places]:
    """All texts as one array of code points, each between two spaces, with the number of the text they belong to."""
    padded = [f" {text} " for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return codes, np.repeat(np.arange(len(texts)), [len(text) for text in padded])


def pieces(codes: NDArray[np.uint32], text_of: Places) -> tuple[Places, Places, Words]:
    """Start, end and kind of every feature: n-grams within one text, then words, then pairs of neighbouring words."""
    size = len(codes)
    places = [np.flatnonzero(text_of[: max(0, size - n + 1)] == text_of[n - 1 :]) for n in GRAMS]
    word_starts, word_ends = latin_words(codes)
    pairs = np.flatnonzero(text_of[word_starts[:-1]] == text_of[word_starts[1:]])
    starts = [*places, word_starts, word_starts[pairs]]
    ends = [*(place + n for place, n in zip(places, GRAMS, strict=True)), word_ends, word_ends[pairs + 1]]
    kinds = [np.full(len(start), kind, dtype=np.uint64) for kind, start in enumerate(starts, 1)]
    return np.concatenate(starts), np.concatenate(ends), np.concatenate(kinds)


def latin_words(codes: NDArray[np.uint32]) -> tuple[Places, Places]:
    """Start and end of every run of the letters a-z and apostrophes."""
    letter = ((codes >= ord("a")) & (codes <= ord("z"))) | (codes == ord("'"))
    edges = np.diff(letter.astype(np.int8), prepend=0, append=0)
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def substring_hashes(codes: NDArray[np.uint32], starts: Places, ends: Places, kinds: Words) -> Words:
    """A hash per substring from prefix sums of a polynomial (Karp and Rabin 1987), then mixed; all mod 2^64."""
    size = len(codes)
    powers = np.cumprod(np.full(size, BASE, dtype=np.uint64))
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(mixed(codes.astype(np.uint64)) * powers)])
    shifts = np.cumprod(np.concatenate([np.ones(1, dtype=np.uint64), np.full(size, INVERSE, dtype=np.uint64)]))
    return mixed((sums[ends] - sums[starts]) * shifts[starts] + kinds)


def mixed(words: Words) -> Words:
    """splitmix64's finaliser (Steele et al. 2014): every input bit reaches every output bit."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


class LinearClassifier:
    """Weights (2^18, clauses) as int8; scale and bias (clauses,); calibration (2, 2, clauses): for Chinese, then
    for English, slopes and offsets."""

    def __init__(
        self,
        clauses: Sequence[str],
        weights: NDArray[np.int8],
        scale: NDArray[np.float32],
        bias: NDArray[np.float32],
        calibration: NDArray[np.float32],
        name: str = "linear",
    ) -> None:
        self.name = name
        self.clauses = tuple(clauses)
        self._weights = weights
        self._scale = scale
        self._bias = bias
        self._calibration = calibration

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a file of weights holds."""
        clauses = np.array(self.clauses)
        linear: dict[str, NDArray[Any]] = {"weights": self._weights, "scale": self._scale, "bias": self._bias}
        return {**linear, "calibration": self._calibration, "clauses": clauses}

    def margins(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The raw outputs, shape (texts, clauses): positive where the clause is likelier than not in training."""
        found = bag(texts)
        sums = np.zeros((len(texts), len(self.clauses)), dtype=np.float32)
        if len(found.rows):
            present, first = np.unique(found.rows, return_index=True)
            weighted = self._weights[found.buckets].astype(np.float32) * found.values[:, None]
            sums[present] = np.add.reduceat(weighted, first, axis=0)
        return sums * self._scale + self._bias

    def scores(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """The calibrated probability of every clause, per normalised text."""
        parts = [(index, text[at : at + PIECE]) for index, text in enumerate(texts) for at in cuts(text)]
        best = np.zeros((len(texts), len(self.clauses)), dtype=np.float32)
        for at in range(0, len(parts), BATCH):
            batch = parts[at : at + BATCH]
            chunk = [text for _, text in batch]
            slope, offset = self._calibration[[script(text) for text in chunk]].swapaxes(0, 1)
            probability = sigmoid(self.margins(chunk) * slope + offset)
            np.maximum.at(best, [index for index, _ in batch], probability)
        return [dict(zip(self.clauses, map(float, row), strict=True)) for row in best]


def sigmoid(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))), dtype=np.float32)


def script(text: str) -> int:
    """Which calibration holds: 0 for a text with a Chinese character, 1 for one without."""
    return 0 if HAN_CHARACTER.search(text) else 1


def cuts(text: str) -> range:
    """Where the pieces of a text start."""
    return range(0, max(1, len(text)), PIECE)


def load_classifier(path: Path | None = None) -> Classifier:
    """Load weights that `moderation.train` wrote, beside their `.sha256`; None loads the shipped ones.

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
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return LinearClassifier(
                [str(clause) for clause in arrays["clauses"]],
                arrays["weights"],
                arrays["scale"],
                arrays["bias"],
                arrays["calibration"],
                name=f"linear-{digest[:8]}",
            )
    except (KeyError, ValueError, BadZipFile) as error:
        raise ClassifierError(f"{path}: holds no classifier ({error}); make it with `xiaoer train judge`") from error

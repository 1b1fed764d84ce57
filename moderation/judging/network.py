"""A small convolutional network over tokens: what a bag of pieces cannot see, the order of words and who negates whom.

Per token the sum of its buckets' embeddings; two layers of width-3 convolution, the second one dilated; then the
largest and the mean of each channel over the text, and one logit per clause (after Kim 2014; embeddings of parts of
words after Bojanowski et al. 2017). Inference is numpy over many texts at once;
`moderation.training.train_network` trains it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from moderation.judging.features import Indices, TokenBag, token_bag

Floats = NDArray[np.float32]
TOKENS = 160
"""Tokens of a text that are read."""
CLIP = 99.99
ROWS = 512
"""Tokens that go through the layers together: few enough for the processor's cache, many enough for its arithmetic."""
LAYERS = ("first", "first_bias", "second", "second_bias", "last", "last_bias")


class Network:
    """Embeddings (2^TOKEN_BITS, width) as int8 with one scale; `first` (3 * width, channels), `second`
    (3 * channels, channels), `last` (2 * channels + width, clauses), each with its bias."""

    def __init__(self, embeddings: NDArray[np.int8], scale: float, layers: Mapping[str, Floats]) -> None:
        self._embeddings = embeddings
        self._scale = np.float32(scale)
        self._layers = {name: np.asarray(layers[name], dtype=np.float32) for name in LAYERS}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a file of weights holds; `Network.read` takes it back."""
        layers = {f"network_{name}": layer.astype(np.float16) for name, layer in self._layers.items()}
        return {"network_embeddings": self._embeddings, "network_scale": np.array(self._scale), **layers}

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[Any]]) -> Network:
        """Raises KeyError when the arrays are not those of a network."""
        layers = {name: arrays[f"network_{name}"] for name in LAYERS}
        return cls(arrays["network_embeddings"], float(arrays["network_scale"]), layers)

    def margins(self, texts: Sequence[str]) -> Floats:
        """The raw outputs, shape (texts, clauses)."""
        tokens = token_bag(texts)
        vectors = self._vectors(tokens)
        bounds = np.searchsorted(tokens.texts, np.arange(len(texts) + 1))
        counts = np.minimum(np.diff(bounds), TOKENS)
        found = np.zeros((len(texts), len(self._layers["last_bias"])), dtype=np.float32)
        for block in blocks(counts):
            found[block] = self._read(vectors, bounds[block], counts[block])
        return found

    def _vectors(self, tokens: TokenBag) -> Floats:
        """One row per token: the sum of its buckets' embeddings, by a sparse matrix, ten times as fast as reduceat."""
        rows = self._embeddings.take(tokens.buckets, axis=0).astype(np.float32)
        weights = np.full(len(rows), self._scale)
        sums = csr_array((weights, np.arange(len(rows)), tokens.starts), shape=(len(tokens.texts), len(rows))) @ rows
        return np.asarray(sums, dtype=np.float32)

    def _read(self, vectors: Floats, starts: Indices, counts: Indices) -> Floats:
        """The outputs of a few texts, which hold `counts` tokens from `starts` on: all their first tokens stand
        together, then all the second ones, so that what is a step away in a text is a fixed number of rows away."""
        steps = np.arange(counts.max())[:, None]
        inside = steps < counts
        filled = inside.reshape(-1, 1).astype(np.float32)
        layer = self._layers
        words = vectors.take(np.where(inside, starts + steps, 0).ravel(), axis=0) * filled
        first = convolved(words, len(counts), layer["first"], layer["first_bias"]) * filled
        second = convolved(first, 2 * len(counts), layer["second"], layer["second_bias"]) * filled + first
        words, second = (rows.reshape(*inside.shape, rows.shape[1]) for rows in (words, second))
        share = 1 / np.maximum(counts, 1)[:, None].astype(np.float32)
        pooled = [second.max(axis=0, initial=0), second.sum(axis=0) * share, words.sum(axis=0) * share]
        return np.asarray(np.concatenate(pooled, axis=1) @ layer["last"] + layer["last_bias"], dtype=np.float32)


def blocks(counts: Indices) -> Iterator[Indices]:
    """All texts in blocks of about one length and at most ROWS tokens (one text may hold more), by these counts."""
    order = np.argsort(counts, kind="stable")
    start = 0
    for end, longest in enumerate(counts[order].tolist()):
        if end > start and (end + 1 - start) * longest > ROWS:
            yield order[start:end]
            start = end
    if len(order):
        yield order[start:]


def as_int8(values: Floats) -> tuple[NDArray[np.int8], float]:
    """Values as int8, and what one step of it stands for. 127 is the CLIP-th percentile of the absolute values that
    are not 0; the few beyond it are cut."""
    sizes = np.abs(values)
    step = float(np.percentile(sizes[sizes > 0], CLIP)) / 127
    return np.clip(np.rint(values / step), -127, 127).astype(np.int8), step


def convolved(rows: Floats, step: int, weights: Floats, bias: Floats) -> Floats:
    """Each row together with the ones `step` before and after it (zeros beyond the ends), weighed; what is below 0
    as 0. Three products into one place: laying the three rows side by side takes longer."""
    width = rows.shape[1]
    found = rows @ weights[width:-width]
    found[step:] += rows[:-step] @ weights[:width]
    found[:-step] += rows[step:] @ weights[-width:]
    found += bias
    return np.asarray(np.maximum(found, 0, out=found))

"""A small convolutional network over tokens: what a bag of pieces cannot see, the order of words and who negates whom.

Per token the sum of its buckets' embeddings; two layers of width-3 convolution, the second one dilated; then the
largest and the mean of each channel over the text, and one logit per clause (after Kim 2014; embeddings of parts of
words after Bojanowski et al. 2017). Inference is numpy over many texts at once; `moderation.train_network` trains it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.features import TokenBag, token_bag

Floats = NDArray[np.float32]
TOKENS = 160
"""Tokens of a text that are read."""
CLIP = 99.99
GAP = 2
"""Empty places between two texts, so that no convolution reaches from one into the other."""
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
        places, text_starts, counts, size = placed(tokens, len(texts))
        flat = np.zeros((size, self._embeddings.shape[1]), dtype=np.float32)
        if len(tokens.buckets):
            rows = self._embeddings[tokens.buckets].astype(np.float32)
            sums = np.add.reduceat(rows, tokens.starts[:-1], axis=0)
            read = places >= 0
            flat[places[read]] = sums[read] * self._scale
        filled = np.zeros((size, 1), dtype=np.float32)
        filled[places[places >= 0]] = 1
        layer = self._layers
        first = relu(beside(flat, 1) @ layer["first"] + layer["first_bias"]) * filled
        second = relu(beside(first, 2) @ layer["second"] + layer["second_bias"]) * filled + first
        share = 1 / np.maximum(counts, 1)[:, None].astype(np.float32)
        pooled = np.concatenate(
            [
                np.maximum.reduceat(second, text_starts, axis=0),
                np.add.reduceat(second, text_starts, axis=0) * share,
                np.add.reduceat(flat, text_starts, axis=0) * share,
            ],
            axis=1,
        )
        return np.asarray(pooled @ layer["last"] + layer["last_bias"], dtype=np.float32)


def as_int8(values: Floats) -> tuple[NDArray[np.int8], float]:
    """Values as int8, and what one step of it stands for. 127 is the CLIP-th percentile of the absolute values that
    are not 0; the few beyond it are cut."""
    sizes = np.abs(values)
    step = float(np.percentile(sizes[sizes > 0], CLIP)) / 127
    return np.clip(np.rint(values / step), -127, 127).astype(np.int8), step


def placed(tokens: TokenBag, texts: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], int]:
    """Where each token stands in the one long row of all texts (-1: beyond TOKENS), where each text starts in it,
    how many tokens of it are read, and how long the row is."""
    bounds = np.searchsorted(tokens.texts, np.arange(texts + 1))
    counts = np.minimum(np.diff(bounds), TOKENS)
    text_starts = np.concatenate([[GAP], GAP + np.cumsum(counts + GAP)])
    within = np.arange(len(tokens.texts)) - bounds[tokens.texts]
    places = np.where(within < TOKENS, text_starts[tokens.texts] + within, -1)
    return places, text_starts[:-1], counts, int(text_starts[-1])


def beside(rows: Floats, distance: int) -> Floats:
    """Each row together with the ones `distance` before and after it, (n, 3 * width); zeros beyond the ends."""
    wide = np.zeros((len(rows), 3, rows.shape[1]), dtype=np.float32)
    wide[distance:, 0] = rows[:-distance]
    wide[:, 1] = rows
    wide[:-distance, 2] = rows[distance:]
    return wide.reshape(len(rows), -1)


def relu(values: Floats) -> Floats:
    return np.maximum(values, 0)

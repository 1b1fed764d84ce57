"""Published weights (with an adapter merged in) to a folder in int8, tensor by tensor.

One scale per row: weight = int8 / scale, after what is loud was evened (`evening.py`). The output matrix is the rows of
the embeddings that `vocabulary.py` serves; only their numbers are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from bot.lm import weights
from bot.lm.adapter import Adapter
from bot.lm.evening import even, loud
from bot.lm.types import Progress
from bot.lm.vocabulary import served
from bot.lm.weights import Floats, Weights

BLOCKS = "blocks.safetensors"
SERVED = "served.npy"

_MATRICES = {
    "qkv": [f"self_attn.{part}_proj" for part in "qkv"],
    "o": ["self_attn.o_proj"],
    "gate_up": ["mlp.gate_proj", "mlp.up_proj"],
    "down": ["mlp.down_proj"],
}
_NORMS = (
    "input_layernorm",
    "self_attn.q_norm",
    "self_attn.k_norm",
    "post_attention_layernorm",
    "pre_feedforward_layernorm",
    "post_feedforward_layernorm",
)
_PEAK = 127.0
_ROWS = 1 << 14


def quantise(rows: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """int8 rows and what each row was multiplied with."""
    peak = np.abs(rows).max(axis=1)
    scale = (_PEAK / np.where(peak == 0, _PEAK, peak)).astype(np.float32)
    return np.rint(rows * scale[:, None]).astype(np.int8), scale


def embeddings(source: Weights, progress: Progress) -> tuple[npt.NDArray[np.int8], Floats]:
    """The token embeddings in int8, [VOCABULARY, HIDDEN], with their scales, [VOCABULARY]."""
    matrix = np.empty((weights.VOCABULARY, weights.HIDDEN), dtype=np.int8)
    scales = np.empty(weights.VOCABULARY, dtype=np.float32)
    for start in range(0, weights.VOCABULARY, _ROWS):
        stop = min(start + _ROWS, weights.VOCABULARY)
        matrix[start:stop], scales[start:stop] = quantise(source.embedding_rows(start, stop))
        progress("reading the vocabulary", stop / weights.VOCABULARY)
    return matrix, scales


class _Merged:
    """The tensors of one source, changed by one adapter, under the names that the model reads them by."""

    def __init__(self, source: Weights, adapter: Adapter | None) -> None:
        self._source = source
        self._adapter = adapter

    def block(self, number: int) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """The matrices in int8 with the worth of each row's entries, and the norms."""
        at = f"layers.{number}"
        matrices = {
            ours: np.concatenate([self._matrix(f"{at}.{name}") for name in theirs])
            for ours, theirs in _MATRICES.items()
        }
        norms = {name.rpartition(".")[2]: self._source.tensor(f"{at}.{name}.weight") for name in _NORMS}
        even(number, matrices, norms)
        for name, matrix in matrices.items():
            rows, scale = quantise(matrix)
            yield f"{number}.{name}", rows
            yield f"{number}.{name}.scale", 1 / scale
        for name, norm in norms.items():
            yield f"{number}.{name}", norm

    def _matrix(self, name: str) -> Floats:
        matrix = self._source.tensor(f"{name}.weight")
        change = self._adapter.change(f"{name}.weight") if self._adapter else None
        return matrix if change is None else matrix + change


def convert(source: Weights, adapter: Adapter | None, pieces: list[str], folder: Path, progress: Progress) -> None:
    """Writes BLOCKS, SERVED, embeddings.npy and embedding_scales.npy into a folder."""
    matrix, scales = embeddings(source, progress)
    np.save(folder / "embeddings.npy", matrix)
    np.save(folder / "embedding_scales.npy", 1 / scales)
    np.save(folder / SERVED, served(pieces))
    merged = _Merged(source, adapter)
    told: dict[str, npt.NDArray[Any]] = {"norm": source.tensor("norm.weight"), "loud": loud()}
    for number in range(weights.LAYERS):
        told.update(merged.block(number))
        progress("converting the layers", (number + 1) / weights.LAYERS)
    safetensors.numpy.save_file(told, folder / BLOCKS)

"""The published encoder as it is, untaught: texts to vectors, whose cosine tells how much they mean the same."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from bot.lm.types import ModelError
from bot.witness.packed_file import Floats
from bot.witness.pieces import Pieces

ASKED, TOLD = "query: ", "passage: "
"""What the model was taught to see before a question and before a passage (Wang et al. 2024)."""
LIMIT = 256
"""Tokens of a text that count: a passage of the knowledge and its title have some 200."""
BATCH = 16
"""Texts that are read side by side."""


class TextEncoder:
    """The encoder over a folder that `prepare_encoder` made. Safe to use from many threads."""

    def __init__(self, encoder: Any, pieces: Pieces, cores: int) -> None:
        self._encoder = encoder
        self._pieces = pieces
        self._cores = cores

    @classmethod
    def load(cls, folder: Path, *, threads: int = 0) -> TextEncoder:
        """Loads a folder on `threads` cores (0: all); raises ModelError when it cannot be run."""
        import ctranslate2

        cores = threads or os.cpu_count() or 1
        try:
            encoder = ctranslate2.Encoder(
                str(folder), device="cpu", compute_type="int8", inter_threads=cores, intra_threads=1
            )
        except (RuntimeError, ValueError) as error:
            raise ModelError(
                f"the encoder in {folder} cannot be run ({error}); delete {folder} and run `xiaoer run` again"
            ) from error
        return cls(encoder, Pieces.load(folder), cores)

    def vectors(self, texts: Sequence[str], *, asked: bool = False) -> Floats:
        """One vector of length 1 for each text, [texts, width]; `asked` for questions.

        Texts of like length are read side by side, on every core another batch.
        """
        ids = [self._pieces.alone((ASKED if asked else TOLD) + text, LIMIT) for text in texts]
        order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
        batches = [order[first : first + BATCH] for first in range(0, len(order), BATCH)]
        found: dict[int, Floats] = {}
        with ThreadPoolExecutor(self._cores, thread_name_prefix="encoder") as cores:
            read = cores.map(self._read, ([ids[at] for at in batch] for batch in batches))
            for batch, vectors in zip(batches, read, strict=True):
                found |= zip(batch, vectors, strict=True)
        return np.stack([found[at] for at in range(len(ids))]) if ids else np.zeros((0, 0), np.float32)

    def _read(self, ids: Sequence[list[int]]) -> list[Floats]:
        states = np.asarray(self._encoder.forward_batch(list(ids)).last_hidden_state)
        return [_pooled(state[: len(one)]) for one, state in zip(ids, states, strict=True)]


def _pooled(states: Floats) -> Floats:
    """The mean of a text's states, its first and its last token among them, at length 1."""
    mean: Floats = states.mean(0)
    return mean / max(float(np.linalg.norm(mean)), 1e-9)

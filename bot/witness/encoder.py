"""The published encoder as it is, untaught: texts to vectors, whose cosine tells how much they mean the same."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
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
BATCH = 4
"""Texts that are read side by side: more of them leave the processor's caches."""


def opened(folder: Path, **threads: int) -> Any:
    """A `ctranslate2.Encoder` over a prepared folder; raises ModelError when it cannot be run."""
    import ctranslate2

    try:
        return ctranslate2.Encoder(str(folder), device="cpu", compute_type="int8", **threads)
    except (RuntimeError, ValueError) as error:
        raise broken(folder, error) from error


def broken(folder: Path, error: Exception) -> ModelError:
    """What a prepared folder comes to whose files cannot be used."""
    return ModelError(f"the encoder in {folder} cannot be run ({error}); delete {folder} and run `xiaoer run` again")


class TextEncoder:
    """The encoder over a folder that `PLAIN.prepare` made. Safe to use from many threads."""

    def __init__(self, encoder: Any, pieces: Pieces, cores: int) -> None:
        self._encoder = encoder
        self._pieces = pieces
        self._cores = cores

    @classmethod
    def load(cls, folder: Path, *, threads: int = 0) -> TextEncoder:
        """Loads a folder on `threads` cores (0: all); raises ModelError when it cannot be run."""
        cores = threads or os.cpu_count() or 1
        return cls(opened(folder, inter_threads=cores, intra_threads=1), Pieces.load(folder), cores)

    def vectors(self, texts: Sequence[str], *, asked: bool = False) -> Floats:
        """One vector of length 1 for each text, [texts, width]; `asked` for questions.

        Texts of like length are read side by side, on every core another batch.
        """
        ids = [self._pieces.alone((ASKED if asked else TOLD) + text, LIMIT) for text in texts]
        order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
        batches = [order[first : first + BATCH] for first in range(0, len(order), BATCH)]
        read = self._side_by_side([[ids[at] for at in batch] for batch in batches])
        found = dict(zip(chain.from_iterable(batches), chain.from_iterable(read), strict=True))
        return np.stack([found[at] for at in range(len(ids))]) if ids else np.zeros((0, 0), np.float32)

    def _side_by_side(self, batches: Sequence[list[list[int]]]) -> list[list[Floats]]:
        """A question is one batch, and needs no threads."""
        if len(batches) < 2:
            return list(map(self._read, batches))
        with ThreadPoolExecutor(self._cores, thread_name_prefix="encoder") as cores:
            return list(cores.map(self._read, batches))

    def _read(self, ids: Sequence[list[int]]) -> list[Floats]:
        states = np.asarray(self._encoder.forward_batch(list(ids)).last_hidden_state)
        return [_pooled(state[: len(one)]) for one, state in zip(ids, states, strict=True)]


def _pooled(states: Floats) -> Floats:
    """The mean of a text's states, its first and its last token among them, at length 1."""
    mean: Floats = states.mean(0)
    return mean / max(float(np.linalg.norm(mean)), 1e-9)

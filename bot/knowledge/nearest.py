"""Search by meaning: the vectors of all passages, and those nearest to a question's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bot.knowledge.meaning import Floats


class Nearest:
    """Vectors of length 1 by row. Not safe to use from many threads at once."""

    def __init__(self, width: int) -> None:
        self._vectors = np.zeros((256, width), np.float32)
        self._used = 0
        """Rows from here on were never set."""

    def put(self, row: int, vector: Floats) -> None:
        """Sets the vector of a row."""
        while row >= len(self._vectors):
            self._vectors = np.concatenate([self._vectors, np.zeros_like(self._vectors)])
        self._vectors[row] = vector
        self._used = max(self._used, row + 1)

    def remove(self, row: int) -> None:
        """Wipes the vector of a row."""
        self._vectors[row] = 0.0

    def likeness(self, vector: Floats) -> Floats:
        """The cosine of every row with a vector, [rows]; 0 for wiped ones."""
        result: Floats = self._vectors[: self._used] @ vector
        return result


def best(values: npt.NDArray[np.floating], count: int) -> npt.NDArray[np.intp]:
    """Where the `count` greatest values are, greatest first; of equals the first."""
    if len(values) > count:
        near = np.sort(np.argpartition(-values, count - 1)[:count])
        return near[np.argsort(-values[near], kind="stable")]
    return np.argsort(-values, kind="stable")

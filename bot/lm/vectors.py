"""The model's token embeddings as a static table, for sentence vectors without running the model.

`embeddings.npy` is int8, `[262144, 640]`, mapped and not read; a row times its entry in `embedding_scales.npy` is the
embedding of that token.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.lm.tokens import Tokens
from bot.lm.types import ModelError


class TokenVectors:
    """Token ids of a text, and their embeddings. Safe to read from many threads."""

    def __init__(self, folder: Path, tokens: Tokens | None = None) -> None:
        """Opens a folder that `prepare` made; raises ModelError when its tables are not there."""
        self._tokens = tokens or Tokens.load(folder)
        try:
            self._rows = np.load(folder / "embeddings.npy", mmap_mode="r")
            self._scales = np.load(folder / "embedding_scales.npy")
        except (OSError, ValueError) as error:
            raise ModelError(
                f"the model's vectors in {folder} cannot be read ({error}); delete {folder} and run `xiaoer run` again"
            ) from error

    @property
    def width(self) -> int:
        """Numbers per vector: 640."""
        return int(self._rows.shape[1])

    def ids(self, text: str) -> list[int]:
        """The token ids of a text, without a start token."""
        return self._tokens.ids(text)

    def rows(self, ids: Sequence[int]) -> npt.NDArray[np.float32]:
        """The embeddings of tokens, `[n, width]`, not normalised."""
        index = np.asarray(ids, dtype=np.int64)
        vectors: npt.NDArray[np.float32] = self._rows[index].astype(np.float32) * self._scales[index, None]
        return vectors

    def quantised(self, ids: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
        """The rows of tokens as they are kept, and what an entry of each is worth."""
        return self._rows[ids], self._scales[ids]

"""Which tokens the model may write: those of the languages it serves. Reading knows them all.

Two thirds of the bytes that a step reads are the output matrix, a row for each of 262,144 tokens. A third of the rows
belong to scripts that no answer is written in. No token of Chinese, English or any word in Latin letters is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import re2

_SERVED = re2.compile(r"^[\p{Latin}\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Greek}\p{Common}\p{Inherited}]*$")


def served(pieces: Sequence[str]) -> npt.NDArray[np.int32]:
    """The ids of the tokens that may be written, in order.

    >>> served(["a", "я", "中"])
    array([0, 2], dtype=int32)
    """
    return np.array([id_ for id_, piece in enumerate(pieces) if _SERVED.search(piece)], dtype=np.int32)

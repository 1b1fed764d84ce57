"""Which texts are near copies of each other, found without comparing each with each.

A text's *bands* are a few short marks (minhash over its 4-character pieces): texts that share most pieces nearly always
share a mark, others rarely do. Who shares a mark is then compared as the rule against campaigns compares.
"""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

from moderation.policy import DuplicateRules
from moderation.rules.campaigns import shingles, similarity

BANDS, ROWS = 8, 2
"""Eight marks of two numbers: 995 of 1,000 pairs of texts that share 0.7 of their pieces share a mark."""
_PRIME = 2**31 - 1
_FACTORS: npt.NDArray[np.uint64] = np.array([pow(7, n, _PRIME) for n in range(1, BANDS * ROWS + 1)], np.uint64)
_TERMS: npt.NDArray[np.uint64] = np.array([pow(11, n, _PRIME) for n in range(1, BANDS * ROWS + 1)], np.uint64)


def bands(text: str) -> tuple[str, ...]:
    """The marks of a text, the same on every machine and in every version: 8 of 9 characters."""
    pieces = np.fromiter((zlib.crc32(piece.encode()) for piece in shingles(text)), np.uint64)
    least = ((pieces[:, None] * _FACTORS + _TERMS) % _PRIME).min(axis=0).astype("<u8")
    marks = (zlib.crc32(least[n * ROWS : (n + 1) * ROWS].tobytes()) for n in range(BANDS))
    return tuple(f"{n}{mark:08x}" for n, mark in enumerate(marks))


def comparable(text: str, rules: DuplicateRules) -> bool:
    """Whether a text is long enough to be a copy, and says something: shorter ones and signs repeat by nature."""
    return len(text) >= rules.min_chars and shingles(text) != {""}


def likeness(left: str, right: str) -> float:
    """The shared part of the pieces of two texts, in [0, 1]."""
    return similarity(shingles(left), shingles(right))

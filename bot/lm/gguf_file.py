"""Reads a GGUF file's header in one pass; its tensors stay on the disk until they are asked for.

The `gguf` package's own reader makes several objects for each of the 262,144 vocabulary entries: 17 s and 1.1 GB here.
This takes half a second. The layout is that of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, version 3,
little-endian.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

_MAGIC = b"GGUF"
_VERSION = 3
_ALIGNMENT = 32
_STRING, _ARRAY = 8, 9
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


@dataclass(frozen=True, slots=True)
class _Tensor:
    shape: tuple[int, ...]
    kind: GGMLQuantizationType
    offset: int


class GgufFile:
    """`fields` is the metadata by name; `rows` and `tensor` dequantise to float32."""

    def __init__(self, file: Path) -> None:
        with file.open("rb") as opened:
            self._bytes = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        self._at = 0
        if self._take(4) != _MAGIC or self._scalar("I") != _VERSION:
            raise ValueError(f"{file} is not a GGUF file of version {_VERSION}")
        tensors, fields = self._scalar("Q"), self._scalar("Q")
        self.fields: dict[str, Any] = {self._string(): self._value(self._scalar("I")) for _ in range(fields)}
        self._tensors = dict(self._tensor() for _ in range(tensors))
        self._start = -(-self._at // _ALIGNMENT) * _ALIGNMENT

    def names(self) -> list[str]:
        return list(self._tensors)

    def tensor(self, name: str) -> npt.NDArray[np.float32]:
        """A whole tensor, [out, in] for a matrix."""
        shape = self._tensors[name].shape
        return self.rows(name, 0, prod(shape[:-1])).reshape(shape)

    def rows(self, name: str, start: int, stop: int) -> npt.NDArray[np.float32]:
        """The rows [start, stop) of a tensor: [stop - start, length of a row]."""
        tensor = self._tensors[name]
        block, size = GGML_QUANT_SIZES[tensor.kind]
        row = tensor.shape[-1] // block * size
        raw = np.frombuffer(self._bytes, np.uint8, (stop - start) * row, self._start + tensor.offset + start * row)
        values = raw.reshape(stop - start, row)
        return np.array(dequantize(values, tensor.kind), dtype=np.float32).reshape(stop - start, tensor.shape[-1])

    def _take(self, size: int) -> bytes:
        self._at += size
        return self._bytes[self._at - size : self._at]

    def _scalar(self, code: str) -> Any:
        return struct.unpack(f"<{code}", self._take(struct.calcsize(f"<{code}")))[0]

    def _string(self) -> str:
        return self._take(self._scalar("Q")).decode("utf-8", errors="replace")

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._scalar(_SCALARS[kind])
        inner, size = self._scalar("I"), self._scalar("Q")
        if inner in _SCALARS:
            width = struct.calcsize(f"<{_SCALARS[inner]}")
            return list(struct.unpack(f"<{size}{_SCALARS[inner]}", self._take(size * width)))
        return [self._value(inner) for _ in range(size)]

    def _tensor(self) -> tuple[str, _Tensor]:
        name = self._string()
        shape = tuple(self._scalar("Q") for _ in range(self._scalar("I")))
        return name, _Tensor(shape[::-1], GGMLQuantizationType(self._scalar("I")), self._scalar("Q"))

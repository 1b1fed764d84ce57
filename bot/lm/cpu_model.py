"""Gemma 3 on the CPU: int8 layers over a memory of keys and values that lie by row and place.

What a row's token of place p tells lies in column p. So rows of any length share a step without padding, and what was
written for a guess that failed is written over before anything looks at it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file
from torch import Tensor
from torch.nn import functional

from bot.lm import weights
from bot.lm.convert import BLOCKS, SERVED
from bot.lm.int8 import Linear, linear, linear_beside
from bot.lm.types import ModelError
from bot.lm.vectors import TokenVectors
from bot.lm.weights import HEAD, HEADS, HIDDEN, INNER

_QUERIES = HEADS * HEAD
_ROPED = HEADS + weights.KEY_HEADS
_SMALLEST = 1e-6
"""Of a length; the network's own epsilon is smaller still beside any it has."""


class Memory:
    """Keys and values of rows, [layers, rows, columns, HEAD] each."""

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        self.keys, self.values = keys, values

    @classmethod
    def of(cls, rows: int, columns: int) -> Memory:
        """Nothing yet."""
        shape = (weights.LAYERS, rows, columns, HEAD)
        return cls(torch.zeros(shape), torch.zeros(shape))

    @property
    def columns(self) -> int:
        return self.keys.shape[2]

    def wide(self, columns: int) -> Memory:
        """The same in at least so many columns."""
        room = (0, 0, 0, max(columns - self.columns, 0))
        return Memory(functional.pad(self.keys, room), functional.pad(self.values, room)) if room[3] else self

    def first(self, columns: int) -> Memory:
        """A copy of the first columns."""
        return Memory(self.keys[:, :, :columns].clone(), self.values[:, :, :columns].clone())

    def rows(self, kept: Sequence[int]) -> Memory:
        """Some of the rows."""
        return Memory(self.keys[:, list(kept)], self.values[:, list(kept)])

    @classmethod
    def together(cls, parts: Sequence[Memory]) -> Memory:
        """The rows of all."""
        columns = max(part.columns for part in parts)
        wide = [part.wide(columns) for part in parts]
        return cls(torch.cat([part.keys for part in wide], 1), torch.cat([part.values for part in wide], 1))


class Block(NamedTuple):
    """One layer; the norms are what a vector of length one is multiplied with."""

    attends_to_all: bool
    before_attention: Tensor
    query_key_value: Linear
    roped: Tensor
    attended: Linear
    after_attention: Tensor
    before_inner: Tensor
    gate_up: Linear
    down: Linear
    after_inner: Tensor


class CpuModel:
    """The model over a folder that `prepare` made. One thread at a time."""

    def __init__(self, folder: Path, vectors: TokenVectors) -> None:
        """`served` becomes the tokens that the logits are of, in order; raises ModelError when a file is not whole."""
        self._vectors = vectors
        try:
            told = load_file(folder / BLOCKS)
            self.served: npt.NDArray[np.int32] = np.load(folder / SERVED)
            self._blocks = [_block(told, number) for number in range(weights.LAYERS)]
            self._last = _norm(told["norm"])
            self._output = linear_beside(*vectors.quantised(self.served), told["loud"])
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise ModelError(
                f"the model in {folder} cannot be run ({error}); delete {folder} and run `xiaoer run` again"
            ) from error

    def states(
        self, ids: Sequence[Sequence[int]], starts: Sequence[int], memory: Memory, *, wanted: int | None = None
    ) -> Tensor:
        """The last states of each row's last `wanted` tokens, [rows, wanted, HIDDEN]; `ids` of one length for all rows.

        Row r's tokens have the places from `starts[r]` on. The memory of all places before them is there, that of
        theirs is written; it has columns enough. None wants all.
        """
        rows, tokens = len(ids), len(ids[0])
        unwanted = tokens - (wanted or tokens)
        places = torch.tensor(starts)[:, None] + torch.arange(tokens)
        width = max(starts) + tokens
        masks = {full: _mask(places, width, full) for full in (True, False)}
        turns = {full: _turns(places, full) for full in (True, False)}
        states = self._embedded(ids)
        at = torch.arange(rows)[:, None]
        for number, block in enumerate(self._blocks):
            told = block.query_key_value(_scaled(states, block.before_attention))
            # Queries and keys have norms and turns alike: both are heads here, the key the last of them.
            heads = _scaled(told[..., : _ROPED * HEAD].view(rows, tokens, _ROPED, HEAD), block.roped)
            heads = _turn(heads, *turns[block.attends_to_all])
            memory.keys[number, at, places] = heads[:, :, HEADS]
            memory.values[number, at, places] = told[..., _ROPED * HEAD :]
            # Behind the last layer's keys and values nobody looks at the states of tokens that are not wanted.
            past = unwanted if number == weights.LAYERS - 1 else 0
            seen = _attend(
                heads[:, past:, :HEADS].reshape(rows, -1, HEAD),
                memory.keys[number, :, :width],
                memory.values[number, :, :width],
                masks[block.attends_to_all][:, past * HEADS :],
            )
            states = _added(states[:, past:], block.attended(seen.view(rows, -1, _QUERIES)), block.after_attention)
            inner = block.gate_up(_scaled(states, block.before_inner))
            inner = functional.gelu(inner[..., :INNER], approximate="tanh").mul_(inner[..., INNER:])
            states = _added(states, block.down(inner), block.after_inner)
        return states

    def logits(self, states: Tensor) -> Tensor:
        """Of the tokens that may be written, [..., written]."""
        return self._output(_scaled(states, self._last))

    def _embedded(self, ids: Sequence[Sequence[int]]) -> Tensor:
        flat = torch.from_numpy(self._vectors.rows([token for row in ids for token in row]))
        return flat.view(len(ids), -1, HIDDEN).mul_(HIDDEN**0.5)


def _block(told: Mapping[str, npt.NDArray[np.float32]], number: int) -> Block:
    def matrix(name: str) -> Linear:
        return linear(told[f"{number}.{name}"].view(np.int8), told[f"{number}.{name}.scale"])

    def norm(name: str) -> Tensor:
        return _norm(told[f"{number}.{name}"])

    return Block(
        weights.is_full(number),
        norm("input_layernorm"),
        matrix("qkv"),
        torch.stack([norm("q_norm")] * HEADS + [norm("k_norm")]),
        matrix("o"),
        norm("post_attention_layernorm"),
        norm("pre_feedforward_layernorm"),
        matrix("gate_up"),
        matrix("down"),
        norm("post_feedforward_layernorm"),
    )


def _norm(weight: npt.NDArray[np.float32]) -> Tensor:
    """A root mean square is a length over the root of the width."""
    norm: Tensor = torch.from_numpy(1 + weight) * len(weight) ** 0.5
    return norm


def _scaled(states: Tensor, norm: Tensor) -> Tensor:
    """Root mean square normalisation (Zhang and Sennrich 2019); torch's own takes three times as long for one token."""
    scaled: Tensor = (states * norm).div_(_length(states))
    return scaled


def _added(states: Tensor, change: Tensor, norm: Tensor) -> Tensor:
    return torch.addcdiv(states, change * norm, _length(change))


def _length(states: Tensor) -> Tensor:
    length: Tensor = torch.linalg.vector_norm(states, dim=-1, keepdim=True)
    return length.clamp_(min=_SMALLEST)


def _turns(places: Tensor, full: bool) -> tuple[Tensor, Tensor]:
    """Cosines and signed sines of rotary places (Su et al. 2021), [rows, tokens, 1, HEAD] each."""
    base = weights.ROPE_FULL if full else weights.ROPE_LOCAL
    angles = places[:, :, None, None] * base ** -(torch.arange(0, HEAD, 2) / HEAD)
    cosines, sines = angles.cos(), angles.sin()
    return torch.cat([cosines, cosines], -1), torch.cat([-sines, sines], -1)


def _turn(heads: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    return torch.addcmul(heads * cosines, heads.roll(HEAD // 2, -1), sines)


def _mask(places: Tensor, width: int, full: bool) -> Tensor:
    """0 where a token may look and -inf elsewhere, [rows, tokens x HEADS, width]."""
    columns = torch.arange(width)
    hidden = columns > places[..., None]
    if not full:
        hidden |= columns <= places[..., None] - weights.WINDOW
    return torch.zeros(hidden.shape).masked_fill_(hidden, -torch.inf).repeat_interleave(HEADS, 1)


def _attend(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """All heads share the one key head, so they are further tokens of one attention."""
    weight = torch.baddbmm(mask, queries, keys.transpose(1, 2), alpha=HEAD**-0.5).softmax(-1)
    return torch.bmm(weight, values)

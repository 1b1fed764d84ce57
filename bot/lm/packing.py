"""Lessons in rows of one width: a passage stands once, and every question about it looks at it and at itself alone.

That halves the tokens of a pass. Several passages share a row; none sees another.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch

from bot.lm.mixture import Ask, Reading
from bot.lm.prompt import END, parted
from bot.lm.tokens import BOS, Tokens

WIDTH = 512
"""Tokens of a row; also the window of the model's sliding layers, so that no distance leaves it."""
ROWS = 4
"""Rows of a batch."""


@dataclass(frozen=True, slots=True)
class Block:
    """A question's tokens behind its passage, and where among them the answer begins."""

    ids: list[int]
    answer: int


@dataclass(frozen=True, slots=True)
class Unit:
    """A passage's tokens, BOS first, and the blocks that follow it."""

    prefix: list[int]
    blocks: tuple[Block, ...]

    def __len__(self) -> int:
        return len(self.prefix) + sum(len(block.ids) for block in self.blocks)


@dataclass(slots=True)
class Row:
    """Tokens with their places in their own text, their unit (from 1; 0 is padding) and their block (0: the prefix)."""

    ids: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    units: list[int] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    taught: list[tuple[int, float]] = field(default_factory=list)
    """Where a token of an answer stands, and what it weighs; an answer weighs the root of its length."""

    def add(self, unit: Unit) -> None:
        number = max(self.units, default=0) + 1
        start = len(unit.prefix)
        self._put(unit.prefix, 0, number, 0)
        for index, block in enumerate(unit.blocks, 1):
            first = len(self.ids) + block.answer
            self._put(block.ids, start, number, index)
            self.taught += [(at, (len(self.ids) - first) ** -0.5) for at in range(first, len(self.ids))]

    def _put(self, ids: Sequence[int], place: int, unit: int, block: int) -> None:
        self.ids += ids
        self.places += range(place, place + len(ids))
        self.units += [unit] * len(ids)
        self.blocks += [block] * len(ids)


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of ROWS rows, [rows, width], and of the answers' tokens: their (row, place), ids and weights."""

    ids: torch.Tensor
    places: torch.Tensor
    allowed: torch.Tensor
    taught: torch.Tensor
    wanted: torch.Tensor
    weights: torch.Tensor


def units(readings: Iterable[Reading], tokens: Tokens, width: int = WIDTH) -> list[Unit]:
    """The readings in tokens. Questions that do not fit a row with their passage open a further unit; a passage that
    leaves no room for a question is left out."""
    found: list[Unit] = []
    for one in readings:
        held: list[Block] = []
        prompts = [parted(one.prompt(ask)) for ask in one.asks]
        prefix = [BOS, *tokens.ids(prompts[0][0])] if prompts else []
        for ask, (_, question) in zip(one.asks, prompts, strict=True):
            block = _block(question, ask, tokens)
            if len(prefix) + len(block.ids) > width:
                continue
            if len(prefix) + len(block.ids) + sum(len(other.ids) for other in held) > width:
                found.append(Unit(prefix, tuple(held)))
                held = []
            held.append(block)
        if held:
            found.append(Unit(prefix, tuple(held)))
    return found


def _block(question: str, ask: Ask, tokens: Tokens) -> Block:
    """What follows a passage. It begins with a line break, which no token spans."""
    before = tokens.ids(question)
    return Block(before + tokens.ids(ask.target.replace("\n", " ") + END), len(before))


def rows(taught: Sequence[Unit], rng: random.Random, width: int = WIDTH) -> list[Row]:
    """Every unit in one row: the longest first, each into the fullest row that still has room; rows in random order."""
    found: list[Row] = []
    room: list[list[Row]] = [[] for _ in range(width + 1)]
    for unit in sorted(taught, key=lambda unit: (-len(unit), rng.random())):
        free = next((left for left in range(len(unit), width + 1) if room[left]), None)
        row = room[free].pop() if free is not None else Row()
        if free is None:
            found.append(row)
        row.add(unit)
        room[width - len(row.ids)].append(row)
    rng.shuffle(found)
    return found


def batch(chosen: Sequence[Row], device: str, width: int = WIDTH) -> Batch:
    """Rows as tensors; padding looks at itself alone."""

    def padded(values: Iterable[list[int]]) -> torch.Tensor:
        return torch.tensor([value + [0] * (width - len(value)) for value in values], device=device)

    unit, block = padded(row.units for row in chosen), padded(row.blocks for row in chosen)
    same = unit[:, :, None] == unit[:, None, :]
    seen = (block[:, None, :] == 0) | (block[:, :, None] == block[:, None, :])
    allowed = torch.tril(same & seen)
    ids = padded(row.ids for row in chosen)
    spots = [(index, at) for index, row in enumerate(chosen) for at, _ in row.taught]
    taught = torch.tensor(spots, device=device).view(-1, 2)
    weights = torch.tensor([weight for row in chosen for _, weight in row.taught], device=device)
    return Batch(
        ids, padded(row.places for row in chosen), allowed[:, None], taught, ids[taught[:, 0], taught[:, 1]], weights
    )

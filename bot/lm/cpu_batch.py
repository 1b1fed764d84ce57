"""Rows that the CPU's model decodes together, several tokens of each at a step where the passage tells them ahead.

An answer in the passage's words goes on as the passage does. So what followed the last two tokens where they stood
before is guessed to follow here, read in the same step, and kept as far as the model would have written it: what is
said is the same, in fewer steps (prompt lookup, Saxena 2023; speculative decoding, Leviathan et al. 2023). Five tokens
of one row cost a sixth more than one: a step's time is the weights' way from memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch import Tensor

from bot.lm.cpu_model import CpuModel, Memory
from bot.lm.prompt import CERTAIN
from bot.lm.rows import Batch, Row

ROWS = 8
"""Prompts decoded together."""
GUESSED = 6
"""Tokens that are guessed at most for a row."""
TOKENS = 16
"""Tokens that a step reads at most when it guesses: more of them cost more than guesses bring."""
KEPT = 16
"""Prompts whose memory is kept for those that begin alike, 9 MB each at 250 tokens."""
_GROWTH = 32


def guess(told: Sequence[int], most: int) -> list[int]:
    """What followed the last two tokens where they stood before, the last time; at most so many tokens.

    >>> guess([1, 2, 3, 4, 5, 2, 3], 2)
    [4, 5]
    """
    pair = tuple(told[-2:])
    for at in range(len(told) - 3, -1, -1):
        if (told[at], told[at + 1]) == pair:
            return list(told[at + 2 : at + 2 + most])
    return []


def alike(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two begin with alike."""
    return next(
        (at for at, (here, there) in enumerate(zip(one, other, strict=False)) if here != there),
        min(len(one), len(other)),
    )


class CpuBatch(Batch):
    """Rows on the CPU's model. `refusal` is a token of the vocabulary; `guessed` tokens are guessed at most for a
    row."""

    def __init__(self, model: CpuModel, *, refusal: int, ends: Collection[int], guessed: int = GUESSED) -> None:
        super().__init__(int(np.searchsorted(model.served, refusal)), ends)
        self._model = model
        self._guessed = guessed
        self._memory = Memory.of(0, 0)
        self._kept: OrderedDict[tuple[int, ...], Memory] = OrderedDict()

    def join(self, newcomers: Sequence[Row]) -> None:
        self.rows += newcomers
        for row in newcomers:
            memory, logits = self._read(tuple(row.prompt))
            doubt = float(logits.softmax(-1)[self._refusal])
            if doubt < CERTAIN:
                logits[self._refusal] = -torch.inf
            row.begin(doubt)
            self._memory = Memory.together([self._memory, memory])
            self._add([row], [[]], logits[None, None])

    def step(self) -> None:
        room = min(self._guessed, TOKENS // len(self.rows) - 1)
        guesses = [
            guess([*row.prompt, *row.tokens], min(room, row.max_tokens - len(row.tokens) - 1)) for row in self.rows
        ]
        width = max(map(len, guesses))
        # A row with fewer guesses than others repeats its last token: read, and never looked at.
        ids = [
            [row.tokens[-1], *told, *[row.tokens[-1]] * (width - len(told))]
            for row, told in zip(self.rows, guesses, strict=True)
        ]
        starts = [len(row.prompt) + len(row.tokens) - 1 for row in self.rows]
        needed = max(starts) + width + 1
        if needed > self._memory.columns:
            self._memory = self._memory.wide(needed + _GROWTH)
        self._add(self.rows, guesses, self._model.logits(self._model.states(ids, starts, self._memory)))

    def _keep(self, staying: Sequence[int]) -> None:
        self._memory = self._memory.rows(staying) if staying else Memory.of(0, 0)

    def _read(self, prompt: tuple[int, ...]) -> tuple[Memory, Tensor]:
        """The memory of a prompt, its own copy, and the logits of what follows. What an earlier one began with alike
        is not read again."""
        best = max(self._kept, key=lambda kept: alike(kept, prompt), default=())
        known = min(alike(best, prompt), len(prompt) - 1)
        memory = self._kept[best].first(known) if known else Memory.of(1, 0)
        memory = memory.wide(len(prompt))
        states = self._model.states([prompt[known:]], [known], memory, wanted=1)
        self._remember(prompt, memory)
        return memory, self._model.logits(states[0])[0]

    def _remember(self, prompt: tuple[int, ...], memory: Memory) -> None:
        self._kept[prompt] = memory
        self._kept.move_to_end(prompt)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def _add(self, rows: Sequence[Row], guesses: Sequence[Sequence[int]], logits: Tensor) -> None:
        """Adds what the model writes, [rows, tokens, served]: one token, and another for each guess that came true."""
        best = logits.max(-1)
        likely = (best.values - logits.logsumexp(-1)).tolist()
        written = self._model.served[best.indices.numpy()].tolist()
        for row, guessed, tokens, chances in zip(rows, guesses, written, likely, strict=True):
            for at, (token, chance) in enumerate(zip(tokens, chances, strict=True)):
                row.add(token, chance)
                if row.finished(self.ends) or guessed[at : at + 1] != [token]:
                    break

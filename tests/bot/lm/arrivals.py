"""A batch driven as `Decoding` drives it, but by the clock of its steps: who comes when, and who gives up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from bot.lm.rows import Batch, Row

PATIENCE = 2
"""Tokens after which a row that gives up does so."""


class Arrival(NamedTuple):
    """A row, the step before which it comes, and whether it is given up on its way."""

    at: int
    row: Row
    gives_up: bool


@torch.inference_mode()
def run(batch: Batch, coming: Sequence[Arrival]) -> None:
    """Runs for as many steps as all need that come; then all have left."""
    steps = max(one.at for one in coming) + max(one.row.max_tokens for one in coming) + 1
    for step in range(steps):
        for one in coming:
            if one.gives_up and len(one.row.tokens) >= PATIENCE:
                one.row.done.cancel()
        if newcomers := [one.row for one in coming if one.at == step]:
            batch.join(newcomers)
            batch.leave()
        if batch.rows:
            batch.step()
            batch.leave()
    assert batch.rows == []

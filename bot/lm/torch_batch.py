"""Rows that are decoded together on one model: newcomers join between two steps, finished ones leave.

transformers' own continuous batching (5.23) tells the probabilities of the tokens that it chose, and of no other: the
doubt, that of the refusal at the first step, cannot be read there. It needs paged attention besides. So this is a plain
loop over a cache whose columns are the tokens of all rows, padded on the left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

from bot.lm.prompt import CERTAIN
from bot.lm.rows import Batch, Row


class TorchBatch(Batch):
    """Rows on a causal model of transformers."""

    _cache: DynamicCache
    _mask: torch.Tensor

    def __init__(self, model: Any, *, refusal: int, ends: set[int]) -> None:
        super().__init__(refusal, ends)
        self._model = model
        self._keep([])

    def join(self, newcomers: Sequence[Row]) -> None:
        self.rows += newcomers
        device = self._model.device
        width = max(len(row.prompt) for row in newcomers)
        padding = [[0] * (width - len(row.prompt)) for row in newcomers]
        rows = list(zip(padding, newcomers, strict=True))
        ids = torch.tensor([[*zeros, *row.prompt] for zeros, row in rows], device=device)
        mask = torch.tensor([[*zeros, *(1 for _ in row.prompt)] for zeros, row in rows], device=device)
        cache = DynamicCache()
        scores = self._scores(ids, mask, (mask.cumsum(1) - 1).clamp(min=0), cache)
        doubts = scores[:, self._refusal].exp()
        scores[doubts < CERTAIN, self._refusal] = -torch.inf
        scores = scores.log_softmax(-1)
        self._add(newcomers, scores)
        for row, doubt in zip(newcomers, doubts.tolist(), strict=True):
            row.begin(doubt)
        columns = max(width, self._mask.shape[1])
        _stack(self._cache, cache, columns)
        self._mask = torch.cat([_padded(self._mask, columns, 1), _padded(mask, columns, 1)])

    def step(self) -> None:
        ids = torch.tensor([[row.tokens[-1]] for row in self.rows], device=self._model.device)
        self._mask = torch.cat([self._mask, torch.ones_like(ids)], 1)
        places = self._mask.sum(1, keepdim=True) - 1
        self._add(self.rows, self._scores(ids, self._mask, places, self._cache))

    def _keep(self, staying: Sequence[int]) -> None:
        if not staying:
            self._cache = DynamicCache()  # every layer whole, sliding ones too: all rows then share their columns
            self._mask = torch.zeros(0, 0, dtype=torch.long, device=self._model.device)
            return
        kept = torch.tensor(staying, dtype=torch.long, device=self._model.device)
        mask = self._mask[kept]
        unused = int((mask.cumsum(1) == 0).all(0).sum())
        self._mask = mask[:, unused:]
        _cut(self._cache, kept, unused)

    def _add(self, rows: Sequence[Row], scores: torch.Tensor) -> None:
        best = scores.max(-1)
        for row, token, likely in zip(rows, best.indices.tolist(), best.values.tolist(), strict=True):
            row.add(token, likely)

    def _scores(self, ids: torch.Tensor, mask: torch.Tensor, places: torch.Tensor, cache: DynamicCache) -> torch.Tensor:
        """The log probabilities of the next token, [rows, vocabulary]; the cache grows by the columns of `ids`."""
        out = self._model(
            input_ids=ids, attention_mask=mask, position_ids=places, past_key_values=cache, logits_to_keep=1
        )
        logits: torch.Tensor = out.logits
        return logits[:, -1].float().log_softmax(-1)


def _padded(columns: torch.Tensor, width: int, dim: int) -> torch.Tensor:
    """The tensor with zeros on the left of a dimension, so that it has this width."""
    missing = list(columns.shape)
    missing[dim] = width - columns.shape[dim]
    return torch.cat([columns.new_zeros(missing), columns], dim)


def _stack(cache: DynamicCache, newcomers: DynamicCache, columns: int) -> None:
    """Puts the rows of one cache below those of another, [rows, heads, columns, size] in each layer."""
    for index, new in enumerate(newcomers.layers):
        keys, values = (_padded(told, columns, 2) for told in (new.keys, new.values))
        if index < len(cache.layers):
            old = cache.layers[index]
            old.keys = torch.cat([_padded(old.keys, columns, 2), keys])
            old.values = torch.cat([_padded(old.values, columns, 2), values])
        else:
            cache.update(keys, values, index)


def _cut(cache: DynamicCache, kept: torch.Tensor, unused: int) -> None:
    """Keeps these rows, without the columns on the left that none of them uses."""
    for layer in cache.layers:
        layer.keys, layer.values = (told[kept, :, unused:] for told in (layer.keys, layer.values))

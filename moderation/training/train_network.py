"""Training of the judge's network in torch: the same computation as `moderation.judging.network`, with gradients.

Adam, one cycle of learning rates, dropout of features and channels. Rows that do not know a clause say nothing about
it; batches hold texts of like length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from moderation.judging.classifier import BATCH
from moderation.judging.features import TOKEN_BITS, token_bag
from moderation.judging.network import TOKENS, Network, as_int8
from moderation.training.corpus import HEADS, Row, lift

WIDTH = 32
CHANNELS = 96
EPOCHS = 3
"""More learn the rows by heart: five do worse on the dev rows."""
RATE = 2e-3
ROWS = 256
"""Rows of a batch."""
SPAN = 40
"""Batches that are sorted by length together."""
FEATURES_LOST = 0.25
CHANNELS_LOST = 0.2
DECAY = 0.01
Tokens = tuple[NDArray[np.int32], NDArray[np.int32]]
"""A text: its buckets, and how many of them each token has."""


class Layers(nn.Module):
    """The network with gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = nn.EmbeddingBag(1 << TOKEN_BITS, WIDTH, mode="sum", sparse=True)
        nn.init.normal_(self.embeddings.weight, std=0.05)
        self.first = nn.Conv1d(WIDTH, CHANNELS, 3, padding=1)
        self.second = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=2, dilation=2)
        self.last = nn.Linear(2 * CHANNELS + WIDTH, len(HEADS))

    def forward(self, batch: Sequence[Tokens]) -> Tensor:
        """Logits, shape (texts, clauses)."""
        length = max(1, *(len(counts) for _, counts in batch)) if len(batch) > 1 else max(1, len(batch[0][1]))
        buckets = torch.from_numpy(np.concatenate([found for found, _ in batch])).long()
        counts = np.concatenate([count for _, count in batch])
        starts = torch.from_numpy(np.concatenate([[0], np.cumsum(counts)[:-1]])).long()
        kept = (torch.rand(len(buckets)) > FEATURES_LOST).float() if self.training else torch.ones(len(buckets))
        places = np.concatenate([np.arange(len(count)) + at * length for at, (_, count) in enumerate(batch)])
        flat = torch.zeros(len(batch) * length, WIDTH)
        flat = flat.index_copy(0, torch.from_numpy(places), self.embeddings(buckets, starts, per_sample_weights=kept))
        filled = torch.zeros(len(batch) * length).index_fill(0, torch.from_numpy(places), 1).view(len(batch), 1, length)
        share = 1 / filled.sum(2).clamp(min=1)
        rows = flat.view(len(batch), length, WIDTH)
        first = functional.relu(self.first(self._thinned(rows).transpose(1, 2))) * filled
        second = functional.relu(self.second(first)) * filled + first
        pooled = torch.cat([second.amax(2), second.sum(2) * share, rows.sum(1) * share], 1)
        logits: Tensor = self.last(self._thinned(pooled))
        return logits

    def _thinned(self, values: Tensor) -> Tensor:
        return functional.dropout(values, CHANNELS_LOST, self.training)

    def plain(self) -> Network:
        """The network as it ships: embeddings as int8, layers as matrices."""
        embeddings, step = as_int8(self.embeddings.weight.detach().numpy())
        layers = {
            "first": self.first.weight.detach().permute(2, 1, 0).reshape(-1, CHANNELS).numpy(),
            "first_bias": bias_of(self.first),
            "second": self.second.weight.detach().permute(2, 1, 0).reshape(-1, CHANNELS).numpy(),
            "second_bias": bias_of(self.second),
            "last": self.last.weight.detach().numpy().T.copy(),
            "last_bias": bias_of(self.last),
        }
        return Network(embeddings, step, layers)


def bias_of(layer: nn.Conv1d | nn.Linear) -> NDArray[np.float32]:
    assert layer.bias is not None  # noqa: S101, all layers here have one
    return np.asarray(layer.bias.detach().numpy(), dtype=np.float32)


def train_network(texts: Sequence[str], rows: Sequence[Row], seed: int, progress: Callable[[float], None]) -> Network:
    """Train on normalised texts and what their rows know."""
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    tokens = tokenised(texts)
    truth, weights = (torch.from_numpy(part) for part in targets(rows))
    layers = Layers()
    dense = [value for name, value in layers.named_parameters() if not name.startswith("embeddings")]
    steps = EPOCHS * (len(rows) // ROWS + 1)
    optimisers = (
        torch.optim.SparseAdam(layers.embeddings.parameters(), lr=RATE),
        torch.optim.AdamW(dense, lr=RATE, weight_decay=DECAY),
    )
    rate = torch.optim.lr_scheduler.OneCycleLR(optimisers[1], RATE, total_steps=steps + 1, pct_start=0.1)
    step = 0
    for _ in range(EPOCHS):
        for batch in batches(tokens, chance):
            logits = layers([tokens[index] for index in batch])
            losses = functional.binary_cross_entropy_with_logits(logits, truth[batch], reduction="none")
            loss = (losses * weights[batch]).sum() / len(batch)
            for one in optimisers:
                one.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimisers[0].param_groups[0]["lr"] = optimisers[1].param_groups[0]["lr"]
            for one in optimisers:
                one.step()  # type: ignore[no-untyped-call]
            rate.step()
            step += 1
            progress(step / steps)
    return layers.plain()


def tokenised(texts: Sequence[str]) -> list[Tokens]:
    """The first TOKENS tokens of every text; an empty text gets one token without meaning."""
    found: list[Tokens] = []
    for at in range(0, len(texts), BATCH):
        part = token_bag(texts[at : at + BATCH])
        bounds = np.searchsorted(part.texts, np.arange(len(texts[at : at + BATCH]) + 1))
        for start, end in pairwise(bounds):
            edges = part.starts[start : min(end, start + TOKENS) + 1]
            buckets = part.buckets[edges[0] : edges[-1]].astype(np.int32)
            found.append((buckets, np.diff(edges).astype(np.int32)) if end > start else EMPTY)
    return found


EMPTY: Tokens = (np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.int32))


def targets(rows: Sequence[Row]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Whether each clause holds, and how much the row counts for it: 0 where it is not known, (rows, clauses) both."""
    lessons = [(row.lesson, row.weight) for row in rows]
    truth = np.array([[lesson.get(clause, False) for clause in HEADS] for lesson, _ in lessons], dtype=np.float32)
    weights = np.array(
        [[weight if clause in lesson else 0.0 for clause in HEADS] for lesson, weight in lessons], dtype=np.float32
    )
    lifts = [lift(held, whole) for held, whole in zip((truth * weights).sum(axis=0), weights.sum(axis=0), strict=True)]
    return truth, np.where(truth > 0, weights * np.array(lifts), weights).astype(np.float32)


def batches(tokens: Sequence[Tokens], chance: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """All rows once, in batches of like length, in an order by chance."""
    lengths = np.array([len(counts) for _, counts in tokens])
    order = chance.permutation(len(tokens))
    found: list[NDArray[np.int64]] = []
    for at in range(0, len(order), ROWS * SPAN):
        group = order[at : at + ROWS * SPAN]
        group = group[np.argsort(lengths[group], kind="stable")]
        found += [group[start : start + ROWS] for start in range(0, len(group), ROWS)]
    for index in chance.permutation(len(found)):
        yield found[index]

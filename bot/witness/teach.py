"""Teaches the witness: all of the encoder but its token embeddings, and two heads, on the mixture of the reader.

The loss is that of span reading (Devlin et al. 2018, section 4.3) with a head of its own for "the passage does not
say": of a passage that answers, minus the logarithm of what the model gives to all places of the answer together, the
mean over the parts of an answer in several; of every passage, the cross-entropy of whether it answers.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bot.lm.folders import sha256
from bot.lm.mixture import Ask, Reading, lessons, rows_file
from bot.lm.types import Progress, silent
from bot.witness.convert import vocabulary
from bot.witness.network import HALVED, Network, save
from bot.witness.packed_file import PackedFile, published
from bot.witness.pieces import PAD, Framed, Pieces, leaning
from bot.witness.taught import Taught

RATE = 1.6e-4
"""Of AdamW, reached after WARM batches, falling to a fiftieth in a straight line."""
WARM = 100
ROWS = 16
"""Lessons of a batch."""
NEAR = 60
"""Batches whose lessons are laid beside those of like length: less padding."""
LOG_EVERY = 50
SAVE_EVERY = 400
REPEATS = {
    "xquad_en": 1.0,
    "xquad_zh": 0.25,
    "chinesesquad_zh": 0.175,
    "cmrc2018_zh": 0.25,
    "drcd_zh_hant": 0.125,
    "ours": 0.4,
    **dict.fromkeys((f"ours/general_{part}" for part in ("en_h", "en_i", "en_j", "en_k", "en_l", "zh_d", "zh_e")), 1.0),
    "ours/mixed": 1.0,
    "ours/mixed_b": 1.3,
    "ours/merchant": 1.3,
}
"""How often a group's passages come in one pass, each time with another window: some 24,000 lessons, over half of them
of merchants' matters, the densest in near misses more often than the older."""
_PLACES = 8
"""Places of one answer in its passage that count."""


class Lesson(NamedTuple):
    """Token ids, and of each part of the answer the first and last ids wherever it stands; no part: it does not."""

    ids: list[int]
    parts: list[list[tuple[int, int]]]


def lesson(pieces: Pieces, reading: Reading, ask: Ask) -> Lesson | None:
    """A question beside its passage; None when a part of its answer was cut off."""
    framed = pieces.frame(leaning(ask.question, ask.earlier), reading.passage, reading.title)
    parts = [list(islice(_places(framed, reading.passage, part), _PLACES)) for part in ask.parts]
    return Lesson(framed.ids, parts) if all(parts) else None


def _places(framed: Framed, passage: str, part: str) -> Iterator[tuple[int, int]]:
    at = passage.find(part)
    while at >= 0:
        if span := framed.tokens(at, at + len(part)):
            yield span
        at = passage.find(part, at + 1)


def _pass(file: Path, pieces: Pieces, seed: int) -> Iterator[list[Lesson]]:
    """One pass through the mixture in batches, lessons of like length together; each is made when its turn comes."""
    rng = random.Random(seed)  # noqa: S311 - a reproducible order, no secret
    asks = [(reading, ask) for reading in lessons(file, seed, REPEATS) for ask in reading.asks]
    rng.shuffle(asks)
    found = (made for reading, ask in asks if (made := lesson(pieces, reading, ask)))
    while near := sorted(islice(found, ROWS * NEAR), key=lambda one: len(one.ids)):
        batches = [near[first : first + ROWS] for first in range(0, len(near), ROWS)]
        rng.shuffle(batches)
        yield from batches


def _passes(file: Path, pieces: Pieces, seed: int) -> Iterator[list[Lesson]]:
    for turn in count(seed):
        yield from _pass(file, pieces, turn)


def padded(lessons: Sequence[Lesson]) -> tuple[Tensor, Tensor]:
    """Ids and mask, [rows, tokens]."""
    longest = max(len(one.ids) for one in lessons)
    ids = torch.full((len(lessons), longest), PAD)
    for row, one in enumerate(lessons):
        ids[row, : len(one.ids)] = torch.tensor(one.ids)
    return ids, (ids != PAD).long()


def loss_of(network: nn.Module, lessons: Sequence[Lesson]) -> Tensor:
    """The mean over the lessons of both parts of the loss."""
    ids, mask = padded(lessons)
    with torch.autocast(ids.device.type, torch.bfloat16, enabled=HALVED):
        ends, says = network(ids, mask)
    likely = ends.masked_fill(mask[:, :, None] == 0, float("-inf")).log_softmax(1)
    answered = torch.tensor([float(bool(one.parts)) for one in lessons])
    loss = nn.functional.binary_cross_entropy_with_logits(says, answered)
    for row, one in enumerate(lessons):
        for places in map(torch.tensor, one.parts):
            found = (likely[row, places[:, 0], 0] + likely[row, places[:, 1], 1]).logsumexp(0)
            loss = loss - found / (len(one.parts) * len(lessons))
    return loss


def train_witness(
    data: Path,
    out: Path,
    *,
    minutes: float,
    seed: int = 7,
    begin: Path | None = None,
    frozen: int = 0,
    source: PackedFile | None = None,
    progress: Progress = silent,
    log: Callable[[str], None] = lambda _line: None,
) -> str:
    """Teaches for some minutes and writes what was learned to `out`; returns its sha256, to be pinned in taught.py.

    `data` is a file of rows or a folder with qa/train.jsonl, `begin` what was learned earlier, `source` the encoder
    when it is not the published one. The first `frozen` blocks stay as they are: with six of twelve a batch takes two
    thirds of the time. A time limit makes the number of batches depend on the machine; one is taught
    always. Raises ModelError when data or weights cannot be read.
    """
    torch.manual_seed(seed)
    source = source or published()
    ids, _, tokenizer = vocabulary(source)
    network = Network(source, ids)
    if begin:
        network.take_up(source, Taught.read(begin))
    learned = network.learned(frozen)
    decayed = {"params": [one for one in learned if one.ndim > 1], "weight_decay": 0.01}
    others = {"params": [one for one in learned if one.ndim == 1], "weight_decay": 0.0}
    optimizer = torch.optim.AdamW([decayed, others], RATE, (0.9, 0.98))
    batches = _passes(rows_file(data, "train"), Pieces(tokenizer), seed)
    note = {"seed": str(seed)}
    began, mean = time.monotonic(), 0.0
    for step, batch in enumerate(batches, 1):
        fraction = min((time.monotonic() - began) / 60 / minutes, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, step / WARM) * max(0.02, 1 - fraction)
        loss = loss_of(network, batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        mean = loss.item() if step == 1 else 0.98 * mean + 0.02 * loss.item()
        progress("teaching", fraction)
        if step % LOG_EVERY == 0:
            log(json.dumps({"step": step, "loss": round(mean, 4), "minutes": round(fraction * minutes, 2)}))
        if fraction >= 1 or step % SAVE_EVERY == 0:
            save(network, source, out, {**note, "batches": str(step)})
        if fraction >= 1:
            break
    return sha256(out)

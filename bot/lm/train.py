"""Teaches the model to read: a low-rank adapter on all its linear layers, the loss on the answer alone.

The frozen weights are bf16 (AMX on a new CPU, tensor cores on a GPU), the adapter is float32. Batches hold lessons of
like length. Padding stands on the right, where causal attention never looks, so there is no mask. The output matrix,
two thirds of the model, is applied to the answer's positions only.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from bot.lm import adapter, torch_model
from bot.lm.cache import prepare
from bot.lm.mixture import Example, lessons, rows_file
from bot.lm.prompt import END
from bot.lm.tokens import BOS, Tokens
from bot.lm.types import ModelError, Progress, silent

RANK = 16
SCALE = 2.0
RATE = 8e-4
WARM_UP = 0.04
BATCH_TOKENS = 2048
LONGEST = 448
"""Tokens of the longest lesson; longer ones are left out."""
CHECKPOINT_EVERY = 25
LOG_EVERY = 10
NEVER = 1_000_000


class LowRank(nn.Module):
    """A frozen linear layer and its low-rank change."""

    def __init__(self, base: nn.Linear, generator: torch.Generator) -> None:
        super().__init__()
        self.base = base
        bound = 1 / math.sqrt(base.in_features)
        down = torch.empty(RANK, base.in_features).uniform_(-bound, bound, generator=generator)
        self.down = nn.Parameter(down.to(base.weight.device))
        self.up = nn.Parameter(torch.zeros(base.out_features, RANK, device=base.weight.device))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        flat = inputs.flatten(0, -2)
        low = SCALE * nn.functional.linear(flat, self.down.to(inputs.dtype))
        changed: torch.Tensor = torch.addmm(self.base(flat), low, self.up.to(inputs.dtype).t())
        return changed.view(*inputs.shape[:-1], -1)


@dataclass(frozen=True, slots=True)
class Lesson:
    ids: list[int]
    answer: int
    """Where the answer begins in `ids`."""


def _lesson(example: Example, tokens: Tokens) -> Lesson:
    prompt = [BOS, *tokens.ids(example.prompt)]
    return Lesson(prompt + tokens.ids(example.target.replace("\n", " ") + END), len(prompt))


def batches(taught: list[Lesson], rng: random.Random) -> list[list[Lesson]]:
    """Lessons of like length together, at most BATCH_TOKENS with the padding, in random order."""
    ordered = sorted(taught, key=lambda lesson: (len(lesson.ids), rng.random()))
    found: list[list[Lesson]] = [[]]
    for lesson in ordered:
        if (len(found[-1]) + 1) * len(lesson.ids) > BATCH_TOKENS:
            found.append([])
        found[-1].append(lesson)
    rng.shuffle(found)
    return found


def insert(model: Any, seed: int) -> dict[str, LowRank]:
    """Freezes a model and puts a change beside each linear layer of its blocks; their names are the weights'."""
    model.requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    changed: dict[str, LowRank] = {}
    for name, module in list(model.model.layers.named_modules()):
        if isinstance(module, nn.Linear):
            parent, _, child = name.rpartition(".")
            layer = LowRank(module, generator)
            setattr(model.model.layers.get_submodule(parent), child, layer)
            changed[f"layers.{name}.weight"] = layer
    return changed


def loss_of(model: Any, batch: list[Lesson], device: str) -> torch.Tensor:
    """The mean cross entropy of the answers' tokens. Every lesson weighs the same, however long its answer."""
    width = max(len(lesson.ids) for lesson in batch)
    ids = torch.tensor([lesson.ids + [0] * (width - len(lesson.ids)) for lesson in batch], device=device)
    hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
    wanted, states, weights = [], [], []
    for row, lesson in enumerate(batch):
        states.append(hidden[row, lesson.answer - 1 : len(lesson.ids) - 1])
        answer = lesson.ids[lesson.answer :]
        wanted += answer
        weights += [1 / len(answer) ** 0.5] * len(answer)
    logits = model.lm_head(torch.cat(states)).float()
    losses = nn.functional.cross_entropy(logits, torch.tensor(wanted, device=device), reduction="none")
    shares = torch.tensor(weights, device=device)
    return (losses * shares).sum() / shares.sum()


def save(changed: dict[str, LowRank], out: Path, note: dict[str, str]) -> None:
    """Writes the adapter as float16 safetensors, in one rename."""
    tensors = {}
    for name, layer in changed.items():
        tensors[f"{name}.down"] = layer.down.detach().to("cpu", torch.float16).contiguous()
        tensors[f"{name}.up"] = layer.up.detach().to("cpu", torch.float16).contiguous()
    rough = out.with_suffix(".rough")
    save_file(tensors, rough, metadata={"scale": str(SCALE), "rank": str(RANK), **note})
    rough.rename(out)


def rate_at(fraction: float) -> float:
    """The learning rate: a short warm-up, then a half cosine down to a twentieth."""
    if fraction < WARM_UP:
        return RATE * fraction / WARM_UP
    return RATE * (0.05 + 0.95 * (1 + math.cos(math.pi * (fraction - WARM_UP) / (1 - WARM_UP))) / 2)


def resume(changed: dict[str, LowRank], file: Path) -> None:
    """Takes up an earlier adapter's numbers. Raises ModelError when the file does not fit."""
    try:
        with safe_open(file, framework="pt") as opened, torch.no_grad():
            for name, layer in changed.items():
                layer.down.copy_(opened.get_tensor(f"{name}.down"))
                layer.up.copy_(opened.get_tensor(f"{name}.up"))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ModelError(f"the adapter {file} cannot be taken up ({error}); train without --resume") from error


class _Teacher:
    """A model that is being taught, and how far it is."""

    def __init__(self, model: Any, seed: int, device: str, begin: Path | None = None) -> None:
        self.changed = insert(model, seed)
        if begin:
            resume(self.changed, begin)
        self.step, self._mean = 0, 0.0
        self._model, self._device = model, device
        self._learnt = [factor for layer in self.changed.values() for factor in layer.parameters()]
        self._optimizer = torch.optim.AdamW(self._learnt, RATE, (0.9, 0.98), weight_decay=0.0)

    def teach(self, batch: list[Lesson], rate: float) -> None:
        self._optimizer.param_groups[0]["lr"] = rate
        loss = loss_of(self._model, batch, self._device)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._learnt, 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.step += 1
        self._mean = 0.95 * self._mean + 0.05 * loss.item()

    @property
    def loss(self) -> float:
        """The running mean of the last twenty batches or so."""
        return self._mean / (1 - 0.95**self.step)


def _epochs(taught: list[Lesson], rng: random.Random) -> Iterator[list[Lesson]]:
    while True:
        yield from batches(taught, rng)


def train_answer(
    data: Path,
    out: Path,
    *,
    cache: Path,
    steps: int | None = None,
    minutes: float | None = None,
    seed: int = 7,
    device: str = "cpu",
    begin: Path | None = None,
    progress: Progress = silent,
    log: Callable[[str], None] = lambda _line: None,
) -> str:
    """Trains an adapter on a reading set and writes it to `out`; returns its sha256, to be pinned in adapter.py.

    `data` is a file of rows or a folder with qa/train.jsonl; `cache` is where the prepared model lies; `begin` is an
    earlier adapter to go on from. It ends after
    `steps` batches or `minutes`, whichever comes first; with neither, after one pass. `log` gets a JSON line every ten
    steps. The same seed, steps and machine give the same adapter; `minutes` depend on the machine. Raises ModelError
    when the data cannot be read.
    """
    rng = random.Random(seed)  # noqa: S311 - a reproducible order, no secret
    tokens = Tokens.load(prepare(cache, progress=progress))
    taught = [
        lesson
        for each in lessons(rows_file(data, "train"), seed)
        if len((lesson := _lesson(each, tokens)).ids) <= LONGEST
    ]
    limit = steps or (len(batches(taught, random.Random(seed))) if minutes is None else NEVER)  # noqa: S311
    teacher = _Teacher(torch_model.published(None, device=device, dtype=torch.bfloat16), seed, device, begin)
    began = time.monotonic()
    for batch in _epochs(taught, rng):
        spent = (time.monotonic() - began) / 60
        fraction = max((teacher.step + 0.5) / limit, spent / minutes if minutes else 0.0)
        if fraction >= 1:
            break
        teacher.teach(batch, rate_at(fraction))
        progress("training", fraction)
        if teacher.step % LOG_EVERY == 0:
            log(json.dumps({"step": teacher.step, "loss": round(teacher.loss, 4), "minutes": round(spent, 2)}))
        if teacher.step % CHECKPOINT_EVERY == 0:
            save(teacher.changed, out, {"seed": str(seed), "steps": str(teacher.step)})
    save(teacher.changed, out, {"seed": str(seed), "steps": str(teacher.step)})
    return adapter.sha256(out)

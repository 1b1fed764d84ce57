"""Teaches the model to read: a low-rank adapter on all its linear layers, the loss on the answer alone.

The frozen weights are bf16 where the processor multiplies so (AMX on a new CPU, tensor cores on a GPU), the adapter is
float32. Lessons come in packed rows (`packing.py`). The output matrix, two thirds of the model, is applied to the
answers' positions only. Where there is a C++ compiler the layers are compiled, which takes a minute and then a quarter
off every step.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import time
from collections.abc import Callable, Iterator
from itertools import chain, count
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from bot.lm import torch_model
from bot.lm.cache import prepare
from bot.lm.folders import sha256
from bot.lm.mixture import lessons, rows_file
from bot.lm.packing import ROWS, Batch, Row, batch, rows, units
from bot.lm.tokens import Tokens
from bot.lm.types import ModelError, Progress, silent

RANK = 16
SCALE = 2.0
RATE = 8e-4
RESUMED = 3e-4
"""The highest learning rate of one who goes on: less is forgotten."""
WARM_UP = 0.04
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


def loss_of(model: Any, lessons: Batch) -> torch.Tensor:
    """The mean cross entropy of the answers' tokens, weighted by the root of their answer's length."""
    dtype = model.get_input_embeddings().weight.dtype
    mask = torch.zeros(lessons.allowed.shape, dtype=dtype, device=lessons.ids.device)
    mask.masked_fill_(~lessons.allowed, torch.finfo(dtype).min)
    masks = {"full_attention": mask, "sliding_attention": mask}
    hidden = model.model(
        input_ids=lessons.ids, attention_mask=masks, position_ids=lessons.places, use_cache=False
    ).last_hidden_state
    logits = model.lm_head(hidden[lessons.taught[:, 0], lessons.taught[:, 1] - 1]).float()
    losses = nn.functional.cross_entropy(logits, lessons.wanted, reduction="none")
    return (losses * lessons.weights).sum() / lessons.weights.sum()


def save(changed: dict[str, LowRank], out: Path, note: dict[str, str]) -> None:
    """Writes the adapter as float16 safetensors, in one rename."""
    tensors = {}
    for name, layer in changed.items():
        tensors[f"{name}.down"] = layer.down.detach().to("cpu", torch.float16).contiguous()
        tensors[f"{name}.up"] = layer.up.detach().to("cpu", torch.float16).contiguous()
    rough = out.with_suffix(".rough")
    save_file(tensors, rough, metadata={"scale": str(SCALE), "rank": str(RANK), **note})
    rough.rename(out)


def rate_at(fraction: float, highest: float) -> float:
    """The learning rate: a short warm-up, then a half cosine down to a twentieth."""
    if fraction < WARM_UP:
        return highest * (fraction / WARM_UP)
    return highest * (0.05 + 0.95 * (1 + math.cos(math.pi * (fraction - WARM_UP) / (1 - WARM_UP))) / 2)


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

    def __init__(self, model: Any, seed: int, begin: Path | None = None) -> None:
        self.changed = insert(model, seed)
        if begin:
            resume(self.changed, begin)
        self.step, self._mean = 0, 0.0
        self._model = model
        self._learnt = [factor for layer in self.changed.values() for factor in layer.parameters()]
        self._optimizer = torch.optim.AdamW(self._learnt, RATE, (0.9, 0.98), weight_decay=0.0)

    def teach(self, lessons: Batch, rate: float) -> None:
        self._optimizer.param_groups[0]["lr"] = rate
        loss = loss_of(self._model, lessons)
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


def _batches(file: Path, tokens: Tokens, seed: int) -> list[list[Row]]:
    """One pass through the mixture; the last batch may be short of rows and is left out."""
    packed = rows(units(lessons(file, seed), tokens), random.Random(seed))  # noqa: S311 - a reproducible order
    return [packed[at : at + ROWS] for at in range(0, len(packed) - ROWS + 1, ROWS)]


def _passes(file: Path, tokens: Tokens, seed: int) -> Iterator[list[Row]]:
    """Pass after pass, each with other windows; what was written meanwhile is read too."""
    for turn in count(seed):
        yield from _batches(file, tokens, turn)


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
    file = rows_file(data, "train")
    tokens = Tokens.load(prepare(cache, progress=progress))
    first = _batches(file, tokens, seed)
    limit = steps or (len(first) if minutes is None else NEVER)
    halved = torch_model.halved(device)
    model = torch_model.published(None, device=device, dtype=torch.bfloat16 if halved else torch.float32)
    if device == "cpu":  # plain matrix products go backward in a third of the time of the fused attention there
        model.set_attn_implementation("eager")
    teacher = _Teacher(model, seed, begin)
    if shutil.which("c++"):
        for layer in model.model.layers:
            layer.compile(dynamic=False)
    began = time.monotonic()
    for chosen in chain(first, _passes(file, tokens, seed + 1)):
        spent = (time.monotonic() - began) / 60
        fraction = max((teacher.step + 0.5) / limit, spent / minutes if minutes else 0.0)
        if fraction >= 1:
            break
        teacher.teach(batch(chosen, device), rate_at(fraction, RESUMED if begin else RATE))
        progress("training", fraction)
        if teacher.step % LOG_EVERY == 0:
            log(json.dumps({"step": teacher.step, "loss": round(teacher.loss, 4), "minutes": round(spent, 2)}))
        if teacher.step % CHECKPOINT_EVERY == 0:
            save(teacher.changed, out, {"seed": str(seed), "steps": str(teacher.step)})
    save(teacher.changed, out, {"seed": str(seed), "steps": str(teacher.step)})
    return sha256(out)

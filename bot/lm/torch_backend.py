"""The model by transformers + torch: on a GPU, or any model of a Hugging Face folder or hub, greedily decoded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from bot.lm import adapter, torch_model
from bot.lm import cache as cached
from bot.lm.prompt import END, REFUSAL
from bot.lm.rows import Decoding
from bot.lm.tokens import Tokens
from bot.lm.torch_batch import TorchBatch
from bot.lm.types import LmError, Progress, silent

LIMIT = 2048
"""Tokens of a prompt: the window of a small model read with care; what is longer belongs to the search."""

ROWS = 48
"""Prompts decoded together: the passages of sixteen questions."""


def load(model: str | None, *, cache: Path, device: str, progress: Progress = silent) -> Decoding:
    """Loads a Hugging Face folder or hub name, or (None) the model that comes with Xiaoer; raises ModelError."""
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    if model:
        return engine(*torch_model.hub(model, device=device, dtype=dtype), Path(model).name)
    prepared = cached.prepare(cache, progress=progress)
    default = torch_model.published(adapter.shipped(), device=device, dtype=dtype)
    return engine(default, Tokens.load(prepared), prepared.name)


def engine(model: Any, tokens: Tokens, name: str) -> Decoding:
    """An engine over a causal model of transformers."""
    ends = _numbers(model.generation_config.eos_token_id) + _numbers(model.config.eos_token_id)
    lines = [line[0] for line in (tokens.ids(END * times) for times in range(1, 5)) if len(line) == 1]
    return Decoding(
        TorchBatch(model, refusal=tokens.ids(REFUSAL)[0], ends={*ends, *lines}),
        tokens,
        name,
        limit=LIMIT,
        rows=ROWS,
        at_once=ROWS,
        starts=_numbers(model.config.bos_token_id)[:1],
        told=lambda fault: _told(fault, name),
    )


def _numbers(value: int | list[int] | None) -> list[int]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _told(fault: BaseException, name: str) -> BaseException:
    if not isinstance(fault, torch.OutOfMemoryError):
        return fault
    return LmError(f"the GPU has no memory left for the model {name} ({fault}); free some or set LM_DEVICE=cpu")

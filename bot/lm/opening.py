"""Chooses the backend: LM_URL, else a GPU, else the CPU."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Literal

from bot.lm import cache as cached
from bot.lm.bounded import Bounded
from bot.lm.engine import Engine
from bot.lm.prompt import reading
from bot.lm.types import ModelError, Progress, silent

_PATIENCE_S = 60.0
_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w.-]+")
Device = Literal["auto", "cpu", "cuda"]


async def open_lm(
    *,
    cache: Path,
    model: str | None = None,
    url: str | None = None,
    key: str | None = None,
    device: Device = "auto",
    threads: int = 0,
    queue: int = 32,
    timeout_s: float = 30.0,
    progress: Progress = silent,
) -> Bounded:
    """The language model behind its queue.

    `url` is an OpenAI-compatible server (with `model` as the name to ask it for); else `model` is a local folder of
    Hugging Face or a hub's name, or nothing for the model that comes with Xiaoer. `device` "auto" takes
    a GPU where there is one. `queue` is the number of calls that may wait, half of them of one group, `timeout_s` the
    seconds that one may run. Raises ModelError when the model cannot be opened.
    """
    if url:
        from bot.lm import remote

        server = remote.Remote(url, model=model, key=key, timeout_s=timeout_s)
        return Bounded(server, queue=queue, timeout_s=timeout_s, rows=remote.ROWS)
    engine, rows = await asyncio.to_thread(_local, cache, model, device, threads, progress)
    return Bounded(engine, queue=queue, timeout_s=timeout_s, rows=rows)


def _local(cache: Path, model: str | None, device: Device, threads: int, progress: Progress) -> tuple[Engine, int]:
    """The engine and how many prompts it runs side by side."""
    folder = Path(model).expanduser() if model else None
    if model and folder and not folder.is_dir() and not _HUB_NAME.fullmatch(model):
        raise ModelError(f"LM_MODEL={model} is no folder; name one with a model, or leave it empty for the default")
    chosen = pick_device(device)
    if model or chosen == "cuda":
        from bot.lm import torch_backend

        made = torch_backend.load(model or None, cache=cache, device=chosen, progress=progress)
        return made, torch_backend.ROWS
    from bot.lm import cpu_backend, cpu_batch

    ready = cached.prepare(cache, progress=progress)
    return cpu_backend.load(ready, name=ready.name, threads=threads), cpu_batch.ROWS


def pick_device(device: Device) -> Literal["cpu", "cuda"]:
    """What "auto" means here; raises ModelError when a GPU is asked for and torch sees none."""
    import torch

    if device == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise ModelError(
            "LM_DEVICE=cuda, but torch sees no GPU; install its driver and torch for CUDA, or set LM_DEVICE=cpu"
        )
    return "cpu"


async def check_model(*, cache: Path, model: str | None = None, url: str | None = None, key: str | None = None) -> str:
    """Runs the model that these settings name, for `xiaoer doctor`: its name and the seconds of one short answer.

    The default model's files are hashed first. Raises ModelError or LmError with the mend.
    """
    if not url and not model:
        await asyncio.to_thread(cached.prepare, cache, verify=True)
    opened = await open_lm(cache=cache, model=model, url=url, key=key, timeout_s=_PATIENCE_S)
    began = time.perf_counter()
    try:
        await opened.complete([reading("When?", "Payouts", "Payouts are sent every Monday.")], max_tokens=8)
    finally:
        await opened.close()
    return f"{opened.name} answers in {time.perf_counter() - began:.1f} s"

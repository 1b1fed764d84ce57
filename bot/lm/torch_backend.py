"""The model by transformers + torch: on a GPU, or any model of a Hugging Face folder or hub.

A batch is padded on the left and decoded greedily step by step, so that it can stop between two tokens.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch

from bot.lm import adapter, torch_model
from bot.lm import cache as cached
from bot.lm.prompt import CERTAIN, END, REFUSAL
from bot.lm.tokens import Tokens
from bot.lm.types import Completion, LmError, Progress, silent

LIMIT = 2048
"""Tokens of a prompt: the window of a small model read with care; what is longer belongs to the search."""


def _numbers(value: int | list[int] | None) -> list[int]:
    return value if isinstance(value, list) else [] if value is None else [value]


class Torch:
    """An engine over a causal model of transformers."""

    def __init__(self, model: Any, tokens: Tokens, name: str) -> None:
        self.name = name
        self.limit = LIMIT
        self._model = model
        self._tokens = tokens
        self._start = _numbers(model.config.bos_token_id)[:1]
        self._refusal = tokens.ids(REFUSAL)[0]
        ends = _numbers(model.generation_config.eos_token_id) + _numbers(model.config.eos_token_id)
        lines = [line[0] for line in (tokens.ids(END * times) for times in range(1, 5)) if len(line) == 1]
        self._ends = torch.tensor(sorted({*ends, *lines}), device=model.device)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="language-model")

    @classmethod
    def load(cls, model: str | None, *, cache: Path, device: str, progress: Progress = silent) -> Torch:
        """Loads a Hugging Face folder or hub name, or (None) the model that comes with Xiaoer; raises ModelError."""
        dtype = torch.bfloat16 if device == "cuda" else torch.float32
        if model:
            return cls(*torch_model.hub(model, device=device, dtype=dtype), Path(model).name)
        prepared = cached.prepare(cache, progress=progress)
        default = torch_model.published(adapter.shipped(), device=device, dtype=dtype)
        return cls(default, Tokens.load(prepared), prepared.name)

    def count(self, text: str) -> int:
        return len(self._tokens.ids(text))

    async def generate(self, prompts: Sequence[str], max_tokens: int) -> list[Completion]:
        """See Engine. The thread stops at the next token after a cancellation."""
        cancelled = threading.Event()
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, self._all, prompts, max_tokens, cancelled
            )
        except torch.OutOfMemoryError as error:
            raise LmError(
                f"the GPU has no memory left for the model {self.name} ({error}); free some or set LM_DEVICE=cpu"
            ) from error
        finally:
            cancelled.set()

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)
        self._model = None

    @torch.inference_mode()
    def _all(self, prompts: Sequence[str], max_tokens: int, cancelled: threading.Event) -> list[Completion]:
        rows = [self._start + self._tokens.ids(prompt) for prompt in prompts]
        width = max(map(len, rows))
        device = self._model.device
        ids = torch.tensor([[0] * (width - len(row)) + row for row in rows], device=device)
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=device)
        made, likely, doubt = self._decode(ids, mask, max_tokens, cancelled)
        return [self._completion(*row) for row in zip(made.tolist(), likely.tolist(), doubt.tolist(), strict=True)]

    def _decode(
        self, ids: torch.Tensor, mask: torch.Tensor, max_tokens: int, cancelled: threading.Event
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Tokens [batch, steps], their log probabilities, and the refusal's probability [batch]."""
        made: list[torch.Tensor] = []
        likely: list[torch.Tensor] = []
        places = (mask.cumsum(1) - 1).clamp(min=0)
        done = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
        past, doubt = None, torch.zeros(len(ids))
        while len(made) < max_tokens and not (done.all() or cancelled.is_set()):
            out = self._model(
                input_ids=ids, attention_mask=mask, position_ids=places, past_key_values=past, logits_to_keep=1
            )
            past, scores = out.past_key_values, out.logits[:, -1].float().log_softmax(-1)
            if not made:
                doubt = scores[:, self._refusal].exp()
                scores[doubt < CERTAIN, self._refusal] = -torch.inf
                scores = scores.log_softmax(-1)
            best = scores.max(-1)
            made.append(best.indices)
            likely.append(best.values)
            done |= torch.isin(best.indices, self._ends)
            ids, places = best.indices[:, None], places[:, -1:] + 1
            mask = torch.cat([mask, torch.ones_like(ids)], 1)
        if not made:
            return ids[:, :0], torch.zeros(len(ids), 0), doubt
        return torch.stack(made, 1), torch.stack(likely, 1), doubt

    def _completion(self, made: list[int], likely: list[float], doubt: float) -> Completion:
        ends = set(self._ends.tolist())
        size = next((at for at, token in enumerate(made) if token in ends), len(made))
        text = self._tokens.text(made[:size]).split(END)[0].strip()
        counted = likely[: size + 1]
        return Completion(text, sum(counted) / max(len(counted), 1), len(counted), doubt)

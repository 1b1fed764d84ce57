"""The model by transformers + torch: on a GPU, or any model of a Hugging Face folder or hub.

All questions share one running batch, greedily decoded: a new one joins between two tokens, and one that is given up
leaves there.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import torch

from bot.lm import adapter, torch_model
from bot.lm import cache as cached
from bot.lm.prompt import END, REFUSAL
from bot.lm.tokens import Tokens
from bot.lm.torch_batch import Batch, Made, Row
from bot.lm.types import Completion, LmError, Progress, silent

LIMIT = 2048
"""Tokens of a prompt: the window of a small model read with care; what is longer belongs to the search."""

ROWS = 48
"""Prompts decoded together: the passages of sixteen questions."""


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
        ends = _numbers(model.generation_config.eos_token_id) + _numbers(model.config.eos_token_id)
        lines = [line[0] for line in (tokens.ids(END * times) for times in range(1, 5)) if len(line) == 1]
        self._ends = {*ends, *lines}
        self._batch = Batch(model, refusal=tokens.ids(REFUSAL)[0], ends=self._ends)
        self._coming: SimpleQueue[Row] = SimpleQueue()
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
        """See Engine. Calls at the same time are decoded together; a cancelled one leaves at the next token."""
        rows = [Row(self._start + self._tokens.ids(prompt), max_tokens) for prompt in prompts]
        for row in rows:
            self._coming.put(row)
        self._thread.submit(self._decode)
        return [self._completion(made) for made in await asyncio.gather(*(asyncio.wrap_future(r.done) for r in rows))]

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)
        del self._model, self._batch

    @torch.inference_mode()
    def _decode(self) -> None:
        """Runs until no row is left. What is called while another one runs finds nothing to do afterwards."""
        try:
            while True:
                if newcomers := self._newcomers():
                    self._batch.join(newcomers)
                elif self._batch.rows:
                    self._batch.step()
                else:
                    return
                self._batch.leave()
        finally:
            if fault := sys.exception():
                self._batch.fail(self._told(fault))

    def _newcomers(self) -> list[Row]:
        """The rows that wait, as far as there is room."""
        found: list[Row] = []
        while len(self._batch.rows) + len(found) < ROWS and not self._coming.empty():
            row = self._coming.get()
            if not row.done.cancelled():
                found.append(row)
        return found

    def _told(self, fault: BaseException) -> BaseException:
        if not isinstance(fault, torch.OutOfMemoryError):
            return fault
        return LmError(
            f"the GPU has no memory left for the model {self.name} ({fault}); free some or set LM_DEVICE=cpu"
        )

    def _completion(self, made: Made) -> Completion:
        size = next((at for at, token in enumerate(made.tokens) if token in self._ends), len(made.tokens))
        text = self._tokens.text(made.tokens[:size]).split(END)[0].strip()
        return Completion(text, sum(made.likely) / len(made.likely), len(made.likely), made.doubt, made.first_ms)

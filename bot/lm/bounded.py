"""The one queue in front of every backend: bounded, timed, one batch at a time.

Calls that wait together run together, up to `batch` prompts. A caller that gives up leaves the queue; when nobody waits
for a running batch any more, the backend is told to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from bot.lm.engine import Engine
from bot.lm.prompt import shortened
from bot.lm.types import Completion, LmBusy, LmError, LmTimeout


@dataclass(eq=False, slots=True)
class _Call:
    prompts: Sequence[str]
    max_tokens: int
    done: asyncio.Future[list[Completion]]


class Bounded:
    """A LanguageModel over an engine. It belongs to one event loop."""

    def __init__(self, engine: Engine, *, queue: int, timeout_s: float, batch: int = 8) -> None:
        self.name = engine.name
        self.limit = engine.limit
        self._engine = engine
        self._size = queue
        self._timeout_s = timeout_s
        self._batch = batch
        self._waiting: deque[_Call] = deque()
        self._running: list[_Call] = []
        self._generating: asyncio.Task[list[Completion]] | None = None
        self._worker: asyncio.Task[None] | None = None
        self._closed = False

    def count(self, text: str) -> int:
        """How many tokens a text has, exact for a local model and an upper estimate for a remote one."""
        return self._engine.count(text)

    @property
    def waiting(self) -> int:
        """Calls in the queue, the running ones not counted."""
        return len(self._waiting)

    async def complete(self, prompts: Sequence[str], *, max_tokens: int) -> list[Completion]:
        """The greedy continuations in order; raises LmBusy, LmTimeout or LmError.

        The time limit includes the waiting. A prompt of `prompt.reading` that is too long loses its passage's end.
        """
        if self._closed:
            raise LmError(f"the model {self.name} is closed; start the process again")
        if not prompts:
            return []
        if len(self._waiting) >= self._size:
            raise LmBusy(f"the model has {self._size} questions waiting; ask again later or raise LM_QUEUE")
        call = _Call([self._fit(prompt) for prompt in prompts], max_tokens, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name="language model")
        try:
            async with asyncio.timeout(self._timeout_s):
                return await call.done
        except TimeoutError:
            raise LmTimeout(
                f"the model took more than {self._timeout_s:g} s; ask again later or raise LM_TIMEOUT"
            ) from None
        finally:
            self._leave(call)

    def _leave(self, call: _Call) -> None:
        call.done.cancel()
        with contextlib.suppress(ValueError):
            self._waiting.remove(call)
        if self._generating and all(other.done.done() for other in self._running):
            self._generating.cancel()

    def _fit(self, prompt: str) -> str:
        fitting = shortened(prompt, self._engine.count, self.limit)
        size = 1 + self._engine.count(fitting)
        if size > self.limit:
            raise LmError(
                f"a prompt has {size} tokens, the model {self.name} reads {self.limit}; ask a shorter question"
            )
        return fitting

    def _next(self) -> list[_Call]:
        """The longest run of waiting calls that fits a batch and wants the same number of tokens."""
        calls = [self._waiting.popleft()]
        total = len(calls[0].prompts)
        while self._waiting and self._waiting[0].max_tokens == calls[0].max_tokens:
            total += len(self._waiting[0].prompts)
            if total > self._batch:
                break
            calls.append(self._waiting.popleft())
        return calls

    async def _work(self) -> None:
        while self._waiting:
            self._running = self._next()
            prompts = [prompt for call in self._running for prompt in call.prompts]
            self._generating = asyncio.create_task(self._engine.generate(prompts, self._running[0].max_tokens))
            await asyncio.wait([self._generating])
            if self._generating.cancelled():
                self._fail(LmError(f"the model {self.name} was stopped; ask again"))
            elif error := self._generating.exception():
                self._fail(error)
            else:
                self._settle(self._generating.result())
        self._generating = None

    def _settle(self, done: list[Completion]) -> None:
        for call in self._running:
            mine, done = done[: len(call.prompts)], done[len(call.prompts) :]
            if not call.done.done():
                call.done.set_result(mine)

    def _fail(self, error: BaseException) -> None:
        for call in self._running:
            if not call.done.done():
                call.done.set_exception(error)

    async def close(self) -> None:
        """Fails what waits, stops what runs, frees the model."""
        self._closed = True
        self._running += self._waiting
        self._waiting.clear()
        if self._generating:
            self._generating.cancel()
        if self._worker:
            await asyncio.wait([self._worker])
        await self._engine.close()

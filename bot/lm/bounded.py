"""The one queue in front of every backend: bounded, timed, and fair among groups.

A call runs as soon as it is its turn and the engine has rows for its prompts; an engine with several rows joins the
calls itself. A caller that gives up leaves the queue, and the work for it is stopped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from bot.lm.engine import Engine
from bot.lm.prompt import shortened
from bot.lm.turns import Turns
from bot.lm.types import Completion, LmError, LmTimeout


class Bounded:
    """A LanguageModel over an engine. It belongs to one event loop.

    `queue` calls may wait, half of them of one group; a call may run for `timeout_s` seconds, and `rows` prompts run
    side by side: as many as the engine decodes together, or gains from having to choose among.
    """

    def __init__(self, engine: Engine, *, queue: int, timeout_s: float, rows: int = 1) -> None:
        self.name = engine.name
        self.limit = engine.limit
        self._engine = engine
        self._timeout_s = timeout_s
        self._turns = Turns(rows=rows, size=queue)
        self._running: set[asyncio.Task[list[Completion]]] = set()
        self._closed = False

    def count(self, text: str) -> int:
        """How many tokens a text has, exact for a local model and an upper estimate for a remote one."""
        return self._engine.count(text)

    @property
    def waiting(self) -> int:
        """Calls in the queue, the running ones not counted."""
        return self._turns.waiting

    async def complete(self, prompts: Sequence[str], *, max_tokens: int, group: str = "") -> list[Completion]:
        """The greedy continuations in order; raises LmBusy, LmTimeout or LmError.

        Groups take turns. The time limit begins when a call runs: its wait is bounded by the queue. A prompt of
        `prompt.reading` that is too long loses its passage's end. `first_ms` counts from here, the wait included.
        """
        asked = time.perf_counter()
        if self._closed:
            raise self._gone()
        if not prompts:
            return []
        fitting = [self._fit(prompt) for prompt in prompts]
        async with self._turns.turn(group, len(fitting)):
            waited_ms = (time.perf_counter() - asked) * 1000
            done = await self._run(fitting, max_tokens)
        return [one if one.first_ms is None else replace(one, first_ms=one.first_ms + waited_ms) for one in done]

    async def _run(self, prompts: Sequence[str], max_tokens: int) -> list[Completion]:
        task = asyncio.create_task(self._engine.generate(prompts, max_tokens), name="language model")
        self._running.add(task)
        task.add_done_callback(self._ended)
        try:
            await asyncio.wait([task], timeout=self._timeout_s)
            if task.cancelled():
                raise self._gone()
            if task.done():
                return task.result()
        finally:
            task.cancel()
        raise LmTimeout(f"the model took more than {self._timeout_s:g} s; ask again later or raise LM_TIMEOUT_S")

    def _ended(self, task: asyncio.Task[list[Completion]]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # a caller that left will not ask for it

    def _fit(self, prompt: str) -> str:
        fitting = shortened(prompt, self._engine.count, self.limit)
        size = 1 + self._engine.count(fitting)
        if size > self.limit:
            raise LmError(
                f"a prompt has {size} tokens, the model {self.name} reads {self.limit}; ask a shorter question"
            )
        return fitting

    def _gone(self) -> LmError:
        return LmError(f"the model {self.name} is closed; start the process again")

    async def close(self) -> None:
        """Fails what waits, stops what runs, frees the model."""
        self._closed = True
        self._turns.close(self._gone())
        if running := [*self._running]:
            for task in running:
                task.cancel()
            await asyncio.wait(running)
        await self._engine.close()

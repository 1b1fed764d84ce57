"""A prompt on its way through an engine that decodes many together, and what every such engine does with its rows."""

from __future__ import annotations

import asyncio
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import NamedTuple

import torch

from bot.lm.prompt import CERTAIN, END
from bot.lm.tokens import Tokens
from bot.lm.types import Completion


class Made(NamedTuple):
    """What a row has become: its tokens, their log probabilities, the refusal's probability, and when it began."""

    tokens: list[int]
    likely: list[float]
    doubt: float
    first_ms: float


@dataclass(eq=False, slots=True)
class Row:
    """A prompt on its way. Whoever waits cancels `done` to give it up."""

    prompt: Sequence[int]
    max_tokens: int
    done: Future[Made] = field(default_factory=Future)
    handed_over: float = field(default_factory=time.perf_counter)
    first_ms: float = 0.0
    doubt: float = 0.0
    tokens: list[int] = field(default_factory=list)
    likely: list[float] = field(default_factory=list)

    def begin(self, doubt: float) -> None:
        """Notes the doubt, and that the first token is there. A certain refusal says nothing more."""
        self.doubt, self.first_ms = doubt, (time.perf_counter() - self.handed_over) * 1000
        if doubt >= CERTAIN:
            self.max_tokens = 1

    def add(self, token: int, likely: float) -> None:
        """The next token and its log probability."""
        self.tokens.append(token)
        self.likely.append(likely)

    def finished(self, ends: Collection[int]) -> bool:
        return len(self.tokens) >= self.max_tokens or self.tokens[-1] in ends

    def tell(self) -> None:
        """Tells what it has become, unless nobody waits any more."""
        if self.done.set_running_or_notify_cancel():
            self.done.set_result(Made(self.tokens, self.likely, self.doubt, self.first_ms))

    def fail(self, fault: BaseException) -> None:
        if self.done.set_running_or_notify_cancel():
            self.done.set_exception(fault)


class Batch(ABC):
    """Rows that are decoded together. Everything in it runs in one thread, under `torch.inference_mode`.

    `refusal` is the place, in the model's logits, of the token whose first probability is the doubt; `ends` are the
    tokens after which a row is finished.
    """

    def __init__(self, refusal: int, ends: Collection[int]) -> None:
        self.rows: list[Row] = []
        self.ends = ends
        self._refusal = refusal

    @abstractmethod
    def join(self, newcomers: Sequence[Row]) -> None:
        """Reads the prompts of new rows and makes their first tokens."""

    @abstractmethod
    def step(self) -> None:
        """Makes at least one more token of every row."""

    @abstractmethod
    def _keep(self, staying: Sequence[int]) -> None:
        """Forgets what was read of all rows but these."""

    def leave(self) -> None:
        """Takes out the rows that are finished, whose results are then told, and those that were given up."""
        finished = [row for row in self.rows if row.finished(self.ends)]
        staying = [at for at, row in enumerate(self.rows) if not (row in finished or row.done.cancelled())]
        if len(staying) < len(self.rows):
            self.rows = [self.rows[at] for at in staying]
            self._keep(staying)
        for row in finished:
            row.tell()

    def fail(self, fault: BaseException) -> None:
        """Tells all rows that nothing will come of them, and forgets them."""
        failed, self.rows = self.rows, []
        self._keep([])
        for row in failed:
            row.fail(fault)


class Decoding:
    """An engine over a batch: all questions share it, a new one joins between two steps, one given up leaves there."""

    def __init__(
        self,
        batch: Batch,
        tokens: Tokens,
        name: str,
        *,
        limit: int,
        rows: int,
        at_once: int,
        starts: Sequence[int],
        thread: ThreadPoolExecutor | None = None,
        told: Callable[[BaseException], BaseException] = lambda fault: fault,
    ) -> None:
        """`rows` are decoded together at most and `at_once` of them read, `starts` come before each prompt, `thread`
        runs the batch and nothing else, `told` makes faults readable."""
        self.name = name
        self.limit = limit
        self._batch = batch
        self._tokens = tokens
        self._most = rows
        self._at_once = at_once
        self._starts = list(starts)
        self._ends = batch.ends
        self._told = told
        self._coming: SimpleQueue[Row] = SimpleQueue()
        self._thread = thread or ThreadPoolExecutor(1, thread_name_prefix="language-model")

    def count(self, text: str) -> int:
        return len(self._tokens.ids(text))

    async def generate(self, prompts: Sequence[str], max_tokens: int) -> list[Completion]:
        """See Engine. Calls at the same time are decoded together; a cancelled one leaves at the next step."""
        rows = [Row(self._starts + self._tokens.ids(prompt), max_tokens) for prompt in prompts]
        for row in rows:
            self._coming.put(row)
        self._thread.submit(self._decode)
        return [self._completion(made) for made in await asyncio.gather(*(asyncio.wrap_future(r.done) for r in rows))]

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)
        del self._batch  # and the model in it

    @torch.inference_mode()
    def _decode(self) -> None:
        """Runs until no row is left. What is called while another one runs finds nothing to do afterwards."""
        batch = self._batch
        try:
            while True:
                if newcomers := self._newcomers(min(self._most - len(batch.rows), self._at_once)):
                    batch.join(newcomers)
                elif batch.rows:
                    batch.step()
                else:
                    return
                batch.leave()
        finally:
            if fault := sys.exception():
                batch.fail(self._told(fault))

    def _newcomers(self, room: int) -> list[Row]:
        """The rows that wait, as far as there is room."""
        found: list[Row] = []
        while len(found) < room and not self._coming.empty():
            row = self._coming.get()
            if not row.done.cancelled():
                found.append(row)
        return found

    def _completion(self, made: Made) -> Completion:
        size = next((at for at, token in enumerate(made.tokens) if token in self._ends), len(made.tokens))
        text = self._tokens.text(made.tokens[:size]).split(END)[0].strip()
        return Completion(text, sum(made.likely) / len(made.likely), len(made.likely), made.doubt, made.first_ms)

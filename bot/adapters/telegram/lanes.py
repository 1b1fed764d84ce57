"""Order per chat: what comes from one chat is heard one after the other, and no chat waits for another."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from redis.exceptions import RedisError

HOLD_S = 0.5
"""Seconds between attempts while Redis is away."""

Work = Callable[[], Awaitable[None]]
_Queue = deque[tuple[Work, asyncio.Future[None]]]
log = structlog.get_logger()


class Lanes:
    """A queue of work for each chat."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Queue] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._aliases: dict[str, str] = {}

    def put(self, lane: str, work: Work) -> asyncio.Future[None]:
        """Queue work up; what is returned is done when the work is."""
        lane = self._aliases.get(lane, lane)
        done = asyncio.get_running_loop().create_future()
        if lane in self._waiting:
            self._waiting[lane].append((work, done))
        else:
            self._start(lane, deque([(work, done)]))
        return done

    def join(self, lane: str, to: str) -> None:
        """From now on the one lane's work waits behind the other's: a group that gets another id stays one chat."""
        self._aliases[lane] = self._aliases.get(to, to)

    async def close(self) -> None:
        """Stop; what was not done is not done."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, lane: str, queue: _Queue) -> None:
        self._waiting[lane] = queue
        task = asyncio.create_task(_drain(queue), name=f"telegram {lane}")
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, lane))

    def _ended(self, lane: str, task: asyncio.Task[None]) -> None:
        """Go on with what came meanwhile. A fault of ours costs the one update, and does not make the bot deaf."""
        self._tasks.discard(task)
        queue = self._waiting.pop(lane)
        if task.cancelled():
            for _, done in queue:
                done.cancel()
            return
        if fault := task.exception():
            log.error("an update could not be heard and is left out", fault=describe(fault), mend="report it")
            _, done = queue.popleft()
            done.set_result(None)
        if queue:
            self._start(lane, queue)


async def _drain(queue: _Queue) -> None:
    while queue:
        work, done = queue[0]
        await _finish(work)
        queue.popleft()
        if not done.done():
            done.set_result(None)


async def _finish(work: Work) -> None:
    """Do it; again and again while Redis is away or takes nothing."""
    while True:
        try:
            await work()
        except RedisError as fault:
            log.warning("redis is away, holding", fault=type(fault).__name__, mend="start Redis again")
            await asyncio.sleep(HOLD_S)
        else:
            return


def describe(fault: BaseException) -> str:
    """The kind of fault and where it arose; never its text, which may quote a member."""
    trace = fault.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" in {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""
    return f"{type(fault).__name__}{where}"

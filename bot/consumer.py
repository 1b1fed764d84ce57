"""The loop that reads streams: it holds their leases, keeps order per channel, retries, and puts aside what cannot be.

Workers and gateways are the same loop over other streams, with another thing to do for each entry. The loop survives
what an entry does to it and a Redis that goes away: then it holds, and begins again with what was left unfinished.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog
from redis.exceptions import RedisError

from bot.stream import OUTAGE, TRIES, Entry, Outdated, Streams, names
from moderation.keys import Write

Handle = Callable[[Entry], Awaitable[Sequence[Write]]]
"""Does what an entry asks for and returns what to write with its acknowledgement."""

IN_FLIGHT = 256
"""Entries taken up and not yet done; beyond it the loop stops reading, and the rest waits in Redis."""
PAGE = 64
"""Entries read in one go."""
IDLE_MS = 250
"""Milliseconds that a read waits for news before it looks at its leases again."""

log = structlog.get_logger()


def process_name() -> str:
    """A name no other process has: host, process and a random part, because process numbers come back."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


class Consumer:
    """Reads these kinds of streams of all communities and hands each entry to `handle`.

    `run` returns only by cancellation; entries under way are then finished or left to the next holder.
    """

    def __init__(self, streams: Streams, kinds: Sequence[str], handle: Handle) -> None:
        self.owner = process_name()
        self._streams = streams
        self._kinds = kinds
        self._handle = handle
        self._held: dict[str, float] = {}  # stream -> when our lease may have run out, by the monotonic clock
        self._queues: dict[tuple[str, str], asyncio.Queue[Entry]] = {}  # (stream, order) -> what waits for its turn
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(IN_FLIGHT)

    async def run(self) -> None:
        """Read and handle until cancelled."""
        try:
            while not _cancelled():
                try:
                    await self._hold_leases()
                    await self._read()
                except RedisError as fault:
                    log.warning("redis is away, holding", fault=type(fault).__name__, mend="start Redis again")
                    await self._drop(list(self._held))
                    await asyncio.sleep(1)
        finally:
            await self._leave()

    async def _hold_leases(self) -> None:
        """Renew what we hold, drop what we lost, take what is free and resume what was left unfinished there."""
        if all(till - time.monotonic() > self._streams.lease_s / 2 for till in self._held.values()) and self._held:
            return
        for community in await self._streams.communities():
            for stream in names(community, self._kinds):
                till = time.monotonic() + self._streams.lease_s
                if not await self._streams.lease(stream, self.owner):
                    await self._drop([stream])
                    continue
                new = not self._ours(stream)
                if new:  # a lease that ran out meanwhile too: what was under way is begun again
                    await self._drop([stream])
                self._held[stream] = till
                if new:
                    await self._streams.ready(stream)
                    await self._resume(stream)

    async def _resume(self, stream: str) -> None:
        after = "0"
        while page := await self._streams.pending(stream, after, PAGE):
            for entry in page:
                await self._take(entry)
            after = page[-1].id

    async def _read(self) -> None:
        if not self._held:
            await asyncio.sleep(IDLE_MS / 1000)
            return
        patience = min(IDLE_MS, int(self._streams.lease_s * 250))  # a lease must not run out during a read
        for entry in await self._streams.fresh(list(self._held), PAGE, patience):
            await self._take(entry)

    async def _take(self, entry: Entry) -> None:
        """Queue an entry behind its channel's earlier ones. Waits while too much is under way, and keeps the leases."""
        while self._room.locked():
            await asyncio.sleep(0.01)
            await self._hold_leases_only()
        await self._room.acquire()
        lane = (entry.stream, entry.order)
        self._queues.setdefault(lane, asyncio.Queue()).put_nowait(entry)
        if lane not in self._tasks:
            self._tasks[lane] = asyncio.create_task(self._drain(lane), name=f"{entry.stream} {entry.order}")

    async def _hold_leases_only(self) -> None:
        """Renew the leases that are about to run out, and take no new ones."""
        for stream, till in list(self._held.items()):
            if till - time.monotonic() < self._streams.lease_s / 2:
                renewed = time.monotonic() + self._streams.lease_s
                if self._ours(stream) and await self._streams.lease(stream, self.owner):
                    self._held[stream] = renewed

    async def _drain(self, lane: tuple[str, str]) -> None:
        """Handle one channel's entries in order, then end."""
        queue = self._queues[lane]
        try:
            while not queue.empty():
                entry = queue.get_nowait()
                try:
                    await self._finish(entry)
                finally:
                    self._room.release()
        finally:
            for _ in range(queue.qsize()):
                self._room.release()
            del self._queues[lane], self._tasks[lane]

    async def _finish(self, entry: Entry) -> None:
        """Try an entry until it is committed, put aside, or no longer ours. Redis being away is no attempt."""
        while self._ours(entry.stream) and not _cancelled():
            try:
                if await self._try(entry):
                    return
            except OUTAGE:
                await asyncio.sleep(0.5)

    async def _try(self, entry: Entry) -> bool:
        """One attempt; True when nothing is left to do."""
        if not entry.body:
            await self._streams.commit(entry, self.owner, [])
            return True
        attempt = await self._streams.attempt(entry)
        if attempt > TRIES:
            await self._bury(entry, "the process died each time while handling it")
            return True
        try:
            writes = await self._handle(entry)
        except OUTAGE:
            raise
        except Exception as fault:  # noqa: BLE001 - one of the loops that must survive: the entry fails, the loop goes on
            log.error("an entry failed", stream=entry.stream, id=entry.id, attempt=attempt, fault=_describe(fault))
            if attempt >= TRIES:
                await self._bury(entry, _describe(fault))
                return True
            await asyncio.sleep(0.1 * 2**attempt)
            return False
        try:
            await self._streams.commit(entry, self.owner, writes)
        except Outdated:  # another worker was faster: what follows from that is found out in the next attempt
            return False
        return True

    async def _bury(self, entry: Entry, error: str) -> None:
        if await self._streams.bury(entry, self.owner, error):
            log.error("put aside", stream=entry.stream, id=entry.id, error=error, mend="see `xiaoer dead-letters list`")

    def _ours(self, stream: str) -> bool:
        """Whether our lease surely still holds; a process that slept too long must not act on a stale one."""
        return self._held.get(stream, 0.0) > time.monotonic()

    async def _drop(self, streams: Sequence[str]) -> None:
        """Forget streams that are no longer ours, and stop what is under way for them."""
        for stream in streams:
            if self._held.pop(stream, None) is not None:
                await self._stop([task for lane, task in self._tasks.items() if lane[0] == stream])

    async def _stop(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _leave(self) -> None:
        """Stop work and give the leases up, so that a restart or another process goes on at once."""
        await self._stop(list(self._tasks.values()))
        with contextlib.suppress(RedisError):
            for stream in self._held:
                await self._streams.release(stream, self.owner)


def _cancelled() -> bool:
    """Whether this task was told to stop, even where a library has swallowed the exception that said so."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _describe(fault: Exception) -> str:
    """The kind of fault and where it arose; never its text, which may quote a member."""
    trace = fault.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" in {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""
    return f"{type(fault).__name__}{where}"

"""Whose turn is it at the model? Groups take turns, order holds within one, and none can fill the waiting room.

A group is a community. However many questions one of them has waiting, another's first one is before its second.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from bot.lm.types import LmBusy


class _Waiting:
    """A caller with the rows that it needs; `ready` is done when they are its own."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Turns:
    """Hands out `rows` rows of an engine; at most `size` callers wait. For one event loop."""

    def __init__(self, *, rows: int, size: int) -> None:
        self.size = size
        self.share = -(-size // 2)
        """Callers of one group that may wait: half the places, because another group may come at any time."""
        self._rows = rows
        self._taken = 0
        self._groups: OrderedDict[str, deque[_Waiting]] = OrderedDict()  # whose turn is next stands first

    @property
    def waiting(self) -> int:
        """Callers without a turn."""
        return sum(map(len, self._groups.values()))

    @asynccontextmanager
    async def turn(self, group: str, rows: int) -> AsyncGenerator[None]:
        """Waits for this many rows and holds them. Who asks for more than there are gets all.

        Raises LmBusy at once when all places, or all that a group may have, are taken.
        """
        mine = self._enter(group, min(rows, self._rows))
        try:
            await mine.ready
            yield
        finally:
            self._leave(group, mine)

    def close(self, fault: Exception) -> None:
        """Fails everybody who waits."""
        for waiting in self._groups.values():
            for one in waiting:
                if not one.ready.cancelled():
                    one.ready.set_exception(fault)
        self._groups.clear()

    def _enter(self, group: str, rows: int) -> _Waiting:
        mine = _Waiting(rows)
        if not self._groups and self._taken + rows <= self._rows:
            self._taken += rows
            mine.ready.set_result(None)
            return mine
        if self.waiting >= self.size:
            raise LmBusy(f"the model has {self.size} questions waiting; ask again later or raise LM_QUEUE")
        if len(self._groups.get(group, ())) >= self.share:
            raise LmBusy(
                f"the model has {self.share} questions of {group or 'this group'} waiting, half of LM_QUEUE, which is "
                "all that one community may have; ask again later or raise LM_QUEUE"
            )
        self._groups.setdefault(group, deque()).append(mine)
        return mine

    def _leave(self, group: str, mine: _Waiting) -> None:
        """Gives back what a caller has: its rows, or its place."""
        if mine.ready.done() and not mine.ready.cancelled() and mine.ready.exception() is None:
            self._taken -= mine.rows
        else:
            with suppress(KeyError, ValueError):
                self._groups[group].remove(mine)
                self._forget(group)
        self._admit()

    def _admit(self) -> None:
        """Lets callers in as long as the next one's rows are free; a small one does not overtake a large one."""
        while self._groups:
            group, waiting = next(iter(self._groups.items()))
            mine = waiting[0]
            if not mine.ready.cancelled():  # else it gave up a moment ago and has not left yet
                if self._taken + mine.rows > self._rows:
                    return
                self._taken += mine.rows
                mine.ready.set_result(None)
                self._groups.move_to_end(group)
            waiting.popleft()
            self._forget(group)

    def _forget(self, group: str) -> None:
        if not self._groups[group]:
            del self._groups[group]

"""The gateway of one platform: its adapter hears members, and two loops perform the effects meant for it, in order.

Enforcement has a loop of its own: what is said waits for the platform's budgets, and must not hold it up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from bot.adapters import Adapter
from bot.consumer import Consumer
from bot.groups.arrivals import gone
from bot.stream import EFFECTS, ENFORCEMENTS, Entry, Streams
from moderation.keys import Write
from moderation.types import Enforce, Say, effects

Performed = Callable[[Say | Enforce], None]
"""Hears each effect that was performed."""


class Gateway:
    """Runs one adapter. Effects that the platform refuses are tried again and then put aside, like all entries."""

    def __init__(self, streams: Streams, adapter: Adapter, performed: Performed) -> None:
        self._redis = streams.redis
        self._adapter = adapter
        self._performed = performed
        kinds = (ENFORCEMENTS, EFFECTS)
        self._loops = [Consumer(streams, [f"{kind}:{adapter.platform}"], self._perform) for kind in kinds]

    async def run(self) -> None:
        """Hear and perform until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._adapter.run())
            group.create_task(self.perform())

    async def perform(self) -> None:
        """Perform effects until cancelled, without hearing."""
        async with asyncio.TaskGroup() as group:
            for loop in self._loops:
                group.create_task(loop.run())

    async def _perform(self, entry: Entry) -> Sequence[Write]:
        effect = effects.validate_json(entry.body)
        if await gone(self._redis, effect.place):
            return ()
        if isinstance(effect, Say):
            await self._adapter.say(effect)
        else:
            await self._adapter.enforce(effect)
        self._performed(effect)
        return ()

"""The gateway of one platform: its adapter hears members, and a loop performs the effects meant for it, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from bot.adapters import Adapter
from bot.consumer import Consumer
from bot.stream import EFFECTS, Entry, Streams
from moderation.keys import Write
from moderation.types import Enforce, Say, effects

Performed = Callable[[Say | Enforce], None]
"""Hears each effect that was performed."""


class Gateway:
    """Runs one adapter. Effects that the platform refuses are tried again and then put aside, like all entries."""

    def __init__(self, streams: Streams, adapter: Adapter, performed: Performed) -> None:
        self._adapter = adapter
        self._performed = performed
        self._loop = Consumer(streams, [f"{EFFECTS}:{adapter.platform}"], self._perform)

    async def run(self) -> None:
        """Hear and perform until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._adapter.run())
            group.create_task(self.perform())

    async def perform(self) -> None:
        """Perform effects until cancelled, without hearing."""
        await self._loop.run()

    async def _perform(self, entry: Entry) -> Sequence[Write]:
        effect = effects.validate_json(entry.body)
        if isinstance(effect, Say):
            await self._adapter.say(effect)
        else:
            await self._adapter.enforce(effect)
        self._performed(effect)
        return ()

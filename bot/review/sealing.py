"""The seals of the audit trails, kept up to date while a worker runs."""

from __future__ import annotations

import asyncio
import contextlib
import time

import structlog

from bot.stream import OUTAGE, Streams
from moderation.seals import Sealer

TICK_S = 1.0
TOLD_S = 3600.0
"""Seconds after which a community's head is written to the log again."""

log = structlog.get_logger()


class Sealing:
    """Seals what is new in all communities, every second. Any number of workers may do it side by side."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._sealer = Sealer(streams.redis)
        self._told: dict[str, float] = {}  # community -> when its head was told, by the monotonic clock

    async def run(self) -> None:
        """Seal until cancelled. In an outage the lines wait."""
        while True:
            with contextlib.suppress(*OUTAGE):
                for community in await self._streams.communities():
                    if await self._sealer.seal(community):
                        await self._tell(community)
            await asyncio.sleep(TICK_S)

    async def _tell(self, community: str) -> None:
        """Write the head to the log at times: there it is out of reach for who could change the trail."""
        if time.monotonic() - self._told.get(community, -TOLD_S) < TOLD_S:
            return
        self._told[community] = time.monotonic()
        head = await self._sealer.head(community)
        log.info("audit head", community=community, line=head.line, head=head.seal)

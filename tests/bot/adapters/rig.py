"""What the rigs of the platforms share: what an adapter told the house, read from its streams in a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar, cast

from redis.asyncio import Redis

from bot.groups.communities import Communities
from bot.groups.happenings import Membership, Press
from bot.stream import EFFECTS, MEMBERSHIPS, MESSAGES, PRESSES, VOTES, Kind, Streams, names
from moderation.types import Message, Noun, Passage, Say, Vote

N = TypeVar("N", bound=Noun)
PROVEN = (Passage(document="faq", title="Refunds", text="Refunds take 3 days.", lang="en"),)


@dataclass
class BaseRig:
    """An adapter's surroundings. A wait ends when it is met, or after `patience_s` with TimeoutError."""

    platform: ClassVar[str]
    redis: Redis
    streams: Streams
    communities: Communities
    running: list[asyncio.Task[None]] = field(default_factory=list, init=False)
    patience_s: float = field(default=60.0, init=False)

    async def messages(self, count: int = 1) -> list[Message]:
        return await self.heard(MESSAGES, Message, count)

    async def votes(self, count: int = 1) -> list[Vote]:
        return await self.heard(VOTES, Vote, count)

    async def presses(self, count: int = 1) -> list[Press]:
        return await self.heard(PRESSES, Press, count)

    async def memberships(self, count: int = 1) -> list[Membership]:
        return await self.heard(MEMBERSHIPS, Membership, count)

    async def notices(self, count: int = 1) -> list[Say]:
        return await self.heard(f"{EFFECTS}:{self.platform}", Say, count)

    async def heard(self, kind: Kind, noun: type[N], count: int) -> list[N]:
        """What lies on the streams of a kind, of all communities, once there is so much; in the order of time."""
        found: list[N] = []

        async def enough() -> bool:
            found[:] = await self.on_stream(kind, noun)
            return len(found) >= count

        await self.until(enough)
        return found

    async def on_stream(self, kind: Kind, noun: type[N]) -> list[N]:
        rows: list[tuple[str, str]] = []
        for community in await self.streams.communities():
            for name in names(community, [kind]):
                entries = cast(list[tuple[str, dict[str, str]]], await self.redis.xrange(name))
                rows += [(id_, fields["body"]) for id_, fields in entries]
        ordered = sorted(rows, key=lambda row: tuple(map(int, row[0].split("-"))))
        return [noun.model_validate_json(body) for _, body in ordered]

    async def until(self, true: Callable[[], bool | Awaitable[bool]]) -> None:
        async with asyncio.timeout(self.patience_s):
            while not (met if isinstance(met := true(), bool) else await met):
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """The process ends."""
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        self.running.clear()

"""What each community can find: the documents of its own shelf, and beneath them the house's.

A community's own document takes the place of the house's document of the same title and language, and of the same
text, on the days on which it holds; nothing is ever found from a third community.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis

from bot.knowledge.extract import Extractor
from bot.knowledge.index import Index
from bot.knowledge.meaning import Models
from bot.knowledge.shelf import Shelf
from moderation.types import Passage

HELD = 64
"""Communities whose indexes are kept in memory, those asked last: the others' are read from the disk again."""


class _Open(NamedTuple):
    shelf: Shelf
    searched: Index


class Shelves:
    """The knowledge of all communities, in Redis; each index follows its shelf and is kept in the folder `kept`.

    `house` is the community whose shelf all others have beneath their own.
    """

    def __init__(self, redis: Redis, models: Models | None, kept: Path, house: str) -> None:
        self._redis = redis
        self._extractor = Extractor(models)
        self._kept = kept
        self._house = house
        self._open: dict[str, _Open] = {}

    async def search(self, community: str, question: str) -> list[Passage]:
        """The passages that cover a question best, best first, of the documents that hold today."""
        house = await self._followed(self._house)
        own = house if community == self._house else await self._own(community)
        today = datetime.now(UTC).date()
        if own is None or own is house:
            return await asyncio.to_thread(house.search, question, today=today)
        return await asyncio.to_thread(own.search_above, house, question, today=today)

    async def prepare(self) -> None:
        """Read the house's shelf before the first question has to wait for it."""
        await self._followed(self._house)

    async def _own(self, community: str) -> Index | None:
        """The index of a community's own shelf; None for a shelf that never held anything."""
        if community not in self._open and not await Shelf(self._redis, community).version():
            return None
        return await self._followed(community)

    async def _followed(self, community: str) -> Index:
        one = self._open.pop(community, None) or self._new(community)
        self._open[community] = one  # at the end: asked last
        for idle in [name for name in self._open if name != self._house][:-HELD]:
            del self._open[idle]
        await one.shelf.sync(one.searched)
        return one.searched

    def _new(self, community: str) -> _Open:
        return _Open(Shelf(self._redis, community), Index(self._extractor, self._kept / f"{community}.sqlite"))

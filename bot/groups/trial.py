"""A try in earnest: can the bot read, write and delete in this channel? It posts a message and deletes it again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal, NamedTuple, TypeVar

from redis.asyncio import Redis

from bot.adapters.memory import Memory, Sent
from bot.history import History
from bot.stream import saying
from moderation.types import Enforce, Place, Say

PATIENCE_S = 8.0
"""Seconds that the platform may take for each of the two."""
PAUSE_S = 0.05
LATELY = timedelta(minutes=10)
"""How long ago an ordinary message may have been written that shows what the bot can read."""

Read = Literal["read", "unread", "blind"]
"""Ordinary messages come with their words, do not come at all, or come without words."""
T = TypeVar("T")


class Tried(NamedTuple):
    """What the try showed; nothing could be deleted where nothing was said."""

    read: Read
    said: bool
    deleted: bool


class Trial:
    """Tries it, over the streams that all effects go; `redis` is a client with `decode_responses=True`.

    The effects are not written with an outcome, because the outcome tells what became of them. Their ids are fixed by
    the press that asked for the try, so that a repeated one finds them done.
    """

    def __init__(self, redis: Redis, history: History, *, patience_s: float = PATIENCE_S) -> None:
        self._redis = redis
        self._history = history
        self._patience_s = patience_s

    async def run(self, place: Place, id: str, text: str) -> Tried:
        """Say `text` in that place and delete it again; `id` begins the effects' ids."""
        read = await self._read(place)
        sent = await self._said(Say(id=f"{id}:test", place=place, text=text, kind="notice"))
        return Tried(read, bool(sent), bool(sent) and await self._deleted(place, f"{id}:clean", sent))

    async def _read(self, place: Place) -> Read:
        since = datetime.now(UTC) - LATELY
        lately = [
            said
            for said in await self._history.recent(place.community)
            if said.place.channel == place.channel and said.sent_at >= since and not said.addressed
        ]
        if any(said.text and not said.text.startswith("/") for said in lately):
            return "read"
        return "blind" if any(not said.text and not said.attachments for said in lately) else "unread"

    async def _said(self, effect: Say) -> list[Sent]:
        memory, place = Memory(self._redis, effect.place.platform), effect.place
        await self._put(effect)
        return await self._within(partial(memory.sent, place, effect.id)) or []

    async def _deleted(self, place: Place, id: str, sent: list[Sent]) -> bool:
        memory = Memory(self._redis, place.platform)
        effects = [
            Enforce(id=f"{id}{part}", place=place, action="delete", message=one.message, member="")
            for part, one in enumerate(sent)
        ]
        await self._put(*effects)
        done = [await self._within(partial(memory.was_done, place, effect.id)) for effect in effects]
        return all(done)

    async def _put(self, *effects: Say | Enforce) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for effect in effects:
            pipe.execute_command(*saying(effect))
        await pipe.execute()

    async def _within(self, found: Callable[[], Awaitable[T]]) -> T | None:
        """What is found in time."""
        for _ in range(1 + int(self._patience_s / PAUSE_S)):
            if value := await found():
                return value
            await asyncio.sleep(PAUSE_S)
        return None

"""What an adapter remembers across restarts: which effects were begun and done, and what became of them in the chat.

A chat platform knows no transactions: after a crash in mid-call nobody can say whether a message was sent. What was
done is therefore noted after each call, and an effect that arrives again finds what is left to do.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import NamedTuple, cast

from redis.asyncio import Redis

from moderation.keys import key
from moderation.types import Place

KEPT_S = 7 * 24 * 3600
"""Seconds that an effect is remembered: longer than any redelivery."""


class Sent(NamedTuple):
    """A message of the bot: the platform's chat and message ids."""

    chat: str
    message: str


class Memory:
    """One platform's memory, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis, platform: str) -> None:
        self._redis = redis
        self._platform = platform

    async def sent(self, place: Place, effect: str) -> list[Sent]:
        """The messages that an effect has led to, its parts in order; none when it was not performed."""
        rows = await cast(Awaitable[list[str]], self._redis.lrange(self._key(place, effect), 0, -1))
        return [Sent(*row.split(" ", 1)) for row in rows]

    async def note_sent(self, place: Place, effect: str, sent: Sent) -> None:
        """Note that the next part of an effect is in the chat."""
        name = self._key(place, effect)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.rpush(name, f"{sent.chat} {sent.message}")
            pipe.expire(name, KEPT_S)
            pipe.set(self._back(place, sent), effect, ex=KEPT_S)
            await pipe.execute()

    async def effect_of(self, place: Place, sent: Sent) -> str | None:
        """The effect that a message of the bot came from: what its buttons and replies to it are about."""
        return cast(str | None, await self._redis.get(self._back(place, sent)))

    async def was_done(self, place: Place, effect: str) -> bool:
        """Whether an enforcement was carried out before."""
        return bool(await self._redis.exists(self._key(place, f"{effect}:done")))

    async def note_done(self, place: Place, effect: str) -> None:
        """Note that an enforcement was carried out."""
        await self._redis.set(self._key(place, f"{effect}:done"), "1", ex=KEPT_S)

    def _key(self, place: Place, effect: str) -> str:
        return key(place.community, "sent", self._platform, effect)

    def _back(self, place: Place, sent: Sent) -> str:
        return key(place.community, "said", self._platform, sent.chat, sent.message)

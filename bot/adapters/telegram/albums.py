"""Albums: Telegram sends each picture of one as a message of its own; to the house they are one message.

The parts wait in Redis, so that each may be acknowledged to Telegram when it comes: a webhook gets the next part of an
album only after that.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import NamedTuple, cast

from redis.asyncio import Redis

from moderation.keys import key

OPEN = "x:telegram:albums"
"""The set of albums whose parts may still come."""
KEPT_S = 3 * 24 * 3600
"""Seconds an album is remembered: longer than Telegram delivers late, and longer than a message may be deleted."""
_HEARD = ""


class Album(NamedTuple):
    """An album of a chat; `group` is Telegram's media_group_id."""

    community: str
    chat: int
    group: str

    @property
    def key(self) -> str:
        return key(self.community, "album", str(self.chat), self.group)


class Albums:
    """What is known of albums, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def keep(self, album: Album, message: int, raw: str) -> bool:
        """Keep a part, as Telegram's own JSON, until the album is whole; False for one that was heard before."""
        await self._redis.sadd(OPEN, " ".join(map(str, album)))
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hsetnx(album.key, str(message), raw)
            pipe.expire(album.key, KEPT_S)
            fresh, _ = await pipe.execute()
        return bool(fresh)

    async def parts(self, album: Album) -> list[str]:
        """The parts that wait, in the order of their message ids."""
        rows = await cast(Awaitable[dict[str, str]], self._redis.hgetall(album.key))
        return [rows[id_] for id_ in sorted(rows, key=int) if rows[id_] != _HEARD]

    async def close(self, album: Album, ids: list[str]) -> None:
        """These parts are on the stream: nothing but their ids stays."""
        lead = _lead(album, min(ids, key=int)) if ids else None
        async with self._redis.pipeline(transaction=True) as pipe:
            for id_ in ids:
                pipe.hset(album.key, id_, _HEARD)
            if lead:
                pipe.set(lead, album.group, ex=KEPT_S)
            pipe.expire(album.key, KEPT_S)
            await pipe.execute()
        await self._redis.srem(OPEN, " ".join(map(str, album)))

    async def open(self) -> list[Album]:
        """Albums that an earlier process left open."""
        rows = await cast(Awaitable[set[str]], self._redis.smembers(OPEN))
        found = (row.split(" ") for row in rows)
        return [Album(community, int(chat), group) for community, chat, group in found]

    async def lead(self, album: Album) -> str | None:
        """The id that the album's message bears; None for an unknown album."""
        ids = await cast(Awaitable[list[str]], self._redis.hkeys(album.key))
        return min(ids, key=int, default=None)

    async def whole(self, community: str, chat: int, message: int) -> list[int]:
        """The ids of all messages that one stands for: an album's, or its own alone."""
        group = await self._redis.get(_lead(Album(community, chat, ""), str(message)))
        if not group:
            return [message]
        ids = await cast(Awaitable[list[str]], self._redis.hkeys(Album(community, chat, str(group)).key))
        return sorted(map(int, ids)) or [message]


def _lead(album: Album, message: str) -> str:
    return key(album.community, "album-of", str(album.chat), message)

"""The staff's names, by which its people know each other wherever they work."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis

from moderation.keys import Write, key


async def names(redis: Redis, community: str) -> dict[str, str]:
    """The names by people's ids, those of the console among them."""
    return await cast(Awaitable[dict[str, str]], redis.hgetall(_key(community)))


def introducing(community: str, person: str, name: str) -> Write:
    """The write that remembers a person's name."""
    return ("HSET", _key(community), person, name)


def parting(community: str, person: str) -> Write:
    """The write that forgets it."""
    return ("HDEL", _key(community), person)


def _key(community: str) -> str:
    return key(community, "moderators")

"""One-time login links: random, kept as a digest in Redis, valid for a quarter of an hour, good for one login."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis

from moderation.keys import key

VALID_S = 15 * 60
TOKEN_BYTES = 32


class Logins:
    """The links of one community, and the names by which its moderators know each other."""

    def __init__(self, redis: Redis, community: str) -> None:
        self._redis = redis
        self._community = community

    async def issue_link(self, address: str, moderator: str | None = None) -> str:
        """A fresh link to the console at `address`, for the moderator of this id; None makes a new id."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        moderator = moderator or f"console-{secrets.token_hex(4)}"
        await self._redis.set(self._link(token), moderator, ex=VALID_S)
        return f"{address.rstrip('/')}/login?token={token}"

    async def redeem(self, token: str) -> str | None:
        """Use a link up: the moderator's id, or None when the link is wrong, expired or used already."""
        return cast(str | None, await self._redis.getdel(self._link(token)))

    async def introduce(self, moderator: str, name: str) -> None:
        """Remember a moderator's name."""
        await self._redis.hset(key(self._community, "moderators"), moderator, name)

    async def names(self) -> dict[str, str]:
        """The moderators' names by their ids."""
        return await cast(Awaitable[dict[str, str]], self._redis.hgetall(key(self._community, "moderators")))

    def _link(self, token: str) -> str:
        """Redis holds the token's digest only: who reads a backup cannot log in."""
        return key(self._community, "login", hashlib.sha256(token.encode()).hexdigest())

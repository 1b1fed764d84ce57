"""One listener per bot token: the platforms let only one process at a time hear a bot's updates."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.consumer import process_name

LEASE_S = 15
"""Seconds until another process takes over from one that died without a word."""
_HOLD = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
_LEAVE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"

log = structlog.get_logger()


class Leader:
    """A lock in Redis, named by a hash of the token and never by the token itself."""

    def __init__(self, redis: Redis, platform: str, token: SecretStr, *, lease_s: float = LEASE_S) -> None:
        digest = hashlib.sha256(token.get_secret_value().encode()).hexdigest()[:16]
        self._redis = redis
        self._name = f"x:leader:{platform}:{digest}"
        self._owner = process_name()
        self._lease_s = lease_s

    async def lead(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work while this process leads, again whenever it comes to lead, until cancelled or the work fails.

        The work is cancelled when the lock is lost. A Redis that is away ends the lead too: nobody can say who has it.
        """
        while True:
            async with self._held():
                await self._while_leading(work)

    @contextlib.asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        waiting = False
        while not await self._take():
            if not waiting:
                log.warning("another process hears this bot, standing by", mend="stop it, or leave this one as a spare")
            waiting = True
            await asyncio.sleep(self._lease_s / 5)
        try:
            yield
        finally:
            with contextlib.suppress(RedisError):
                await self._redis.eval(_LEAVE, 1, self._name, self._owner)

    async def _take(self) -> bool:
        try:
            free = await self._redis.set(self._name, self._owner, nx=True, px=self._lease_ms)
            return bool(free) or await self._renew()
        except RedisError as fault:
            log.warning("redis is away, holding", fault=type(fault).__name__, mend="start Redis again")
            return False

    async def _renew(self) -> bool:
        return bool(await self._redis.eval(_HOLD, 1, self._name, self._owner, str(self._lease_ms)))

    @property
    def _lease_ms(self) -> int:
        return int(self._lease_s * 1000)

    async def _while_leading(self, work: Callable[[], Awaitable[None]]) -> None:
        working = asyncio.ensure_future(work())
        keeping = asyncio.ensure_future(self._keep())
        try:
            await asyncio.wait({working, keeping}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
        finally:
            working.cancel()
            keeping.cancel()
            await asyncio.wait({working, keeping})

    async def _keep(self) -> None:
        """Renew the lock until it is lost."""
        loop = asyncio.get_running_loop()
        till = loop.time() + self._lease_s
        while loop.time() < till:
            await asyncio.sleep(self._lease_s / 5)
            with contextlib.suppress(RedisError):
                if not await self._renew():
                    return
                till = loop.time() + self._lease_s

"""One connection to Discord: sharded, with nothing cached that Discord does not tell anyway."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.adapters.discord.buttons import PressButton, VoteButton
from bot.adapters.discord.faults import traced

IDENTIFY_S = 5.0
"""Seconds between two sessions that a bucket of shards begins."""
READY_S = 1.0
"""Seconds without another guild after which a shard has told them all; one that comes later is read by itself."""

Hearer = Callable[..., Awaitable[None]]

log = structlog.get_logger()


def aim(api: str) -> None:
    """Have discord.py talk to the API at this address.

    It keeps the address in a class attribute and takes no other; so it holds for all clients of the process.
    """
    Route.BASE = api.rstrip("/")


def intents() -> discord.Intents:
    """What the bot asks to hear; members and message_content must be allowed in the developer portal."""
    return discord.Intents(
        guilds=True,
        messages=True,
        message_content=True,
        members=True,
        moderation=True,
        reactions=True,
        auto_moderation_execution=True,
    )


class Client(discord.AutoShardedClient):
    """discord.py's client: no message cache, no member cache, nobody pinged, shards as many as Discord advises."""

    def __init__(self) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # the bot is never in a voice channel
        super().__init__(
            intents=intents(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=READY_S,
        )
        logging.getLogger("discord").setLevel(logging.INFO)  # below that it logs what members write
        self.add_dynamic_items(VoteButton, PressButton)
        self._begun: dict[int, float] = {}
        self._abreast = 1
        self._publish: Callable[[discord.Client], Awaitable[None]] | None = None

    def listen_to(self, publish: Callable[[discord.Client], Awaitable[None]], *ears: object) -> None:
        """Have these hear the client's events, by their methods named `on_…`; `publish` runs once after the login."""
        self._publish = publish
        for name in {name for ear in ears for name in dir(ear) if name.startswith("on_")}:
            setattr(self, name, _all([getattr(ear, name) for ear in ears if hasattr(ear, name)]))

    async def setup_hook(self) -> None:
        """Where the gateway is, and how many shards it wants; a new session goes there too, not only a resumed one."""
        self.shard_count, gateway, limits = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
        self._abreast = int(limits["max_concurrency"])
        if limits["remaining"] < self.shard_count:
            wait = limits["reset_after"] / 1000
            log.error("Discord allows no more sessions today, waiting", seconds=wait, mend="find what restarts the bot")
            await asyncio.sleep(wait)
        if self._publish:
            await self._publish(self)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Shards of one bucket begin five seconds apart, as Discord asks; others side by side."""
        bucket = (shard_id or 0) % self._abreast
        wait = self._begun.get(bucket, -IDENTIFY_S) + IDENTIFY_S - time.monotonic() if not initial else 0.0
        self._begun[bucket] = time.monotonic() + max(0.0, wait)
        await asyncio.sleep(max(0.0, wait))

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        """One event that failed."""
        if fault := sys.exception():
            log.error("an event of Discord failed", what=event_method, fault=type(fault).__name__, trace=traced(fault))


def _all(hearers: list[Hearer]) -> Hearer:
    """One that has all of them hear. The first begins at once, as if it were alone: it may keep the order of events."""
    first, *others = hearers

    async def hear(*told: Any) -> None:
        side = [asyncio.ensure_future(one(*told)) for one in others]
        try:
            await first(*told)
        finally:
            await asyncio.gather(*side)

    return hearers[0] if len(hearers) == 1 else hear

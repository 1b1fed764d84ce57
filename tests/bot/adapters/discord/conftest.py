"""A Discord of its own for each test, and the adapter at work in a town there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.bot.adapters.discord.rig import Rig, at_work
from tests.peers.discord.server import DiscordServer, serving


@pytest.fixture
async def peer() -> AsyncIterator[DiscordServer]:
    async with serving(DiscordServer()) as peer:
        yield peer


@pytest.fixture
async def rig(peer: DiscordServer, redis: Redis) -> AsyncIterator[Rig]:
    async with at_work(peer, redis) as rig:
        yield rig

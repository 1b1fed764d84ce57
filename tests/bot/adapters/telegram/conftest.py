"""A Telegram of its own for each test, and the adapter that listens there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.bot.adapters.telegram.rig import Rig, build, listening
from tests.peers.telegram.server import TelegramServer, serving


@pytest.fixture
async def peer() -> AsyncIterator[TelegramServer]:
    async with serving(TelegramServer()) as server:
        yield server


@pytest.fixture
async def rig(peer: TelegramServer, redis: Redis) -> AsyncIterator[Rig]:
    async with listening(build(peer, redis)) as rig:
        yield rig

"""The community page, served for real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient
from redis.asyncio import Redis

from bot.adapters.web_chat import WebChat
from bot.adapters.web_room import Room
from bot.stream import Streams
from bot.web.serving import bind
from moderation.policy import load
from tests.bot.adapters.tab import CHANNELS, Tab


@pytest.fixture
async def chat(redis: Redis) -> AsyncIterator[WebChat]:
    """The page, served on a free port."""
    room = Room(redis, Streams(redis).put_on, "sample", CHANNELS)
    with bind("127.0.0.1", 0, "WEB_PORT") as listener:
        chat = WebChat(room, load(), listener=listener, secret="a test's secret")
        serving = asyncio.create_task(chat.run())
        yield chat
        serving.cancel()
        await asyncio.wait([serving])


@pytest.fixture
async def tab(chat: WebChat) -> AsyncIterator[Tab]:
    async with AsyncClient(base_url=chat.address, headers={"Accept-Language": "en"}) as client:
        yield Tab(client)

"""The console over an empty server, and the people who work there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient
from redis.asyncio import Redis
from starlette.applications import Starlette

from bot.console.login import Logins
from moderation.cases import CaseBook
from tests.bot.console.rig import open_console
from tests.bot.console.staff import ANN, BEN, Person, working
from tests.bot.console.test_desk import SECRET, Moderator, browser
from tests.bot.console.test_staff_pages import entered


@pytest.fixture
def cases(redis: Redis) -> CaseBook:
    return CaseBook(redis)


@pytest.fixture
def app(redis: Redis, cases: CaseBook) -> Starlette:
    return open_console(redis, SECRET)


@pytest.fixture
async def sam(app: Starlette, redis: Redis) -> AsyncIterator[Moderator]:
    async with browser(app) as client:
        moderator = Moderator(client, Logins(redis))
        await moderator.log_in("Sam")
        yield moderator


@pytest.fixture
async def mei(app: Starlette, redis: Redis) -> AsyncIterator[Moderator]:
    async with browser(app) as client:
        moderator = Moderator(client, Logins(redis))
        await moderator.log_in("Mei")
        yield moderator


@pytest.fixture
async def ann(app: Starlette, redis: Redis) -> AsyncIterator[Person]:
    async with working(app, redis, ANN) as one:
        yield one


@pytest.fixture
async def ben(app: Starlette, redis: Redis) -> AsyncIterator[Person]:
    async with working(app, redis, BEN) as one:
        yield one


@pytest.fixture
async def admin(app: Starlette, redis: Redis) -> AsyncIterator[AsyncClient]:
    async with browser(app) as client:
        await entered(client, redis, "admin")
        yield client

"""People who work at the console, as far as HTTP goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from httpx import Response
from redis.asyncio import Redis
from starlette.applications import Starlette

from bot.console.login import Logins
from moderation.cases import CaseBook
from moderation.types import Case, Tier
from tests.bot.console.test_desk import Moderator, browser, csrf
from tests.bot.console.test_staff_pages import entered

ANN, BEN = "telegram:1", "telegram:2"
"""Two moderators."""


class Person(Moderator):
    """Somebody logged in; `id` is `platform:member`."""

    id: str

    async def see(self, path: str) -> str:
        """A page's text."""
        return (await self.client.get(path)).text

    async def step(self, case: str, step: str, **form: str) -> Response:
        """One of a case's small forms."""
        return await self.post(f"/case/{case}/{step}", **form)

    async def post(self, path: str, **form: str) -> Response:
        """Any form."""
        told = {"csrf": csrf(await self.client.get("/")), **form}
        return await self.client.post(path, data=told, headers={"Origin": self.origin})


@asynccontextmanager
async def working(app: Starlette, redis: Redis, id_: str, tier: Tier = "moderator") -> AsyncIterator[Person]:
    """A person of this tier, logged in."""
    async with browser(app) as client:
        await entered(client, redis, tier, id_)
        person = Person(client, Logins(redis))
        person.id = id_
        yield person


async def found(cases: CaseBook, id_: str = "REVIEW11") -> Case:
    """A case that there must be."""
    case = await cases.get("sample", id_)
    assert case is not None
    return case

"""Duty in the console: each for oneself, admins for others, and the same as in the chat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from httpx import AsyncClient, Response
from redis.asyncio import Redis
from starlette.applications import Starlette

from bot.review.duty import coming, on_duty
from moderation.audit import AuditBook
from tests.bot.commands.calling import said, told
from tests.bot.console.test_desk import browser, csrf
from tests.bot.console.test_staff_pages import ORIGIN, entered
from tests.bot.test_router import router

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[AsyncClient]:
    async with browser(app) as one:
        yield one


async def posted(client: AsyncClient, path: str, **form: str) -> Response:
    word = csrf(await client.get("/"))
    return await client.post(path, data={"csrf": word, **form}, headers={"Origin": ORIGIN})


async def lines(redis: Redis, kind: str) -> list[tuple[str, str]]:
    return [(line.by, line.what) for line in reversed(await AuditBook(redis).read("sample", kind=kind))]


async def come(redis: Redis, person: str, name: str, minutes: int) -> None:
    for write in coming("sample", person, name, NOW + timedelta(minutes=minutes)):
        await redis.execute_command(*write)


async def test_a_helper_comes_and_goes_by_the_queues_button(client: AsyncClient, redis: Redis) -> None:
    await entered(client, redis, "helper")
    assert ">Go on duty</button>" in (await client.get("/")).text
    assert (await posted(client, "/duty", duty="on", back="queue")).headers["location"] == "/"
    assert await on_duty(redis, "sample") == ["telegram:7"]
    page = (await client.get("/")).text
    assert 'id="on-duty"' in page
    assert ">Go off duty</button>" in page
    await posted(client, "/duty", duty="off", back="queue")
    assert await on_duty(redis, "sample") == []
    assert await lines(redis, "step") == [("telegram:7", "duty on"), ("telegram:7", "duty off")]


async def test_who_comes_twice_keeps_the_place(client: AsyncClient, redis: Redis) -> None:
    await entered(client, redis, "helper")
    await posted(client, "/duty", duty="on")
    await come(redis, "discord:1", "Ben", 10**7)
    await posted(client, "/duty", duty="on")
    assert await on_duty(redis, "sample") == ["telegram:7", "discord:1"]


async def test_admins_see_the_order_and_take_somebody_off(client: AsyncClient, redis: Redis) -> None:
    await entered(client, redis, "admin")
    assert "Nobody is on duty" in (await client.get("/people")).text
    for person, name, minutes in (("discord:2", "<b>Last</b>", 9), ("discord:1", "First", 1)):
        await come(redis, person, name, minutes)
    assert (await posted(client, "/duty", duty="on", back="people")).headers["location"] == "/people"
    page = (await client.get("/people")).text
    order = page.partition('class="on-duty"')[2].partition("</ol>")[0]
    assert order.index("First") < order.index("&lt;b&gt;Last") < order.index("Mei")
    assert order.count('action="/duty/off"') == 2  # oneself goes by the other button
    for _ in range(2):
        assert (await posted(client, "/duty/off", who="discord:1")).headers["location"] == "/people"
    assert await on_duty(redis, "sample") == ["discord:2", "telegram:7"]
    assert await lines(redis, "setting") == [("telegram:7", "duty off: discord:1")]


async def test_it_is_the_same_duty_as_in_the_chat(client: AsyncClient, redis: Redis) -> None:
    await entered(client, redis, "helper")
    walk = router(redis)
    await told(redis, walk, said("/duty on", "7", "helper", platform="telegram"))
    assert 'id="on-duty"' in (await client.get("/")).text
    await posted(client, "/duty", duty="off")
    assert "Nobody" in await told(redis, walk, said("/duty", "7", "helper", platform="telegram", id_="c2"))


@pytest.mark.parametrize(("path", "tier"), [("/duty", "member"), ("/duty/off", "moderator")])
async def test_a_lower_tier_and_a_form_from_elsewhere_are_refused(
    app: Starlette, redis: Redis, path: str, tier: str
) -> None:
    await come(redis, "discord:1", "Ben", 0)
    form = {"who": "discord:1", "duty": "on", "csrf": "x"}
    async with browser(app) as low:
        await entered(low, redis, "moderator" if tier == "moderator" else "member")
        assert (await low.post(path, data=form, headers={"Origin": ORIGIN})).status_code == 403
    async with browser(app) as high:
        await entered(high, redis, "owner", "telegram:9")
        assert (await high.post(path, data=form, headers={"Origin": ORIGIN})).status_code == 403
        form["csrf"] = csrf(await high.get("/"))
        assert (await high.post(path, data=form, headers={"Origin": "http://evil.test"})).status_code == 403
    assert await on_duty(redis, "sample") == ["discord:1"]
    assert await lines(redis, "setting") == await lines(redis, "step") == []

"""Who works in the chat and in the console is one person: no second pair of eyes, and no judge of the own decision."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from httpx import AsyncClient, Response
from redis.asyncio import Redis
from starlette.applications import Starlette

from bot.console.rooms import Rooms
from bot.groups.happenings import Press
from bot.review.desk import Desk
from moderation.cases import CaseBook, opening
from moderation.types import Author, Case, Place, case_id
from tests.bot.commands.calling import said, told
from tests.bot.console.rig import rooms_of
from tests.bot.console.test_desk import browser, csrf, review
from tests.bot.console.test_staff_pages import ORIGIN, entered
from tests.bot.test_router import router

STAFF = Place(platform="telegram", community="sample", channel="-100")
MEI = Author(id="7", name="Mei", tier="moderator")


@pytest.fixture
async def mei(app: Starlette, redis: Redis) -> AsyncIterator[AsyncClient]:
    """Mei, who moderates in Telegram, at the console by the link that the bot gave her there."""
    asked = said("/login", MEI.id, "moderator", platform="telegram", private=True)
    token = (await told(redis, router(redis), asked)).partition("token=")[2]
    async with browser(app) as client:
        form = {"csrf": csrf(await client.get(f"/login?token={token}")), "token": token, "name": "Mei at the console"}
        assert (await client.post("/login", data=form, headers={"Origin": ORIGIN})).status_code == 303
        yield client


async def chosen(client: AsyncClient, case: Case, action: str) -> Response:
    form = {"csrf": csrf(await client.get(f"/case/{case.id}")), "action": action, "reason": "scam_fraud"}
    return await client.post(f"/case/{case.id}/decide", data=form, headers={"Origin": ORIGIN})


async def pressed(redis: Redis, rooms: Rooms, case: Case, verb: str) -> Case:
    """The case after Mei pressed a button of its card in Telegram."""
    press = Press(place=STAFF, button=f"case:{case.id}:{verb}", member=MEI, card="9", at=datetime.now(UTC))
    await rooms.perform(*await Desk(rooms.books, rooms.bench).press(press))
    return await present(redis, case)


async def opened(redis: Redis, case: Case) -> Case:
    for write in opening(case):
        await redis.execute_command(*write)
    return case


async def present(redis: Redis, case: Case) -> Case:
    found = await CaseBook(redis).get("sample", case.id)
    assert found is not None
    return found


async def test_who_decided_in_the_chat_cannot_decide_the_appeal_in_the_console(
    app: Starlette, mei: AsyncClient, redis: Redis
) -> None:
    case = await opened(redis, review("KICKED11"))
    first = await pressed(redis, rooms_of(redis), case, "kick")
    assert first.decision is not None
    assert (first.state, first.decision.by) == ("settled", "telegram:7")

    subject = case.subject.model_copy(update={"id": "m2", "text": "It was a joke."})
    name = case_id("appeal", case.subject)
    appeal = await opened(redis, Case(id=name, kind="appeal", subject=subject, of=case.id))
    for action in ("uphold", "overturn"):
        refused = await chosen(mei, appeal, action)
        assert (refused.status_code, "another moderator has to decide" in refused.text) == (409, True)
    assert (await present(redis, appeal)).state == "open"

    await CaseBook(redis).release("sample", appeal.id, "telegram:7")
    async with browser(app) as kim:
        await entered(kim, redis, "moderator", "discord:8")
        assert (await chosen(kim, appeal, "uphold")).status_code == 303
    assert (await present(redis, appeal)).state == "settled"


@pytest.mark.parametrize("first", ["chat", "console"])
async def test_four_eyes_take_the_chat_and_the_console_for_one_pair(
    app: Starlette, mei: AsyncClient, redis: Redis, first: str
) -> None:
    case, rooms = await opened(redis, review("BANNED11")), rooms_of(redis)
    if first == "chat":
        await pressed(redis, rooms, case, "ban")
        assert (await chosen(mei, case, "ban")).status_code == 202
    else:
        assert (await chosen(mei, case, "ban")).status_code == 202
        await pressed(redis, rooms, case, "ban")
    waiting = await present(redis, case)
    assert (waiting.state, [one.by for one in waiting.opinions]) == ("open", ["telegram:7"])

    await CaseBook(redis).release("sample", case.id, "telegram:7")
    async with browser(app) as kim:
        await entered(kim, redis, "moderator", "discord:8")
        assert (await chosen(kim, case, "ban")).status_code == 303
    settled = await present(redis, case)
    assert settled.decision is not None
    assert (settled.decision.action, settled.decision.by) == ("ban", "discord:8")


async def test_who_decided_in_the_chat_is_not_shown_it_for_a_second_look(mei: AsyncClient, redis: Redis) -> None:
    await opened(redis, case := review("KICKED11"))
    await pressed(redis, rooms_of(redis), case, "kick")
    form = {"csrf": csrf(await mei.get("/second")), "case": case.id, "action": "ban"}
    assert (await mei.post("/second", data=form, headers={"Origin": ORIGIN})).status_code == 409
    assert (await present(redis, case)).after == ()

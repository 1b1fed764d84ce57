"""The form behind a card's button "answer": opened with the draft, sent after a restart, and decided like /answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.books import open_books
from bot.commands.suggesting import drafting
from bot.gateway import Gateway
from bot.groups.communities import Communities
from bot.stream import Streams
from moderation.cases import CaseBook
from moderation.types import Author, Button
from tests.bot.adapters.discord.rig import Rig, at_work
from tests.peers.discord.nouns import Channel, Message
from tests.peers.discord.server import DiscordServer
from tests.walk.test_script import worker

CASE = "7KQF2M9D"
ANSWER = f"press:case:{CASE}:answer"
BUTTON = Button(id=f"case:{CASE}:answer", label="Answer")
LONG = "退" * 5000


async def draft(_community: str, member: Author, case: str) -> str | None:
    """What the owner may answer with."""
    assert case == CASE
    return LONG if member.tier == "owner" else None


@pytest.fixture
async def rig(peer: DiscordServer, redis: Redis) -> AsyncIterator[Rig]:
    async with at_work(peer, redis, draft=draft) as rig:
        yield rig


async def card(rig: Rig, desk: Channel) -> Message:
    """A card at the desk of another community than the guild's own."""
    place = (await rig.place(desk)).model_copy(update={"community": "tea"})
    await rig.streams.register("tea")
    await rig.say("a question", place=place, kind="notice", case=CASE, buttons=(BUTTON,))
    (shown,) = rig.said(desk)
    return shown


def field(form: dict[str, Any]) -> dict[str, Any]:
    """The one that is to be filled."""
    (label,) = form["components"]
    return dict(label["component"])


async def test_the_form_holds_the_draft_and_the_case_is_claimed(rig: Rig) -> None:
    shown = await card(rig, rig.peer.channel(rig.town.guild, "desk"))
    opened = rig.peer.press(shown, rig.town.owner, ANSWER)
    form = await opened.form()
    assert (form["title"], field(form)["value"], field(form)["max_length"]) == (f"答复 {CASE}", LONG[:4000], 4000)
    (press,) = await rig.presses()
    assert (press.button, press.member.id) == (f"case:{CASE}:claim", rig.town.owner.id)


async def test_after_a_restart_what_was_written_is_the_command_of_the_card_s_community(rig: Rig) -> None:
    shown = await card(rig, rig.peer.channel(rig.town.guild, "desk"))
    opened = rig.peer.press(shown, rig.town.owner, ANSWER)
    await opened.form()
    await rig.again()
    sent = rig.peer.submit(opened, {"words": "Seven days.\nFrom the parcel's arrival."})
    assert await sent.acknowledged() == 5
    (message,) = await rig.messages()
    assert message.text == f"/answer {CASE} Seven days.\nFrom the parcel's arrival."
    assert (message.place.community, message.author.id, message.author.tier) == ("tea", rig.town.owner.id, "owner")


async def test_who_cannot_answer_gets_no_form_and_the_desk_hears_of_the_press(rig: Rig) -> None:
    shown = await card(rig, rig.peer.channel(rig.town.guild, "desk"))
    pressed = rig.peer.press(shown, rig.town.seller, ANSWER)
    assert await pressed.acknowledged() == 6
    assert [one.button for one in await rig.presses()] == [f"case:{CASE}:answer"]


async def test_two_processes_open_one_form(peer: DiscordServer, redis: Redis) -> None:
    async with at_work(peer, redis, draft=draft) as rig, at_work(peer, redis, draft=draft) as other:
        shown = await card(rig, peer.channel(rig.town.guild, "desk"))
        opened = peer.press(shown, rig.town.owner, ANSWER)
        await opened.form()
        peer.say(rig.town.channel, rig.town.seller, "once more")
        await other.messages()
        assert [one.button for one in await rig.presses()] == [f"case:{CASE}:claim"]


async def test_through_the_whole_house_the_member_reads_what_was_written(peer: DiscordServer, redis: Redis) -> None:
    books = open_books(Streams(redis), CaseBook(redis), Communities(redis, "sample"))
    async with at_work(peer, redis, draft=drafting(books, "discord")) as rig:
        gateway = Gateway(rig.streams, rig.chat, lambda _: None)
        rig.running += [asyncio.create_task(gateway.perform()), asyncio.create_task(worker(rig.streams).run())]
        town, desk = rig.town, await rig.desk()
        peer.say(town.channel, town.seller, f"<@{peer.bot.id}> 支持火星吗？")
        await rig.until(lambda: any(button.endswith(":answer") for one in rig.said(desk) for button in one.buttons))
        shown = rig.said(desk)[-1]
        button = next(one for one in shown.buttons if one.endswith(":answer"))
        refused = peer.press(shown, town.seller, button)
        assert await refused.acknowledged() == 6
        opened = peer.press(shown, town.owner, button)
        await opened.form()
        peer.submit(opened, {"words": "目前不支持火星。"})
        await rig.until(lambda: any("目前不支持火星" in one.content for one in rig.said()))
        await rig.until(lambda: any("王店长" in one.content and not one.buttons for one in rig.said(desk)))
        case = await books.cases.get((await rig.home()).name, button.split(":")[2])
        assert case is not None
        assert case.decision is not None
        assert (case.decision.action, case.decision.by) == ("answer", f"discord:{town.owner.id}")

"""The set-up on Discord, from the bot's welcome to the test message, through the whole house."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from bot.answering.floor import Floor
from bot.answering.manners import Manners
from bot.books import open_books
from bot.commands import Commands, Reach, menu
from bot.config import Settings
from bot.gateway import Gateway
from bot.groups.channels import Channels
from bot.groups.communities import Communities
from bot.groups.rights import ChatRights
from bot.router import Router
from bot.stream import Streams
from bot.words import words
from bot.worker import Worker
from moderation.cases import CaseBook
from moderation.policy import DEFAULT, read
from tests.bot.adapters.discord.rig import Rig, at_work
from tests.peers.discord.client import STAFF
from tests.peers.discord.nouns import Message
from tests.peers.discord.rights import Right
from tests.peers.discord.server import DiscordServer
from tests.walk.test_script import StubAnswers
from tests.walk.victim import StubBench


def worker(streams: Streams, peer: DiscordServer) -> Worker:
    """The house's worker, which asks Discord itself what the bot may do."""
    communities = Communities(streams.redis, "sample")
    settings = Settings(_env_file=None, discord_token=peer.token, discord_api=peer.rest)
    books, bench = open_books(streams, CaseBook(streams.redis), communities), StubBench()
    floor = Floor(streams.redis, books.members, books.history, Manners(burst_s=0.02))
    reach = Reach(books, bench, read(DEFAULT), ChatRights(settings, communities))
    router = Router(bench, StubAnswers(), books, floor, Commands(reach))
    return Worker(router, books, bench, lambda _message, _outcome: None, reach.rights)


@pytest.fixture
async def rig(peer: DiscordServer, redis: Redis) -> AsyncIterator[Rig]:
    async with at_work(peer, redis, menu=menu()) as rig:
        gateway = Gateway(rig.streams, rig.chat, lambda _: None)
        rig.running += [asyncio.create_task(gateway.perform()), asyncio.create_task(worker(rig.streams, peer).run())]
        yield rig


POST = "POST /channels/{channel}/messages"


async def shown(rig: Rig, button: str) -> Message:
    """The card with that button, once it is there."""

    def found() -> list[Message]:
        return [one for one in rig.said() if f"press:setup:{button}" in one.buttons]

    await rig.until(lambda: bool(found()))
    return found()[-1]


async def press(rig: Rig, button: str) -> Message:
    """The owner presses a button of the latest card."""
    card = await shown(rig, button)
    await rig.peer.press(card, rig.town.owner, f"press:setup:{button}").acknowledged()
    return card


def say(name: str, **values: object) -> str:
    return words("zh")(f"setup.{name}", **values)


async def test_from_the_welcome_to_the_test_message(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    await press(rig, "show:lang")
    first = await press(rig, "lang:zh")
    for button in ("desk:here", "channel:help", "show:rights"):
        assert await press(rig, button) is first  # one card that becomes the next and the next
    await press(rig, "rights")
    await rig.until(lambda: say("rights_good") in first.content)
    peer.say(town.channel, town.seller, "退货运费谁出？")
    await press(rig, "show:test")
    await press(rig, "test")
    await rig.until(lambda: say("test_deleted") in first.content)
    told = [say("test_read"), say("test_said"), say("test_deleted")]
    assert first.content.split("\n\n")[0].splitlines() == told
    tried = [call for call in peer.called(POST) if say("test_message") in str((call.body or {}).get("content"))]  # type: ignore[union-attr]
    assert (len(tried), [one for one in rig.said() if say("test_message") in one.content]) == (1, [])
    await press(rig, "show:live")
    await press(rig, "done")
    await rig.until(lambda: first.content == say("done"))
    community = await rig.home()
    assert (community.mode, community.lang, community.desk) == ("training", "zh", f"discord:{town.channel.id}")
    assert await Channels(rig.redis).profile(await rig.place()) == "help"


async def test_by_the_slash_command_a_missing_right_is_told_with_its_mend(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    await shown(rig, "show:lang")  # the welcome: it hears
    peer.change_role(town.guild, peer.bot_role(town.guild), rights=STAFF & ~Right.MANAGE_ROLES)
    asked = peer.slash(town.channel, town.owner, "setup", {"step": "check"})
    card = await asked.reply()
    assert (card.only_for, "Manage Roles; allow it in Server Settings" in card.content) == (town.owner.id, True)
    with pytest.raises(PermissionError):
        peer.slash(town.channel, town.seller, "setup")

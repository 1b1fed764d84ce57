"""The Discord adapter's connection: resume, catching up, outages, tokens, intents, shards; and the doctor's checks."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.adapters.discord.checks import check
from bot.groups.happenings import Membership
from bot.stream import MEMBERSHIPS
from moderation.errors import XiaoerError
from tests.bot.adapters.discord.rig import Rig, at_work
from tests.peers.discord.client import Town
from tests.peers.discord.rights import MEMBERS, NOTHING, Right
from tests.peers.discord.server import DiscordServer, pointing
from tests.peers.discord.session import Intent


async def ended(rig: Rig) -> BaseException:
    """What the adapter ended with."""
    done, _ = await asyncio.wait(rig.running, timeout=rig.patience_s)
    fault = next(iter(done)).exception()
    assert fault is not None
    return fault


async def test_what_is_said_while_the_line_is_cut_is_heard_once(rig: Rig) -> None:
    rig.peer.say(rig.town.channel, rig.town.seller, "before")
    await rig.messages()
    rig.peer.drop()
    rig.peer.say(rig.town.channel, rig.town.seller, "meanwhile")
    await rig.until(lambda: len(rig.peer.gateway.resumed) == 1)
    assert [one.text for one in await rig.messages(2)] == ["before", "meanwhile"]


async def test_what_was_said_while_nobody_listened_is_read_afterwards(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    warden = peer.person("Warden")
    peer.join(town.guild, warden, peer.role(town.guild, "warden", Right.BAN_MEMBERS))
    thread = peer.thread(town.channel, town.seller, "shipping")
    secret = peer.channel(town.guild, "secret")
    await rig.until(lambda: _in_town(rig))
    for place in (town.channel, thread, secret):
        peer.say(place, town.seller, f"before in {place.name}")
    await rig.messages(3)
    await rig.until(lambda: _marked(rig, 3))
    await rig.stop()
    peer.overwrite(secret, peer.bot, NOTHING, Right.READ_MESSAGE_HISTORY)
    edited = peer.say(town.channel, warden, "written")
    peer.edit(edited, "and changed")
    for place in (thread, secret):
        peer.say(place, town.seller, f"missed in {place.name}")
    await rig.again()
    missed = (await rig.messages(5))[3:]
    assert {(one.text, one.author.tier) for one in missed} == {
        ("and changed", "moderator"),
        ("missed in shipping", "member"),
    }
    await rig.again()
    peer.say(town.channel, town.seller, "now")
    assert len(await rig.messages(6)) == 6


async def _in_town(rig: Rig) -> bool:
    """The bot knows its towns: what it hears before that marks no channel as read."""
    return any(one.change == "bot_added" for one in await rig.on_stream(MEMBERSHIPS, Membership))


async def _marked(rig: Rig, channels: int) -> bool:
    return len(await rig.redis.hgetall(f"x:discord:seen:{rig.town.guild.id}")) >= channels


async def test_a_session_that_cannot_be_resumed_is_caught_up(rig: Rig) -> None:
    await rig.until(lambda: _in_town(rig))
    rig.peer.say(rig.town.channel, rig.town.seller, "before")
    await rig.until(lambda: _marked(rig, 1))
    rig.peer.forget_sessions()
    rig.peer.drop()
    rig.peer.say(rig.town.channel, rig.town.seller, "lost by the gateway")
    assert [one.text for one in await rig.messages(2)] == ["before", "lost by the gateway"]


async def test_a_wrong_token_is_told_with_its_mend_and_not_itself(peer: DiscordServer, redis: Redis) -> None:
    async with at_work(peer, redis) as rig:
        rig.peer.revoke()
        fault = await ended(rig)
    assert isinstance(fault, XiaoerError)
    assert "Reset Token" in str(fault)
    assert peer.token.removesuffix("-changed") not in str(fault)


async def test_missing_intents_are_told_with_the_page_where_they_are(peer: DiscordServer, redis: Redis) -> None:
    peer.application.privileged = Intent.MEMBERS
    async with at_work(peer, redis) as rig:
        fault = await ended(rig)
    assert isinstance(fault, XiaoerError)
    assert "Message Content Intent" in str(fault)


async def test_words_wait_for_discord_to_be_there(peer: DiscordServer, redis: Redis) -> None:
    peer.fail("GET /users/@me", 503, 1)
    async with at_work(peer, redis, wait=False) as rig:
        await rig.say("said before the connection was there")
        assert len(rig.said()) == 1
        assert [call.status for call in peer.called("GET /users/@me")] == [503, 200]


async def test_words_wait_while_the_token_is_refused(rig: Rig) -> None:
    rig.peer.revoke()
    await ended(rig)
    saying = asyncio.create_task(rig.say("not lost"))
    done, _ = await asyncio.wait([saying], timeout=0.2)
    saying.cancel()
    assert (done, rig.said()) == (set(), [])


async def test_every_shard_hears_its_guilds(peer: DiscordServer, redis: Redis) -> None:
    peer.shards = 2
    towns = [Town(peer) for _ in range(4)]
    async with at_work(peer, redis) as rig:
        await rig.until(lambda: len(peer.gateway.sessions) == 2)
        assert {tuple(one["shard"]) for one in peer.gateway.identified} == {(0, 2), (1, 2)}
        for town in towns:
            peer.say(town.channel, town.seller, "here")
        assert len({one.place.community for one in await rig.messages(4)}) == 4


async def test_the_doctor_finds_nothing_wrong_and_gives_the_link(peer: DiscordServer) -> None:
    Town(peer)
    with pointing(peer):
        lines = await check(SecretStr(peer.token), peer.rest)
    told = "\n".join(line.told for line in lines)
    assert [line.told for line in lines if not line.good] == []
    assert f"client_id={peer.application.id}" in told
    assert "scope=bot+applications.commands" in told
    assert "permissions=1374658063398" in told


async def test_the_doctor_names_what_is_missing(peer: DiscordServer) -> None:
    peer.application.privileged = Intent(0)
    Town(peer, MEMBERS)
    with pointing(peer):
        lines = await check(SecretStr(peer.token), peer.rest)
    wrong = "\n".join(line.told for line in lines if not line.good)
    for named in ("Message Content Intent", "Server Members Intent", "Ban Members", "Manage Messages", "Manage Server"):
        assert named in wrong


async def test_the_doctor_says_when_the_token_is_wrong_or_nobody_answers(peer: DiscordServer) -> None:
    with pointing(peer):
        with pytest.raises(XiaoerError, match="Reset Token"):
            await check(SecretStr("wrong"), peer.rest)
        with pytest.raises(XiaoerError, match="DISCORD_API"):
            await check(SecretStr(peer.token), "http://127.0.0.1:1/api/v10")

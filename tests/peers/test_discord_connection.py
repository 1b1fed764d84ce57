"""The Discord peer's gateway, driven by discord.py as it is: resume, zombies, invalid sessions, shards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import discord
import pytest

from tests.peers.discord.client import Client, Town, online
from tests.peers.discord.server import DiscordServer, pointing, serving

BEAT_S = 0.15


@pytest.fixture
async def peer() -> AsyncIterator[DiscordServer]:
    async with serving(DiscordServer(heartbeat_s=BEAT_S)) as peer:
        yield peer


async def test_what_was_missed_comes_after_a_cut(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        peer.drop()
        peer.say(town.channel, town.seller, "while away")
        await client.until("resumed")
        assert (await client.until("message")).content == "while away"
        assert (len(peer.gateway.identified), len(peer.gateway.resumed)) == (1, 1)


async def test_a_zombie_is_left_and_the_session_resumed(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer, heartbeat_timeout=4 * BEAT_S) as client:
        peer.stop_acknowledging()
        peer.say(town.channel, town.seller, "said to a zombie")
        await client.until("resumed")
        assert (await client.until("message")).content == "said to a zombie"


async def test_an_event_may_come_twice(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        asked = peer.say(town.channel, town.seller, "twice")
        await client.until("message")
        peer.replay()
        assert str((await client.until("message", 2)).id) == asked


async def test_a_call_to_reconnect_loses_nothing(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        peer.ask_reconnect()
        peer.say(town.channel, town.seller, "meanwhile")
        await client.until("resumed")
        assert (await client.until("message")).content == "meanwhile"


@pytest.mark.parametrize(("resumable", "event"), [(True, "resumed"), (False, "ready")])
async def test_discord_may_call_a_living_session_invalid(peer: DiscordServer, resumable: bool, event: str) -> None:
    town = Town(peer)
    async with online(peer) as client:
        peer.invalidate(resumable)
        await client.until(event, 1 if resumable else 2)
        peer.say(town.channel, town.seller, "back")
        assert (await client.until("message")).content == "back"


async def test_an_invalid_session_begins_anew_and_what_was_said_is_lost(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        peer.forget_sessions()
        peer.drop()
        peer.say(town.channel, town.seller, "lost")
        await client.until("ready", 2)
        assert len(peer.gateway.identified) == 2
        assert client.all("message") == []
        channel = client.get_channel(int(town.channel.id))
        assert isinstance(channel, discord.TextChannel)
        assert [message.content async for message in channel.history()] == ["lost"]


async def test_a_revoked_token_ends_the_connection(peer: DiscordServer) -> None:
    Town(peer)
    with pointing(peer):
        async with Client() as client:
            await client.login(peer.token)
            running = asyncio.create_task(client.connect())
            await client.until("ready")
            peer.revoke()
            with pytest.raises(discord.ConnectionClosed) as closed:
                await running
            assert closed.value.code == 4004


class Sharded(discord.AutoShardedClient):
    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """The peer sets no limit to identifies."""


async def test_every_shard_has_its_own_guilds(peer: DiscordServer) -> None:
    towns = [Town(peer) for _ in range(3)]
    peer.shards = 2
    with pointing(peer):
        async with Sharded(intents=discord.Intents.all(), guild_ready_timeout=0.05) as client:
            await client.login(peer.token)
            running = asyncio.create_task(client.connect())
            await client.wait_until_ready()
            assert {str(guild.id) for guild in client.guilds} == {town.guild.id for town in towns}
            assert sorted(tuple(told["shard"]) for told in peer.gateway.identified) == [(0, 2), (1, 2)]
            assert all(guild.shard_id == (guild.id >> 22) % 2 for guild in client.guilds)
            await client.close()
            await running

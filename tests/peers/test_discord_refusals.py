"""What the Discord peer refuses, driven by discord.py as it is: rights, role order, forms, limits."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import aiohttp
import discord
import pytest

from tests.peers.discord.client import STAFF, Client, Town, channel_of, online, refused
from tests.peers.discord.nouns import Guild, Person, Role
from tests.peers.discord.rights import MEMBERS, NOTHING, Right
from tests.peers.discord.server import DiscordServer, pointing, serving
from tests.peers.discord.session import Intent


@pytest.fixture
async def peer() -> AsyncIterator[DiscordServer]:
    async with serving(DiscordServer()) as peer:
        yield peer


async def test_what_discord_refuses_is_refused_with_its_codes(peer: DiscordServer) -> None:
    town = Town(peer, MEMBERS)
    closed = peer.person("Closed", dms_closed=True)
    peer.join(town.guild, closed)
    old = peer.say(town.channel, town.seller, "old")
    async with online(peer) as client:
        channel, guild = channel_of(client, town), client.guilds[0]
        too_long = await refused(50035, channel.send("x" * 2001))
        assert "Must be 2000 or fewer in length." in too_long.text
        await refused(50006, channel.send(""))
        await refused(10008, channel.fetch_message(1))
        await refused(10003, client.fetch_channel(1))
        assert (await refused(50013, channel.get_partial_message(int(old)).delete())).status == 403
        await refused(50005, channel.get_partial_message(int(old)).edit(content="mine"))
        await refused(50007, (await client.fetch_user(int(closed.id))).send("hello"))
        await refused(50013, guild.me.edit(timed_out_until=None))
        peer.overwrite(town.channel, town.guild, NOTHING, Right.VIEW_CHANNEL)
        await refused(50001, channel.send("blind"))
        assert town.channel.texts() == ["old"]


async def test_many_messages_go_in_one_stroke_unless_they_are_old(peer: DiscordServer) -> None:
    town = Town(peer)
    fresh = [discord.Object(int(peer.say(town.channel, town.seller, f"{n}"))) for n in range(3)]
    long_ago = peer.clock.now() - timedelta(days=15)
    old = discord.Object(int(peer.say(town.channel, town.seller, "old", sent_at=long_ago)))
    async with online(peer) as client:
        delete = client.http.delete_messages
        await refused(50016, delete(town.channel.id, [fresh[0].id]))
        await refused(50034, delete(town.channel.id, [fresh[0].id, old.id]))
        await channel_of(client, town).delete_messages(fresh)
        raw = await client.until("raw_bulk_message_delete")
        assert raw.message_ids == {one.id for one in fresh}
        assert town.channel.texts() == ["old"]


async def test_nobody_at_or_above_the_bot_is_touched(peer: DiscordServer) -> None:
    town = Town(peer)
    role = peer.role(town.guild, "mods", top=True)
    mod = peer.person("Mod")
    peer.join(town.guild, mod, role)
    async with online(peer) as client:
        guild = client.guilds[0]
        members = {member.name: member for member in await guild.chunk()}
        for name in ("Mod", "王店长"):
            await refused(50013, members[name].kick())
            await refused(50013, members[name].timeout(timedelta(minutes=1)))
        await members["Li"].timeout(timedelta(days=1), reason="spam")
        with pytest.raises(PermissionError):
            peer.say(town.channel, town.seller, "still here")
        entry = await client.until("audit_log_entry_create")
        assert (entry.reason, entry.target.name) == ("spam", "Li")
        await refused(50035, members["Li"].timeout(timedelta(days=29)))
        await members["Li"].ban(reason="again", delete_message_seconds=3600)
        assert town.guild.bans == {town.seller.id: "again"}
        assert (await client.until("member_remove")).name == "Li"
        await guild.unban(members["Li"])
        peer.join(town.guild, town.seller)


async def test_a_role_may_not_be_given_above_the_bots_own(peer: DiscordServer) -> None:
    town = Town(peer, STAFF | Right.MANAGE_ROLES)
    muted, staff = peer.role(town.guild, "muted"), peer.role(town.guild, "staff", top=True)
    peer.overwrite(town.channel, muted, NOTHING, Right.SEND_MESSAGES)
    async with online(peer) as client:
        seller = await client.guilds[0].fetch_member(int(town.seller.id))
        await seller.add_roles(discord.Object(int(muted.id)))
        await refused(50013, seller.add_roles(discord.Object(int(staff.id))))
        with pytest.raises(PermissionError):
            peer.say(town.channel, town.seller, "quiet")
        await seller.remove_roles(discord.Object(int(muted.id)))
        peer.say(town.channel, town.seller, "loud")


@pytest.mark.parametrize("everywhere", [True, False])
async def test_a_flood_is_answered_with_429_until_it_is_over(peer: DiscordServer, everywhere: bool) -> None:
    town = Town(peer)
    async with online(peer) as client:
        peer.flood(town.channel.id, 0.05, times=2, everywhere=everywhere)
        await channel_of(client, town).send("late")
        assert town.channel.texts() == ["late"]
        calls = peer.called("POST /channels/{channel}/messages")
        assert [call.status for call in calls] == [429, 429, 200]


async def test_a_budget_is_enforced_and_told_in_the_headers(peer: DiscordServer) -> None:
    town = Town(peer)
    peer.limits.budgets["POST /channels/{channel}/messages"] = (2, 60.0)
    other = peer.channel(town.guild, "other")
    told: list[tuple[int, str]] = []
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {peer.token}"}) as session:
        for channel in (town.channel, town.channel, town.channel, other):
            path = f"{peer.rest}/channels/{channel.id}/messages"
            async with session.post(path, json={"content": "hello"}) as answer:
                told.append((answer.status, answer.headers["X-RateLimit-Remaining"]))
                assert answer.status != 429 or 0 < (await answer.json())["retry_after"] <= 60
    assert told == [(200, "1"), (200, "0"), (429, "0"), (200, "1")]


async def test_rights_are_those_that_discord_py_computes(peer: DiscordServer) -> None:
    """In channels with all sorts of overwrites, for all sorts of members."""
    dice, every = random.Random(7), [one for one in Right if one & discord.Permissions.all_channel().value]
    town = Town(peer, STAFF)
    roles = [peer.role(town.guild, f"r{n}", Right(dice.choice(every) | dice.choice(every))) for n in range(4)]
    roles.append(peer.role(town.guild, "admin", Right.ADMINISTRATOR))
    people = [peer.person(f"p{n}") for n in range(6)]
    for person in people:
        peer.join(town.guild, person, *dice.sample(roles, 2))
    peer.time_out(town.guild, town.owner, people[0], 3600)
    whoever: list[Role | Person | Guild] = [town.guild, *roles, *people, peer.bot]
    for number in range(40):
        overwrites = {one: (some(dice, every), some(dice, every)) for one in dice.sample(whoever, 4)}
        peer.channel(town.guild, f"c{number}", overwrites=overwrites)
    everyone = [*people, town.owner, town.seller, peer.bot]
    async with online(peer) as client:
        members = {member.id: member for member in await client.guilds[0].chunk()}
        for channel in client.guilds[0].text_channels:
            here = town.guild.channels[str(channel.id)]
            computed = {one.name: channel.permissions_for(members[int(one.id)]).value & sum(every) for one in everyone}
            assert computed == {one.name: peer.rights_of(one, here) & sum(every) for one in everyone}, channel.name


def some(dice: random.Random, rights: Sequence[Right]) -> Right:
    """A few of them."""
    return Right(sum(set(dice.sample(rights, 3))))


async def test_a_ping_is_seen_only_where_it_was_allowed(peer: DiscordServer) -> None:
    town = Town(peer, STAFF | Right.MENTION_EVERYONE)
    async with online(peer) as client:
        text = f"@everyone <@{town.seller.id}>"
        channel = channel_of(client, town)
        await channel.send(text)
        await channel.send(text, allowed_mentions=discord.AllowedMentions(users=True))
        await channel.send(text, allowed_mentions=discord.AllowedMentions.all())
        pinged = [message.pinged for message in town.channel.shown()]
        assert pinged == [set(), {town.seller.id}, {town.seller.id, "everyone"}]


async def test_intents_that_are_not_switched_on_and_wrong_tokens_close_the_door(peer: DiscordServer) -> None:
    Town(peer)
    peer.application.privileged = Intent.MEMBERS
    with pointing(peer):
        async with Client() as client:
            await client.login(peer.token)
            with pytest.raises(discord.PrivilegedIntentsRequired):
                await client.connect()
        async with Client(intents=discord.Intents.default()) as client:
            await client.login(peer.token)
            peer.revoke()
            with pytest.raises(discord.ConnectionClosed) as closed:
                await client.connect()
            assert closed.value.code == 4004
        async with Client() as client:
            with pytest.raises(discord.LoginFailure):
                await client.login("wrong")


async def test_discord_itself_may_fail(peer: DiscordServer) -> None:
    town = Town(peer)
    async with online(peer) as client:
        peer.fail(town.channel.id, 503, times=1)
        with pytest.raises(discord.DiscordServerError):
            await channel_of(client, town).send("lost")
        await channel_of(client, town).send("heard")
        assert town.channel.texts() == ["heard"]


async def test_a_channel_and_a_role_are_made_by_the_bot(peer: DiscordServer) -> None:
    town = Town(peer, STAFF | Right.MANAGE_CHANNELS | Right.MANAGE_ROLES)
    async with online(peer) as client:
        guild = client.guilds[0]
        hidden = discord.PermissionOverwrite(view_channel=False)
        await guild.create_text_channel("moderators", overwrites={guild.default_role: hidden})
        with pytest.raises(PermissionError):
            peer.say(town.guild.named("moderators"), town.seller, "hello")
        role = await guild.create_role(name="muted")
        assert town.guild.roles[str(role.id)].position == 1
        assert peer.bot_role(town.guild).position == 2

"""A community of two Discord servers: each word knows its server, a ban is carried out there; roles have names."""

from __future__ import annotations

from typing import Any

import pytest

from bot.groups.happenings import Membership
from bot.stream import MEMBERSHIPS
from moderation.members import MemberBook
from tests.bot.adapters.discord.rig import Rig
from tests.peers.discord.client import STAFF

POST = "POST /channels/{channel}/messages"
QUIET = 1 << 12
"""Discord's flag of a message that rings no bell."""


async def test_of_two_servers_each_message_names_its_own_and_the_lost_one_is_told_by_its_id(rig: Rig) -> None:
    peer, town, home = rig.peer, rig.town, await rig.home()
    second = peer.guild("Buyers", town.owner)
    await rig.communities.join("discord", second.id, home.name)
    lobby = peer.channel(second, "lobby")
    peer.add_bot(second, STAFF)
    peer.join(second, town.seller)
    peer.say(town.channel, town.seller, "hello")
    peer.say(lobby, town.seller, "hello there")
    heard = await rig.messages(2)
    assert {(one.place.channel, one.place.home) for one in heard} == {
        (town.channel.id, town.guild.id),
        (lobby.id, second.id),
    }
    assert {one.place.community for one in heard} == {home.name}

    there = next(one.place for one in heard if one.place.home == second.id)
    peer.delete_channel(lobby)
    await rig.redis.delete("x:discord:guilds")  # nobody else remembers where the channel was
    await rig.enforce("ban", town.seller, place=there)
    assert (list(second.bans), list(town.guild.bans)) == ([town.seller.id], [])
    await rig.enforce("unban", town.seller, place=there)
    assert list(second.bans) == []

    peer.kick_bot(second)

    async def removed() -> bool:
        return any(one.change == "bot_removed" for one in await rig.on_stream(MEMBERSHIPS, Membership))

    await rig.until(removed)
    [lost] = [one for one in await rig.on_stream(MEMBERSHIPS, Membership) if one.change == "bot_removed"]
    assert (lost.place.home, lost.place.title, lost.place.community) == (second.id, "Buyers", home.name)


async def test_a_direct_message_is_in_no_server(rig: Rig) -> None:
    rig.peer.say(rig.peer.dm(rig.town.seller), rig.town.seller, "hello")
    [heard] = await rig.messages()
    assert (heard.place.private, heard.place.home) == (True, "")


async def test_roles_are_known_by_their_names_new_and_changed(rig: Rig) -> None:
    peer, guild, book = rig.peer, rig.town.guild, MemberBook(rig.redis)
    community = (await rig.home()).name

    async def known() -> dict[str, str]:
        return await book.names(community)

    async def reads(name: str) -> bool:
        return (await known()).get(f"discord:&{role.id}") == name

    role = peer.role(guild, "Moderators")
    await rig.until(lambda: reads("Moderators"))
    peer.change_role(guild, role, name="管理员")
    await rig.until(lambda: reads("管理员"))
    peer.delete_role(guild, role)
    await rig.again()
    assert await reads("管理员")
    assert f"discord:&{guild.id}" not in await known()  # @everyone is nobody's role


@pytest.mark.parametrize("text", ["@everyone @here 没有这个成员", "<@&{role}> <@{owner}> is now: helper."])
async def test_an_answer_to_a_command_pings_nobody(rig: Rig, text: str) -> None:
    peer, town = rig.peer, rig.town
    text = text.format(role=peer.role(town.guild, "staff").id, owner=town.owner.id)
    told: dict[str, Any] = {"kind": "notice", "to": town.seller.id}
    slashed = peer.slash(town.channel, town.seller, "mydata")
    typed = peer.say(town.channel, town.seller, "/mydata")
    await rig.messages(2)
    await rig.say(text, "s1", reply_to=slashed.id, **told)
    await rig.say(text, "s2", reply_to=typed, **told)
    await rig.say(text, "s3", **told)
    await slashed.reply()
    said = [*rig.said(peer.dm(town.seller)), *rig.said()]
    assert {one.only_for for one in said} == {None, town.seller.id}
    assert [one.pinged for one in said] == [set()] * 3


async def test_a_quiet_card_rings_nobody_s_bell(rig: Rig) -> None:
    await rig.say("a card", "q1", kind="notice", quiet=True)
    await rig.say("a card for people", "q2", kind="notice")
    bodies = [call.body for call in rig.peer.called(POST) if isinstance(call.body, dict)]
    assert [body.get("flags", 0) & QUIET for body in bodies] == [QUIET, 0]

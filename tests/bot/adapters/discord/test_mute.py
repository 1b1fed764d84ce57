"""Muting on Discord: a role that may not speak, found or made, taken off again, and given anew to who comes back."""

from __future__ import annotations

import asyncio

import pytest

from tests.bot.adapters.discord.rig import Rig
from tests.peers.discord.client import STAFF
from tests.peers.discord.nouns import Channel, Kind, Person, Role
from tests.peers.discord.rights import NOTHING, Right

MAKE = "POST /guilds/{guild}/roles"
GIVE = "PUT /guilds/{guild}/members/{user}/roles/{role}"
CLOSE = "PUT /channels/{channel}/permissions/{target}"


@pytest.fixture
async def rig(rig: Rig) -> Rig:
    """The bot hears already."""
    rig.peer.say(rig.town.channel, rig.town.seller, "the bot hears")
    await rig.messages()
    return rig


def silencing(rig: Rig) -> list[Role]:
    return [role for role in rig.town.guild.roles.values() if role.name.casefold() in ("muted", "禁言")]


def may_write(rig: Rig, person: Person, *channels: Channel) -> list[bool]:
    return [Right.SEND_MESSAGES in rig.peer.rights_of(person, channel) for channel in channels]


async def test_a_mute_makes_the_role_closes_the_channels_and_is_taken_back(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    shops = peer.channel(town.guild, "shops", Kind.CATEGORY)
    rooms = (town.channel, shops, peer.channel(town.guild, "deals", parent=shops))
    peer.say(rooms[2], town.seller, "the bot knows all of them")
    await rig.messages(2)
    await rig.enforce("mute", town.seller)
    await rig.enforce("mute", town.seller)
    (role,) = silencing(rig)
    assert (role.name, role.rights, role.id in town.guild.members[town.seller.id].roles) == ("禁言", NOTHING, True)
    assert [may_write(rig, town.seller, *rooms), may_write(rig, town.owner, *rooms)] == [[False] * 3, [True] * 3]
    assert {call.path.split("/")[2] for call in peer.called(CLOSE)} == {town.channel.id, shops.id}
    assert [call.reason for call in peer.called(GIVE)] == ["scam (case 7KQF2M9D)"]
    await rig.enforce("unmute", town.seller)
    assert may_write(rig, town.seller, *rooms) == [True] * 3


async def test_the_server_s_own_role_is_used_and_what_it_allows_stays(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    role = peer.role(town.guild, "muted")
    open_to = peer.channel(town.guild, "appeals", overwrites={role: (Right.SEND_MESSAGES, NOTHING)})
    await rig.enforce("mute", town.seller)
    assert (silencing(rig), peer.called(MAKE)) == ([role], [])
    assert may_write(rig, town.seller, town.channel, open_to) == [False, True]


async def test_a_role_with_a_moderator_s_rights_is_given_to_nobody(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    trap = peer.role(town.guild, "Muted", Right.BAN_MEMBERS)
    await rig.enforce("mute", town.seller)
    assert town.guild.members[town.seller.id].roles == {role.id for role in silencing(rig) if role is not trap}


async def test_a_channel_that_the_bot_may_not_change_stops_nothing(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    bot = peer.bot_role(town.guild)
    held = peer.channel(town.guild, "staff", overwrites={bot: (NOTHING, Right.MANAGE_ROLES)})
    await rig.enforce("mute", town.seller)
    assert may_write(rig, town.seller, town.channel, held) == [False, True]
    assert [call.code for call in peer.called(CLOSE)] == [None]


async def test_two_at_once_get_one_role(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    crowd = [peer.person(f"crook {number}") for number in range(4)]
    for person in crowd:
        peer.join(town.guild, person)
    await asyncio.gather(*(rig.enforce("mute", person, id=f"case:{person.id}") for person in crowd))
    (role,) = silencing(rig)
    assert all(role.id in town.guild.members[person.id].roles for person in crowd)


async def test_who_leaves_is_muted_again_when_they_come_back_and_not_after_the_undo(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    await rig.enforce("mute", town.seller)
    (role,) = silencing(rig)
    peer.leave(town.guild, town.seller)
    back = peer.join(town.guild, town.seller)
    await rig.until(lambda: role.id in back.roles)
    peer.leave(town.guild, town.seller)
    await rig.enforce("unmute", town.seller)
    free = peer.join(town.guild, town.seller)
    peer.say(town.channel, town.seller, "I am back")
    await rig.messages(2)
    assert free.roles == set()


async def test_who_is_away_is_muted_when_they_come(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    peer.leave(town.guild, town.seller)
    await rig.enforce("mute", town.seller)
    assert await rig.redis.keys("*refused*") == []
    back = peer.join(town.guild, town.seller)
    await rig.until(lambda: bool(back.roles))
    assert back.roles == {role.id for role in silencing(rig)}


@pytest.mark.parametrize(
    ("change", "mend"),
    [("right", "allow “Manage Roles”"), ("above", "below the bot’s role"), ("owner", "only the owner")],
)
async def test_what_discord_would_refuse_is_seen_beforehand_and_told_with_its_mend(
    rig: Rig, change: str, mend: str
) -> None:
    peer, town = rig.peer, rig.town
    await rig.desk()
    if change == "right":
        peer.change_role(town.guild, peer.bot_role(town.guild), rights=STAFF & ~Right.MANAGE_ROLES)
        await rig.memberships()
    if change == "above":
        peer.role(town.guild, "Muted", top=True)
        peer.say(town.channel, town.seller, "the role is known")
        await rig.messages(2)
    await rig.enforce("mute", town.owner if change == "owner" else town.seller)
    (notice,) = await rig.notices()
    assert mend in notice.text
    assert (peer.called(MAKE), peer.called(GIVE), peer.called(CLOSE)) == ([], [], [])


async def test_closing_the_channels_is_no_change_of_the_bot_s_rights(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    peer.role(town.guild, "Muted")
    assert len(await rig.memberships()) == 1  # the new role lifts the bot's own
    await rig.enforce("mute", town.seller)
    assert len(peer.called(CLOSE)) == 1
    peer.overwrite(town.channel, peer.bot_role(town.guild), NOTHING, Right.MANAGE_MESSAGES)
    assert [one.change for one in await rig.memberships(2)] == ["rights_changed"] * 2

"""What the Discord adapter does about messages and members, and what it sees beforehand that Discord would refuse."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.bot.adapters.discord.rig import Rig
from tests.peers.discord.client import STAFF
from tests.peers.discord.rights import NOTHING, Right

MEMBER = "PATCH /guilds/{guild}/members/{user}"
BAN = "PUT /guilds/{guild}/bans/{user}"
DELETE = "DELETE /channels/{channel}/messages/{message}"
DAY_S = 24 * 3600


@pytest.fixture
async def rig(rig: Rig) -> Rig:
    """The bot hears already."""
    rig.peer.say(rig.town.channel, rig.town.seller, "the bot hears")
    await rig.messages()
    return rig


async def test_a_message_is_deleted_once_with_a_reason_in_the_audit_log(rig: Rig) -> None:
    scam = rig.peer.say(rig.town.channel, rig.town.seller, "free money")
    await rig.enforce("delete", rig.town.seller, scam)
    await rig.enforce("delete", rig.town.seller, scam)
    assert scam not in rig.town.channel.messages
    assert [call.reason for call in rig.peer.called(DELETE)] == ["scam (case 7KQF2M9D)"]


async def test_a_message_that_is_gone_or_that_automod_blocked_needs_no_deletion(rig: Rig) -> None:
    desk = await rig.desk()
    await rig.enforce("delete", rig.town.seller, rig.peer.ids.next())
    await rig.enforce("delete", rig.town.seller, "automod:1f-17", id="case:other")
    assert ([call.code for call in rig.peer.called(DELETE)], rig.said(desk)) == ([10008], [])
    assert await rig.on_stream("effects:discord", type(await rig.say("nothing to tell"))) == []


async def test_an_old_message_is_deleted_too(rig: Rig) -> None:
    long_ago = rig.peer.clock.now() - timedelta(days=20)
    scam = rig.peer.say(rig.town.channel, rig.town.seller, "an old scam", sent_at=long_ago)
    await rig.enforce("delete", rig.town.seller, scam)
    assert scam not in rig.town.channel.messages


@pytest.mark.parametrize(("seconds", "lasts"), [(600, 600), (90 * DAY_S, 28 * DAY_S - 60), (0, 1)])
async def test_a_timeout_lasts_as_long_as_discord_allows_and_is_taken_back(rig: Rig, seconds: int, lasts: int) -> None:
    member = rig.town.guild.members[rig.town.seller.id]
    await rig.enforce("timeout", rig.town.seller, seconds=seconds)
    assert member.silent_until is not None
    left = (member.silent_until - rig.peer.clock.now()).total_seconds()
    assert lasts - 30 < left <= lasts
    await rig.enforce("untimeout", rig.town.seller)
    assert member.silent_until is None


async def test_a_ban_reaches_who_has_left_and_is_taken_back(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    peer.leave(town.guild, town.seller)
    await rig.enforce("ban", town.seller)
    assert list(town.guild.bans) == [town.seller.id]
    await rig.enforce("unban", town.seller)
    await rig.enforce("unban", town.seller, id="again")
    assert town.guild.bans == {}


async def test_a_kick_is_no_ban_and_a_second_one_changes_nothing(rig: Rig) -> None:
    await rig.enforce("kick", rig.town.seller)
    assert (rig.town.seller.id in rig.town.guild.members, rig.town.guild.bans) == (False, {})
    await rig.enforce("kick", rig.town.seller, id="again")
    assert await rig.redis.keys("*refused*") == []


async def test_a_ban_holds_even_when_the_channel_is_gone(rig: Rig) -> None:
    place = await rig.place()
    rig.peer.delete_channel(rig.town.channel)
    await rig.enforce("ban", rig.town.seller, place=place)
    assert list(rig.town.guild.bans) == [rig.town.seller.id]


async def test_nobody_above_the_bot_is_tried(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    await rig.desk()
    boss = peer.person("Boss")
    peer.join(town.guild, boss, peer.role(town.guild, "boss", top=True))
    await rig.memberships()
    await rig.enforce("ban", boss)
    await rig.enforce("timeout", town.owner, seconds=60)
    assert (peer.called(BAN), peer.called(MEMBER)) == ([], [])
    above, owner = await rig.notices(2)
    assert ("drag the bot" in above.text, "only the owner" in owner.text) == (True, True)


async def test_an_administrator_is_not_timed_out(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    await rig.desk()
    chief = peer.person("Chief")
    peer.join(town.guild, chief, peer.role(town.guild, "chief", Right.ADMINISTRATOR))
    await rig.enforce("timeout", chief, seconds=60)
    assert peer.called(MEMBER) == []
    assert len(await rig.notices()) == 1


@pytest.mark.parametrize(
    ("action", "right", "mend"),
    [
        ("timeout", Right.MODERATE_MEMBERS, "Timeout Members"),
        ("ban", Right.BAN_MEMBERS, "Ban Members"),
        ("kick", Right.KICK_MEMBERS, "Kick Members"),
    ],
)
async def test_a_missing_right_is_seen_beforehand_and_told_with_its_mend(
    rig: Rig, action: str, right: Right, mend: str
) -> None:
    peer, town = rig.peer, rig.town
    await rig.desk()
    peer.change_role(town.guild, peer.bot_role(town.guild), rights=STAFF & ~right)
    await rig.memberships()
    await rig.enforce(action, town.seller, seconds=60)
    (notice,) = await rig.notices()
    assert (mend in notice.text, "7KQF2M9D" in notice.text) == (True, True)
    assert [call.status for call in peer.calls if call.status >= 400] == []


async def test_a_channel_where_the_bot_may_not_delete_is_told(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    await rig.desk()
    scam = peer.say(town.channel, town.seller, "free money")
    peer.overwrite(town.channel, peer.bot, NOTHING, Right.MANAGE_MESSAGES)
    await rig.memberships()
    await rig.enforce("delete", town.seller, scam)
    (notice,) = await rig.notices()
    assert ("Manage Messages" in notice.text, peer.called(DELETE)) == (True, [])


async def test_enforcement_does_not_wait_for_words_that_discord_holds_back(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    scam = peer.say(town.channel, town.seller, "free money")
    peer.limits.budgets = {"POST /channels/{channel}/messages": (1, 30.0)}
    await rig.say("the first fills the budget")
    await rig.enforce("delete", town.seller, scam)
    assert scam not in town.channel.messages

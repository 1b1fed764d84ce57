"""Whom words on Telegram reach: each chat is a home, an answer to a command calls its author, a quiet card nobody."""

from __future__ import annotations

import pytest

from tests.bot.adapters.telegram.rig import Rig, group
from tests.peers.telegram.server import TelegramServer


async def test_each_group_of_a_community_is_a_home_of_its_own(rig: Rig, peer: TelegramServer) -> None:
    shop, mei = group(peer, forum=True)
    buyers, ben = group(peer, "Buyers")
    home = await rig.communities.of_chat("telegram", str(shop.id), shop.title)
    await rig.communities.join("telegram", str(buyers.id), home.name)
    topic = peer.topic(shop, mei, "Deals")
    peer.say(shop, mei, "in a topic", topic=topic)
    peer.say(buyers, ben, "among the buyers")
    heard = await rig.messages(2)
    assert {(one.place.home, one.place.community) for one in heard} == {
        (str(shop.id), home.name),
        (str(buyers.id), home.name),
    }
    peer.kick_bot(buyers)
    lost = [one for one in await rig.memberships(5) if one.change == "bot_removed"]
    assert [one.place.home for one in lost] == [str(buyers.id)]


@pytest.mark.parametrize("text", ["@everyone 没有这个成员", "@admin @here @channel @everyone is now: helper."])
async def test_an_answer_to_a_command_calls_its_author_and_nobody_else(
    rig: Rig, peer: TelegramServer, text: str
) -> None:
    shop, mei = group(peer)
    await rig.say(shop, text, kind="notice", to=str(mei.id))
    [call] = peer.called("sendMessage")
    named = [one for one in call.params["entities"] if one["type"] in ("mention", "text_mention")]
    assert [one["user"]["id"] for one in named] == [mei.id]
    assert "parse_mode" not in call.params


async def test_a_quiet_card_rings_nobody_s_bell(rig: Rig, peer: TelegramServer) -> None:
    shop, _ = group(peer)
    await rig.say(shop, "a card", "q1", kind="notice", quiet=True)
    await rig.say(shop, "a card for people", "q2", kind="notice")
    assert [bool(call.params.get("disable_notification")) for call in peer.called("sendMessage")] == [True, False]

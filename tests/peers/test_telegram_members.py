"""The Bot API peer, driven by the real python-telegram-bot over sockets: who may do what, and who hears it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from telegram import (
    Bot,
    ChatMember,
    ChatPermissions,
)
from telegram.error import ChatMigrated, Forbidden

from tests.peers.telegram.client import NOW, heard, later, member, refused
from tests.peers.telegram.nouns import Chat
from tests.peers.telegram.people import MODERATOR, NotAllowed
from tests.peers.telegram.server import TelegramServer

MUTED = ChatPermissions.no_permissions()


async def test_a_restriction_ends_by_itself_and_a_short_one_never(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    mei = member(shop)
    await bot.restrict_chat_member(shop.id, mei.id, MUTED, until_date=NOW + timedelta(hours=1))
    with pytest.raises(NotAllowed):
        tg.say(shop, mei, "again")
    later(tg, hours=2)
    assert tg.say(shop, mei, "again")
    await bot.restrict_chat_member(shop.id, mei.id, MUTED, until_date=NOW + timedelta(hours=2, seconds=20))
    later(tg, days=400)
    restricted = await bot.get_chat_member(shop.id, mei.id)
    assert restricted.status == ChatMember.RESTRICTED
    await bot.restrict_chat_member(shop.id, mei.id, ChatPermissions.all_permissions())
    assert tg.say(shop, mei, "free")


async def test_nobody_above_can_be_punished(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    ruler = tg.person("An")
    tg.promote(shop, ruler, MODERATOR)
    words = {
        member(shop, "Lin").id: "Bad Request: can't remove chat owner",
        ruler.id: "Bad Request: user is an administrator of the chat",
        tg.bot.id: "Bad Request: can't restrict self",
        tg.person("a stranger").id: "Bad Request: PARTICIPANT_ID_INVALID",
    }
    for number, expected in words.items():
        assert await refused(tg, bot.ban_chat_member(shop.id, number)) == expected
        assert await refused(tg, bot.restrict_chat_member(shop.id, number, MUTED)) == expected
    tg.demote_bot(shop)
    expected = "Bad Request: not enough rights to restrict/unrestrict chat member"
    assert await refused(tg, bot.ban_chat_member(shop.id, member(shop).id)) == expected
    basic = tg.group("Small", "group")
    tg.join(basic, member(shop))
    tg.add_bot(basic)
    call = bot.restrict_chat_member(basic.id, member(shop).id, MUTED)
    assert await refused(tg, call) == "Bad Request: method is available only for supergroups"


async def test_unban_puts_a_member_out_unless_asked_not_to(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    mei = member(shop)
    await bot.unban_chat_member(shop.id, mei.id, only_if_banned=True)
    assert shop.members[mei.id].status == "member"
    await bot.unban_chat_member(shop.id, mei.id)
    assert shop.members[mei.id].status == "left"
    await bot.ban_chat_member(shop.id, mei.id)
    await bot.unban_chat_member(shop.id, mei.id, only_if_banned=True)
    assert shop.members[mei.id].status == "left"


async def test_a_group_that_moves_names_its_new_id(tg: TelegramServer, bot: Bot) -> None:
    group = tg.group("Small", "group")
    tg.join(group, tg.person("Mei"))
    tg.add_bot(group)
    await heard(bot)
    new = tg.migrate(group)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(group.id, "x")
    assert moved.value.new_chat_id == new.id
    told = [one.message for one in await heard(bot) if one.message]
    assert (told[0].migrate_to_chat_id, told[1].migrate_from_chat_id) == (new.id, group.id)
    assert await bot.send_message(new.id, "x")


async def test_a_private_chat_begins_with_the_person(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    mei = member(shop)
    stranger = tg.person("Bo")
    assert await refused(tg, bot.send_message(stranger.id, "x")) == "Bad Request: chat not found"
    words = "Forbidden: bot can't initiate conversation with a user"
    assert await refused(tg, bot.send_message(mei.id, "x")) == words
    tg.start(mei, "appeal_7KQ")
    assert (await heard(bot))[-1].message.text == "/start appeal_7KQ"
    assert await bot.send_message(mei.id, "x")
    tg.block(mei)
    assert await refused(tg, bot.send_message(mei.id, "x")) == "Forbidden: bot was blocked by the user"
    assert (await heard(bot))[-1].my_chat_member.new_chat_member.status == ChatMember.BANNED


async def test_privacy_mode_leaves_commands_replies_and_mentions(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    tg.can_read_all_group_messages = False
    tg.demote_bot(shop)
    answer = await bot.send_message(shop.id, "mine")
    await heard(bot)
    for text in ("plain", "/ask x", "/ask@other_bot x", "@xiaoer_test_bot x", "a@xiaoer_test_bot.com"):
        tg.say(shop, member(shop), text)
    tg.say(shop, member(shop), "a reply", reply_to=answer.id)
    assert [one.message.text for one in await heard(bot)] == ["/ask x", "@xiaoer_test_bot x", "a reply"]
    tg.promote(shop, tg.bot, MODERATOR)
    tg.say(shop, member(shop), "plain")
    assert (await heard(bot))[-1].message.text == "plain", "an administrator hears everything"


async def test_join_requests(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    bo, an = tg.person("Bo"), tg.person("An")
    tg.request_to_join(shop, bo, bio="I sell tea")
    tg.request_to_join(shop, an)
    assert (await heard(bot))[-2].chat_join_request.bio == "I sell tea"
    assert await bot.send_message(bo.id, "Welcome"), "who asks may be written to"
    await bot.approve_chat_join_request(shop.id, bo.id)
    await bot.decline_chat_join_request(shop.id, an.id)
    assert (shop.members[bo.id].status, an.id in shop.members) == ("member", False)
    assert "USER_ALREADY_PARTICIPANT" in await refused(tg, bot.approve_chat_join_request(shop.id, bo.id))


async def test_a_bot_that_was_put_out_hears_and_says_nothing(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    tg.kick_bot(shop)
    tg.say(shop, member(shop), "hello")
    assert (await heard(bot))[-1].my_chat_member.new_chat_member.status == ChatMember.BANNED
    words = "Forbidden: bot was kicked from the supergroup chat"
    assert await refused(tg, bot.send_message(shop.id, "x")) == words
    with pytest.raises(Forbidden):
        await bot.get_chat(shop.id)
    tg.add_bot(shop, rights=None)
    tg.may(shop, can_send_messages=False)
    words = "Bad Request: not enough rights to send text messages to the chat"
    assert await refused(tg, bot.send_message(shop.id, "x")) == words

"""The Bot API peer, driven by the real python-telegram-bot over sockets: what may be said, edited and deleted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import (
    Bot,
    Message,
    MessageEntity,
    ReplyParameters,
)
from telegram.helpers import escape_markdown

from tests.peers.telegram.client import button, heard, member, refused
from tests.peers.telegram.markup import from_html, from_markdown, units
from tests.peers.telegram.nouns import ANONYMOUS_ADMIN, AS_CHANNEL, LINKED_CHANNEL, Chat, Refusal
from tests.peers.telegram.people import MODERATOR, Answer, NotAllowed
from tests.peers.telegram.server import TelegramServer

HTML, MARKDOWN = {"parse_mode": "HTML"}, {"parse_mode": "MarkdownV2"}
UNREAD = "can't parse entities: "
PAST_THE_END = "entity beginning at UTF-16 offset 1 ends after the end of the text at UTF-16 offset 4"
TEXTS: list[tuple[str, dict[str, Any]]] = [
    ("message text is empty", {"text": " \n"}),
    ("message is too long", {"text": "😀" * 2049}),
    (UNREAD + 'Can\'t find end tag corresponding to start tag "b"', {"text": "<b>x", **HTML}),
    (UNREAD + 'Unsupported start tag "br" at byte offset 1', {"text": "x<br>", **HTML}),
    (UNREAD + 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"', {"text": "<b>x</i>", **HTML}),
    (UNREAD + "Character '.' is reserved and must be escaped with the preceding '\\'", {"text": "a.", **MARKDOWN}),
    (UNREAD + "Can't find end of Bold entity at byte offset 2", {"text": "a *b", **MARKDOWN}),
    (PAST_THE_END, {"text": "abc", "entities": [MessageEntity("bold", 1, 3)]}),
    ("message to be replied not found", {"text": "x", "reply_parameters": ReplyParameters(999)}),
    ("BUTTON_DATA_INVALID", {"text": "x", "reply_markup": button("é" * 33)}),
    ("message thread not found", {"text": "x", "message_thread_id": 1}),
]


@pytest.mark.parametrize(("words", "asked"), TEXTS)
async def test_messages_are_refused_in_telegrams_words(
    tg: TelegramServer, bot: Bot, shop: Chat, words: str, asked: dict[str, Any]
) -> None:
    assert await refused(tg, bot.send_message(shop.id, **asked)) == f"Bad Request: {words}"


async def test_messages_at_their_limits_are_sent(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    await bot.send_message(shop.id, "😀" * 2048, reply_markup=button("é" * 32))
    lost = ReplyParameters(999, allow_sending_without_reply=True)
    await bot.send_message(shop.id, "<b>a</b> &amp; b", parse_mode="HTML", reply_parameters=lost)
    shown = shop.shown()[-1]
    assert (shown.text, shown.entities) == ("a & b", ({"type": "bold", "offset": 0, "length": 1},))
    assert shown.reply_to is None


@given(st.text())
def test_html_is_read_or_refused_and_never_breaks(text: str) -> None:
    try:
        plain, entities = from_html(text)
    except Refusal as refusal:
        assert refusal.words.startswith("Bad Request: can't parse entities: ")
    else:
        assert all(one["offset"] + one["length"] <= units(plain) for one in entities)


@given(st.text())
def test_escaped_markdown_says_what_it_said(text: str) -> None:
    assert from_markdown(escape_markdown(text, version=2)) == (text, [])


async def test_a_press_is_answered_once_and_in_time(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    card = await bot.send_message(shop.id, "A case", reply_markup=button("case:1"))
    await heard(bot)
    with pytest.raises(NotAllowed):
        await tg.press(shop, member(shop), card.id, "case:2")
    press = asyncio.create_task(tg.press(shop, member(shop), card.id, "case:1"))
    query = (await bot.get_updates(timeout=5))[0].callback_query
    assert query
    await query.answer("Yours", show_alert=True)
    assert await press == Answer("Yours", alert=True)
    assert "query is too old" in await refused(tg, query.answer())
    with pytest.raises(TimeoutError):
        await tg.press(shop, member(shop), card.id, "case:1", within=0.01)
    assert "query is too old" in await refused(tg, (await heard(bot))[-1].callback_query.answer())


async def test_a_press_on_a_deleted_card_brings_no_message(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    card = await bot.send_message(shop.id, "A case", reply_markup=button("case:1"))
    await heard(bot)
    post = shop.posts[card.id]
    tg.erase(shop, card.id)
    with pytest.raises(TimeoutError):
        await tg.forge(post, member(shop), "case:1", within=0.01)
    [update] = await heard(bot)
    assert update.callback_query.message
    assert not update.callback_query.message.is_accessible


async def test_only_ones_own_words_can_be_edited_and_only_to_others(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    mine = await bot.send_message(shop.id, "one")
    theirs = tg.say(shop, member(shop), "hello")
    await mine.edit_text("two")
    assert (shop.shown()[0].text, shop.shown()[0].edited) == ("two", True)
    assert "message is not modified" in await refused(tg, mine.edit_text("two"))
    assert "message can't be edited" in await refused(tg, bot.edit_message_text("x", shop.id, theirs))
    assert "message to edit not found" in await refused(tg, bot.edit_message_text("x", shop.id, 999))


async def test_deleting_needs_the_right_and_two_days(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    old, young = (tg.say(shop, member(shop), text) for text in ("old", "young"))
    shop.posts[old].date -= 48 * 3600 + 1
    assert await bot.delete_messages(shop.id, [young, 999])
    assert [one.text for one in shop.shown()] == ["old"]
    assert "message to delete not found" in await refused(tg, bot.delete_message(shop.id, young))
    assert "message can't be deleted" in await refused(tg, bot.delete_message(shop.id, old))
    tg.demote_bot(shop)
    fresh = tg.say(shop, member(shop), "fresh")
    assert "message can't be deleted" in await refused(tg, bot.delete_message(shop.id, fresh))


async def test_who_speaks_behind_a_mask_is_known_by_sender_chat(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    channel, linked = tg.channel("Deals"), tg.channel("News", group=shop)
    tg.say(shop, member(shop, "Lin"), "as admin", anonymous=True)
    tg.say(shop, member(shop), "as channel", as_chat=channel)
    tg.publish(linked, "news")
    messages = [one.message for one in await heard(bot)][-3:]
    assert [one.from_user.id for one in messages] == [ANONYMOUS_ADMIN.id, AS_CHANNEL.id, LINKED_CHANNEL.id]
    assert [one.sender_chat.id for one in messages] == [shop.id, channel.id, linked.id]
    await bot.ban_chat_sender_chat(shop.id, channel.id)
    with pytest.raises(NotAllowed):
        tg.say(shop, member(shop), "again", as_chat=channel)


async def test_topics(tg: TelegramServer, bot: Bot) -> None:
    lin = tg.person("Lin")
    forum = tg.group("Forum", creator=lin, forum=True)
    tg.add_bot(forum)
    topic = tg.topic(forum, lin, "Refunds")
    tg.say(forum, lin, "in the topic", topic=topic)
    tg.say(forum, lin, "in General", reply_to=tg.say(forum, lin, "first"))
    inside, _, general = [one.message for one in await heard(bot)][-3:]
    assert (inside.message_thread_id, inside.is_topic_message, inside.reply_to_message.id) == (topic, True, topic)
    assert general.message_thread_id
    assert not general.is_topic_message, "a reply has a thread though it is in no topic"
    sent = await bot.send_message(forum.id, "x", message_thread_id=topic)
    assert sent.message_thread_id == topic
    assert "message thread not found" in await refused(tg, bot.send_message(forum.id, "x", message_thread_id=1))
    assert await bot.send_chat_action(forum.id, "typing", message_thread_id=1)
    tg.close_topic(forum, topic)
    assert "TOPIC_CLOSED" in await refused(tg, bot.send_message(forum.id, "x", message_thread_id=topic))


async def test_pictures_albums_and_files(tg: TelegramServer, bot: Bot, shop: Chat) -> None:
    for picture in (b"one", b"two"):
        tg.say(shop, member(shop), "look" if picture == b"one" else "", photo=picture, album="a1")
    messages: list[Message] = [one.message for one in await heard(bot)][-2:]
    assert [(one.media_group_id, one.caption) for one in messages] == [("a1", "look"), ("a1", None)]
    stored = await messages[1].photo[-1].get_file()
    assert bytes(await stored.download_as_bytearray()) == b"two"
    await bot.send_photo(shop.id, b"three", caption="c" * 1024)
    assert shop.shown()[-1].photo == b"three"
    assert "message caption is too long" in await refused(tg, bot.send_photo(shop.id, b"x", caption="c" * 1025))


async def test_a_channel_tells_of_others_posts_and_counts_reactions(tg: TelegramServer, bot: Bot) -> None:
    channel = tg.channel("News")
    tg.add_bot(channel, [*MODERATOR, "can_post_messages"])
    await heard(bot, "channel_post", "edited_channel_post", "message_reaction_count")
    mine = await bot.send_message(channel.id, "by the bot")
    theirs = tg.publish(channel, "by a person")
    tg.edit(channel, tg.owner(channel), theirs, "mended")
    tg.react(channel, tg.person("Mei"), mine.id, "👍")
    posted, edited, counted = await heard(bot)
    assert (mine.from_user, mine.to_dict()["sender_chat"]["id"]) == (None, channel.id)
    assert (posted.channel_post.text, edited.edited_channel_post.text) == ("by a person", "mended")
    assert counted.message_reaction_count.reactions[0].total_count == 1
    tg.demote_bot(channel, rights=MODERATOR)
    words = "Bad Request: need administrator rights in the channel chat"
    assert await refused(tg, bot.send_message(channel.id, "x")) == words

"""What members write on Telegram reaches the house's streams as it should."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.adapters.telegram.line import UPDATES
from tests.bot.adapters.telegram.rig import Rig, build, group, listening
from tests.peers.telegram.nouns import ADMIN_RIGHTS
from tests.peers.telegram.people import MODERATOR
from tests.peers.telegram.server import TelegramServer
from tests.pictures import TELEGRAM, code, file


async def test_all_kinds_of_updates_are_asked_for_and_nothing_that_waited_is_dropped(
    peer: TelegramServer, redis: Redis
) -> None:
    chat, mei = group(peer)
    peer.say(chat, mei, "said while the bot was away")
    async with listening(build(peer, redis)) as rig:
        message, *_ = await rig.messages()
        assert message.text == "said while the bot was away"
        assert set(UPDATES) >= {"edited_message", "chat_member", "message_reaction", "my_chat_member"}
        assert peer.updates.allowed == frozenset(UPDATES)
        await rig.settled()


async def test_a_message_keeps_who_where_and_when(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer)
    number = peer.say(chat, mei, "How long does a refund take?")
    message, *_ = await rig.messages()
    assert (message.id, message.author.id, message.author.name) == (str(number), str(mei.id), "Mei")
    assert (message.place.channel, message.place.title, message.place.private) == (str(chat.id), "Shop talk", False)
    assert (message.edit, message.addressed, message.reply_to, message.author.bot) == (0, False, None, False)
    assert (await rig.communities.get(message.place.community)).mode == "training"


async def test_each_chat_keeps_its_order(rig: Rig, peer: TelegramServer) -> None:
    (slow, mei), (fast, lin) = group(peer, "Slow"), group(peer, "Fast")
    peer.say(slow, mei, "see", photo=file(code(TELEGRAM)))
    for number in range(3):
        peer.say(slow, mei, f"slow {number}")
        peer.say(fast, lin, f"fast {number}")
    heard = await rig.messages(7)
    texts = {chat.id: [one.text for one in heard if one.place.channel == str(chat.id)] for chat in (slow, fast)}
    assert texts == {slow.id: ["see", "slow 0", "slow 1", "slow 2"], fast.id: ["fast 0", "fast 1", "fast 2"]}


async def test_a_delivery_that_comes_twice_is_heard_once(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer)
    peer.say(chat, mei, "once")
    await rig.messages()
    peer.redeliver(peer.updates.all[-1])
    peer.say(chat, mei, "twice")
    assert [one.text for one in await rig.messages(2)] == ["once", "twice"]


async def test_numbers_that_begin_anew_after_a_quiet_week_lose_nothing(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer)
    peer.say(chat, mei, "before")
    await rig.messages()
    await rig.settled()
    peer.updates.restart_ids()
    for word in ("after", "later"):
        peer.say(chat, mei, word)
    assert [one.text for one in await rig.messages(3)] == ["before", "after", "later"]
    await rig.settled()


async def test_nothing_is_acknowledged_before_it_lies_on_its_stream(peer: TelegramServer, redis: Redis) -> None:
    chat, mei = group(peer)
    first = build(peer, redis)
    async with listening(first):
        await first.settled()
        await redis.config_set("maxmemory", 1)  # every write is refused from now on
        try:
            peer.say(chat, mei, "in the outage")
            polls = len(peer.called("getUpdates"))
            await peer.until(lambda: len(peer.called("getUpdates")) > polls + 1, within=60)
            assert len(peer.updates.waiting()) == 1
        finally:
            await redis.config_set("maxmemory", 0)
        assert [one.text for one in await first.messages()] == ["in the outage"]
        await first.settled()


async def test_an_edit_counts_upwards_and_an_unfolded_link_is_the_same_again(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer)
    number = peer.say(chat, mei, "cheap bags")
    await rig.messages()
    peer.edit(chat, mei, number, "cheap bags at t.me/fastcash88")
    peer.edit(chat, mei, number, "cheap bags, write to me")  # within the same second
    first, *edits = await rig.messages(3)
    assert (first.edit, {one.id for one in edits}) == (0, {str(number)})
    assert all(one.edit > 0 for one in edits)
    assert {one.text for one in edits} == {"cheap bags at t.me/fastcash88", "cheap bags, write to me"}
    peer.unfold(chat, number)
    peer.say(chat, mei, "next")
    assert [one.text for one in await rig.messages(4)][3:] == ["next"]


async def test_in_a_topic_a_plain_message_is_no_reply_and_general_has_no_number(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer, forum=True)
    topic = peer.topic(chat, peer.bot, "Refunds")  # the bot's own: what is said there does not speak to it
    plain = peer.say(chat, mei, "hello all", topic=topic)
    peer.say(chat, mei, "I agree", topic=topic, reply_to=plain)
    peer.say(chat, mei, "in general")
    heard = {one.text: one for one in await rig.messages(3)}
    assert heard["hello all"].place.channel == heard["I agree"].place.channel == f"{chat.id}/{topic}"
    assert (heard["hello all"].reply_to, heard["hello all"].addressed) == (None, False)
    assert heard["hello all"].place.title == "Refunds"
    assert (heard["I agree"].reply_to, heard["I agree"].place.parent) == (str(plain), str(chat.id))
    assert (heard["in general"].place.channel, heard["in general"].place.parent) == (str(chat.id), "")


async def test_the_bot_is_addressed_by_reply_name_and_command_but_not_by_anothers(
    rig: Rig, peer: TelegramServer
) -> None:
    chat, mei = group(peer)
    await rig.say(chat, "Refunds take 3 days.")
    answer = chat.shown()[-1].id
    for text in ("@xiaoer_test_bot how long?", "/ask@Xiaoer_test_bot how long?", "/ask how long?"):
        peer.say(chat, mei, text)
    peer.say(chat, mei, "and then?", reply_to=answer)
    peer.say(chat, mei, "/ban@other_bot everyone")
    heard = [(one.text, one.addressed) for one in await rig.messages(5)]
    assert heard == [
        ("how long?", True),
        ("/ask how long?", True),
        ("/ask how long?", True),
        ("and then?", True),
        ("ban@other_bot everyone", False),
    ]


async def test_a_report_names_the_message_it_is_about(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer)
    number = peer.say(chat, mei, "50% off, write to t.me/fastcash88")
    peer.say(chat, mei, "/report", reply_to=number)
    _, report = await rig.messages(2)
    assert (report.text, report.reply_to, report.addressed) == ("/report", str(number), True)


async def test_links_that_hide_behind_words_and_buttons_are_told(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer)
    link = [{"type": "text_link", "offset": 0, "length": 4, "url": "https://scam.example/"}]
    button = {"inline_keyboard": [[{"text": "Go", "url": "https://more.example/"}]]}
    peer.say(chat, mei, "here", content={"entities": link, "reply_markup": button})
    message, *_ = await rig.messages()
    assert message.text.split("\n") == ["here", "https://scam.example/", "https://more.example/"]


async def test_tiers_come_from_the_list_of_administrators_and_follow_it(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer)
    owner, boss, guard = peer.owner(chat), peer.person("Boss"), peer.person("Guard")
    peer.join(chat, boss, guard)
    peer.promote(chat, boss, ADMIN_RIGHTS)
    peer.promote(chat, guard, MODERATOR)
    for who in (owner, boss, guard, mei):
        peer.say(chat, who, "hello")
    assert [one.author.tier for one in await rig.messages(4)] == ["owner", "admin", "moderator", "member"]
    peer.promote(chat, mei, MODERATOR)
    peer.say(chat, mei, "hello again")
    assert (await rig.messages(5))[-1].author.tier == "moderator"
    lists = len(peer.called("getChatAdministrators"))
    peer.say(chat, mei, "and again")
    await rig.messages(6)
    assert len(peer.called("getChatAdministrators")) == lists


async def test_anonymous_admins_and_channels_speak_for_themselves(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer)
    news, spam = peer.channel("News", group=chat), peer.channel("Spam", creator=mei)
    peer.say(chat, peer.owner(chat), "by the team", anonymous=True)
    peer.publish(news, "big news")
    peer.say(chat, mei, "buy now", as_chat=spam)
    heard = {one.text: one.author for one in await rig.messages(3)}
    assert (heard["by the team"].id, heard["by the team"].tier) == (str(chat.id), "admin")
    assert (heard["big news"].id, heard["big news"].tier, heard["big news"].bot) == (str(news.id), "owner", True)
    assert (heard["buy now"].id, heard["buy now"].tier, heard["buy now"].bot) == (str(spam.id), "member", False)


async def test_posts_and_edits_of_a_channel_do_no_harm(rig: Rig, peer: TelegramServer) -> None:
    channel = peer.channel("News")
    peer.add_bot(channel, ADMIN_RIGHTS)
    number = peer.publish(channel, "today")
    peer.edit(channel, peer.owner(channel), number, "tomorrow")
    heard = await rig.messages(2)
    assert [(one.text, one.author.bot) for one in heard] == [("today", True), ("tomorrow", True)]


async def test_service_messages_and_bots_are_no_members_words(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer)
    peer.rename(chat, "Shops")
    peer.say(chat, mei, "hello")
    assert [one.text for one in await rig.messages()] == ["hello"]

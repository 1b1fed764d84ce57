"""What the bot says on Telegram."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from redis.asyncio import Redis

from bot.adapters.memory import Memory, Sent
from bot.adapters.menu import MenuEntry
from bot.adapters.telegram.line import outbox
from bot.outbox import Priority
from moderation.types import Button, Place, Say
from tests.bot.adapters.rig import PROVEN
from tests.bot.adapters.telegram.rig import Rig, at_work, build
from tests.peers.telegram.nouns import Chat, User
from tests.peers.telegram.people import MODERATOR
from tests.peers.telegram.server import TelegramServer
from tests.peers.telegram.text import found


@pytest.fixture
def shop(peer: TelegramServer) -> Chat:
    chat = peer.group("Shop talk")
    peer.add_bot(chat)
    return chat


def member(peer: TelegramServer, chat: Chat, name: str = "Mei") -> User:
    user = peer.person(name)
    peer.join(chat, user)
    return user


async def test_words_come_with_their_source_and_without_a_preview(rig: Rig, peer: TelegramServer, shop: Chat) -> None:
    await rig.say(shop, "See https://example.com: refunds take 3 days.", passages=PROVEN)
    (shown,) = shop.shown()
    assert "Refunds" in shown.text.replace("refunds", "")
    assert shown.preview is False
    assert [data for _, data in shown.buttons[0]] == ["v:up", "v:down", "v:person"]


async def test_the_same_effect_again_says_nothing_new(rig: Rig, shop: Chat) -> None:
    for _ in range(2):
        await rig.say(shop, "Refunds take 3 days.")
    assert len(shop.shown()) == 1


async def test_long_words_lose_nothing_and_a_restart_goes_on_where_it_was(
    rig: Rig, peer: TelegramServer, redis: Redis, shop: Chat
) -> None:
    text = " ".join(f"句{number}🎉。" for number in range(1500))
    effect = await rig.say(shop, text, id_="long", buttons=(Button(id="more", label="More"),))
    whole = [one.text for one in shop.shown()]
    assert len(whole) > 1
    assert all(len(one.encode("utf-16-le")) // 2 <= 4096 for one in whole)
    assert "".join("".join(whole).split()) == "".join(text.split())
    assert [bool(one.buttons) for one in shop.shown()] == [*[False] * (len(whole) - 1), True]
    half = effect.model_copy(update={"id": "half"})
    await Memory(redis, "telegram").note_sent(half.place, "half", Sent(str(shop.id), str(shop.shown()[0].id)))
    await rig.chat.say(half)
    assert [one.text for one in shop.shown()][len(whole) :] == whole[1:]


async def test_a_reply_hangs_below_its_question_and_stands_alone_when_that_is_gone(
    rig: Rig, peer: TelegramServer, shop: Chat
) -> None:
    mei = member(peer, shop)
    question = peer.say(shop, mei, "how long?")
    await rig.say(shop, "3 days", id_="a", reply_to=str(question))
    assert shop.shown()[-1].reply_to == question
    peer.erase(shop, question)
    await rig.say(shop, "3 days, as I said", id_="b", reply_to=str(question))
    assert [(one.text, one.reply_to) for one in shop.shown()][1:] == [("3 days, as I said", None)]


async def test_nobody_can_have_the_bot_call_a_crowd(rig: Rig, peer: TelegramServer, shop: Chat) -> None:
    await rig.say(shop, "Write to @support_desk.", id_="one")
    await rig.say(shop, "@ann1 @bob2 @cat3 @dan4 look!", id_="crowd")
    one, crowd = shop.shown()
    assert (one.text, crowd.text.count("@")) == ("Write to @support_desk.", 4)
    assert [entity["type"] for entity in found(crowd.text)] == []
    assert [entity["type"] for entity in found("@ann1 @bob2 @cat3 @dan4 look!")] == ["mention"] * 4


async def test_topics_are_written_to_and_general_without_a_number(rig: Rig, peer: TelegramServer) -> None:
    forum = peer.group("Forum", forum=True)
    peer.add_bot(forum)
    topic = peer.topic(forum, peer.owner(forum), "Refunds")
    for channel in (f"{forum.id}/{topic}", f"{forum.id}", f"{forum.id}/1"):
        place = (await rig.place(forum)).model_copy(update={"channel": channel})
        await rig.chat.say(Say(id=channel, place=place, text="hello", kind="notice"))
    assert [one.topic for one in forum.shown()] == [topic, None, None]


async def test_words_to_one_member_begin_with_the_name(rig: Rig, peer: TelegramServer, shop: Chat) -> None:
    mei = member(peer, shop, "Mei 🎉")
    await rig.say(shop, "The message was removed.", kind="notice", to=str(mei.id))
    (shown,) = shop.shown()
    assert shown.text.startswith("Mei 🎉")
    (mention,) = [one for one in shown.entities if one["type"] == "text_mention"]
    assert (mention["user"]["id"], mention["offset"], mention["length"]) == (mei.id, 0, 6)


async def test_an_edit_takes_the_place_of_earlier_words(rig: Rig, shop: Chat) -> None:
    claim = (Button(id="case:1:claim", label="Claim"),)
    await rig.say(shop, "A case is open.", id_="card", buttons=claim)
    for _ in range(2):  # the same again changes nothing
        await rig.say(shop, "The case is settled.", id_="card-2", edits="card")
    (shown,) = shop.shown()
    assert (shown.text, shown.edited, shown.buttons) == ("The case is settled.", True, ())


async def test_an_edit_of_words_that_are_gone_is_said_anew(rig: Rig, peer: TelegramServer, shop: Chat) -> None:
    await rig.say(shop, "A case is open.", id_="card")
    peer.erase(shop, shop.shown()[0].id)
    await rig.say(shop, "The case is settled.", id_="card-2", edits="card")
    for number, edits in enumerate(("card-2", "card", "card")):
        await rig.say(shop, f"Undone {number}.", id_=f"undone-{number}", edits=edits)
        assert [one.text for one in shop.shown()] == [f"Undone {number}."]


async def test_an_edit_may_need_fewer_messages_or_more(rig: Rig, shop: Chat) -> None:
    await rig.say(shop, "很长。" * 2000, id_="long")
    await rig.say(shop, "短。", id_="short", edits="long")
    assert [one.text for one in shop.shown()] == ["短。"]
    for number in range(2):
        await rig.say(shop, f"{number}。" + "很长。" * 2000, id_=f"again-{number}", edits="long")
        assert len(shop.shown()) == 2


async def test_a_flood_in_one_chat_holds_no_other(rig: Rig, peer: TelegramServer, shop: Chat) -> None:
    quiet = peer.group("Quiet")
    peer.add_bot(quiet)
    peer.flood(shop, retry_after=1, times=1)
    flooded = asyncio.create_task(rig.say(shop, "first", id_="a"))
    await peer.until(lambda: any(one.code == 429 for one in peer.calls))
    await rig.say(quiet, "second", id_="b")
    assert not shop.shown()
    await flooded
    assert [one.text for one in shop.shown()] == ["first"]


async def test_a_chat_gets_one_message_a_second_and_the_others_theirs_meanwhile() -> None:
    box, done = outbox(), list[str]()

    async def call(chat: str) -> None:
        done.append(chat)

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(box.send(chat, Priority.ANSWER, partial(call, chat))) for chat in ("-1", "-1", "-2", "7")
        ]
        await asyncio.wait([tasks[0], *tasks[2:]])
        assert (done, box.waiting()["answer"]) == (["-1", "-2", "7"], 1)
        tasks[1].cancel()


async def test_a_lack_of_rights_is_told_to_the_desk_once_with_the_mend(
    rig: Rig, peer: TelegramServer, shop: Chat
) -> None:
    community = await rig.communities.of_chat("telegram", str(shop.id))
    await rig.communities.keep(community.model_copy(update={"desk": "telegram:-1009", "title": "Shop talk"}))
    peer.demote_bot(shop)
    peer.may(shop, can_send_messages=False)
    for number in range(2):
        await rig.say(shop, "hello", id_=f"say-{number}")
    (notice,) = await rig.notices()
    assert (notice.place.channel, notice.kind) == ("-1009", "notice")
    assert "Shop talk" in notice.text
    assert "Administrators" in notice.text


async def test_a_desk_that_cannot_be_written_to_is_no_endless_tale(rig: Rig, peer: TelegramServer, shop: Chat) -> None:
    community = await rig.communities.of_chat("telegram", str(shop.id))
    await rig.communities.keep(community.model_copy(update={"desk": f"telegram:{shop.id}"}))
    peer.kick_bot(shop)
    await rig.say(shop, "a card", kind="moderator")
    assert await rig.on_stream("effects:telegram", Say) == []


async def test_who_has_not_started_a_chat_is_called_over_in_the_group(
    rig: Rig, peer: TelegramServer, shop: Chat
) -> None:
    mei, community = member(peer, shop), (await rig.place(shop)).community
    private = Place(platform="telegram", community=community, channel=str(mei.id), private=True)
    await rig.chat.say(Say(id="dm", place=private, text="Your data: nothing.", kind="notice", to=str(mei.id)))
    (shown,) = shop.shown()
    assert f"https://t.me/xiaoer_test_bot?start={community}" in shown.text
    assert "Your data" not in shown.text
    peer.start(mei, community)
    await rig.chat.say(Say(id="dm-2", place=private, text="Your data: nothing.", kind="notice", to=str(mei.id)))
    assert [one.text for one in peer.private(mei).shown()][-1] == "Your data: nothing."


async def test_an_outage_of_telegram_delays_and_loses_nothing(rig: Rig, peer: TelegramServer, shop: Chat) -> None:
    peer.down = 502
    saying = asyncio.create_task(rig.say(shop, "hello"))
    await peer.until(lambda: any(one.code == 502 for one in peer.calls))
    peer.down = 0
    await saying
    assert [one.text for one in shop.shown()] == ["hello"]


async def test_the_menu_shows_each_person_what_it_may_use(peer: TelegramServer, redis: Redis) -> None:
    menu = (
        MenuEntry("ask", "member", {"zh": "提问", "en": "Ask"}),
        MenuEntry("queue", "moderator", {"zh": "待处理", "en": "Queue"}),
    )
    async with at_work(build(peer, redis, menu=menu)):
        await peer.until(lambda: len(peer.commands) == 12)
    shown = {shelf: [one["command"] for one in commands] for shelf, commands in peer.commands.items()}
    assert shown["all_group_chats", "zh"] == shown["default", ""] == shown["all_private_chats", "en"] == ["ask"]
    assert shown["all_chat_administrators", "zh"] == ["ask", "queue"]
    assert peer.commands["default", "zh"][0]["description"] == "提问"
    assert peer.commands["default", ""][0]["description"] == "Ask"


async def test_rights_that_are_given_back_count_at_once(rig: Rig, peer: TelegramServer, shop: Chat) -> None:
    peer.demote_bot(shop)
    peer.may(shop, can_send_messages=False)
    await rig.say(shop, "unheard", id_="a")
    peer.promote(shop, peer.bot, MODERATOR)
    await rig.settled()
    await rig.say(shop, "heard", id_="b")
    assert [one.text for one in shop.shown()] == ["heard"]

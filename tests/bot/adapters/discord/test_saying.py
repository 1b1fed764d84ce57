"""What the Discord adapter says: replies, parts, edits, buttons, votes, and what Discord refuses."""

from __future__ import annotations

from bot.adapters.discord.records import Records
from moderation.types import Button
from tests.bot.adapters.discord.rig import Rig
from tests.bot.adapters.rig import PROVEN
from tests.peers.discord.rights import NOTHING, Right

POST = "POST /channels/{channel}/messages"
VOTES = {"vote:up", "vote:down", "vote:person"}


async def test_an_answer_replies_and_pings_nobody(rig: Rig) -> None:
    asked = rig.peer.say(rig.town.channel, rig.town.seller, "refunds?")
    await rig.say(f"@everyone @here <@{rig.town.owner.id}> take 3 days", reply_to=asked)
    (said,) = rig.said()
    assert (said.reply_to, said.pinged) == (asked, set())
    assert "3 days" in said.content


async def test_a_reply_to_a_message_that_is_gone_is_said_all_the_same(rig: Rig) -> None:
    asked = rig.peer.say(rig.town.channel, rig.town.seller, "refunds?")
    del rig.town.channel.messages[asked]  # without an event: the bot cannot know yet
    await rig.say("A moderator has looked.", kind="moderator", reply_to=asked)
    assert [one.reply_to for one in rig.said()] == [None]


async def test_nobody_answers_a_question_that_was_withdrawn(rig: Rig) -> None:
    asked = rig.peer.say(rig.town.channel, rig.town.seller, "refunds?")
    await rig.messages()
    rig.peer.delete(asked)
    await rig.until(lambda: Records(rig.redis).withdrawn(rig.town.channel.id, asked))
    await rig.say("3 days", reply_to=asked)
    await rig.say("A person will come.", "say-2", kind="handoff", reply_to=asked)
    assert ["A person" in one.content for one in rig.said()] == [True]


async def test_a_second_delivery_says_nothing_twice(rig: Rig) -> None:
    await rig.say("once")
    await rig.say("once")
    await rig.again()
    await rig.say("once")
    assert [one.content for one in rig.said()] == ["once"]


async def test_long_words_come_whole_and_in_order(rig: Rig) -> None:
    text = " ".join(f"Sentence number {number} stands here." for number in range(150))
    await rig.say(text, passages=PROVEN)
    parts = rig.said()
    assert len(parts) > 1
    assert max(len(one.content) for one in parts) <= 2000
    together = " ".join(one.content for one in parts)
    assert all(f"number {number} " in together for number in range(150))
    assert [set(one.buttons) for one in parts] == [set()] * (len(parts) - 1) + [VOTES]


async def test_words_for_one_member_name_them_without_a_ping(rig: Rig) -> None:
    await rig.say("Your message was removed.", kind="notice", to=rig.town.seller.id)
    (said,) = rig.said()
    assert said.content.startswith(f"<@{rig.town.seller.id}> Your message")
    assert said.pinged == set()


async def test_words_that_ring_ping_the_one_whom_they_are_for_and_nobody_else(rig: Rig) -> None:
    seller, owner = rig.town.seller, rig.town.owner
    await rig.say(f"@everyone <@{owner.id}> is late.", kind="notice", to=seller.id, rings=True)
    (said,) = rig.said()
    assert said.content.startswith(f"<@{seller.id}> ")
    assert said.pinged == {seller.id}


async def test_an_answer_to_a_typed_command_goes_to_its_author_alone(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    asked = peer.say(town.channel, town.seller, "/mydata")
    await rig.messages()
    await rig.say("We keep 3 messages of yours.", kind="notice", to=town.seller.id, reply_to=asked)
    assert rig.said() == []
    assert [one.content for one in rig.said(peer.dm(town.seller))] == ["We keep 3 messages of yours."]


async def test_where_direct_messages_are_closed_the_channel_says_how_to_get_it(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    shy = peer.person("Shy", dms_closed=True)
    peer.join(town.guild, shy)
    asked = peer.say(town.channel, shy, "/mydata")
    await rig.messages()
    await rig.say("We keep 3 messages of yours.", kind="notice", to=shy.id, reply_to=asked)
    (said,) = rig.said()
    assert (said.reply_to, "3 messages" in said.content, "menu" in said.content) == (asked, False, True)


async def test_other_words_take_the_place_of_earlier_ones(rig: Rig) -> None:
    await rig.say("Case 7K is open.", "card", kind="moderator", buttons=(Button(id="case:7K:claim", label="Claim"),))
    await rig.say("Case 7K is settled.", "card:2", kind="moderator", edits="card")
    (card,) = rig.said()
    assert ("settled" in card.content, card.buttons, card.edited_at is not None) == (True, {}, True)


async def test_words_in_the_place_of_what_is_gone_are_said_anew(rig: Rig) -> None:
    await rig.say("Case 7K is open.", "card", kind="moderator")
    rig.peer.delete(rig.said()[0].id)
    await rig.say("Case 7K is settled.", "card:2", kind="moderator", edits="card")
    await rig.say("Case 7K is settled.", "card:2", kind="moderator", edits="card")
    assert ["settled" in one.content for one in rig.said()] == [True]


async def test_fewer_words_take_the_rest_away(rig: Rig) -> None:
    await rig.say("long " * 600, "card")
    assert len(rig.said()) == 2
    await rig.say("short", "card:2", edits="card")
    assert [one.content for one in rig.said()] == ["short"]


async def test_votes_by_button_survive_a_restart_and_are_noted_for_the_member_alone(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    effect = await rig.say("退款需要 3 天。", passages=PROVEN)
    await rig.again()
    press = peer.press(rig.said()[0], town.seller, "vote:down")
    reply = await press.reply()
    assert (reply.content, reply.only_for) == ("已记下，谢谢。", town.seller.id)
    (vote,) = await rig.votes()
    assert (vote.answer, vote.member, vote.name, vote.choice) == (effect.id, town.seller.id, "Li", "down")
    assert vote.community == effect.place.community


async def test_a_thumb_under_an_answer_is_a_vote_and_under_anything_else_is_not(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    await rig.say("Good morning!", "greeting")
    await rig.say("3 days", passages=PROVEN)
    greeting, answer = rig.said()
    own = peer.say(town.channel, town.owner, "mine")
    peer.react(greeting.id, town.seller, "👍")
    peer.react(own, town.seller, "👍")
    peer.react(answer.id, town.seller, "🎉")
    peer.react(answer.id, town.seller, "👎🏽")
    peer.react(answer.id, town.owner, "👍")
    votes = await rig.votes(2)
    assert {(one.member, one.choice, one.answer) for one in votes} == {
        (town.seller.id, "down", "say-1"),
        (town.owner.id, "up", "say-1"),
    }


async def test_an_answer_too_old_to_vote_on_says_so(rig: Rig) -> None:
    await rig.say("3 days", passages=PROVEN)
    await rig.redis.flushall()
    press = rig.peer.press(rig.said()[0], rig.town.seller, "vote:up", [])
    assert "太早" in (await press.reply()).content


async def test_a_cards_button_is_a_press_by_a_moderator_after_a_restart_too(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    desk = peer.channel(town.guild, "desk")
    await rig.say("Case 7K", "card", desk, kind="moderator", buttons=(Button(id="case:7K:claim", label="接手"),))
    await rig.again()
    card = rig.said(desk)[0]
    press = peer.press(card, town.owner, "press:case:7K:claim")
    assert await press.acknowledged() == 6
    (told,) = await rig.presses()
    assert (told.button, told.card, told.member.tier) == ("case:7K:claim", card.id, "owner")
    assert told.place.channel == desk.id


async def test_a_channel_that_refuses_is_told_to_the_desk_once_and_not_tried_again(rig: Rig) -> None:
    peer, town = rig.peer, rig.town
    desk = await rig.desk()
    peer.overwrite(town.channel, peer.bot, NOTHING, Right.SEND_MESSAGES)
    await rig.memberships()
    for number in range(3):
        await rig.say("hello", f"say-{number}")
    assert peer.called(POST) == []
    (notice,) = await rig.notices()
    assert (notice.place.channel, "Send Messages" in notice.text) == (desk.id, True)
    peer.overwrite(town.channel, peer.bot, Right.SEND_MESSAGES, NOTHING)
    await rig.memberships(2)
    await rig.say("I can speak again", "say-9")
    assert len(rig.said()) == 1


async def test_a_channel_that_was_deleted_is_asked_once(rig: Rig) -> None:
    gone = rig.peer.channel(rig.town.guild, "gone")
    place = await rig.place(gone)
    rig.peer.delete_channel(gone)
    for number in range(3):
        await rig.say("hello", f"say-{number}", place=place)
    assert [call.code for call in rig.peer.called(POST)] == [10003]


async def test_an_outage_of_discord_is_raised_to_be_tried_again(rig: Rig) -> None:
    rig.peer.flood(rig.town.channel.id, 0.05, 2)
    await rig.say("after the flood")
    assert [one.content for one in rig.said()] == ["after the flood"]

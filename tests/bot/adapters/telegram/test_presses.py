"""Votes and moderators' presses on Telegram."""

from __future__ import annotations

import asyncio

from redis.asyncio import Redis

from bot.stream import MESSAGES
from moderation.types import Button, Message
from tests.bot.adapters.rig import PROVEN
from tests.bot.adapters.telegram.rig import Rig, group
from tests.peers.telegram.server import TelegramServer
from tests.pictures import TELEGRAM, code, file


async def test_votes_come_by_button_and_by_thumb(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer)
    said = await rig.say(chat, "Refunds take 3 days.", id_="answer-1", passages=PROVEN)
    answer = chat.shown()[-1]
    assert [data for _, data in answer.buttons[0]] == ["v:up", "v:down", "v:person"]
    shown = await peer.press(chat, mei, answer.id, "v:up")
    peer.react(chat, mei, answer.id, "👎")
    peer.react(chat, mei, answer.id, "🔥")
    votes = await rig.votes(2)
    assert [(one.answer, one.member, one.choice) for one in votes] == [
        (said.id, str(mei.id), "up"),
        (said.id, str(mei.id), "down"),
    ]
    assert shown.text == "Noted, thank you."


async def test_a_vote_on_what_nobody_remembers_is_told_so(rig: Rig, peer: TelegramServer, redis: Redis) -> None:
    chat, mei = group(peer)
    await rig.say(chat, "Refunds take 3 days.", passages=PROVEN)
    place = await rig.place(chat)
    await redis.delete(*[key async for key in redis.scan_iter(f"x:{{{place.community}}}:said:*")])
    shown = await peer.press(chat, mei, chat.shown()[-1].id, "v:down")
    assert "too old" in shown.text


async def test_a_moderators_press_is_answered_at_once_and_heard_once(rig: Rig, peer: TelegramServer) -> None:
    chat, _ = group(peer)
    owner = peer.owner(chat)
    await rig.say(chat, "A case.", kind="notice", buttons=(Button(id="case:7KQF2M9D:claim", label="Claim"),))
    card = chat.shown()[-1].id
    await peer.press(chat, owner, card, "case:7KQF2M9D:claim")
    (press,) = await rig.presses()
    assert (press.button, press.card, press.member.id) == ("case:7KQF2M9D:claim", str(card), str(owner.id))
    assert press.member.tier == "owner"
    peer.redeliver(next(one for one in peer.updates.all if "callback_query" in one))
    peer.say(chat, owner, "done")
    await rig.messages()
    assert len(await rig.presses()) == 1


async def test_a_press_does_not_wait_for_a_chat_that_is_busy(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer)
    await rig.say(chat, "A case.", kind="notice", buttons=(Button(id="case:1:claim", label="Claim"),))
    card = chat.shown()[-1].id
    pressing = asyncio.create_task(peer.press(chat, mei, card, "case:1:claim"))
    for _ in range(5):
        peer.say(chat, mei, "look", photo=file(code(TELEGRAM)))
    await pressing
    assert len(await rig.on_stream(MESSAGES, Message)) < 5
    assert len(await rig.presses()) == 1

"""Albums, pictures and other files on Telegram."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.stream import MESSAGES
from moderation.types import Message
from tests.bot.adapters.telegram.rig import Rig, build, group, listening
from tests.peers.telegram.server import TelegramServer
from tests.pictures import TELEGRAM, code, file


async def test_an_album_is_one_message_and_in_order(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer)
    picture = file(code(TELEGRAM))
    first = peer.say(chat, mei, "our offers", photo=picture, album="a1")
    parts = [peer.say(chat, mei, "", photo=picture, album="a1") for _ in range(2)]
    peer.say(chat, mei, "what do you think?")
    album, text = await rig.messages(2)
    assert (album.id, album.text, len(album.attachments)) == (str(first), "our offers", 3)
    assert [one.codes for one in album.attachments] == [(TELEGRAM,)] * 3
    assert text.text == "what do you think?"
    peer.edit(chat, mei, parts[1], "sold")
    peer.say(chat, mei, "/report", reply_to=parts[0])
    *_, edit, report = await rig.messages(4)
    assert (edit.id, edit.text, report.reply_to) == (str(first), "sold", str(first))
    await rig.enforce(chat, "delete", mei, first)
    assert {one.id for one in chat.shown()} & {first, *parts} == set()


async def test_an_album_at_the_end_is_complete_after_a_moment_and_heard_once(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer)
    for caption in ("one", "two"):
        peer.say(chat, mei, caption, photo=b"no picture", album="a2")
    (album,) = await rig.messages()
    assert album.text == "one\ntwo"
    for update in [one for one in peer.updates.all if "message" in one and "photo" in one["message"]]:
        peer.redeliver(update)
    peer.say(chat, mei, "after")
    assert [one.text for one in await rig.messages(2)] == ["one\ntwo", "after"]


async def test_an_album_survives_a_restart(peer: TelegramServer, redis: Redis) -> None:
    chat, mei = group(peer)
    first = build(peer, redis)
    async with listening(first):
        peer.say(chat, mei, "half", photo=b"no picture", album="a3")
        await first.settled()
        assert await first.on_stream(MESSAGES, Message) == []
    async with listening(build(peer, redis)) as second:
        assert [one.text for one in await second.messages()] == ["half"]


async def test_a_picture_is_read_and_its_address_holds_no_token(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer)
    peer.say(chat, mei, "scan me", photo=file(code(TELEGRAM)))
    (message,) = await rig.messages()
    (shown,) = message.attachments
    assert (shown.codes, shown.kind, message.text) == ((TELEGRAM,), "image/png", "scan me")
    assert shown.url.startswith("https://t.me/c/")
    assert peer.token not in message.model_dump_json()


async def test_what_is_no_file_is_told_in_words(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = group(peer)
    peer.say(chat, mei, content={"contact": {"phone_number": "+8613800000000", "first_name": "Fast Cash"}})
    (message,) = await rig.messages()
    assert message.attachments[0].text == "Fast Cash +8613800000000"

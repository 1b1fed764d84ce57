"""Polling, the webhook, one listener, and what the doctor asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.adapters.leader import Leader
from bot.adapters.telegram.checks import check
from bot.stream import MESSAGES
from bot.web.serving import address, bind
from moderation.errors import XiaoerError
from moderation.types import Message
from tests.bot.adapters.telegram.rig import Rig, at_work, build, group, listening
from tests.peers.telegram.server import TelegramServer


@pytest.fixture
def hooked(peer: TelegramServer, redis: Redis) -> Iterator[tuple[Rig, str]]:
    """An adapter that hears by a webhook, and the webhook's address."""
    with bind("127.0.0.1", 0, "TELEGRAM_PORT") as listener:
        url = f"{address(listener)}/telegram"
        yield build(peer, redis, listener=listener, webhook=url), url


async def test_a_webhook_hears_and_says_the_same_as_polling(peer: TelegramServer, hooked: tuple[Rig, str]) -> None:
    chat, mei = group(peer)
    peer.say(chat, mei, "waiting since before")
    rig, _ = hooked
    async with at_work(rig):
        await rig.messages()
        picture = peer.say(chat, mei, "see", photo=b"no picture", album="a1")
        peer.say(chat, mei, "", photo=b"no picture", album="a1")
        peer.say(chat, mei, "well?")
        first, album, last = await rig.messages(3)
        assert [first.text, album.text, last.text] == ["waiting since before", "see", "well?"]
        assert (album.id, len(album.attachments)) == (str(picture), 2)
        await rig.settled()
        assert peer.called("getUpdates") == []


async def test_only_telegram_can_post_to_the_webhook(peer: TelegramServer, hooked: tuple[Rig, str]) -> None:
    rig, url = hooked
    forged = {"update_id": 1, "message": {"message_id": 1, "text": "forged"}}
    async with at_work(rig), httpx.AsyncClient(trust_env=False) as client:
        await peer.until(lambda: peer.updates.webhook is not None)
        hook = peer.updates.webhook
        assert hook is not None
        assert "the house's secret" not in hook.secret
        for secret in ("", "guessed"):
            answer = await client.post(url, json=forged, headers={"X-Telegram-Bot-Api-Secret-Token": secret})
            assert answer.status_code == 403
        broken = await client.post(url, content="{", headers={"X-Telegram-Bot-Api-Secret-Token": hook.secret})
        assert broken.status_code == 400
        assert await rig.on_stream(MESSAGES, Message) == []


async def test_polling_takes_over_from_a_webhook_and_loses_nothing(
    peer: TelegramServer, redis: Redis, hooked: tuple[Rig, str]
) -> None:
    chat, mei = group(peer)
    rig, _ = hooked
    async with at_work(rig):
        await peer.until(lambda: peer.updates.webhook is not None)
    peer.say(chat, mei, "in between")
    async with at_work(build(peer, redis)) as polling:
        assert [one.text for one in await polling.messages()] == ["in between"]
    assert peer.updates.webhook is None


async def test_two_processes_hear_one_after_the_other(peer: TelegramServer, redis: Redis) -> None:
    chat, mei = group(peer)
    first, second = build(peer, redis), build(peer, redis)
    async with listening(first), at_work(second):
        peer.say(chat, mei, "one")
        await first.messages()
        await first.stop()
        peer.say(chat, mei, "two")
        assert [one.text for one in await second.messages(2)] == ["one", "two"]
    assert not any(one.code == 409 for one in peer.calls)
    keys = [key async for key in redis.scan_iter("x:leader:*")]
    assert not any(peer.token in key for key in keys)


async def test_a_lost_lock_ends_the_work(redis: Redis) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    leading = asyncio.create_task(Leader(redis, "telegram", SecretStr("7:a"), lease_s=0.2).lead(work))
    await begun.wait()
    (key,) = [key async for key in redis.scan_iter("x:leader:*")]
    await redis.set(key, "somebody else")
    await asyncio.wait_for(ended.wait(), 60)
    leading.cancel()
    await asyncio.wait([leading])
    assert await redis.get(key) == "somebody else"


async def test_another_program_with_the_token_is_told_of_and_hearing_goes_on(
    peer: TelegramServer, redis: Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    chat, mei = group(peer)
    async with listening(build(peer, redis)) as rig:
        peer.conflict()
        await peer.until(lambda: any(one.code == 409 for one in peer.calls))
        peer.say(chat, mei, "still here?")
        assert [one.text for one in await rig.messages()] == ["still here?"]
    told = capsys.readouterr().out
    assert "stop the other program" in told
    assert peer.token not in told


async def test_a_revoked_token_ends_it_with_the_mend(peer: TelegramServer, redis: Redis) -> None:
    rig = build(peer, redis)
    running = asyncio.create_task(rig.chat.run())
    await peer.until(lambda: bool(peer.called("getUpdates")))
    peer.revoke()
    peer.conflict()  # ends the poll that waits
    with pytest.raises(XiaoerError, match="ask @BotFather for the current one"):
        await asyncio.wait_for(running, rig.patience_s)


async def test_telegram_away_is_waited_for(peer: TelegramServer, redis: Redis) -> None:
    chat, mei = group(peer)
    peer.down = 502
    async with at_work(build(peer, redis)) as rig:
        await peer.until(lambda: any(one.code == 502 for one in peer.calls))
        peer.say(chat, mei, "hello")
        peer.down = 0
        assert [one.text for one in await rig.messages()] == ["hello"]


async def test_an_update_of_an_unknown_shape_is_left_out(peer: TelegramServer, redis: Redis) -> None:
    chat, mei = group(peer)
    async with listening(build(peer, redis)) as rig:
        peer.updates.add("message", {"chat": {"id": chat.id}})
        peer.updates.add("chat_member", {"chat": chat.json(), "new_chat_member": {"status": "unheard of"}})
        peer.say(chat, mei, "hello")
        assert [one.text for one in await rig.messages()] == ["hello"]
        await rig.settled()


async def test_the_doctor_finds_what_is_wrong_and_tells_the_mend(peer: TelegramServer) -> None:
    chat, _ = group(peer)
    lonely = peer.group("Lonely")
    peer.can_read_all_group_messages = False
    peer.promote(chat, peer.bot, {"can_delete_messages"})
    found = await check(SecretStr(peer.token), peer.url, chats=[chat.id, lonely.id])
    told = {one.what: one for one in found}
    assert told["telegram token"].good
    assert "https://t.me/xiaoer_test_bot?startgroup=" in told["telegram token"].told
    assert "/setprivacy, Disable" in told["telegram privacy"].told
    assert told["telegram webhook"].good
    assert "Ban users" in told[f"telegram chat {chat.id}"].told
    assert "Delete messages" not in told[f"telegram chat {chat.id}"].told
    assert not told[f"telegram chat {lonely.id}"].good


async def test_the_doctor_says_who_else_hears_the_bot(peer: TelegramServer, hooked: tuple[Rig, str]) -> None:
    rig, url = hooked
    async with at_work(rig):
        await peer.until(lambda: peer.updates.webhook is not None)
        same = await check(SecretStr(peer.token), peer.url, webhook=url)
        other = await check(SecretStr(peer.token), peer.url)
    assert [one.good for one in (*same, *other) if one.what == "telegram webhook"] == [True, False]


async def test_the_doctor_knows_a_refused_token_and_a_telegram_that_is_away(peer: TelegramServer) -> None:
    old, address_ = peer.token, peer.url
    peer.revoke()
    (refused,) = await check(SecretStr(old), address_)
    assert "ask @BotFather" in refused.told
    assert old not in refused.told
    (away,) = await check(SecretStr(peer.token), "http://127.0.0.1:1")
    assert "TELEGRAM_API" in away.told

"""300 messages over 30 chats while Telegram asks to wait: enforcement first, order kept, none dropped, none starved."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from redis.asyncio import Redis

from bot.adapters.telegram.line import outbox
from bot.gateway import Gateway
from bot.groups.communities import Communities
from bot.stream import Streams, saying
from moderation.types import Enforce, Place, Say
from tests.bot.adapters.telegram.rig import built
from tests.peers.telegram.server import TelegramServer, serving
from tests.walk.stages import until

CHATS, EACH = 30, 10


async def test_a_flood_in_thirty_chats(redis: Redis) -> None:
    async with serving(TelegramServer()) as peer:
        groups = [peer.group(f"group {number}") for number in range(CHATS)]
        crooks = [peer.person(f"crook {number}") for number in range(CHATS)]
        spam = []
        for group, crook in zip(groups, crooks, strict=True):
            peer.join(group, crook)
            peer.add_bot(group)
            spam.append(peer.say(group, crook, "spam"))
        streams, communities = Streams(redis), Communities(redis, "sample")
        await streams.register("flood")
        places = [Place(platform="telegram", community="flood", channel=str(group.id)) for group in groups]
        for number in range(EACH):
            for place in places:
                said = Say(id=f"{place.channel}:{number}", place=place, text=f"message {number}", kind="answer")
                await redis.execute_command(*saying(said))
        for place, crook, message in zip(places, crooks, spam, strict=True):
            gone = Enforce(
                id=f"{place.channel}:gone", place=place, action="delete", message=str(message), member=str(crook.id)
            )
            await redis.execute_command(*saying(gone))
        for group in groups[::3]:
            peer.flood(group, 1, 2)
        chat = built(peer, redis, streams, communities, outbox())
        running = asyncio.create_task(Gateway(streams, chat, lambda _effect: None).run())
        try:
            await until(lambda: sum(len(group.shown()) for group in groups) == CHATS * EACH, within=60)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        for group in groups:
            assert [post.text for post in group.shown()] == [f"message {number}" for number in range(EACH)]
        done = [call for call in peer.calls if call.code == 200]
        deleted = {call.chat: at for at, call in enumerate(done) if call.method.startswith("delete")}
        sent: dict[str, list[int]] = defaultdict(list)
        for at, call in enumerate(done):
            if call.method == "sendMessage":
                sent[call.chat].append(at)
        calm = {str(group.id) for group in groups} - {str(group.id) for group in groups[::3]}
        assert len(deleted) == CHATS
        assert all(at < sent[chat][EACH // 2] for chat, at in deleted.items())
        assert max(deleted[chat] for chat in calm) < min(times[EACH // 2] for times in sent.values())
        assert max(sent[chat][2] for chat in calm) < min(sent[chat][-1] for chat in calm)  # they take turns

"""The Telegram adapter at work between a Bot API peer and a real Redis, and what a test reads from its streams."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from redis.asyncio import Redis

from bot.adapters.ears import Ears
from bot.adapters.memory import Memory
from bot.adapters.menu import MenuEntry
from bot.adapters.refusals import Refusals
from bot.adapters.telegram.chat import TelegramChat
from bot.groups.communities import Communities
from bot.outbox import Budget, Outbox
from bot.stream import Streams
from moderation.types import Enforce, Place, Say
from tests.bot.adapters.rig import BaseRig
from tests.peers.telegram.nouns import Chat, User
from tests.peers.telegram.server import TelegramServer


@dataclass
class Rig(BaseRig):
    """An adapter and all around it."""

    platform = "telegram"
    peer: TelegramServer
    chat: TelegramChat

    async def settled(self) -> None:
        """All that the peer has told is heard and acknowledged."""
        await self.until(lambda: not self.peer.updates.waiting())

    async def place(self, chat: Chat, topic: int | None = None) -> Place:
        community = await self.communities.of_chat("telegram", str(chat.id), chat.title)
        channel = f"{chat.id}/{topic}" if topic else str(chat.id)
        return Place(platform="telegram", community=community.name, channel=channel, title=chat.title)

    async def say(self, chat: Chat, text: str, id_: str = "say-1", **more: Any) -> Say:
        effect = Say(id=id_, place=await self.place(chat), text=text, **({"kind": "answer"} | more))
        await self.chat.say(effect)
        return effect

    async def enforce(self, chat: Chat, action: str, member: User | Chat, message: int = 0, **more: Any) -> Enforce:
        told: dict[str, Any] = {"id": f"case:{action}", "action": action, "case": "7KQF2M9D"} | more
        effect = Enforce(place=await self.place(chat), member=str(member.id), message=str(message), **told)
        await self.chat.enforce(effect)
        return effect


def built(
    peer: TelegramServer,
    redis: Redis,
    streams: Streams,
    communities: Communities,
    outbox: Outbox,
    *,
    listener: socket.socket | None = None,
    webhook: str = "",
    menu: Sequence[MenuEntry] = (),
) -> TelegramChat:
    """An adapter that does not run yet."""
    return TelegramChat(
        Ears(streams, communities),
        Memory(redis, "telegram"),
        outbox,
        Refusals(redis, communities),
        redis,
        token=SecretStr(peer.token),
        api=peer.url,
        listener=listener,
        webhook=webhook,
        secret="the house's secret",
        menu=menu,
    )


def build(
    peer: TelegramServer,
    redis: Redis,
    *,
    welcome: frozenset[str] = frozenset(),
    listener: socket.socket | None = None,
    webhook: str = "",
    menu: Sequence[MenuEntry] = (),
) -> Rig:
    """An adapter that does not run yet, in no hurry, and all around it."""
    streams, communities = Streams(redis), Communities(redis, "sample", welcome)
    free = Outbox(Budget(1000, 1), lambda _: [])
    chat = built(peer, redis, streams, communities, free, listener=listener, webhook=webhook, menu=menu)
    return Rig(redis, streams, communities, peer, chat)


def group(peer: TelegramServer, title: str = "Shop talk", forum: bool = False) -> tuple[Chat, User]:
    """A group with the bot as a moderator, and a member of it."""
    chat, member = peer.group(title, forum=forum), peer.person("Mei")
    peer.add_bot(chat)
    peer.join(chat, member)
    return chat, member


@contextlib.asynccontextmanager
async def at_work(rig: Rig) -> AsyncIterator[Rig]:
    """The adapter listens for as long as the block lasts."""
    rig.running.append(asyncio.create_task(rig.chat.run()))
    try:
        yield rig
    finally:
        await rig.stop()


@contextlib.asynccontextmanager
async def listening(rig: Rig) -> AsyncIterator[Rig]:
    """As `at_work`, and the peer knows which kinds of updates are wanted."""
    async with at_work(rig):
        await rig.peer.until(lambda: bool(rig.peer.called("getUpdates")))
        yield rig

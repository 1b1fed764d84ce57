"""The Telegram adapter at work between a Bot API peer and a real Redis, and what a test reads from its streams."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from pydantic import SecretStr
from redis.asyncio import Redis

from bot.adapters.ears import Ears
from bot.adapters.memory import Memory
from bot.adapters.menu import MenuEntry
from bot.adapters.refusals import Refusals
from bot.adapters.telegram.chat import TelegramChat
from bot.communities import Communities
from bot.happenings import Membership, Press
from bot.outbox import Budget, Outbox
from bot.stream import EFFECTS, MEMBERSHIPS, MESSAGES, PRESSES, VOTES, Kind, Streams, names
from moderation.types import Enforce, Message, Noun, Passage, Place, Say, Vote
from tests.peers.telegram.nouns import Chat, User
from tests.peers.telegram.server import TelegramServer

N = TypeVar("N", bound=Noun)
PROVEN = (Passage(document="faq", title="Refunds", text="Refunds take 3 days.", lang="en"),)


@dataclass
class Rig:
    """An adapter and all around it."""

    peer: TelegramServer
    redis: Redis
    streams: Streams
    communities: Communities
    chat: TelegramChat
    running: list[asyncio.Task[None]] = field(default_factory=list)

    async def messages(self, count: int = 1) -> list[Message]:
        return await self.heard(MESSAGES, Message, count)

    async def votes(self, count: int = 1) -> list[Vote]:
        return await self.heard(VOTES, Vote, count)

    async def presses(self, count: int = 1) -> list[Press]:
        return await self.heard(PRESSES, Press, count)

    async def memberships(self, count: int = 1) -> list[Membership]:
        return await self.heard(MEMBERSHIPS, Membership, count)

    async def notices(self, count: int = 1) -> list[Say]:
        return await self.heard(f"{EFFECTS}:telegram", Say, count)

    async def heard(self, kind: Kind, noun: type[N], count: int) -> list[N]:
        """What lies on the streams of a kind, of all communities, once there is so much; in the order of time."""
        async with asyncio.timeout(60):
            while len(found := await self.on_stream(kind, noun)) < count:
                await asyncio.sleep(0.01)
        return found

    async def on_stream(self, kind: Kind, noun: type[N]) -> list[N]:
        rows: list[tuple[str, str]] = []
        for community in await self.streams.communities():
            for name in names(community, [kind]):
                found = cast(list[tuple[str, dict[str, str]]], await self.redis.xrange(name))
                rows += [(id_, fields["body"]) for id_, fields in found]
        ordered = sorted(rows, key=lambda row: tuple(map(int, row[0].split("-"))))
        return [noun.model_validate_json(body) for _, body in ordered]

    async def settled(self) -> None:
        """All that the peer has told is heard and acknowledged."""
        await self.until(lambda: not self.peer.updates.waiting())

    async def until(self, true: Callable[[], bool | Awaitable[bool]]) -> None:
        async with asyncio.timeout(60):
            while not (met if isinstance(met := true(), bool) else await met):
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """The process ends."""
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        self.running.clear()

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


def build(
    peer: TelegramServer,
    redis: Redis,
    *,
    welcome: frozenset[str] = frozenset(),
    listener: socket.socket | None = None,
    webhook: str = "",
    menu: Sequence[MenuEntry] = (),
    outbox: Outbox | None = None,
) -> Rig:
    """An adapter that does not run yet."""
    streams, communities = Streams(redis), Communities(redis, "sample", welcome)
    chat = TelegramChat(
        Ears(streams, communities),
        Memory(redis, "telegram"),
        outbox or Outbox(Budget(1000, 1), lambda _: []),
        Refusals(redis, communities),
        redis,
        token=SecretStr(peer.token),
        api=peer.url,
        listener=listener,
        webhook=webhook,
        secret="the house's secret",
        menu=menu,
    )
    return Rig(peer, redis, streams, communities, chat)


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

"""The Discord adapter at work between a Discord peer and a real Redis, and what a test reads from its streams."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from redis.asyncio import Redis

from bot.adapters.discord.answering import Draft, undrafted
from bot.adapters.discord.chat import DiscordChat
from bot.adapters.discord.interactions import Suggest, nothing
from bot.adapters.ears import Ears
from bot.adapters.memory import Memory
from bot.adapters.menu import MenuEntry, Parameter
from bot.adapters.refusals import Refusals
from bot.groups.communities import Communities, Community
from bot.groups.happenings import Membership
from bot.stream import MEMBERSHIPS, Streams
from moderation.types import Enforce, Place, Say
from tests.bot.adapters.rig import BaseRig
from tests.peers.discord import nouns as nouns
from tests.peers.discord.client import Town
from tests.peers.discord.server import DiscordServer, pointing

MENU = (
    MenuEntry("ask", "member", {"zh": "提问", "en": "Ask"}, (Parameter("question", {"zh": "问题", "en": "Question"}),)),
    MenuEntry("mydata", "member", {"zh": "我的数据", "en": "My data"}, names={"zh": "我的数据"}),
    MenuEntry(
        "note",
        "helper",
        {"zh": "备注", "en": "Add a note"},
        (Parameter("case", {"zh": "案件", "en": "Case"}, "case"), Parameter("words", {"zh": "内容", "en": "Words"})),
    ),
    MenuEntry(
        "policy set",
        "admin",
        {"zh": "改规则", "en": "Change the policy"},
        (Parameter("mode", {"zh": "模式", "en": "Mode"}, "choice", choices=("live", "training")),),
    ),
)


@dataclass
class Rig(BaseRig):
    """An adapter, a town in the peer, and all around them."""

    platform = "discord"
    peer: DiscordServer
    town: Town
    chat: DiscordChat

    async def memberships(self, count: int = 1) -> list[Membership]:
        """What changed, but that the bot is in the towns, which it finds a second after it has started."""
        home = (await self.home()).name
        found: list[Membership] = []

        async def enough() -> bool:
            told = await self.on_stream(MEMBERSHIPS, Membership)
            found[:] = [one for one in told if (one.change, one.place.community) != ("bot_added", home)]
            return len(found) >= count

        await self.until(enough)
        return found

    async def start(self, wait: bool = True) -> None:
        """The process begins; with `wait` it hears from now on."""
        known = len(self.peer.gateway.identified)
        self.running.append(asyncio.create_task(self.chat.run()))
        await self.until(lambda: not wait or len(self.peer.gateway.identified) > known)

    async def again(self) -> None:
        """Another process takes over, with nothing but Redis."""
        await self.stop()
        self.chat = built(self.peer, self.redis, self.streams, self.communities)
        await self.start()

    async def home(self) -> Community:
        """The town's community."""
        return await self.communities.of_chat("discord", self.town.guild.id, self.town.guild.name)

    async def place(self, channel: nouns.Channel | None = None, **more: Any) -> Place:
        here = channel or self.town.channel
        return Place(platform="discord", community=(await self.home()).name, channel=here.id, title=here.name, **more)

    async def say(self, text: str, id_: str = "say-1", channel: nouns.Channel | None = None, **more: Any) -> Say:
        told: dict[str, Any] = {"id": id_, "place": await self.place(channel), "text": text, "kind": "answer"}
        effect = Say(**(told | more))
        await self.chat.say(effect)
        return effect

    async def enforce(self, action: str, member: nouns.Person, message: str = "1", **more: Any) -> None:
        told: dict[str, Any] = {"id": f"case:{action}", "action": action, "case": "7KQF2M9D", "reason": "scam"}
        told |= {"place": await self.place(), "member": member.id, "message": message}
        await self.chat.enforce(Enforce(**(told | more)))

    async def desk(self) -> nouns.Channel:
        """A channel that gets the moderators' notices."""
        desk = self.peer.channel(self.town.guild, "desk")
        await self.communities.keep((await self.home()).model_copy(update={"desk": f"discord:{desk.id}"}))
        return desk

    def said(self, channel: nouns.Channel | None = None) -> list[nouns.Message]:
        """What the bot has said in a channel, oldest first."""
        here = channel or self.town.channel
        return [one for one in here.messages.values() if one.author is self.peer.bot]


def built(
    peer: DiscordServer,
    redis: Redis,
    streams: Streams,
    communities: Communities,
    menu: Sequence[MenuEntry] = MENU,
    suggest: Suggest = nothing,
    draft: Draft = undrafted,
) -> DiscordChat:
    """An adapter that does not run yet."""
    return DiscordChat(
        Ears(streams, communities),
        Memory(redis, "discord"),
        token=SecretStr(peer.token),
        api=peer.rest,
        menu=menu,
        redis=redis,
        refusals=Refusals(redis, communities),
        suggest=suggest,
        draft=draft,
    )


@contextlib.asynccontextmanager
async def at_work(
    peer: DiscordServer,
    redis: Redis,
    *,
    welcome: frozenset[str] = frozenset(),
    menu: Sequence[MenuEntry] = MENU,
    suggest: Suggest = nothing,
    draft: Draft = undrafted,
    wait: bool = True,
) -> AsyncIterator[Rig]:
    """The adapter listens for as long as the block lasts, in a town of its own."""
    streams, communities = Streams(redis), Communities(redis, "sample", welcome)
    await streams.register(communities.house)
    chat = built(peer, redis, streams, communities, menu, suggest, draft)
    rig = Rig(redis, streams, communities, peer, Town(peer), chat)
    peer.interactions.patience_s = rig.patience_s  # the real 3 s would take a busy machine for a late bot
    with pointing(peer):  # puts discord.py's addresses back, which the adapter sets
        await rig.start(wait)
        try:
            yield rig
        finally:
            await rig.stop()

"""discord.py as tests of the Discord peer drive it, and a guild for it to be in."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import discord
from discord import app_commands

from tests.peers.discord.nouns import Channel, Guild, Person
from tests.peers.discord.rights import MEMBERS, Right
from tests.peers.discord.server import DiscordServer, pointing

STAFF = (
    MEMBERS
    | Right.MANAGE_MESSAGES
    | Right.MODERATE_MEMBERS
    | Right.BAN_MEMBERS
    | Right.KICK_MEMBERS
    | Right.MANAGE_ROLES
    | Right.VIEW_AUDIT_LOG
    | Right.MANAGE_GUILD
)
"""What a moderating bot asks for."""


class Client(discord.Client):
    """discord.py with a command tree; `heard` keeps the events by name, `until` waits for one."""

    def __init__(self, **more: Any) -> None:
        intents = more.pop("intents", None) or discord.Intents.all()
        more = {"guild_ready_timeout": 0.05, "chunk_guilds_at_startup": False, **more}
        super().__init__(intents=intents, allowed_mentions=discord.AllowedMentions.none(), **more)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[tuple[str, tuple[Any, ...]]] = []
        self.news = asyncio.Event()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """The peer sets no limit to identifies, so there is nothing to wait for between two of them."""

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        self.heard.append((event, args))
        self.news.set()
        super().dispatch(event, *args, **kwargs)

    def all(self, event: str) -> list[Any]:
        return [args[0] if args else None for name, args in self.heard if name == event]

    async def until(self, event: str, count: int = 1) -> Any:
        async with asyncio.timeout(60):
            while len(self.all(event)) < count:
                self.news.clear()
                await self.news.wait()
        return self.all(event)[count - 1]


@contextlib.asynccontextmanager
async def online(peer: DiscordServer, **more: Any) -> AsyncIterator[Client]:
    """A client that is ready."""
    with pointing(peer):
        client = Client(**more)
        await client.login(peer.token)
        running = asyncio.create_task(client.connect())
        try:
            await client.until("ready")
            yield client
        finally:
            await client.close()
            await running


class Town:
    """A guild with its owner, a seller, a channel, and the bot in it."""

    def __init__(self, peer: DiscordServer, may: Right = STAFF) -> None:
        self.owner: Person = peer.person("王店长")
        self.seller: Person = peer.person("Li")
        self.guild: Guild = peer.guild("Sellers", self.owner)
        self.peer = peer
        peer.join(self.guild, self.seller)
        self.channel: Channel = peer.channel(self.guild, "general")
        peer.add_bot(self.guild, may)


def channel_of(client: Client, town: Town) -> discord.TextChannel:
    """The town's channel as the client knows it."""
    found = client.get_channel(int(town.channel.id))
    assert isinstance(found, discord.TextChannel)
    return found


async def refused(code: int, call: Awaitable[object]) -> discord.HTTPException:
    """Awaits a call, which Discord must refuse with that code."""
    try:
        await call
    except discord.HTTPException as refusal:
        assert refusal.code == code, f"refused with {refusal}"
        return refusal
    raise AssertionError(f"not refused with {code}")

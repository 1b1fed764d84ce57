"""How what is heard on Discord gets into the house: to which community it belongs, and patience while Redis is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal, TypeVar
from weakref import WeakValueDictionary

import discord
import structlog

from bot.adapters.discord.faults import ANSWERED, UNKNOWN_INTERACTION
from bot.adapters.discord.message import PLATFORM, Channel, to_place
from bot.adapters.discord.records import Records
from bot.adapters.ears import Ears
from bot.adapters.memory import Sent
from bot.groups.communities import NotWelcome
from bot.stream import OUTAGE
from moderation.types import Lang, Place

T = TypeVar("T")

OUTAGE_S = 0.5
"""Seconds between two tries while Redis is away: what was heard waits."""

log = structlog.get_logger()


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """What the call returns, tried until Redis is there: nothing that was heard is dropped."""
    while True:
        try:
            return await call()
        except OUTAGE as fault:
            log.warning("redis is away, what is heard waits", fault=type(fault).__name__)
            await asyncio.sleep(OUTAGE_S)


class Turns:
    """One after the other, as they came: discord.py begins a task for each event, in the order of events."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, id_: int) -> AsyncIterator[None]:
        """The next turn of a channel, a message or a guild; ask for it before waiting for anything else."""
        lock = self._locks.setdefault(id_, asyncio.Lock())
        async with lock:
            yield


class Door:
    """Which community a guild or a member belongs to; the bot leaves where it may not serve."""

    def __init__(self, ears: Ears) -> None:
        self._ears = ears

    async def community(self, guild: discord.Guild | None, member: int) -> str | None:
        """The community's name, or None where the bot is not welcome: it says nothing and goes."""
        if guild is None:
            return await patiently(lambda: self._ears.home(PLATFORM, str(member)))
        try:
            return (await patiently(lambda: self._ears.community(PLATFORM, str(guild.id), guild.name))).name
        except NotWelcome as fault:
            log.warning("not welcome, leaving", guild=guild.id, mend=str(fault))
            with suppress(discord.Forbidden, discord.NotFound):
                await guild.leave()
            return None

    async def place(self, channel: Channel, guild: discord.Guild | None, member: int) -> Place | None:
        """Where something was said, or None where the bot is not welcome."""
        name = await self.community(guild, member)
        return to_place(channel, name) if name else None


Taken = Literal["in time", "late", "by another"]


async def acknowledged(interaction: discord.Interaction[Any], *, private: bool = True, thinking: bool = True) -> Taken:
    """Answer an interaction within its three seconds, before anything else: the words follow."""
    try:
        await interaction.response.defer(ephemeral=private, thinking=thinking)
    except discord.HTTPException as fault:
        if fault.code not in (ANSWERED, UNKNOWN_INTERACTION):
            raise
        log.warning("an interaction was answered too late or by another process", code=fault.code)
        return "late" if fault.code == UNKNOWN_INTERACTION else "by another"
    return "in time"


async def home_of(interaction: discord.Interaction[Any], records: Records, door: Door) -> str | None:
    """The community that a press or a form is about: that of the card it belongs to, or else of the guild."""
    message = interaction.message
    sent = Sent(str(message.channel.id), str(message.id)) if message else None
    said = await patiently(lambda: records.said(sent)) if sent else None
    return said.community if said else await door.community(interaction.guild, interaction.user.id)


def language(interaction: discord.Interaction[Any]) -> Lang:
    """The language that the member reads Discord in."""
    return "zh" if interaction.locale.value.startswith("zh") else "en"

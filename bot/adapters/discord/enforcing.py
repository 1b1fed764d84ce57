"""What the house decides about messages and members, done on Discord after a look at what Discord would refuse."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import discord
from discord.http import Route

from bot.adapters.discord.faults import (
    TOKEN_GONE,
    UNKNOWN_BAN,
    UNKNOWN_CHANNEL,
    UNKNOWN_MEMBER,
    UNKNOWN_MESSAGE,
    UNKNOWN_USER,
    Denied,
    plainly,
)
from bot.adapters.discord.message import BLOCKED
from bot.adapters.discord.muting import Muting
from bot.adapters.discord.records import Records
from bot.adapters.discord.rights import may_delete, may_enforce
from bot.adapters.memory import Memory
from bot.outbox import Outbox, Priority, Refused
from moderation.types import Enforce

T = TypeVar("T")

LONGEST_S = 28 * 24 * 3600 - 60
"""Discord's longest timeout, less a minute for clocks that differ."""

_DONE = {
    "delete": (UNKNOWN_MESSAGE, UNKNOWN_CHANNEL),
    "kick": (UNKNOWN_MEMBER,),
    "untimeout": (UNKNOWN_MEMBER,),
    "unban": (UNKNOWN_BAN, UNKNOWN_USER),
}
"""Refusals that say there is nothing left to do."""


class Enforcing:
    """Performs `Enforce`."""

    def __init__(self, client: discord.Client, memory: Memory, records: Records, queue: Outbox, muting: Muting) -> None:
        self._client = client
        self._memory = memory
        self._records = records
        self._queue = queue
        self._muting = muting

    async def enforce(self, effect: Enforce) -> None:
        """Act once. Raises Refused, without a call where that can be seen beforehand."""
        if await self._memory.was_done(effect.place, effect.id):
            return
        try:
            await (self._delete(effect) if effect.action == "delete" else self._act(effect))
        except Denied as refused:
            if refused.code not in _DONE.get(effect.action, ()):
                raise
        await self._memory.note_done(effect.place, effect.id)

    async def _delete(self, effect: Enforce) -> None:
        """A message; of an interaction, what it shows to all. What AutoMod blocked was never there."""
        if effect.message.startswith(BLOCKED):
            return
        if await self._records.asked(effect.message):
            await self._withdraw(effect)
            return
        may_delete(self._client.get_channel(int(effect.place.channel)))
        where, message, why = int(effect.place.channel), int(effect.message), _reason(effect)
        await self._call(effect, lambda: self._client.http.delete_message(where, message, reason=why))

    async def _withdraw(self, effect: Enforce) -> None:
        waiting = await self._records.waiting(effect.message)
        if waiting is None:
            return
        path = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
        route = Route("DELETE", path, webhook_id=waiting.application, webhook_token=waiting.token)
        try:
            await self._call(effect, lambda: self._client.http.request(route))
        except Denied as refused:
            if refused.code not in (*TOKEN_GONE, UNKNOWN_MESSAGE):
                raise

    async def _act(self, effect: Enforce) -> None:
        """On a member."""
        guild = await self._guild(effect)
        member = await self._member(effect, guild, int(effect.member))
        may_enforce(guild, member, effect.action)
        if member is None and effect.action == "timeout":
            raise Refused("gone", "Discord: the member has left the server; a mute or a ban waits for them")
        if effect.action in ("mute", "unmute"):
            change = self._muting.mute if effect.action == "mute" else self._muting.unmute
            await change(guild, int(effect.member), member, _reason(effect))
        else:
            await self._call(effect, lambda: self._do(guild, effect))

    async def _guild(self, effect: Enforce) -> discord.Guild:
        """The guild of the place, even when the channel itself is gone. Raises Refused."""
        channel = self._client.get_channel(int(effect.place.channel))
        there = str(channel.guild.id) if isinstance(channel, discord.abc.GuildChannel | discord.Thread) else None
        known = effect.place.home or there or await self._records.guild_of(effect.place.channel)
        guild = self._client.get_guild(int(known)) if known else None
        if guild is None:
            raise Refused("gone", f"Discord: the bot is in no server with channel {effect.place.channel}")
        return guild

    async def _member(self, effect: Enforce, guild: discord.Guild, member: int) -> discord.Member | None:
        if known := guild.get_member(member):
            return known
        try:
            return await self._call(effect, lambda: guild.fetch_member(member))
        except Denied as refused:
            if refused.code not in (UNKNOWN_MEMBER, UNKNOWN_USER):
                raise
            return None

    async def _do(self, guild: discord.Guild, effect: Enforce) -> None:
        who, why = discord.Object(int(effect.member)), _reason(effect)
        match effect.action:
            case "ban":
                await guild.ban(who, reason=why, delete_message_seconds=0)
            case "unban":
                await guild.unban(who, reason=why)
            case "kick":
                await guild.kick(who, reason=why)
            case _:
                until = _until(effect)
                await self._client.http.edit_member(guild.id, who.id, reason=why, communication_disabled_until=until)

    async def _call(self, effect: Enforce, call: Callable[[], Awaitable[T]]) -> T:
        async def plain() -> T:
            with plainly():
                return await call()

        # A lane of its own: discord.py may sleep out a 429 within a call, and no word is to hold up an enforcement.
        return await self._queue.send(f"{effect.place.channel} enforcement", Priority.ENFORCEMENT, plain)


def _until(effect: Enforce) -> str | None:
    """When a timeout ends; None takes one back."""
    if effect.action == "untimeout":
        return None
    length = timedelta(seconds=min(max(effect.seconds, 1), LONGEST_S))
    return (discord.utils.utcnow() + length).isoformat()


def _reason(effect: Enforce) -> str:
    """For the guild's audit log, at most 512 characters."""
    case = f" (case {effect.case})" if effect.case else ""
    return f"{effect.reason or effect.action}{case}"[:512]

"""Who comes and goes: the bot in a guild, its rights there, and members."""

from __future__ import annotations

from collections.abc import Callable

import discord

from bot.adapters.discord.door import Door, Turns, patiently
from bot.adapters.discord.message import PLATFORM, to_membership, to_place
from bot.adapters.discord.records import Records
from bot.adapters.discord.rights import allowed
from bot.adapters.ears import Ears
from bot.groups.communities import NotWelcome
from bot.groups.happenings import Change
from moderation.types import ID_LENGTH, Place

TWICE_S = 5
"""Seconds in which the same event is told once: two processes may hear it, or a resumed session again."""

Person = discord.Member | discord.User


class Comings:
    """The client's events about guilds and members. `reopen` is called when the bot's rights have changed."""

    def __init__(
        self, client: discord.Client, ears: Ears, records: Records, door: Door, reopen: Callable[[], None]
    ) -> None:
        self._client = client
        self._ears = ears
        self._records = records
        self._door = door
        self._reopen = reopen
        self._turns = Turns()

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """The bot was added."""
        async with self._turns.of(guild.id):
            if await patiently(lambda: self._records.entered(str(guild.id))):
                await self._tell(guild, "bot_added")

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A guild that the bot is in; it may have been added while it was away."""
        await self.on_guild_join(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed, or the guild deleted."""
        async with self._turns.of(guild.id):
            await self._lost(str(guild.id), guild.name)

    async def on_ready(self) -> None:
        """All guilds are known: where the bot is not any more, it was removed while it was away."""
        here = {str(guild.id) for guild in self._client.guilds}
        for guild in await patiently(self._records.inside) - here:
            await self._lost(guild, "")

    async def on_member_join(self, member: discord.Member) -> None:
        """A new member."""
        when = member.joined_at.isoformat() if member.joined_at else ""
        async with self._turns.of(member.guild.id):
            if await self._first(f"joined:{member.guild.id}:{member.id}:{when}"):
                await self._tell(member.guild, "joined", member)

    async def on_raw_member_remove(self, gone: discord.RawMemberRemoveEvent) -> None:
        """A member left, was kicked or banned."""
        guild, me = self._client.get_guild(gone.guild_id), self._client.user
        if guild is None or me is None or gone.user.id == me.id:
            return
        async with self._turns.of(guild.id):
            if await self._first(f"left:{guild.id}:{gone.user.id}"):
                await self._tell(guild, "left", gone.user)

    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        """The bot's own roles: of others nothing is to be done."""
        if after == after.guild.me and before.roles != after.roles:
            await self._rights(after.guild)

    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        """What the bot's roles allow."""
        me: discord.Member | None = after.guild.me
        if me and after in me.roles and (before.permissions != after.permissions or before.position != after.position):
            await self._rights(after.guild)

    async def on_guild_channel_update(self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel) -> None:
        """What a channel allows the bot; what it allows others is changed by every mute that closes it."""
        me: discord.Member | None = after.guild.me
        if me and before.permissions_for(me) != after.permissions_for(me):
            await self._rights(after.guild)

    async def _first(self, event: str) -> bool:
        return await patiently(lambda: self._records.once(event, TWICE_S))

    async def _lost(self, guild: str, name: str) -> None:
        if not await patiently(lambda: self._records.left(guild)):
            return
        try:
            community = await patiently(lambda: self._ears.community(PLATFORM, guild, name))
        except NotWelcome:
            return
        place = Place(platform=PLATFORM, community=community.name, channel=guild, title=name[:ID_LENGTH], home=guild)
        await patiently(lambda: self._ears.membership(to_membership(place, "bot_removed")))

    async def _rights(self, guild: discord.Guild) -> None:
        self._reopen()
        async with self._turns.of(guild.id):
            await self._tell(guild, "rights_changed")

    async def _tell(self, guild: discord.Guild, change: Change, member: Person | None = None) -> None:
        name = await self._door.community(guild, member.id if member else 0)
        if name:
            told = to_membership(_place(guild, name), change, member)
            await patiently(lambda: self._ears.membership(told))


def _hall(guild: discord.Guild) -> discord.TextChannel | None:
    """Where the bot speaks to the whole guild: the system's channel, else the first in which it may."""
    rooms = [room for room in (guild.system_channel, *guild.text_channels) if room]
    heard = [room for room in rooms if allowed(room).send_messages]
    return next(iter(heard or rooms), None)


def _place(guild: discord.Guild, community: str) -> Place:
    """A guild without a single text channel is a place all the same."""
    hall = _hall(guild)
    id_ = str(guild.id)
    return to_place(hall, community) if hall else Place(platform=PLATFORM, community=community, channel=id_, home=id_)

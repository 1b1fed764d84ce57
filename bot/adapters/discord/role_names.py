"""What a guild calls its roles: messages bring their ids alone."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.adapters.discord.door import Door, patiently
from bot.adapters.discord.message import PLATFORM
from bot.adapters.ears import Ears


class RoleNames:
    """The client's events about roles. A role that is deleted keeps its name: a tier may still be given to it."""

    def __init__(self, ears: Ears, door: Door) -> None:
        self._ears = ears
        self._door = door

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """The bot was added, with all roles to be learnt."""
        await self._tell(guild, guild.roles)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A guild after a start: its roles may have got other names meanwhile."""
        await self._tell(guild, guild.roles)

    async def on_guild_role_create(self, role: discord.Role) -> None:
        """A new role."""
        await self._tell(role.guild, [role])

    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        """Another name."""
        if before.name != after.name:
            await self._tell(after.guild, [after])

    async def _tell(self, guild: discord.Guild, roles: Sequence[discord.Role]) -> None:
        names = {str(role.id): role.name for role in roles if not role.is_default()}
        community = await self._door.community(guild, 0) if names else None
        if community:
            await patiently(lambda: self._ears.roles(PLATFORM, community, names))

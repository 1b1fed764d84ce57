"""A mute on Discord: a role that may not speak, because Discord's own timeout ends after 28 days at the latest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import discord
import structlog

from bot.adapters.discord.door import Turns, patiently
from bot.adapters.discord.faults import UNKNOWN_MEMBER, UNKNOWN_ROLE, Denied, plainly
from bot.adapters.discord.records import Records
from bot.adapters.discord.rights import Hindered, may_enforce
from bot.outbox import Outbox, Priority, Refused

T = TypeVar("T")

NAMES = ("Muted", "禁言")
"""What the role is called: in a server that has one of its own, that one is used."""
ROLES = 250
"""Roles that a server may have."""
SILENT = discord.Permissions(
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    create_private_threads=True,
    add_reactions=True,
    speak=True,
)
"""What the role is denied in the channels."""

log = structlog.get_logger()


class Muting:
    """Gives and takes the role. Who is muted is kept in Redis: a member who leaves and comes back gets it again."""

    def __init__(self, client: discord.Client, records: Records, queue: Outbox) -> None:
        self._client = client
        self._records = records
        self._queue = queue
        self._turns = Turns()

    async def mute(self, guild: discord.Guild, who: int, member: discord.Member | None, why: str) -> None:
        """Silence a member; one who is not there (None) when they come back. Raises Refused."""
        role: discord.Role | None = None
        if member is not None:
            role = await self._role(guild, why)
            with _met(UNKNOWN_MEMBER):
                await self._call(guild, partial(self._client.http.add_role, guild.id, who, role.id, reason=why))
        await self._records.note_muted(str(guild.id), str(who), str(role.id) if role else "")
        if role is not None:
            await self._close(guild, role, why)

    async def unmute(self, guild: discord.Guild, who: int, member: discord.Member | None, why: str) -> None:
        """Let a member speak again, whichever of the roles it is. Raises Refused."""
        given = await self._records.muted(str(guild.id), str(who))
        worn = {role.id for role in _named(member.roles)} if member else set()
        for role in sorted(worn | ({int(given)} if given and member else set())):
            with _met(UNKNOWN_MEMBER, UNKNOWN_ROLE):
                await self._call(guild, partial(self._client.http.remove_role, guild.id, who, role, reason=why))
        await self._records.forget_muted(str(guild.id), str(who))

    async def on_member_join(self, member: discord.Member) -> None:
        """Whoever was muted when they left is muted when they come back."""
        known = await patiently(lambda: self._records.muted(str(member.guild.id), str(member.id)))
        if known is None:
            return
        try:
            may_enforce(member.guild, member, "mute")
            await self.mute(member.guild, member.id, member, "muted before")
        except Refused as refused:
            log.warning("a muted member is back and could not be muted", guild=member.guild.id, mend=str(refused))

    async def _role(self, guild: discord.Guild, why: str) -> discord.Role:
        """The server's own, or one made for it. Raises Refused."""
        async with self._turns.of(guild.id):
            # A role that was made a moment ago may not have come by the gateway yet.
            known = _named(guild.roles) or _named(await self._call(guild, guild.fetch_roles))
            if fit := next((role for role in known if _is_below(role)), None):
                return fit
            if known:
                raise Hindered(f"the role {known[0].name} is not below the bot's; drag it below in Roles", "role")
            if len(guild.roles) >= ROLES:
                raise Hindered(f"the server has {ROLES} roles, which is all it may have; delete one", "role")
            name = NAMES[guild.preferred_locale.value.startswith("zh")]
            none = discord.Permissions.none()
            return await self._call(guild, partial(guild.create_role, name=name, permissions=none, reason=why))

    async def _close(self, guild: discord.Guild, role: discord.Role, why: str) -> None:
        """Deny the role to speak wherever nothing is said of it yet: channels that are new, or never were closed."""
        me: discord.Member | None = guild.me
        if me is None:
            return
        denied = SILENT & me.guild_permissions  # Discord lets nobody deny what they may not do themselves
        for channel in _open(guild, role, me):
            allow, deny = channel.overwrites_for(role).pair()
            overwrite = discord.PermissionOverwrite.from_pair(allow, deny | denied)
            try:
                await self._call(guild, partial(channel.set_permissions, role, overwrite=overwrite, reason=why))
            except Denied as refused:
                log.warning("a channel could not be closed to the muted", channel=channel.id, code=refused.code)

    async def _call(self, guild: discord.Guild, call: Callable[[], Awaitable[T]]) -> T:
        async def plain() -> T:
            with plainly():
                return await call()

        return await self._queue.send(f"{guild.id} mute", Priority.ENFORCEMENT, plain)


def _named(roles: Sequence[discord.Role]) -> list[discord.Role]:
    """Those among the roles that mute.

    One that belongs to another bot can be given by nobody else, and one with a moderator's rights is given to nobody.
    """
    known, staff = [name.casefold() for name in NAMES], discord.Permissions.elevated()
    fitting = [role for role in roles if role.name.casefold() in known and not role.managed]
    return [role for role in fitting if not (role.permissions & staff).value]


def _is_below(role: discord.Role) -> bool:
    """Whether the bot may give it, as far as can be seen."""
    me: discord.Member | None = role.guild.me
    return me is None or role.is_assignable()


def _open(guild: discord.Guild, role: discord.Role, me: discord.Member) -> list[discord.abc.GuildChannel]:
    """Categories, then the channels that do not take theirs, where the role is neither allowed nor denied to write.

    Left out is where the bot may not change it.
    """
    own = [one for one in guild.channels if not one.permissions_synced and _closable(one, role, me)]
    return sorted(own, key=lambda one: not isinstance(one, discord.CategoryChannel))


def _closable(channel: discord.abc.GuildChannel, role: discord.Role, me: discord.Member) -> bool:
    may = channel.permissions_for(me)
    return channel.overwrites_for(role).send_messages is None and may.view_channel and may.manage_roles


@contextmanager
def _met(*codes: int) -> Iterator[None]:
    """Nothing is left to do where Discord refuses with one of these."""
    try:
        yield
    except Denied as refused:
        if refused.code not in codes:
            raise

"""What the bot may do in a guild, seen before it is tried: every refusal counts against the bot's address."""

from __future__ import annotations

import discord

from bot.outbox import Refused
from moderation.types import Enforcement

NEEDED = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    read_message_history=True,
    manage_messages=True,
    moderate_members=True,
    kick_members=True,
    ban_members=True,
    manage_roles=True,  # a mute is a role
    manage_guild=True,  # without it Discord keeps back what its own AutoMod does
)
"""What the invite link asks for."""

RIGHTS: dict[Enforcement, str] = {
    "mute": "manage_roles",
    "unmute": "manage_roles",
    "timeout": "moderate_members",
    "untimeout": "moderate_members",
    "ban": "ban_members",
    "unban": "ban_members",
    "kick": "kick_members",
}

_NAMES = {
    "view_channel": "View Channels",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "embed_links": "Embed Links",
    "read_message_history": "Read Message History",
    "manage_messages": "Manage Messages",
    "moderate_members": "Timeout Members",
    "kick_members": "Kick Members",
    "ban_members": "Ban Members",
    "manage_roles": "Manage Roles",
    "manage_guild": "Manage Server",
}


class Hindered(Refused):
    """Discord would refuse; `mend` names the words of the table that tell the moderators how to mend it."""

    def __init__(self, told: str, mend: str) -> None:
        super().__init__("rights", f"Discord: {told}")
        self.mend = f"refusal.discord_{mend}"


def lacking(have: discord.Permissions, *needed: str) -> list[str]:
    """Which of these permissions are missing, by the names that Discord's settings show."""
    return [_NAMES[name] for name in needed if not (have.administrator or getattr(have, name))]


def names(wanted: discord.Permissions) -> list[str]:
    """The names of all permissions in it that the bot uses."""
    return [name for name in _NAMES if getattr(wanted, name)]


def allowed(channel: object) -> discord.Permissions:
    """What the bot may do in a channel of a guild; all where Discord has not told enough to say."""
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return discord.Permissions.all()
    me: discord.Member | None = channel.guild.me
    if me is None or (isinstance(channel, discord.Thread) and channel.parent is None):
        return discord.Permissions.all()
    return channel.permissions_for(me)


def may_speak(channel: object) -> None:
    """Raises Refused when the bot may not write there."""
    say = "send_messages_in_threads" if isinstance(channel, discord.Thread) else "send_messages"
    if missing := lacking(allowed(channel), "view_channel", say):
        raise Hindered(_lack(missing, "Edit Channel > Permissions"), "say")


def may_delete(channel: object) -> None:
    """Raises Refused when the bot may not delete others' messages there."""
    if missing := lacking(allowed(channel), "view_channel", "manage_messages"):
        raise Hindered(_lack(missing, "Edit Channel > Permissions"), "delete")


def may_enforce(guild: discord.Guild, member: discord.Member | None, action: Enforcement) -> None:
    """Raises Refused where Discord would: a missing permission, or somebody the bot does not stand above.

    `member` is None for somebody who is not in the guild.
    """
    me: discord.Member | None = guild.me
    if me is None:
        return
    if missing := lacking(me.guild_permissions, RIGHTS[action]):
        raise Hindered(_lack(missing, "Server Settings > Roles > the bot's role"), RIGHTS[action].partition("_")[0])
    if member is None or action in ("unban", "unmute"):
        return
    if member.id in (guild.owner_id, me.id):
        raise Hindered("nobody acts on the server's owner or on the bot itself", "protected")
    if action != "mute" and member.top_role >= me.top_role:  # a role may be given to those above, too
        raise Hindered("the member's role is not below the bot's; drag the bot's above it in Roles", "above")
    if action in ("timeout", "mute") and member.guild_permissions.administrator:
        raise Hindered("nobody can silence an administrator; take Administrator from them first", "protected")


def _lack(missing: list[str], where: str) -> str:
    return f"the bot lacks {', '.join(missing)}; allow it in {where}"

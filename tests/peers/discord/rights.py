"""Who may do what, computed as Discord does: roles, overwrites, owner, administrator, timeout, role order."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.peers.discord.nouns import Channel, Guild, Member


class Right(enum.IntFlag):
    """Discord's permission bits, those that the peer looks at."""

    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    PIN_MESSAGES = 1 << 51


EVERYTHING = Right((1 << 53) - 1)
READING = Right.VIEW_CHANNEL | Right.READ_MESSAGE_HISTORY
NOTHING = Right(0)
MEMBERS = (
    READING
    | Right.SEND_MESSAGES
    | Right.SEND_MESSAGES_IN_THREADS
    | Right.CREATE_PUBLIC_THREADS
    | Right.EMBED_LINKS
    | Right.ATTACH_FILES
    | Right.ADD_REACTIONS
    | Right.USE_APPLICATION_COMMANDS
)
"""What everybody may do in a new guild."""
WRITING = Right.MENTION_EVERYONE | Right.EMBED_LINKS | Right.ATTACH_FILES
"""What is lost with the right to send messages."""


def rights(guild: Guild, member: Member, channel: Channel | None, now: datetime) -> Right:
    """The member's rights in the guild, or in one of its channels; a thread's are those of its parent."""
    base = _of_roles(guild, member)
    if member.person is guild.owner or base & Right.ADMINISTRATOR:
        return EVERYTHING
    if channel is not None:
        base = _in_channel(guild, member, channel.parent if channel.parent and channel.is_thread else channel, base)
    if member.silent_until and member.silent_until > now:
        base &= READING
    return base


def _of_roles(guild: Guild, member: Member) -> Right:
    base = guild.roles[guild.id].rights
    for role in member.roles:
        base |= guild.roles[role].rights
    return base


def _in_channel(guild: Guild, member: Member, channel: Channel, base: Right) -> Right:
    everybody = channel.overwrites.get(guild.id)
    if everybody:
        base = base & ~everybody.deny | everybody.allow
    of_roles = [over for role in member.roles if (over := channel.overwrites.get(role))]
    for over in of_roles:
        base &= ~over.deny
    for over in of_roles:
        base |= over.allow
    own = channel.overwrites.get(member.person.id)
    if own:
        base = base & ~own.deny | own.allow
    if not base & Right.VIEW_CHANNEL:
        return Right(0)
    return base if base & Right.SEND_MESSAGES else base & ~WRITING


def top(guild: Guild, member: Member) -> int:
    """The position of the member's highest role."""
    return max((guild.roles[role].position for role in member.roles), default=0)


def outranks(guild: Guild, actor: Member, target: Member) -> bool:
    """Whether `actor` stands above `target`: nobody above the owner, equals not above each other."""
    if target.person is guild.owner:
        return False
    return actor.person is guild.owner or top(guild, actor) > top(guild, target)

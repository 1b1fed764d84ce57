"""What the Discord peer keeps: people, guilds, roles, members, channels, messages. Ids are text, times aware UTC."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.peers.discord.rights import NOTHING, Right


class Kind(enum.IntEnum):
    """Discord's channel types."""

    TEXT = 0
    DM = 1
    VOICE = 2
    CATEGORY = 4
    NEWS = 5
    NEWS_THREAD = 10
    THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15


THREADS = (Kind.NEWS_THREAD, Kind.THREAD, Kind.PRIVATE_THREAD)

EPHEMERAL = 1 << 6
LOADING = 1 << 7


@dataclass(eq=False)
class Person:
    """`dms_closed` refuses private messages of bots, `lang` is the language of the person's own Discord.

    `hook` is no person at all but a channel's webhook.
    """

    id: str
    name: str
    bot: bool = False
    dms_closed: bool = False
    lang: str = "zh-CN"
    hook: bool = False


@dataclass(eq=False)
class Role:
    """`bot` is the bot whose own role it is, which nobody else can have."""

    id: str
    name: str
    rights: Right = NOTHING
    position: int = 0
    bot: str = ""
    mentionable: bool = False


@dataclass(eq=False)
class Member:
    """`silent_until` is the end of a timeout, which may lie in the past."""

    person: Person
    joined_at: datetime
    roles: set[str] = field(default_factory=set)
    nick: str | None = None
    silent_until: datetime | None = None


@dataclass(frozen=True)
class Overwrite:
    """What a channel allows and denies a role (`kind` 0) or a member (1)."""

    id: str
    kind: int
    allow: Right = NOTHING
    deny: Right = NOTHING


@dataclass(eq=False)
class Message:
    """`pinged` holds whom its mentions really reached: ids of people and roles, "everyone", "here".

    `reply_in` is the channel of `reply_to` or the thread it tells of, if that is not the message's own; `forwarded`
    the message that it shows. `only_for` is the one person who sees it (an ephemeral answer), `kind` Discord's
    message type.
    """

    id: str
    channel: Channel
    author: Person
    content: str
    sent_at: datetime
    kind: int = 0
    edited_at: datetime | None = None
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    reply_to: str | None = None
    reply_in: Channel | None = None
    forwarded: Message | None = None
    nonce: str | None = None
    flags: int = 0
    pinned: bool = False
    pinged: set[str] = field(default_factory=set)
    mentioned: list[str] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    only_for: str | None = None
    interaction: dict[str, Any] | None = None
    thread: Channel | None = None

    @property
    def loading(self) -> bool:
        """Shown as "is thinking": a deferred answer that has not come."""
        return bool(self.flags & LOADING)

    @property
    def buttons(self) -> dict[str, str]:
        """The custom ids of its buttons that can be pressed, with their labels."""
        parts = [part for row in self.components for part in row.get("components", [])]
        return {p["custom_id"]: p.get("label", "") for p in parts if p.get("custom_id") and not p.get("disabled")}


@dataclass(eq=False)
class Channel:
    """A channel, thread or private chat. A thread has a `parent` and takes its overwrites; a DM has a `recipient`."""

    id: str
    name: str
    kind: Kind
    guild: Guild | None = None
    parent: Channel | None = None
    recipient: Person | None = None
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    position: int = 0
    topic: str = ""
    messages: dict[str, Message] = field(default_factory=dict)
    owner: str = ""
    archived: bool = False
    locked: bool = False
    joined: list[str] = field(default_factory=list)

    @property
    def is_thread(self) -> bool:
        return self.kind in THREADS

    def shown(self, person: Person | None = None) -> list[Message]:
        """The messages as everybody sees them now, oldest first; those only for `person` with them."""
        eyes = {None, person.id if person else None}
        seen = [message for message in self.messages.values() if message.only_for in eyes]
        return sorted(seen, key=lambda message: int(message.id))

    def texts(self, person: Person | None = None) -> list[str]:
        """What `shown` says."""
        return [message.content for message in self.shown(person)]


@dataclass(eq=False)
class Guild:
    """`bans` maps a person's id to the reason, `log` is the audit log, oldest first.

    `greetings` is where Discord itself says who has come. The role that everybody has carries the guild's own id.
    """

    id: str
    name: str
    owner: Person
    lang: str = "zh-CN"
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    bans: dict[str, str | None] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    greetings: Channel | None = None

    def named(self, name: str) -> Channel:
        """The channel or thread of that name. Raises StopIteration if there is none."""
        return next(channel for channel in self.channels.values() if channel.name == name)

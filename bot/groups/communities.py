"""The communities of one process: which chats belong to which, how far the bot may go there, where a member is at home.

A chat that the bot sees for the first time becomes a community of its own, in training: the bot suggests, people
decide.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Literal, cast

from pydantic import AwareDatetime, Field
from redis.asyncio import Redis

from moderation.errors import XiaoerError
from moderation.keys import COMMUNITIES, Write, check_community, key
from moderation.types import ID_LENGTH, Lang, Noun, Place

Mode = Literal["training", "dry-run", "live"]
"""Training: every action and answer waits for a person. Dry-run: nothing happens, all is noted. Live: by the policy."""
MODES: tuple[Mode, ...] = ("training", "dry-run", "live")
LEAST = 0.5
"""The lowest confidence that a community may answer from: below it an answer is wrong as often as it is right."""

CHATS = "x:chats"
"""A hash of all chats, `platform:chat` to the community's name."""
MOVED = "x:chats:moved"
"""A hash of the chats that got another id, the new `platform:chat` to the old one."""
LEFT = "x:chats:left"
"""The set of the chats that the bot was removed from, as `platform:chat`."""
HOMES = "x:homes"
"""A hash of the community that a member was last seen in, `platform:member` to its name: where its DMs belong."""


class NotWelcome(XiaoerError):  # noqa: N818 - reads as what it tells
    """The operator's settings do not let the bot serve this chat."""


class Community(Noun):
    """What is known of a community: its name in the keys, its title for people, and how far the bot may go.

    `desk` is the address of the channel that gets the moderators' cards, `desk_home` the guild or chat that it is in
    (empty in old rows); `desk_log` says whether what the policy did by itself is shown there too. `lang` is the one for
    words to all. Answers are given from `confidence` on; None: as the settings say.
    """

    name: str
    title: str = ""
    mode: Mode = "live"
    desk: str = ""
    desk_home: str = ""
    desk_log: bool = True
    lang: Lang = "en"
    confidence: float | None = Field(default=None, ge=LEAST, le=1)
    since: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))

    @property
    def desk_place(self) -> Place | None:
        """Where the moderators sit; None where no channel was made their desk."""
        platform, _, channel = self.desk.partition(":")
        if not channel or len(channel) > ID_LENGTH:
            return None
        return Place(platform=platform, community=self.name, channel=channel, home=self.desk_home)

    def is_desk(self, place: Place) -> bool:
        """Whether the moderators sit in this channel."""
        return self.desk == place.address

    def with_confidence(self, confidence: float | None) -> tuple[Community, str]:
        """The community that answers from that confidence on, and the audit log's line of it; None: as the settings
        say. Raises ValueError for one that is not between LEAST and 1."""
        line = f"answers from: {self.confidence or '-'} -> {confidence or '-'}"
        return Community.model_validate(self.model_dump() | {"confidence": confidence}), line

    def with_desk(self, place: Place | None) -> Community:
        """The community with the moderators in that channel; None for no desk."""
        return self.model_copy(
            update={"desk": place.address if place else "", "desk_home": place.home if place else ""}
        )


class Communities:
    """The book of communities, in Redis (a client with `decode_responses=True`).

    `house` is the settings' own community: the others take its policy and knowledge beside their own. `welcome` holds
    the chats, as `platform:chat`, that the bot may serve; empty: all.
    """

    def __init__(self, redis: Redis, house: str, welcome: frozenset[str] = frozenset()) -> None:
        self._redis = redis
        self._welcome = welcome
        self.house = house

    async def of_chat(self, platform: str, chat: str, title: str = "") -> Community:
        """The community of a Telegram chat or a Discord guild, made at first sight. Raises NotWelcome."""
        field = f"{platform}:{chat}"
        if self._welcome and field not in self._welcome and await self._was(field) not in self._welcome:
            raise NotWelcome(f"{platform} chat {chat} is not among CHATS; add {field} there to serve it")
        known = await cast(Awaitable[str | None], self._redis.hget(CHATS, field))
        if known:
            return await self.get(known)
        fresh = Community(name=_name(platform, chat), title=title, mode="training")
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.set(_record(fresh.name), _written(fresh), nx=True)
            pipe.sadd(COMMUNITIES, fresh.name)
            pipe.hsetnx(CHATS, field, fresh.name)  # last: a chat that is found here needs no more
            await pipe.execute()
        return await self.get(fresh.name)

    async def get(self, name: str) -> Community:
        """What is known of a community; of the house's own and of unknown ones: no more than the name."""
        found = await self._redis.get(_record(name))
        return Community.model_validate_json(found) if found else Community(name=name)

    async def keep(self, community: Community) -> None:
        """Change what is known of it."""
        await self._redis.set(_record(check_community(community.name)), _written(community))

    async def join(self, platform: str, chat: str, name: str) -> Community:
        """Make a chat a part of the named community, which may span several chats and both platforms."""
        await self._redis.hset(CHATS, f"{platform}:{chat}", check_community(name))
        await self._redis.sadd(COMMUNITIES, name)
        return await self.get(name)

    async def move(self, platform: str, chat: str, to: str) -> None:
        """A chat got another id: it stays in its community, with its policy, cases and strikes, and stays welcome."""
        old, new = f"{platform}:{chat}", f"{platform}:{to}"
        if known := await cast(Awaitable[str | None], self._redis.hget(CHATS, old)):
            await self._redis.hset(CHATS, new, known)
            await self._redis.hset(MOVED, new, old)

    async def leave(self, platform: str, chat: str) -> None:
        """The bot was removed from a chat: what is known of it stays, for the day it is added again."""
        await self._redis.sadd(LEFT, f"{platform}:{chat}")

    async def come(self, platform: str, chat: str) -> None:
        """The bot was added to a chat, for the first time or again."""
        await self._redis.srem(LEFT, f"{platform}:{chat}")

    async def chats(self, platform: str, community: str = "") -> list[str]:
        """The ids of the chats that the bot is in, as far as is known; those of one community, or of all."""
        known = await cast(Awaitable[dict[str, str]], self._redis.hgetall(CHATS))
        past = {
            *await cast(Awaitable[set[str]], self._redis.smembers(LEFT)),
            *await cast(Awaitable[list[str]], self._redis.hvals(MOVED)),
        }
        mine = [chat for chat, name in known.items() if community in ("", name) and chat not in past]
        return sorted(chat.partition(":")[2] for chat in mine if chat.startswith(f"{platform}:"))

    async def _was(self, field: str) -> str | None:
        """A chat's id before it got its present one."""
        return await cast(Awaitable[str | None], self._redis.hget(MOVED, field))

    async def seen(self, platform: str, member: str, community: str) -> None:
        """Remember where a member talks: its direct messages belong there."""
        await self._redis.hset(HOMES, f"{platform}:{member}", community)

    async def home(self, platform: str, member: str) -> str:
        """The community that a member's direct messages belong to: where it was last seen, or the house's own."""
        found = await cast(Awaitable[str | None], self._redis.hget(HOMES, f"{platform}:{member}"))
        return found or self.house


def chat_of(place: Place) -> str:
    """The Discord guild or the Telegram chat that a channel is in; the channel where a row on Discord does not say."""
    return place.home or place.channel.partition("/")[0]


def keeping(community: Community) -> Write:
    """The write that changes what is known of a community, for a command's transaction."""
    return ("SET", _record(community.name), _written(community))


def _written(community: Community) -> str:
    """The row without what is not set, so that workers of an older version still read it."""
    return community.model_dump_json(exclude_none=True)


def _record(name: str) -> str:
    return key(name, "community")


def _name(platform: str, chat: str) -> str:
    """A name that may be part of a key, one for each chat: `telegram-1001234` for the chat -1001234."""
    return check_community(f"{platform}-{re.sub(r'[^0-9A-Za-z]', '', chat)}")

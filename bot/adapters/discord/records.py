"""What the Discord adapter keeps in Redis beside `Memory`, so that a restart or another machine goes on with it.

The keys belong to the platform and to no community: a card may lie in another guild than the case it is about.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis

from bot.adapters.memory import KEPT_S, Sent
from moderation.types import Noun

TOKEN_S = 14 * 60
"""Seconds that an interaction may be answered: Discord's 15 minutes, less one for the way there."""


class Asked(Noun):
    """Who started an interaction."""

    member: str
    private: bool = True


class Waiting(Noun):
    """An interaction that waits for words: its application and the token that answers it."""

    application: str
    token: str


class Kept(Noun):
    """A form that is open: the command that it belongs to, and what was given before it opened."""

    command: str
    given: dict[str, str]


class Said(Noun):
    """What a message of the bot is about: a community's, and whether votes on it count."""

    community: str
    votable: bool = False


class Records:
    """On a client with `decode_responses=True`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def note_asked(self, interaction: str, asked: Asked, waiting: Waiting | None) -> None:
        """Remember an interaction, and its token as long as that lives."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(_key("asked", interaction), asked.model_dump_json(), ex=KEPT_S)
            if waiting:
                pipe.set(_key("token", interaction), waiting.model_dump_json(), ex=TOKEN_S)
            await pipe.execute()

    async def asked(self, interaction: str) -> Asked | None:
        """Who started the interaction; None for the id of anything else."""
        found = await self._redis.get(_key("asked", interaction))
        return Asked.model_validate_json(found) if found else None

    async def waiting(self, interaction: str) -> Waiting | None:
        """The token, while it lives."""
        found = await self._redis.get(_key("token", interaction))
        return Waiting.model_validate_json(found) if found else None

    async def opens(self, interaction: str) -> bool:
        """Whether these are the first words to an interaction, which take the place of "thinking…"."""
        return await self.once(f"opened:{interaction}", TOKEN_S)

    async def drop_token(self, interaction: str) -> None:
        """Forget a token that Discord does not take any more."""
        await self._redis.delete(_key("token", interaction))

    async def keep_form(self, interaction: str, command: str, given: dict[str, str]) -> None:
        """Remember what a form is for, for a day."""
        kept = Kept(command=command, given=given)
        await self._redis.set(_key("form", interaction), kept.model_dump_json(), ex=24 * 3600)

    async def form(self, interaction: str) -> Kept | None:
        """What the form is for that this interaction opened."""
        found = await self._redis.get(_key("form", interaction))
        return Kept.model_validate_json(found) if found else None

    async def note_said(self, sent: Sent, said: Said) -> None:
        """Remember what a message of the bot is about."""
        await self._redis.set(_key("said", sent.chat, sent.message), said.model_dump_json(), ex=KEPT_S)

    async def said(self, sent: Sent) -> Said | None:
        """What a message is about; None for one that is not the bot's, or too old."""
        found = await self._redis.get(_key("said", sent.chat, sent.message))
        return Said.model_validate_json(found) if found else None

    async def note_seen(self, guild: str, channel: str, message: str) -> None:
        """Remember the newest message that was heard in a channel, and which guild the channel is in."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(_key("seen", guild), channel, message)
            pipe.hset(_key("guilds"), channel, guild)
            await pipe.execute()

    async def seen(self, guild: str) -> dict[str, str]:
        """The newest message heard, by channel."""
        return await cast(Awaitable[dict[str, str]], self._redis.hgetall(_key("seen", guild)))

    async def forget(self, guild: str, channel: str) -> None:
        """A channel is gone; which guild it was in stays known, because its members may still have to answer."""
        await self._redis.hdel(_key("seen", guild), channel)

    async def guild_of(self, channel: str) -> str | None:
        """The guild that a channel is or was in, when a message was ever heard there."""
        return await cast(Awaitable[str | None], self._redis.hget(_key("guilds"), channel))

    async def entered(self, guild: str) -> bool:
        """Note that the bot is in a guild; True when it was not there before."""
        return bool(await self._redis.sadd(_key("in"), guild))

    async def left(self, guild: str) -> bool:
        """Note that it is no longer there; True when it was."""
        return bool(await self._redis.srem(_key("in"), guild))

    async def inside(self) -> set[str]:
        """The guilds that the bot was last seen in."""
        return await cast(Awaitable[set[str]], self._redis.smembers(_key("in")))

    async def note_muted(self, guild: str, member: str, role: str) -> None:
        """Remember who is muted, and by which role; none yet for a member who is not there."""
        await self._redis.hset(_key("muted", guild), member, role)

    async def muted(self, guild: str, member: str) -> str | None:
        """The role, which may be empty, of a member who is muted; None for everybody else."""
        return await cast(Awaitable[str | None], self._redis.hget(_key("muted", guild), member))

    async def forget_muted(self, guild: str, member: str) -> None:
        """The member may speak again."""
        await self._redis.hdel(_key("muted", guild), member)

    async def note_withdrawn(self, channel: str, message: str) -> None:
        """Remember that a message is gone, so that nobody answers it."""
        await self._redis.set(_key("withdrawn", channel, message), "1", ex=24 * 3600)

    async def withdrawn(self, channel: str, message: str) -> bool:
        """Whether the message is gone."""
        return bool(await self._redis.exists(_key("withdrawn", channel, message)))

    async def note_typed(self, channel: str, message: str) -> None:
        """Remember that a message in a guild is a command, typed where all can read its answer."""
        await self._redis.set(_key("typed", channel, message), "1", ex=24 * 3600)

    async def typed(self, channel: str, message: str) -> bool:
        """Whether the message is a typed command."""
        return bool(await self._redis.exists(_key("typed", channel, message)))

    async def once(self, what: str, seconds: int) -> bool:
        """True the first time within so many seconds."""
        return bool(await self._redis.set(_key("once", what), "1", nx=True, ex=seconds))

    async def changed(self, what: str, now: str) -> bool:
        """Whether something is another than when `note` was told last."""
        return bool(await self._redis.get(_key("kept", what)) != now)

    async def note(self, what: str, now: str) -> None:
        """Remember it for `changed`."""
        await self._redis.set(_key("kept", what), now)


def _key(*parts: str) -> str:
    return ":".join(("x:discord", *parts))

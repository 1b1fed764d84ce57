"""What a community says its channels are for, where no policy names them: on Discord and Telegram they are numbers."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis

from moderation.keys import Write, key
from moderation.policy import Policy
from moderation.policy.backtest import placed
from moderation.types import Message, Place, Profile


class Channels:
    """The kinds of all channels, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def profile(self, place: Place) -> Profile | None:
        """What this channel was said to be, or its parent where it is a thread; None where nobody said anything."""
        fields = [_field(place.platform, channel) for channel in (place.channel, place.parent) if channel]
        found = await cast(Awaitable[list[Profile | None]], self._redis.hmget(_key(place.community), fields))
        return next((profile for profile in found if profile), None)

    async def moved(self, place: Place, to: str) -> list[Write]:
        """The writes that take a chat's kinds along to its new id, those of its topics too."""
        known = await cast(Awaitable[dict[str, str]], self._redis.hgetall(_key(place.community)))
        old, new = _field(place.platform, place.channel), _field(place.platform, to)
        mine = {name: kind for name, kind in known.items() if name == old or name.startswith(f"{old}/")}
        return [("HSET", _key(place.community), new + name.removeprefix(old), kind) for name, kind in mine.items()]


def profiling(place: Place, profile: Profile) -> Write:
    """The write that says what a channel is for."""
    return ("HSET", _key(place.community), _field(place.platform, place.channel), profile)


def placed_in(message: Message, policy: Policy, own: Profile | None) -> Message:
    """The message in the kind of channel that the community says it is, or else the policy."""
    if own is None:
        return placed(message, policy)
    return message.model_copy(update={"place": message.place.model_copy(update={"profile": own})})


def _field(platform: str, channel: str) -> str:
    return f"{platform}:{channel}"


def _key(community: str) -> str:
    return key(community, "channels")

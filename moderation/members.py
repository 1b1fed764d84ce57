"""What the community knows of a member: how long, how much, and how many strikes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from redis.asyncio import Redis

from moderation.cases import strikes_key
from moderation.keys import Write, key
from moderation.lately import moderation_case, same_message
from moderation.types import Message, Trust

MEMBER_AFTER = 10
"""Messages that passed before a newcomer counts as a member."""
STRIKES_LAST = timedelta(days=90)
"""A strike older than this no longer counts on the action ladder."""

_RANKS: Sequence[Trust] = ("new", "member", "trusted")


class Standing(NamedTuple):
    """A member's trust, the strikes that still count against the message, and whether it may use admins' commands.

    Strikes for an earlier version of that message are not among them.
    """

    trust: Trust
    strikes: int
    admin: bool = False


class MemberBook:
    """Members of all communities, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def standing(self, message: Message) -> Standing:
        """The author's standing: the better of what the platform's roles say and what the community has seen."""
        community, member = message.place.community, message.author.id
        since = (datetime.now(UTC) - STRIKES_LAST).timestamp()
        pipe = self._redis.pipeline(transaction=False)
        pipe.hmget(key(community, "member", member), "passed", "trust")
        pipe.zrange(strikes_key(community, member), since, "+inf", byscore=True)
        pipe.sismember(key(community, "admins"), admin(message.place.platform, member))
        (passed, given), strikes, is_admin = await pipe.execute()
        earned: Trust = "member" if int(passed or 0) >= MEMBER_AFTER else "new"
        trust = max(message.author.trust, given or "new", earned, key=_RANKS.index)
        return Standing(trust, _counted(strikes, besides=message), bool(is_admin))

    async def appoint(self, community: str, *admins: str) -> None:
        """Let these members, each named by `admin`, use the admins' commands."""
        if admins:
            await self._redis.sadd(key(community, "admins"), *admins)


def _counted(strikes: Sequence[str], *, besides: Message) -> int:
    """The strikes, each `case:count`, for other messages than this one: all versions of a message strike only once."""
    counts: dict[str, int] = {}
    for strike in strikes:
        case, _, count = strike.rpartition(":")
        name = same_message(case)
        counts[name] = max(counts.get(name, 0), int(count))
    counts.pop(moderation_case(besides.model_copy(update={"edit": 0})), None)
    return sum(counts.values())


def admin(platform: str, member: str) -> str:
    """An admin's name: who may talk on one platform is nobody on another."""
    return f"{platform}:{member}"


def passing(message: Message) -> Write:
    """The write that counts a message which broke no rule."""
    return ("HINCRBY", key(message.place.community, "member", message.author.id), "passed", "1")

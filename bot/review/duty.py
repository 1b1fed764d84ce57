"""Who is on duty: moderators who said so, in the order in which they came."""

from __future__ import annotations

from datetime import datetime

from redis.asyncio import Redis

from bot.groups.staff import introducing
from moderation.keys import Write, key


async def on_duty(redis: Redis, community: str) -> list[str]:
    """The people on duty, as `platform:member`, who came first before the others."""
    return [str(person) for person in await redis.zrange(_duty(community), 0, -1)]


def coming(community: str, person: str, name: str, at: datetime) -> list[Write]:
    """The writes that put a person on duty; who is there already keeps the place."""
    return [
        ("ZADD", _duty(community), "NX", str(at.timestamp()), person),
        introducing(community, person, name),
    ]


def going(community: str, person: str) -> Write:
    """The write that takes a person off duty."""
    return ("ZREM", _duty(community), person)


def _duty(community: str) -> str:
    return key(community, "duty")

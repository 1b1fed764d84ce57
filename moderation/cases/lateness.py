"""Which cases are late, and whom they were told to. A case is told to each person once, whichever process dies."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import NamedTuple, cast

from redis.asyncio import Redis

from moderation.cases.book import CaseBook
from moderation.cases.scripts import script
from moderation.cases.writes import changing, due_key
from moderation.keys import Write, key
from moderation.types import Case

AT_ONCE = 100
"""Late cases that are looked at in one go."""


class Late(NamedTuple):
    """An open case whose time has come: `at` is that time, `told` the people who know already."""

    case: Case
    at: float
    told: frozenset[str]


class Lateness:
    """The clocks of all communities, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._book = CaseBook(redis)
        self._late = script(redis, "late")

    async def due(self, community: str, now: datetime) -> list[Late]:
        """The cases whose time has come, the longest overdue first. What is decided is taken off the clock."""
        name = due_key(community)
        found = await self._redis.zrange(
            name, "-inf", now.timestamp(), byscore=True, offset=0, num=AT_ONCE, withscores=True
        )
        late = [await self._look(community, case, at) for case, at in cast(list[tuple[str, float]], found)]
        return [one for one in late if one]

    async def _look(self, community: str, id_: str, at: float) -> Late | None:
        case = await self._book.get(community, id_)
        if case is None or case.state != "open":
            await self._late(keys=_keys(community, id_), args=[id_, repr(at), "[]"])
            return None
        fields = await cast(Awaitable[list[str]], self._redis.hkeys(key(community, "case", id_)))
        return Late(case, at, frozenset(name.partition(":")[2] for name in fields if name.startswith("told:")))

    async def write(self, late: Late, writes: Sequence[Write]) -> bool:
        """Perform the writes in one step; False, and nothing is written, when the case is no longer as it was read."""
        community, id_ = late.case.community, late.case.id
        return bool(await self._late(keys=_keys(community, id_), args=[id_, repr(late.at), json.dumps(writes)]))


def telling_late(case: Case, person: str, again: datetime | None) -> list[Write]:
    """The writes that note whom a late case was told to, "" for nobody, and when the next one is to be told."""
    community, name = case.community, key(case.community, "case", case.id)
    noted: list[Write] = [("HSET", name, f"told:{person}", "1")] if person else []
    return [("HINCRBY", name, "late", "1"), *noted, next_at(case, again), *changing(community, case.id)]


def next_at(case: Case, at: datetime | None) -> Write:
    """The write that sets when a case is next looked at; None for never again."""
    name = due_key(case.community)
    return ("ZADD", name, repr(at.timestamp()), case.id) if at else ("ZREM", name, case.id)


def _keys(community: str, case: str) -> list[str]:
    return [due_key(community), key(community, "case", case)]

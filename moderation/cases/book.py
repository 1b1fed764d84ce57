"""The case book: doubts laid before people, and every enforcement on record.

Opening a case returns writes, which the stream performs together with the message's acknowledgement. Claiming and
deciding are one atomic script each, because people race: one decision wins, a later one is told who decided. Time is
the Redis server's, so that moderators on many machines share one clock.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import NamedTuple, cast

from redis.asyncio import Redis

from moderation.cases.faults import NoSuchCase, OwnDecision, refuse
from moderation.cases.reading import read
from moderation.cases.scripts import script
from moderation.cases.views import Search, View, checks
from moderation.cases.writes import asleep_key, cards_key, changed_key, member_key, queue_key, strikes_key
from moderation.keys import key
from moderation.types import Case, Decision

LEASE_S = 300
"""Seconds that a claim holds without a sign of life; afterwards the case is free again."""
PAGE = 200
"""Cases that are read at a time."""


class Counts(NamedTuple):
    """How many cases wait (`open`, of these `handoffs`) and how many are settled."""

    open: int
    handoffs: int
    settled: int


class CaseBook:
    """The cases of all communities, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis, *, lease_s: float = LEASE_S) -> None:
        self._redis = redis
        self._lease_ms = int(lease_s * 1000)
        self.lease_s = lease_s
        self._search = Search(redis)
        self._claim, self._beat, self._release = (script(redis, name) for name in ("claim", "beat", "release"))
        self._decide, self._opine = script(redis, "decide"), script(redis, "opine")

    async def get(self, community: str, case: str) -> Case | None:
        """The case as it stands now, or None."""
        return next(iter(await self._many(community, [case])), None)

    async def queue(self, community: str, limit: int = 50, *, view: View = View(), by: str = "") -> list[Case]:  # noqa: B008 - it is frozen
        """Open cases of a view, the most urgent first; `by` is who looks, for views of one's own."""
        ids = await self._search.ids(community, checks(view, by), limit, by=by, asleep=view.asleep)
        return await self._many(community, ids)

    async def recent(self, community: str, limit: int = 50) -> list[Case]:
        """Settled cases, the latest decision first."""
        ids = await self._redis.zrange(key(community, "settled"), 0, limit - 1, desc=True)
        return await self._many(community, cast(list[str], ids))

    async def settled(self, community: str, since: datetime, until: datetime, *, skip: int, limit: int) -> list[Case]:
        """Some of the cases settled from `since` until before `until`, the oldest first."""
        first, last = since.timestamp(), f"({until.timestamp()}"
        ids = await self._redis.zrangebyscore(key(community, "settled"), first, last, start=skip, num=limit)
        return await self._many(community, cast(list[str], ids))

    async def of_member(self, community: str, platform: str, member: str, limit: int = 50) -> list[Case]:
        """A member's cases, the latest first."""
        ids = await self._redis.zrange(member_key(community, platform, member), 0, limit - 1, desc=True)
        return await self._many(community, cast(list[str], ids))

    async def counts(self, community: str) -> Counts:
        """How much waits and how much is done."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.zcard(queue_key(community))
        pipe.scard(key(community, "handoffs"))
        pipe.zcard(key(community, "settled"))
        return Counts(*await pipe.execute())

    async def claim(self, community: str, case: str, by: str) -> Case:
        """Take a case, or renew one's hold of it. Raises NoSuchCase, Taken or Settled."""
        keys = [key(community, "case", case), cards_key(community)]
        refuse(case, await self._claim(keys=keys, args=[by, self._lease_ms, changed_key(community), case]))
        return await self._present(community, case)

    async def beat(self, community: str, case: str, by: str) -> bool:
        """Renew one's hold of a case, as a heartbeat. False when it was lost: run out, another's, or settled."""
        return bool(await self._beat(keys=[key(community, "case", case)], args=[by, self._lease_ms]))

    async def release(self, community: str, case: str, by: str) -> None:
        """Give a case back; nothing happens when somebody else holds it."""
        keys = [key(community, "case", case), cards_key(community)]
        await self._release(keys=keys, args=[by, changed_key(community), case])

    async def decide(self, community: str, decision: Decision, *, seconded: bool = False) -> Case:
        """Settle a case and put the decision on its stream, in one step. The same decision again changes nothing.

        A `seconded` one needs two people: the first one's is kept among the case's opinions, and the case is free and
        stays open until another person decides, whatever that is. The same person once more changes nothing.

        Raises NoSuchCase, Taken or Settled, and OwnDecision for an appeal against one's own.
        """
        case = await self._present(community, decision.case)
        names = (queue_key(community), key(community, "settled"), key(community, "handoffs"))
        keys = [
            key(community, "case", case.id),
            *names,
            strikes_key(community, case.subject.author.id),
            key(community, "decisions", "0"),
            cards_key(community),
            asleep_key(community),
        ]
        if case.decision == decision:
            return case
        if await self.is_own(case, decision.by):
            raise OwnDecision(case.id)
        told = (decision.model_dump_json(), case.id, str(decision.strikes), case.subject.place.channel)
        args = [decision.by, *told, changed_key(community), "1" if seconded else "0"]
        refuse(case.id, await self._decide(keys=keys, args=args))
        return await self._present(community, case.id)

    async def opine(self, community: str, decision: Decision) -> Case:
        """Put on an open case what a person would decide; it settles nothing. Raises NoSuchCase or Settled.

        A person has one opinion, the last one, but who decided first of two keeps to that.
        """
        keys = [key(community, "case", decision.case), cards_key(community)]
        args = [decision.by, decision.model_dump_json(), changed_key(community), decision.case]
        refuse(decision.case, await self._opine(keys=keys, args=args))
        return await self._present(community, decision.case)

    async def changes(self, community: str) -> AsyncIterator[str]:
        """The names of cases as they change, live, until the caller stops iterating."""
        async with self._redis.pubsub() as subscription:
            await subscription.subscribe(changed_key(community))
            async for notice in subscription.listen():
                if notice["type"] == "message":
                    yield notice["data"]

    async def is_own(self, case: Case, by: str) -> bool:
        """Whether the case is an appeal against a decision that this person made, or had an opinion on."""
        first = await self.get(case.community, case.of) if case.of else None
        return bool(first and first.decision and by in (first.decision.by, *(said.by for said in first.opinions)))

    async def _present(self, community: str, case: str) -> Case:
        found = await self.get(community, case)
        if found is None:
            raise NoSuchCase(case)
        return found

    async def _many(self, community: str, ids: Sequence[str]) -> list[Case]:
        """In pages: who else waits for the event loop has a turn between them."""
        pages = [await self._page(community, ids[first : first + PAGE]) for first in range(0, len(ids), PAGE)]
        return [case for page in pages for case in page]

    async def _page(self, community: str, ids: Sequence[str]) -> list[Case]:
        pipe = self._redis.pipeline(transaction=False)
        pipe.time()
        for id_ in ids:
            pipe.hgetall(key(community, "case", id_))
        (seconds, micros), *found = cast(tuple[tuple[int, int], dict[str, str]], await pipe.execute())
        return [read(fields, seconds + micros / 1e6) for fields in found if fields]

"""The steps by which people share the work: who is to do it, and when. Each is one atomic script.

A step done twice is done once. It tells of the change to who looks at the console and to the moderators' cards, and
raises NoSuchCase, Settled for a case that is decided, and Taken while another holds it.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from redis.asyncio import Redis

from moderation.cases.book import CaseBook
from moderation.cases.faults import refuse
from moderation.cases.scripts import script
from moderation.cases.views import Check, Search
from moderation.cases.writes import asleep_key, cards_key, changed_key, queue_key
from moderation.keys import key
from moderation.policy.review import ReviewRules
from moderation.types import TIERS, Action, Case, Tier

WOKEN = 1000
"""Cases that wake in one go."""
LOOKED_AT = 20
"""Cases that one is chosen from: a person's own earlier decisions are not many at the queue's head."""


class Steps:
    """The steps of all communities, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis) -> None:
        self._book = CaseBook(redis)
        self._search = Search(redis)
        self._give, self._hold, self._wake, self._skip = (
            script(redis, name) for name in ("give", "hold", "wake", "skip")
        )

    async def assign(self, community: str, case: str, to: str, *, by: str) -> None:
        """Give a case to a person, or with "" take that back. Who gives it lets go of it; a sleeping case wakes."""
        await self._given(community, case, by, "assigned_to", to)

    async def escalate(self, community: str, case: str, *, by: str, to: str = "", asked: Tier | None = None) -> None:
        """Ask a named person, or a tier: only that tier and above may then take it, whoever it was assigned to. Like
        `assign` in all else."""
        await self._given(community, case, by, "assigned_to", to, *(("asked", asked) if asked else ()))

    async def hold(self, community: str, case: str, until: datetime, *, by: str) -> None:
        """Let a case sleep until a time, out of the queue."""
        keys = _keys(community, case)
        args = [by, changed_key(community), case, repr(until.timestamp())]
        refuse(case, await self._hold(keys=keys, args=args))

    async def wake(self, community: str, now: datetime) -> list[str]:
        """Bring those back whose time has come, each to the place that it would have had; returns their ids."""
        keys = [asleep_key(community), queue_key(community), cards_key(community)]
        args = [repr(now.timestamp()), key(community, "case", ""), changed_key(community), str(WOKEN)]
        return cast(list[str], await self._wake(keys=keys, args=args))

    async def skip(self, community: str, case: str, *, by: str) -> None:
        """Pass a case by: `next` does not offer it to this person again. Never raises Taken."""
        keys = [key(community, "case", case), cards_key(community)]
        refuse(case, await self._skip(keys=keys, args=[by, changed_key(community), case]))

    async def next(self, community: str, by: str, *, tier: Tier = "moderator") -> Case | None:
        """The most urgent case that this person may take, or None. It is not claimed.

        It is free, awake, not skipped by them, not assigned to another, not asked of a higher tier, and not their own:
        neither decided by them as the first of two, nor an appeal against their decision. Helpers get questions only.
        """
        reached = " ".join(TIERS[: TIERS.index(tier) + 1])
        wanted = [
            Check("claimed_by", "held_by"),
            Check("assigned_to", "free_or", by),
            Check("asked", "asked", f" {reached} "),
            Check(f"skip:{by}", "is"),
            Check(f"opinion:{by}", "is"),
            *([Check("kind", "is", "handoff")] if TIERS.index(tier) < TIERS.index("moderator") else []),
        ]
        for found in await self._search.ids(community, wanted, LOOKED_AT, by=by):
            case = await self._book.get(community, found)
            if case and not await self._book.is_own(case, by):
                return case
        return None

    async def _given(self, community: str, case: str, by: str, *fields: str) -> None:
        keys = _keys(community, case)
        refuse(case, await self._give(keys=keys, args=[by, changed_key(community), case, *fields]))


def may_take(case: Case, by: str, tier: Tier) -> bool:
    """Whether who is asked for allows this person to claim and decide a case: its tier and above, and whom it names."""
    return case.asked is None or case.assigned_to == by or TIERS.index(tier) >= TIERS.index(case.asked)


def needs_second(rules: ReviewRules, action: Action, tier: Tier) -> bool:
    """Whether two people must want what somebody of this tier decides; an owner answers for it alone."""
    return action in rules.four_eyes and tier != "owner"


def _keys(community: str, case: str) -> list[str]:
    return [key(community, "case", case), queue_key(community), asleep_key(community), cards_key(community)]

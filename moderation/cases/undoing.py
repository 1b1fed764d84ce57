"""Decisions that are taken back: which of a rule or a person there are, and what else still holds the member."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from redis.asyncio import Redis

from moderation.cases.book import CaseBook
from moderation.cases.copies import part_of
from moderation.cases.scripts import script
from moderation.keys import Write, key
from moderation.types import UNDO, Case

PAGE = 500
"""Settled cases that are looked through in one go."""
OF_MEMBER = 1000
"""Cases of one member that are looked through, the latest ones."""


class Wanted(NamedTuple):
    """Which decisions are meant: settled from `since` until before `until`, under a clause, by `policy` or a person,
    by a version of the policy or the beginning of its name. What is empty is no matter."""

    since: datetime
    until: datetime
    clause: str = ""
    by: str = ""
    policy_version: str = ""

    def fits(self, case: Case) -> bool:
        """Whether this case's decision is meant, and can be taken back."""
        decision = case.decision
        if decision is None or not is_reversible(case):
            return False
        verdict = case.verdict
        under = decision.reason or (verdict.clause or "" if verdict else "")
        version = verdict.policy.rpartition("@")[2] if verdict else ""
        return self.clause in ("", under) and self.by in ("", decision.by) and version.startswith(self.policy_version)


def is_reversible(case: Case) -> bool:
    """Whether it is an enforcement that stands, on a member who is still known."""
    enforced = case.decision is not None and case.decision.enforces
    return enforced and case.reversal is None and not case.subject.forgotten


class Reversals:
    """Finds and takes back, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis) -> None:
        self._cases = CaseBook(redis)
        self._reverse = script(redis, "reverse")

    async def found(self, community: str, wanted: Wanted) -> list[Case]:
        """The cases whose decisions are meant and stand, the oldest first."""
        fitting: list[Case] = []
        skip = 0
        while page := await self._page(community, wanted, skip):
            fitting += [case for case in page if wanted.fits(case)]
            skip += PAGE
        return fitting

    async def _page(self, community: str, wanted: Wanted, skip: int) -> list[Case]:
        return await self._cases.settled(community, wanted.since, wanted.until, skip=skip, limit=PAGE)

    async def perform(self, case: Case, writes: Sequence[Write]) -> bool:
        """Write all that takes this case back, or nothing where that was done before; tells which."""
        named = key(case.community, "case", case.id)
        return bool(await self._reverse(keys=[named], args=[json.dumps(writes)]))

    async def standing(self, case: Case) -> list[Case]:
        """Other decisions that still keep the member out or silent in the same chat, the latest first."""
        subject = case.subject
        found = await self._cases.of_member(case.community, subject.place.platform, subject.author.id, OF_MEMBER)
        others = (part_of(one, subject) for one in found if one.id != case.id)
        return [one for one in others if one and _holds(one)]


def left(case: Case) -> int:
    """Seconds that a timeout still lasts; 0 or less when it is over."""
    decision = case.decision
    over = decision.at + timedelta(seconds=decision.seconds) if decision else datetime.now(UTC)
    return int((over - datetime.now(UTC)).total_seconds())


def _holds(case: Case) -> bool:
    decision = case.decision
    if decision is None or decision.action not in UNDO or not is_reversible(case):
        return False
    return decision.action != "timeout" or left(case) > 0

"""Blind second looks: another person decides a sample of the settled cases once more, without knowing what was decided.

What they find changes nothing. It stays with the case (`Case.after`), and `quality` measures by it how far people
agree. Which cases are in the sample follows from their names alone, so nothing has to be kept when a case is settled.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Sequence
from typing import Literal, cast

from redis.asyncio import Redis

from moderation.cases.agreement import LOOKED_AT
from moderation.cases.faults import CaseError, NoSuchCase
from moderation.cases.reading import read
from moderation.cases.scripts import script
from moderation.keys import key
from moderation.members import admin
from moderation.types import Case, Decision, Ruling, Verdict, case_id

LOOKS = 2
"""Second looks that one case gets, each by another person."""
LAST_S = 14 * 24 * 3600
"""Seconds after which a settled case is no longer looked at."""
LEASE_S = 600
"""Seconds that a case is one person's to look at."""
LATE_S = 3600
"""Seconds that a settled case may take to be on record: the policy's are written with their message."""
PAGE = 500
"""Settled cases that are walked at a time."""

Why = Literal["own", "seen", "full", "held"]


class NoLook(CaseError):  # noqa: N818 - reads as what it tells a moderator
    """A second look that cannot be taken. `why`: a part in the decision, seen before, enough looks, somebody else's."""

    def __init__(self, case: str, why: Why) -> None:
        told = {
            "own": "you had a part in its decision",
            "seen": "you have looked at it before",
            "full": "enough people have looked at it",
            "held": "somebody else is looking at it",
        }
        super().__init__(f"case {case}: {told[why]}; ask for another")
        self.why = why


class SecondLooks:
    """The second looks of all communities, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis, *, lease_s: float = LEASE_S) -> None:
        self._redis = redis
        self._lease_ms = int(lease_s * 1000)
        self._answer = script(redis, "second_look")

    async def pick(self, community: str, by: str, *, share: float) -> Case | None:
        """The oldest case of the sample that this person may look at, made blind and theirs for a while, or None.

        `share` in [0, 1] is the sampled part of the moderation cases. Who holds one is given the same again.
        """
        name, now = key(community, "second"), time.time()
        mark = float(await cast(Awaitable[str | None], self._redis.hget(name, by)) or 0)
        since, skip, left = max(mark - LATE_S, now - LAST_S), 0, now
        while page := await self._page(community, since, skip):
            skip += len(page)
            for case, at in await self._open(community, by, [one for one in page if sampled(one[0], share)]):
                left = min(left, at)
                if await self._hold(community, case.id, by):
                    await self._redis.hset(name, by, repr(left))
                    return blind(case)
        await self._redis.hset(name, by, repr(left))  # before this, nothing is left for them: the next walk is short
        return None

    async def answer(self, community: str, decision: Decision) -> Case:
        """Put a second look on its case, and return that. The same one again changes nothing.

        Raises NoSuchCase for one that is not settled, NoLook, and CaseError for what is no decision about a message.
        """
        if decision.action not in LOOKED_AT:
            raise CaseError(f"case {decision.case}: {decision.action} is no second look; take {', '.join(LOOKED_AT)}")
        case = await self._case(community, decision.case)
        if case is None or case.decision is None or case.kind != "moderation":
            raise NoSuchCase(decision.case)
        if await self._had_part(community, case, decision.by):
            raise NoLook(case.id, "own")
        keys = [key(community, "case", case.id), _looking(community, case.id)]
        told = cast(str, await self._answer(keys=keys, args=[decision.by, decision.model_dump_json(), LOOKS]))
        if told != "ok":
            raise NoLook(case.id, cast(Why, told))
        return await self._case(community, case.id) or case

    async def _page(self, community: str, since: float, skip: int) -> list[tuple[str, float]]:
        """Some settled cases with their times, the oldest first."""
        name = key(community, "settled")
        rows = self._redis.zrangebyscore(name, since, "+inf", start=skip, num=PAGE, withscores=True)
        return cast(list[tuple[str, float]], await rows)

    async def _open(self, community: str, by: str, page: Sequence[tuple[str, float]]) -> list[tuple[Case, float]]:
        """Those of the page that this person may look at, unless somebody else does now; never what is forgotten."""
        times = dict(page)
        found = await self._cases(community, list(times))
        asked = [case for case in found if case.kind == "moderation" and not case.subject.forgotten]
        left = [case for case in asked if len(case.after) < LOOKS and by not in {look.by for look in case.after}]
        return [(case, times[case.id]) for case in left if not await self._had_part(community, case, by)]

    async def _case(self, community: str, case: str) -> Case | None:
        found = await self._cases(community, [case])
        return found[0] if found else None

    async def _cases(self, community: str, ids: Sequence[str]) -> list[Case]:
        pipe = self._redis.pipeline(transaction=False)
        for id_ in ids:
            pipe.hgetall(key(community, "case", id_))
        return [read(fields, time.time()) for fields in await pipe.execute() if fields]

    async def _had_part(self, community: str, case: Case, by: str) -> bool:
        """Whether it is their message, or they decided, advised, took the decision back, or decided the appeal."""
        decisions = (case.decision, case.reversal, *case.opinions)
        parts = {admin(case.subject.place.platform, case.subject.author.id), *(one.by for one in decisions if one)}
        if by in parts:
            return True
        appeal = await self._case(community, case_id("appeal", case.subject))
        return bool(appeal and appeal.decision and appeal.decision.by == by)

    async def _hold(self, community: str, case: str, by: str) -> bool:
        """Take the case to look at, or renew that. False while somebody else has it."""
        name = _looking(community, case)
        holder = await self._redis.set(name, by, nx=True, get=True, px=self._lease_ms)
        if holder == by:
            await self._redis.pexpire(name, self._lease_ms)
        return holder in (None, by)


def sampled(case: str, share: float) -> bool:
    """Whether a case is in the sample: by its name alone, so that a larger share holds all of a smaller one."""
    digest = hashlib.blake2b(f"second look|{case}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) < share * 2**64


def blind(case: Case) -> Case:
    """What was said and which clause is in question, as if nobody had looked at it yet.

    Only what is named here is kept. The verdict loses its ruling and every score, because from a certain score on the
    policy decides by itself; whoever shows it leaves scores out.
    """
    return Case(
        id=case.id,
        kind=case.kind,
        subject=case.subject,
        context=case.context,
        verdict=_blind(case.verdict) if case.verdict else None,
        copies=case.copies,
        opened_at=case.opened_at,
    )


def _blind(verdict: Verdict) -> Verdict:
    signals = tuple(signal.model_copy(update={"score": 0.0}) for signal in verdict.signals)
    return Verdict(ruling=Ruling.REVIEW, clause=verdict.clause, signals=signals)


def _looking(community: str, case: str) -> str:
    return key(community, "looking", case)

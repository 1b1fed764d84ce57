"""The watch: cases that sleep wake in time, and who should have decided a late one is told, one person at a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bot.books import Books
from bot.groups.communities import Community
from bot.groups.staff import names
from bot.outcome import Bench
from bot.review.cards import title
from bot.review.duty import on_duty
from bot.stream import OUTAGE, saying
from bot.words import roughly, words
from moderation.cases import Steps
from moderation.cases.clocks import later
from moderation.cases.lateness import Late, Lateness, next_at, telling_late
from moderation.policy import Policy
from moderation.types import Case, Lang, Place, Say

EVERY_S = 5.0
"""Seconds between two looks."""

Clock = Callable[[], Awaitable[datetime]]
log = structlog.get_logger()


class Watch:
    """Looks after all communities; any number of workers may, for each step is written once.

    `clock` is the time by which cases wake and are late; without one it is the Redis server's.
    """

    def __init__(self, books: Books, bench: Bench, *, every_s: float = EVERY_S, clock: Clock | None = None) -> None:
        redis = books.streams.redis
        self._books = books
        self._bench = bench
        self._every_s = every_s
        self._clock = clock or _of(redis)
        self._steps = Steps(redis)
        self._lateness = Lateness(redis)

    async def run(self) -> None:
        """Look again and again until cancelled; while Redis is away nobody is late."""
        while True:
            with contextlib.suppress(*OUTAGE):  # the consumers tell of it
                for community in await self._books.streams.communities():
                    await self._survey(community)
            await asyncio.sleep(self._every_s)

    async def _survey(self, community: str) -> None:
        """One look that does not end the watch, whatever a community holds."""
        try:
            await self.look(community)
        except (ValueError, ResponseError) as fault:
            mend = "look for a row of another version among its cases"
            log.error("a community cannot be watched", community=community, fault=type(fault).__name__, mend=mend)

    async def look(self, community: str) -> None:
        """Wake whose time has come, and tell of each late case once."""
        now = await self._clock()
        await self._steps.wake(community, now)
        for late in await self._lateness.due(community, now):
            await self._tell(late, now)

    async def _tell(self, late: Late, now: datetime) -> None:
        """Tell the next person of a late case; after the last one nobody more."""
        case = late.case
        if case.wake_at and case.wake_at > now:
            await self._lateness.write(late, [next_at(case, case.wake_at)])
            return
        community = await self._books.communities.get(case.community)
        person = await self._next(late)
        if community.desk_place is None or (person is None and case.late):
            await self._lateness.write(late, [next_at(case, None)])
            return
        policy = (await self._bench.sitting(case.community)).judge.policy
        again = later(policy.review, case.severity, now) if person else None
        said = await self._said(case, community.desk_place, community, policy, person or "", now)
        await self._lateness.write(late, [*telling_late(case, person or "", again), saying(said)])

    async def _next(self, late: Late) -> str | None:
        """Who has it, to whom it is given, then those on duty who did not pass it by: the first who is not yet told."""
        case = late.case
        duty = [one for one in await on_duty(self._books.streams.redis, case.community) if one not in case.skipped]
        wanted = [one for one in (case.claimed_by, case.assigned_to, *duty) if one]
        return next((one for one in wanted if one not in late.told), None)

    async def _said(
        self, case: Case, place: Place, community: Community, policy: Policy, person: str, now: datetime
    ) -> Say:
        """The words at the desk. A person who is on the desk's platform is called by the platform itself."""
        platform, _, member = person.partition(":")
        called = member if member and platform == place.platform else None
        known = {} if called else await names(self._books.streams.redis, case.community)
        return Say(
            id=f"{case.id}:late:{case.late + 1}",
            place=place,
            text=_words(case, policy, community.lang, known, "" if called else person, now),
            kind="notice",
            to=called,
            case=case.id,
            rings=called is not None,
        )


def _words(case: Case, policy: Policy, lang: Lang, known: Mapping[str, str], person: str, now: datetime) -> str:
    """What is told of a late case; no word of a member is in it."""
    say = words(lang)
    over = int((now - (case.due_at or now)).total_seconds())
    told = say("watch.late", title=title(case, policy, lang), length=roughly(over, lang), case=case.id)
    return say("watch.named", name=known.get(person, person), text=told) if person else told


def _of(redis: Redis) -> Clock:
    """The Redis server's clock, which all workers share."""

    async def now() -> datetime:
        seconds, micros = cast(Sequence[int], await redis.time())
        return datetime.fromtimestamp(int(seconds) + int(micros) / 1e6, UTC)

    return now

"""How well cases are reviewed: agreement, times, what was taken back, and who does how much.

`gathered` reads the cases and `figures` counts them, which is pure; of ten thousand it takes half a second, so off the
event loop. Times, workload and arrivals are people's: what the policy settles at once is left out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from moderation.cases.agreement import Agreement, agreements, clause_of
from moderation.cases.book import CaseBook
from moderation.cases.drafted import Drafted, drafted
from moderation.cases.views import View
from moderation.cases.workload import (
    POLICY,
    Arrivals,
    Day,
    Hour,
    Person,
    Waiting,
    arrivals,
    backlog,
    days,
    handling_s,
    hours,
    named,
    people,
)
from moderation.evaluation.rates import Rate, counted
from moderation.types import Case

PAGE = 200
"""Settled cases that are read at a time."""
OPEN = 100_000
"""Open cases that are counted."""
SHORTEST = 0.1
"""The part of the cases that is granted less time than `Quality.granted_s`."""


class Times(NamedTuple):
    """How soon people answer, in seconds: `topic` is a clause, "handoff", "appeal", or "" for all.

    The response is the first claim, or the decision where nobody claimed before; both count from the opening.
    `in_time` is the share decided by their due time, of those that have one.
    """

    topic: str
    cases: int
    response_median_s: float
    response_p90_s: float
    decision_median_s: float
    decision_p90_s: float
    in_time: Rate


class Overturned(NamedTuple):
    """The share of enforcements taken back, of a clause (all: "") and, in `Quality.deciders`, of one who decided."""

    clause: str
    by: str
    name: str
    reversed: Rate


class Quality(NamedTuple):
    """All figures of the time from `since` until before `until`, in the `zone` that its days and hours are told in.

    `handling_s` are the seconds of work on a case, on average; `granted_s` the seconds from opening to due time that
    nine of ten cases have at least. Both are None where no case tells.
    """

    since: datetime
    until: datetime
    zone: str
    agreements: tuple[Agreement, ...]
    times: tuple[Times, ...]
    overturned: tuple[Overturned, ...]
    deciders: tuple[Overturned, ...]
    people: tuple[Person, ...]
    days: tuple[Day, ...]
    hours: tuple[Hour, ...]
    backlog: tuple[Waiting, ...]
    arrivals: tuple[Arrivals, ...]
    drafted: tuple[Drafted, ...]
    handling_s: float | None
    granted_s: float | None


async def period(book: CaseBook, community: str, since: datetime, until: datetime) -> AsyncIterator[Case]:
    """The cases settled from `since` until before `until`, the oldest first, read in pages."""
    read = 0
    while page := await book.settled(community, since, until, skip=read, limit=PAGE):
        for case in page:
            yield case
        read += len(page)


async def gathered(book: CaseBook, community: str, since: datetime, until: datetime) -> list[Case]:
    """What `figures` takes: the cases that are open now, the sleeping ones too, and those settled in the period."""
    queue = await book.queue(community, OPEN)
    asleep = await book.queue(community, OPEN, view=View(asleep=True))
    return [*queue, *asleep, *[case async for case in period(book, community, since, until)]]


def figures(cases: Iterable[Case], *, since: datetime, until: datetime, zone: ZoneInfo) -> Quality:
    """The figures of these cases; those decided at another time are left out, open ones are all counted."""
    every = list(cases)
    settled = [case for case in every if case.decision and since <= case.decision.at < until]
    waiting = [case for case in every if case.state == "open"]
    decided = [case for case in settled if case.decision and case.decision.by != POLICY]
    looks = [look for case in settled for look in case.after]
    opened = [case.opened_at for case in (*decided, *waiting) if since <= case.opened_at < until]
    return Quality(
        since=since,
        until=until,
        zone=zone.key,
        agreements=agreements(settled),
        times=_times(decided),
        overturned=_overturned(settled),
        deciders=_deciders(settled),
        people=people(decided, looks),
        days=days(decided, zone),
        hours=hours(decided, zone),
        backlog=backlog(waiting, until),
        arrivals=arrivals(opened, since, until, zone),
        drafted=drafted(decided),
        handling_s=handling_s(decided),
        granted_s=_granted_s((*decided, *waiting)),
    )


def topic(case: Case) -> str:
    """What a case is about: its clause, or its kind where that says it."""
    return clause_of(case) if case.kind == "moderation" else case.kind


def _times(decided: Sequence[Case]) -> tuple[Times, ...]:
    return tuple(_times_of(about, cases) for about, cases in _parted(decided, topic))


def _times_of(about: str, decided: Sequence[Case]) -> Times:
    first = [_since_opening(case, case.first_claimed_at) for case in decided]
    last = [_since_opening(case, None) for case in decided]
    due = [case.decision.at <= case.due_at for case in decided if case.decision and case.due_at]
    response_median_s, response_p90_s = map(float, np.percentile(first, [50, 90]))
    decision_median_s, decision_p90_s = map(float, np.percentile(last, [50, 90]))
    return Times(
        about,
        len(decided),
        response_median_s,
        response_p90_s,
        decision_median_s,
        decision_p90_s,
        in_time=counted(due),
    )


def _since_opening(case: Case, at: datetime | None) -> float:
    """Seconds from the opening to that time, or to the decision where there is none."""
    reached = at or (case.decision.at if case.decision else case.opened_at)
    return max(0.0, (reached - case.opened_at).total_seconds())


def _overturned(settled: Sequence[Case]) -> tuple[Overturned, ...]:
    return tuple(Overturned(about, "", "", _reversed(cases)) for about, cases in _parted(_enforced(settled), clause_of))


def _deciders(settled: Sequence[Case]) -> tuple[Overturned, ...]:
    """By who decided, the policy among them."""
    names = named(settled, ())
    parts = _parted(_enforced(settled), lambda case: case.decision.by if case.decision else "")
    return tuple(Overturned("", by, names[by], _reversed(cases)) for by, cases in parts if by)


def _enforced(settled: Iterable[Case]) -> list[Case]:
    return [case for case in settled if case.decision and case.decision.enforces]


def _reversed(enforced: Iterable[Case]) -> Rate:
    return counted(case.reversal is not None for case in enforced)


def _parted(cases: Sequence[Case], by: Callable[[Case], str]) -> list[tuple[str, list[Case]]]:
    """All cases under "", then the parts by what `by` calls them, in the order of the names; none for no cases."""
    parts: dict[str, list[Case]] = {"": list(cases)} if cases else {}
    for case in sorted(cases, key=by):
        parts.setdefault(by(case), []).append(case)
    return list(parts.items())


def _granted_s(cases: Iterable[Case]) -> float | None:
    granted = [(case.due_at - case.opened_at).total_seconds() for case in cases if case.due_at]
    return float(np.quantile(granted, SHORTEST)) if granted else None

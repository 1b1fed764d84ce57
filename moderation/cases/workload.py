"""Who decided how much and when, how much came in and when, and what waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta, tzinfo
from statistics import fmean
from typing import NamedTuple

from moderation.types import Case, Decision

POLICY = "policy"
"""Who decides where no person does."""
LONGEST_HOLD_S = 3600.0
"""Seconds of work on one case; what took longer between claim and decision slept or was put back meanwhile."""
AGES_S = (0, 3600, 4 * 3600, 24 * 3600, 3 * 24 * 3600, 7 * 24 * 3600)
"""Where the steps of the backlog's ages begin, in seconds."""


class Person(NamedTuple):
    """What one person did. `held_s` are the seconds from claim to decision, in all; None where no claim is known."""

    by: str
    name: str
    decided: int
    held_s: float | None
    second_looks: int


class Day(NamedTuple):
    """How many cases one person decided on one day."""

    by: str
    name: str
    day: date
    decided: int


class Hour(NamedTuple):
    """A cell of a heat map: what one person decided in one hour of the week; `weekday` runs from 0, Monday."""

    by: str
    name: str
    weekday: int
    hour: int
    decided: int


class Arrivals(NamedTuple):
    """How many cases for people were opened in one hour of the week, in the `weeks` that had this hour."""

    weekday: int
    hour: int
    cases: int
    weeks: int


class Waiting(NamedTuple):
    """Open cases of one age, in seconds from `from_s` on and below `to_s` (None: without end); `late` ones are due."""

    from_s: int
    to_s: int | None
    cases: int
    late: int


def people(decided: Sequence[Case], looks: Sequence[Decision]) -> tuple[Person, ...]:
    """Everyone who decided or looked, the busiest first."""
    names = named(decided, looks)
    cases, looked = Counter(by for by, _ in _by(decided)), Counter(look.by for look in looks)
    held: dict[str, list[float]] = {}
    for case in decided:
        if case.decision and (seconds := held_s(case)) is not None:
            held.setdefault(case.decision.by, []).append(seconds)
    found = [Person(by, names[by], cases[by], sum(held[by]) if by in held else None, looked[by]) for by in names]
    return tuple(sorted(found, key=lambda one: (-one.decided, -one.second_looks, one.by)))


def days(decided: Sequence[Case], zone: tzinfo) -> tuple[Day, ...]:
    """Days on which somebody decided something, by person and day."""
    names = named(decided, ())
    counts = Counter((by, at.astimezone(zone).date()) for by, at in _by(decided))
    return tuple(Day(by, names[by], day, count) for (by, day), count in sorted(counts.items()))


def hours(decided: Sequence[Case], zone: tzinfo) -> tuple[Hour, ...]:
    """Hours of the week in which somebody decided something, by person, weekday and hour."""
    names = named(decided, ())
    counts = Counter((by, *_slot(at, zone)) for by, at in _by(decided))
    return tuple(Hour(by, names[by], day, hour, count) for (by, day, hour), count in sorted(counts.items()))


def arrivals(opened: Iterable[datetime], since: datetime, until: datetime, zone: tzinfo) -> tuple[Arrivals, ...]:
    """Every hour of the week that lies in the period, with what was opened in it."""
    span = int((until - since) / timedelta(hours=1))
    weeks = Counter(_slot(since + timedelta(hours=number), zone) for number in range(span))
    counts = Counter(_slot(at, zone) for at in opened)
    return tuple(Arrivals(*slot, counts[slot], weeks[slot]) for slot in sorted(weeks))


def backlog(waiting: Sequence[Case], now: datetime) -> tuple[Waiting, ...]:
    """Open cases by age, the youngest first; every step of AGES_S, also without any."""
    ages = [((now - case.opened_at).total_seconds(), bool(case.due_at and case.due_at <= now)) for case in waiting]
    steps = zip(AGES_S, (*AGES_S[1:], None), strict=True)
    return tuple(_waiting(ages, from_s, to_s) for from_s, to_s in steps)


def handling_s(decided: Iterable[Case]) -> float | None:
    """Seconds of work on a case, on average; None where none is known."""
    known = [seconds for case in decided if (seconds := held_s(case)) is not None]
    return fmean(known) if known else None


def held_s(case: Case) -> float | None:
    """Seconds from the first claim to the decision; None without a claim, or where it was not worked on throughout."""
    if case.first_claimed_at is None or case.decision is None:
        return None
    seconds = (case.decision.at - case.first_claimed_at).total_seconds()
    return seconds if 0 <= seconds <= LONGEST_HOLD_S else None


def named(decided: Iterable[Case], looks: Iterable[Decision]) -> dict[str, str]:
    """What people call themselves, by who they are; who gave no name goes by that."""
    found: dict[str, str] = {}
    for decision in (*(case.decision for case in decided), *looks):
        if decision:
            found[decision.by] = decision.by_name or found.get(decision.by, decision.by)
    return found


def _by(decided: Iterable[Case]) -> Iterator[tuple[str, datetime]]:
    return ((case.decision.by, case.decision.at) for case in decided if case.decision)


def _slot(at: datetime, zone: tzinfo) -> tuple[int, int]:
    local = at.astimezone(zone)
    return local.weekday(), local.hour


def _waiting(ages: Iterable[tuple[float, bool]], from_s: int, to_s: int | None) -> Waiting:
    mine = [late for age, late in ages if max(age, 0) >= from_s and (to_s is None or age < to_s)]
    return Waiting(from_s, to_s, len(mine), sum(mine))

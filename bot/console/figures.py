"""The figures of review as people read them: a number where enough cases carry it, else why there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from bot.words import about
from moderation.cases.agreement import Agreement, Kappa
from moderation.cases.quality import Quality, Times
from moderation.cases.shifts import Shift
from moderation.cases.workload import POLICY, Person
from moderation.evaluation.rates import Rate, rate
from moderation.types import Lang

ENOUGH = 10
"""Cases below which a share, a median or a ninth decile is left out."""
ENOUGH_LOOKS = 20
"""Cases with a second look below which kappa is left out: its interval would hold nearly everything."""
ENOUGH_WEEKS = 4
"""Weeks below which nobody plans by an hour of the week."""
DAYS, HOURS = 7, 24
SHADES = 5
"""Shades of the heat map, beside that of an hour in which nothing came."""
LAST = ("handoff", "appeal")
"""Topics that stand after the clauses."""


class Figure(NamedTuple):
    """A number as `shown`, with its 95 % interval; or nothing, and `why`: there are only `n` cases, or all are alike.

    `why` names the page's words for it, under `[quality]`.
    """

    shown: str = ""
    between: str = ""
    why: Literal["", "few", "alike"] = ""
    n: int = 0


class ClauseRow(NamedTuple):
    """How well the cases of one topic are decided; "" stands for all."""

    topic: str
    looks: int
    same_side: Figure
    kappa_side: Figure
    same_action: Figure
    kappa_action: Figure
    taken_back: Figure
    in_time: Figure


class TimesRow(NamedTuple):
    """How soon the cases of one topic are claimed and decided."""

    topic: str
    cases: int
    response_median: Figure
    response_p90: Figure
    decision_median: Figure
    decision_p90: Figure


class PersonRow(NamedTuple):
    """What one person did, `held` the time at work on it; the policy among them, whose work takes none."""

    by: str
    name: str
    decided: int
    held: str
    second_looks: int
    taken_back: Figure


class DraftRow(NamedTuple):
    """The drafts from a confidence on: how many were answered, the share of these sent as they stand, and the rest."""

    confidence: str
    answered: int
    sent: Figure
    dismissed: int


class Cell(NamedTuple):
    """An hour of the week: `people` needed (None: too few weeks tell), cases expected, and a shade from 0 to SHADES."""

    people: int | None
    expected: str
    shade: int


class Tiles(NamedTuple):
    """What is seen first."""

    waiting: int
    late: int
    decided: int
    response: Figure
    in_time: Figure
    taken_back: Figure
    kappa: Figure


def tiles(found: Quality, lang: Lang) -> Tiles:
    """Everything in a few numbers."""
    rows, times = by_clause(found), times_rows(found, lang)
    first = rows[0] if rows else _clause_row("", None, rate(0, 0), rate(0, 0))
    waiting, late = sum(one.cases for one in found.backlog), sum(one.late for one in found.backlog)
    decided, response = (times[0].cases, times[0].response_median) if times else (0, Figure(why="few"))
    return Tiles(waiting, late, decided, response, first.in_time, first.taken_back, first.kappa_side)


def by_clause(found: Quality) -> list[ClauseRow]:
    """All first, then the clauses by name, then questions and appeals."""
    agreed = {one.clause: one for one in found.agreements}
    taken_back = {one.clause: one.reversed for one in found.overturned}
    in_time = {one.topic: one.in_time for one in found.times}
    topics = sorted({*agreed, *taken_back, *in_time}, key=lambda topic: (topic in LAST, topic))
    none = rate(0, 0)
    return [_clause_row(one, agreed.get(one), taken_back.get(one, none), in_time.get(one, none)) for one in topics]


def times_rows(found: Quality, lang: Lang) -> list[TimesRow]:
    """The same order."""
    ordered = sorted(found.times, key=lambda one: (one.topic in LAST, one.topic))
    return [TimesRow(one.topic, one.cases, *_lengths(one, lang)) for one in ordered]


def person_rows(found: Quality, lang: Lang) -> list[PersonRow]:
    """The busiest first, the policy last."""
    taken_back = {one.by: one.reversed for one in found.deciders}
    rows = [_person_row(one, taken_back.get(one.by, rate(0, 0)), lang) for one in found.people]
    if policy := taken_back.get(POLICY):
        rows.append(PersonRow(POLICY, "", policy.rows, "–", 0, share(policy)))
    return rows


def draft_rows(found: Quality) -> list[DraftRow]:
    """From all drafts to the surest."""
    rows = [(f"{one.confidence:.2f}", one.sent.rows, share(one.sent), one.dismissed) for one in found.drafted]
    return [DraftRow(*row) for row in rows]


def heat(found: Quality, shifts: Sequence[Shift]) -> list[list[Cell | None]]:
    """A row of hours for each day of the week; None where the period has no such hour."""
    most = max((one.expected for one in shifts), default=0.0)
    planned = all(one.weeks >= ENOUGH_WEEKS for one in found.arrivals)
    cells = {(one.weekday, one.hour): _cell(one, most, planned=planned) for one in shifts}
    return [[cells.get((day, hour)) for hour in range(HOURS)] for day in range(DAYS)]


def share(found: Rate) -> Figure:
    """A share in percent with Wilson's interval."""
    if found.share is None or found.rows < ENOUGH:
        return Figure(why="few", n=found.rows)
    return Figure(f"{found.share:.0%}".replace("%", " %"), f"{100 * found.low:.0f}–{100 * found.high:.0f} %")


def beyond_chance(found: Kappa, cases: int) -> Figure:
    """Cohen's kappa with its interval."""
    if cases < ENOUGH_LOOKS:
        return Figure(why="few", n=cases)
    if found.value is None or found.low is None or found.high is None:
        return Figure(why="alike", n=cases)
    return Figure(f"{found.value:.2f}", f"{found.low:.2f} – {found.high:.2f}")


def _clause_row(topic: str, agreed: Agreement | None, taken_back: Rate, in_time: Rate) -> ClauseRow:
    none = Figure(why="few")
    told = (none, none, none, none) if agreed is None else _agreed(agreed)
    return ClauseRow(topic, agreed.looks if agreed else 0, *told, share(taken_back), share(in_time))


def _agreed(found: Agreement) -> tuple[Figure, Figure, Figure, Figure]:
    side, action = (beyond_chance(kappa, found.cases) for kappa in (found.kappa_side, found.kappa_action))
    return share(found.same_side), side, share(found.same_action), action


def _lengths(times: Times, lang: Lang) -> list[Figure]:
    seconds = (times.response_median_s, times.response_p90_s, times.decision_median_s, times.decision_p90_s)
    return [_length(one, times.cases, lang) for one in seconds]


def _length(seconds: float, cases: int, lang: Lang) -> Figure:
    return Figure(about(seconds, lang)) if cases >= ENOUGH else Figure(why="few", n=cases)


def _person_row(person: Person, taken_back: Rate, lang: Lang) -> PersonRow:
    held = "–" if person.held_s is None else about(person.held_s, lang)
    return PersonRow(person.by, person.name, person.decided, held, person.second_looks, share(taken_back))


def _cell(shift: Shift, most: float, *, planned: bool) -> Cell:
    shade = math.ceil(SHADES * shift.expected / most) if most else 0
    return Cell(shift.people_high if planned else None, f"{shift.expected:.1f}", shade)

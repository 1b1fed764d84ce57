"""By when a case is to be decided, in the hours that people work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from moderation.policy import Clause, Policy
from moderation.policy.review import DAY_M, ReviewRules
from moderation.types import Case, CaseKind


def due_at(rules: ReviewRules, clause: Clause | None, kind: CaseKind, severity: int, opened_at: datetime) -> datetime:
    """When a case that opened at `opened_at` is to be decided, in UTC."""
    length = timedelta(seconds=rules.within(kind, severity, clause.respond if clause else None))
    if severity >= rules.around_the_clock_from:
        return opened_at.astimezone(UTC) + length
    return worked(rules, opened_at, length)


def dated(policy: Policy, case: Case) -> Case:
    """The case with the time by which it is to be decided, by its clause and its severity."""
    clause = policy.clauses.get(case.verdict.clause or "") if case.verdict else None
    due = due_at(policy.review, clause, case.kind, case.severity, case.opened_at)
    return case.model_copy(update={"due_at": due})


def later(rules: ReviewRules, severity: int, now: datetime) -> datetime:
    """When the next person is told of a case that is late."""
    length = timedelta(seconds=rules.again)
    return now + length if severity >= rules.around_the_clock_from else worked(rules, now, length)


def worked(rules: ReviewRules, start: datetime, length: timedelta) -> datetime:
    """When that much working time has passed since `start`, in UTC. A length is real time, whatever the clocks do."""
    at = start.astimezone(UTC)
    if not rules.hours:
        return at + length
    spans = _spans(rules, at)
    while True:
        opens, closes = next(spans)
        at = max(at, opens)
        if at + length <= closes:
            return at + length
        length -= max(closes - at, timedelta())
        at = max(at, closes)


def _spans(rules: ReviewRules, since: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The working hours that end after `since`, in UTC, the earliest first; some may overlap."""
    day = since.astimezone(rules.local).date()
    while True:
        mine = sorted((one.opens, one.closes) for one in rules.hours if day.weekday() in one.days)
        for span in mine:
            opens, closes = (_moment(rules, day, minutes) for minutes in span)
            if closes > max(since, opens):
                yield opens, closes
        day += timedelta(days=1)


def _moment(rules: ReviewRules, day: date, minutes: int) -> datetime:
    """That minute of a local day in UTC. One that the clocks skip is as late as if they had not changed."""
    day, minutes = day + timedelta(days=minutes // DAY_M), minutes % DAY_M
    return datetime.combine(day, time(minutes // 60, minutes % 60), rules.local).astimezone(UTC)

"""By when a case is due, in the hours that people work, whatever the clocks of their zone do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.sample import POLICY
from moderation.cases.clocks import dated, due_at, worked
from moderation.policy import PolicyError, load, parse
from moderation.policy.review import DAYS, Hours, ReviewRules
from moderation.types import Author, Case, CaseKind, Message, Place, Signal, Verdict

NEW_YORK = ReviewRules(zone="America/New_York", hours=("Mon-Fri 09:00-17:00",))
ZONES = st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"])
MOMENTS = st.integers(1_704_000_000, 1_893_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
LENGTHS = st.integers(1, 7 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))


@st.composite
def hours(draw: st.DrawFn) -> str:
    opens = draw(st.integers(0, 23 * 4)) * 15
    closes = draw(st.integers(opens // 15 + 4, 24 * 4)) * 15
    days = "-".join(draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=2)))
    return f"{days} {opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}"


@st.composite
def rules(draw: st.DrawFn) -> ReviewRules:
    return ReviewRules.model_validate({"zone": draw(ZONES), "hours": draw(st.lists(hours(), max_size=3))})


def at(text: str, zone: str = "America/New_York") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def is_working(rules: ReviewRules, moment: datetime) -> bool:
    """Whether a moment lies in the hours, their ends included."""

    def covers(one: Hours, local: datetime) -> bool:
        day = datetime.combine(local.date(), datetime.min.time())
        spans = [(day + timedelta(minutes=one.opens), day + timedelta(minutes=one.closes))]
        utc = [tuple(edge.replace(tzinfo=rules.local).astimezone(UTC) for edge in span) for span in spans]
        return local.weekday() in one.days and any(opens <= moment <= closes for opens, closes in utc)

    today = moment.astimezone(rules.local)
    return not rules.hours or any(covers(one, day) for one in rules.hours for day in (today, today - timedelta(days=1)))


@settings(max_examples=150, deadline=None)
@given(rules(), MOMENTS, MOMENTS, LENGTHS)
def test_later_cases_are_never_due_earlier(
    rules: ReviewRules, one: datetime, other: datetime, length: timedelta
) -> None:
    first, second = sorted((one, other))
    assert worked(rules, first, length) <= worked(rules, second, length)


@settings(max_examples=150, deadline=None)
@given(rules(), MOMENTS, LENGTHS)
def test_nothing_is_due_outside_the_hours_nor_before_its_time(
    rules: ReviewRules, start: datetime, length: timedelta
) -> None:
    due = worked(rules, start, length)
    assert due >= start + length
    assert is_working(rules, due)


@settings(max_examples=150, deadline=None)
@given(rules(), MOMENTS, LENGTHS, LENGTHS)
def test_two_lengths_after_each_other_are_their_sum(
    rules: ReviewRules, start: datetime, one: timedelta, other: timedelta
) -> None:
    assert worked(rules, worked(rules, start, one), other) == worked(rules, start, one + other)


@pytest.mark.parametrize(
    ("opened", "hours", "due"),
    [
        ("2026-11-20 16:30", 3, "2026-11-23 11:30"),  # Friday evening: half an hour, then Monday's
        ("2026-11-21 12:00", 4, "2026-11-23 13:00"),  # a Saturday counts for nothing
        ("2026-11-23 08:00", 4, "2026-11-23 13:00"),
        ("2026-11-23 13:00", 4, "2026-11-23 17:00"),  # due at the very end of the day
        ("2026-11-23 13:00", 16, "2026-11-25 13:00"),
    ],
)
def test_only_working_hours_count(opened: str, hours: int, due: str) -> None:
    assert worked(NEW_YORK, at(opened), timedelta(hours=hours)) == at(due)


def test_a_day_of_23_hours_and_one_of_25_are_as_long_as_they_are() -> None:
    always = NEW_YORK.model_copy(update={"hours": ReviewRules(hours=("Mon-Sun 00:00-24:00",)).hours})
    for day in ("2026-03-08", "2026-11-01"):
        start = at(f"{day} 00:00")
        assert worked(always, start, timedelta(days=2)) == start.astimezone(UTC) + timedelta(days=2)
    shift = ReviewRules(zone="America/New_York", hours=("Sun 00:00-04:00",))
    assert worked(shift, at("2026-03-08 00:00"), timedelta(hours=3)) == at("2026-03-08 04:00")  # an hour is skipped
    assert worked(shift, at("2026-11-01 00:00"), timedelta(hours=5)) == at("2026-11-01 04:00")  # an hour comes twice


def test_the_severity_the_clause_and_the_kind_say_how_soon() -> None:
    policy = parse('extends = "default"\n[clauses.abuse]\nrespond = "30m"\n', "p")
    opened = datetime(2026, 11, 22, tzinfo=UTC)

    def minutes(clause: str | None, kind: CaseKind, severity: int) -> float:
        found = policy.clauses[clause] if clause else None
        return (due_at(policy.review, found, kind, severity, opened) - opened).total_seconds() / 60

    assert [minutes("threat", "moderation", severity) for severity in (1, 2, 3, 4, 5)] == [1440, 480, 240, 60, 15]
    assert minutes("abuse", "moderation", 1) == 30
    assert minutes(None, "handoff", 2) == 240
    assert minutes("abuse", "appeal", 3) == 1440


def test_a_danger_is_due_at_night_and_a_nuisance_in_the_morning() -> None:
    policy = load(POLICY)
    night = datetime(2026, 11, 24, 2, 0, tzinfo=ZoneInfo("Asia/Shanghai"))

    def due(clause: str) -> datetime | None:
        place = Place(platform="web", community="sample", channel="help")
        said = Message(id="1", place=place, author=Author(id="li"), text="x")
        verdict = Verdict(ruling="review", clause=clause, signals=(Signal(check="c", clause=clause, score=0.5),))
        case = Case(id="1", kind="moderation", subject=said, verdict=verdict, opened_at=night)
        return dated(policy, case.model_copy(update={"severity": policy.clauses[clause].severity})).due_at

    assert due("distress") == night + timedelta(minutes=15)
    assert due("spam_ads") == night.replace(hour=17)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('zone = "Asia/Shangai"', 'did you mean "Asia/Shanghai"?'),
        ('hours = "Mon-Fri 9-18"', "are no hours"),
        ('hours = ["Mon-Fri 09:00-18:00", "Sat 14:00-12:00"]', "less than an hour"),
        ('hours = "Mon 09:00-25:00"', "less than an hour"),
        ('again = "soon"', "is no length of time"),
        ('again = "10s"', "take 1m to 7d"),
        ('respond.5 = "8d"', "take 1m to 7d"),
        ('respond.6 = "1h"', "less than or equal to 5"),
        ('four_eyes = ["answer"]', "needs no two people"),
        ("second_look = 1.5", "less than or equal to 1"),
        ('agian = "5m"', 'did you mean "again"?'),
    ],
)
def test_a_fault_is_told_with_its_line_and_mend(line: str, told: str) -> None:
    with pytest.raises(PolicyError) as fault:
        parse(f'extends = "default"\nname = "p"\n[review]\n{line}\n', "p")
    assert str(fault.value).startswith("p:4: ")
    assert told in str(fault.value)


@given(rules())
@settings(max_examples=50, deadline=None)
def test_what_is_written_reads_back(rules: ReviewRules) -> None:
    assert ReviewRules.model_validate_json(rules.model_dump_json()) == rules


def test_hours_are_told_as_they_are_written() -> None:
    read = ReviewRules.model_validate({"hours": ["Fri-Mon 09:00-18:30", "Wed 00:00-24:00"]})
    assert [str(one) for one in read.hours] == ["Fri-Mon 09:00-18:30", "Wed 00:00-24:00"]
    assert read.hours[0].days == (4, 5, 6, 0)
    with pytest.raises(ValidationError):
        ReviewRules.model_validate({"hours": ["Fri-Moon 09:00-18:30"]})

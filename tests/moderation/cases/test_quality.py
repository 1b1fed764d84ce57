"""The figures of review, over a month whose agreement, times and reversals are known."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from sklearn.metrics import cohen_kappa_score

from moderation.cases import CaseBook, opening, settling
from moderation.cases.agreement import Pair, kappa, kappas
from moderation.cases.quality import Quality, figures, gathered, period
from moderation.cases.quality_csv import to_csv
from moderation.cases.shifts import forecast, people_needed
from moderation.cases.steps import Steps
from moderation.types import Action, Case
from tests.moderation.reviewed import COMMUNITY, LOOKS, MONDAY, decided, look, opened

UNTIL = MONDAY + timedelta(days=28)


def month() -> list[Case]:
    """500 cases: 50 with a second look, 400 of Anna's and Ben's, 30 of the policy's, 20 that wait."""
    looked = [pair for pair, count in LOOKS.items() for _ in range(count)]
    cases = [_looked(number, *pair) for number, pair in enumerate(looked)]
    cases += [_worked(number) for number in range(50, 450)]
    cases += [
        decided(opened(number, MONDAY + timedelta(hours=number)), by="policy", after_s=0) for number in range(450, 480)
    ]
    return cases + [opened(number, UNTIL - timedelta(hours=number - 479)) for number in range(480, 500)]


def _looked(number: int, first: Action, second: Action) -> Case:
    case = decided(opened(number, MONDAY + timedelta(hours=number)), first)
    return case.model_copy(update={"after": (look(case, second),)})


def _worked(number: int) -> Case:
    """Claimed after 2 minutes and decided after 5, a tenth of them only after 100; a fifth of Ben's are taken back."""
    at = MONDAY + timedelta(hours=number)
    case, slow = opened(number, at, clause="abuse"), number % 10 == 0
    by, back = ("web:ben", number % 5 == 0) if number % 2 else ("web:anna", False)
    due, claimed = at + timedelta(hours=1), at + timedelta(minutes=2)
    settled = decided(case, by=by, after_s=6000 if slow else 300, due_at=due, first_claimed_at=claimed)
    return settled.model_copy(update={"reversal": settled.decision if back else None})


@pytest.fixture(scope="module")
def quality() -> Quality:
    return figures(month(), since=MONDAY, until=UNTIL, zone=ZoneInfo("Asia/Shanghai"))


def test_agreement_is_what_was_simulated(quality: Quality) -> None:
    everything, spam = quality.agreements
    assert (everything.clause, spam.clause) == ("", "spam_ads")
    assert (everything.cases, everything.looks, everything.same_side.share) == (50, 50, 0.7)
    assert everything.kappa_side.value == pytest.approx(0.4)
    assert everything.kappa_side.low is not None
    assert everything.kappa_side.high is not None
    assert 0 < everything.kappa_side.low < 0.4 < everything.kappa_side.high < 1
    assert everything._replace(clause="spam_ads") == spam


def test_the_side_may_agree_where_the_action_does_not() -> None:
    case = decided(opened(1), "remove")
    agreed = case.model_copy(update={"after": (look(case, "ban"), look(case, "ban", "web:di", "Di"))})
    [everything, _] = figures([agreed], since=MONDAY, until=UNTIL, zone=ZoneInfo("UTC")).agreements
    assert (everything.cases, everything.looks) == (1, 2)
    assert (everything.same_side.share, everything.same_action.share) == (1.0, 0.0)
    assert everything.kappa_side == (None, None, None)
    assert everything.kappa_action.value == 0


def test_times_are_those_of_people_alone(quality: Quality) -> None:
    times = {one.topic: one for one in quality.times}
    assert {topic: one.cases for topic, one in times.items()} == {"": 450, "abuse": 400, "spam_ads": 50}
    abuse = times["abuse"]
    assert (abuse.response_median_s, abuse.decision_median_s) == (120, 300)
    assert abuse.decision_p90_s == pytest.approx(870)  # between 300 and 6000, where a tenth is slow
    assert (abuse.in_time.hits, abuse.in_time.rows) == (360, 400)
    assert (times["spam_ads"].response_median_s, times["spam_ads"].in_time.share) == (600, None)


def test_what_was_taken_back_is_told_by_clause_and_by_decider(quality: Quality) -> None:
    clauses = {one.clause: (one.reversed.hits, one.reversed.rows) for one in quality.overturned}
    assert clauses == {"": (40, 455), "abuse": (40, 400), "spam_ads": (0, 55)}
    deciders = {one.name: (one.reversed.hits, one.reversed.rows) for one in quality.deciders}
    assert deciders == {"Anna": (0, 225), "Ben": (40, 200), "policy": (0, 30)}


def test_work_is_told_by_person_day_and_hour_of_the_zone(quality: Quality) -> None:
    anna, ben, cy = quality.people
    assert (anna.name, anna.decided, ben.name, ben.decided) == ("Anna", 250, "Ben", 200)
    assert ben.held_s == 200 * 180
    assert anna.held_s == 160 * 180  # the slow ones took longer than anyone works on a case
    assert (cy.name, cy.decided, cy.held_s, cy.second_looks) == ("Cy", 0, None, 50)
    assert sum(one.decided for one in quality.days) == sum(one.decided for one in quality.hours) == 450
    first = min(quality.days, key=lambda one: one.day)
    assert (first.day, first.decided) == (date(2026, 11, 2), 16)  # in Shanghai the UTC day ends at 8 in the morning
    assert quality.handling_s == 180


def test_the_backlog_lies_in_the_steps_of_its_age(quality: Quality) -> None:
    assert [(one.from_s, one.cases) for one in quality.backlog] == [
        *[(0, 0), (3600, 3), (4 * 3600, 17)],
        *[(24 * 3600, 0), (72 * 3600, 0), (168 * 3600, 0)],
    ]
    assert quality.backlog[-1].to_s is None
    late = opened(1, UNTIL - timedelta(hours=2)).model_copy(update={"due_at": UNTIL - timedelta(hours=1)})
    found = figures([late], since=MONDAY, until=UNTIL, zone=ZoneInfo("UTC"))
    assert [(one.cases, one.late) for one in found.backlog if one.cases] == [(1, 1)]


def test_no_cases_are_no_figures() -> None:
    nothing = figures([], since=MONDAY, until=UNTIL, zone=ZoneInfo("UTC"))
    assert (nothing.agreements, nothing.times, nothing.overturned, nothing.people) == ((), (), (), ())
    assert all(row.startswith("topic,cases") for row in to_csv(nothing)["times"].splitlines())
    assert {one.people_high for one in forecast(nothing)} == {0}


def test_shifts_follow_what_came_in(quality: Quality) -> None:
    shifts = forecast(quality)
    assert len(shifts) == 7 * 24
    came = {(one.weekday, one.hour): one.cases for one in quality.arrivals}
    assert sum(came.values()) == 470  # all but the policy's
    assert {one.weeks for one in quality.arrivals} == {4}
    for one in shifts:
        assert one.expected == came[one.weekday, one.hour] / 4
        assert one.low <= one.expected <= one.high
        assert (one.people >= 1) == (one.expected > 0)
        assert one.people <= one.people_high


def test_the_interval_of_one_arrival_is_garwoods() -> None:
    one = figures([decided(opened(1))], since=MONDAY, until=UNTIL, zone=ZoneInfo("UTC"))
    [shift] = [shift for shift in forecast(one) if shift.expected]
    assert (shift.weekday, shift.hour, shift.expected, shift.people) == (0, 0, 0.25, 1)
    assert shift.low == pytest.approx(0.02532 / 4, abs=1e-4)
    assert shift.high == pytest.approx(5.5716 / 4, abs=1e-4)


def test_people_are_those_of_a_table_of_erlang_c() -> None:
    assert people_needed(0, 180, 20) == 0
    # 100 an hour of 3 minutes are 5 erlangs: with 6 people 0.5875 wait at all, 7: 0.3241, 8: 0.1673, 9: 0.0805
    assert people_needed(100, 180, 0) == 9
    assert people_needed(100, 180, 600) == 6
    assert people_needed(99, 180, 36000) == 5


@given(st.floats(0.01, 200), st.floats(10, 1800), st.floats(0, 7200))
def test_more_arrivals_never_need_fewer_people(per_hour: float, work_s: float, wait_s: float) -> None:
    needed = people_needed(per_hour, work_s, wait_s)
    assert needed > per_hour * work_s / 3600
    assert needed <= people_needed(per_hour * 1.5, work_s, wait_s)
    assert people_needed(per_hour, work_s, wait_s + 600) <= needed


PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=30)


@settings(max_examples=60)
@given(PAIRS)
def test_kappa_is_the_hand_formula_and_that_of_scikit_learn(pairs: list[Pair]) -> None:
    first, second = (Counter(side) for side in zip(*pairs, strict=True))
    observed = Fraction(sum(one == other for one, other in pairs), len(pairs))
    expected = sum((Fraction(first[label] * second[label], len(pairs) ** 2) for label in "abc"), Fraction(0))
    found = kappa([[pair] for pair in pairs])
    if expected == 1:
        assert found == (None, None, None)
        return
    assert found.value == pytest.approx(float((observed - expected) / (1 - expected)))
    assert found.value == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))
    assert found == kappa([[pair] for pair in pairs])
    assert found.low is not None
    assert found.high is not None
    assert -1 <= found.low <= found.high <= 1


def test_many_tables_have_their_own_kappas() -> None:
    tables = np.array([[[20, 5], [10, 15]], [[7, 0], [0, 0]], [[3, 0], [0, 3]]])
    np.testing.assert_allclose(kappas(tables), [0.4, np.nan, 1.0])


def test_the_looks_of_one_case_are_drawn_together() -> None:
    apart = [[("a", "a")], [("a", "b")], [("b", "b")], [("b", "b")]] * 5
    together = [[*one, *one] for one in apart]
    assert kappa(together) == kappa(apart)  # twice the looks of as many cases tell no more


@settings(max_examples=30)
@given(st.text(max_size=8), st.sampled_from(["=", "+", "-", "@", "\t", "\r", "＝"]))
def test_no_cell_is_a_formula(name: str, sign: str) -> None:
    case = decided(opened(1))
    assert case.decision is not None
    attack = case.decision.model_copy(update={"by_name": sign + name})
    found = figures([case.model_copy(update={"decision": attack})], since=MONDAY, until=UNTIL, zone=ZoneInfo("UTC"))
    [head, row] = csv.reader(io.StringIO(to_csv(found)["people"], newline=""))
    assert head == ["name", "decided", "held_s", "second_looks"]
    assert row[0] == f"'{sign}{name}"


def test_tables_hold_figures_and_names_and_no_words_of_members(quality: Quality) -> None:
    written = to_csv(quality)
    assert list(written) == [
        "agreement",
        "times",
        "overturned",
        "people",
        "days",
        "hours",
        "backlog",
        "shifts",
        "drafts",
    ]
    everything = "".join(written.values())
    assert "Anna" in everything
    assert [word for word in ("加微信", "小李", "web:", "None") if word in everything] == []
    [row, _] = csv.DictReader(io.StringIO(written["agreement"]))
    assert (row["same_side_share"], row["kappa_side_value"]) == ("0.7", "0.4")


async def test_a_period_is_read_in_pages_and_in_order(redis: Redis) -> None:
    cases = [decided(opened(number, MONDAY + timedelta(minutes=number))) for number in range(450)]
    for case in cases:
        assert case.decision is not None
        for write in settling(case, case.decision):
            await redis.execute_command(*write)
    until = MONDAY + timedelta(minutes=440)
    book = CaseBook(redis)
    found = [case async for case in period(book, COMMUNITY, MONDAY, until)]
    assert [case.subject.id for case in found] == [str(number) for number in range(430)]  # decided 10 minutes later
    waiting, asleep = opened(1000), opened(1001)
    for write in (*opening(waiting), *opening(asleep)):
        await redis.execute_command(*write)
    await Steps(redis).hold(COMMUNITY, asleep.id, datetime.now(UTC) + timedelta(days=1), by="web:anna")
    every = await gathered(book, COMMUNITY, MONDAY, until)
    assert [case.subject.id for case in every[:3]] == ["1000", "1001", "0"]
    assert len(every) == 432

"""A backtest with the real judge over a stub classifier that reads its scores in the texts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.judging.judge import Judge
from moderation.policy import Policy, parse
from moderation.policy.backtest import Backtest, Past, placed
from moderation.policy.comparison import Comparison, Mark, breach, parse_mark
from moderation.types import Author, Case, Decision, Message, Place, Profile, Ruling

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MARKS = st.builds(Mark, st.sampled_from(Ruling), st.sampled_from(["", "abuse", "spam_ads"]))


class StubClassifier:
    """Scores `abuse` by the number that a text begins with."""

    name = "stub"

    def scores(self, texts: Sequence[str]) -> list[dict[str, float]]:
        return [{"abuse": float(text.split()[0])} for text in texts]

    def because(self, texts: Sequence[str], clauses: Sequence[str]) -> list[tuple[int, int] | None]:
        return [None for _ in texts]


def policy(review_at: float, act_at: float, more: str = "") -> Policy:
    own = f"[duplicates]\ncopies = 99\n[clauses.abuse]\nreview_at = {review_at}\nact_at = {act_at}\n{more}"
    return parse(f'extends = "default"\n{own}', "p")


def judge(review_at: float, act_at: float, more: str = "") -> Judge:
    return Judge(policy(review_at, act_at, more), StubClassifier())


def said(
    score: float, id_: str = "m", after: float = 0, words: str = "hello there my friend", profile: Profile = "general"
) -> Message:
    place = Place(platform="web", community="sample", channel=profile, profile=profile)
    at = NOON + timedelta(seconds=after)
    return Message(
        id=id_, place=place, author=Author(id=id_, trust="member"), text=f"{score} {words} {id_}", sent_at=at
    )


def test_what_would_have_changed_is_counted_with_examples() -> None:
    test = Backtest(judge(0.5, 0.9), judge(0.7, 0.8), examples=2)
    scores = [0.1, 0.6, 0.6, 0.6, 0.75, 0.85, 0.95]
    for number, score in enumerate(scores):
        test.take(Past(said(score, f"m{number}", after=86400 * number)))
    report = test.report()
    assert (report.messages, report.unchanged) == (7, 3)
    found = [(one.old, one.new, one.count, len(one.examples)) for one in report.transitions]
    assert found == [("review abuse", "allow", 3, 2), ("review abuse", "act abuse", 1, 1)]
    assert report.transitions[0].examples[0].text == "0.6 hello there my friend m1"
    assert (report.old.reviews, report.old.acts, report.new.reviews, report.new.acts) == (5, 1, 1, 2)
    assert report.days == 6.0


def test_moderators_decisions_are_held_against_both_policies() -> None:
    test = Backtest(judge(0.5, 0.9), judge(0.7, 0.8))
    decided = [(0.6, False), (0.6, True), (0.75, True), (0.85, False), (0.6, None)]
    for number, (score, is_breach) in enumerate(decided):
        test.take(Past(said(score, f"m{number}"), is_breach))
    old, new = test.report().old.agreement, test.report().new.agreement
    assert (old.precision, old.recall, old.act_precision) == (0.5, 1.0, None)
    assert (new.precision, new.recall, new.act_precision) == (0.5, 0.5, 0.0)


def test_messages_are_judged_with_what_was_said_before_them() -> None:
    """A flood is one only in its surroundings; lines that stand alone have none."""
    stricter = judge(0.5, 0.9, "[flood]\nmessages = 2\n")
    flood = [said(0.0, "m", after=number) for number in range(5)]
    flood = [one.model_copy(update={"id": str(number)}) for number, one in enumerate(flood)]
    results = []
    for alone in (False, True):
        test = Backtest(judge(0.5, 0.9), stricter, alone=alone)
        for one in flood:
            test.take(Past(one))
        results.append(test.report())
    assert [one.new for one in results[0].transitions] == ["review spam_ads"]
    assert (results[1].transitions, results[1].days) == ((), None)


def test_edits_that_change_nothing_and_bots_are_passed_over() -> None:
    test, one = Backtest(judge(0.5, 0.9), judge(0.5, 0.9)), said(0.6)
    robot = one.model_copy(update={"id": "b", "author": Author(id="b", bot=True)})
    for message in (one, one.model_copy(update={"edit": 1}), robot):
        test.take(Past(message))
    assert test.report().messages == 1


def test_a_policy_places_the_channels_that_it_names() -> None:
    moved = policy(0.5, 0.9, '[channels]\ndeals = "general"\n')
    assert placed(said(0, profile="deals"), moved).place.profile == "general"
    elsewhere = said(0, profile="supply")
    elsewhere = elsewhere.model_copy(update={"place": elsewhere.place.model_copy(update={"channel": "no. 12345"})})
    assert placed(elsewhere, moved) == elsewhere


@pytest.mark.parametrize(
    ("action", "by", "kind", "found"),
    [
        ("dismiss", "anna", "moderation", False),
        ("remove", "anna", "moderation", True),
        ("ban", "anna", "moderation", True),
        ("remove", "policy", "moderation", None),
        ("answer", "anna", "handoff", None),
        ("dismiss", "anna", "handoff", None),
    ],
)
def test_what_counts_as_a_moderators_decision(action: str, by: str, kind: str, found: bool | None) -> None:
    decision = Decision.model_validate({"case": "c", "action": action, "by": by})
    case = Case.model_validate({"id": "c", "kind": kind, "subject": said(0), "decision": decision})
    assert breach(case) is found
    assert breach(case.model_copy(update={"decision": None})) is None


@given(st.lists(st.tuples(MARKS, MARKS, st.none() | st.booleans())))
def test_the_counts_of_a_comparison_add_up(rows: list[tuple[Mark, Mark, bool | None]]) -> None:
    comparison = Comparison()
    for old, new, found in rows:
        comparison.count(old, new)
        if found is not None:
            comparison.decided(old, new, found)
    report = comparison.report("a", "b")
    assert report.messages == len(rows) == report.unchanged + sum(one.count for one in report.transitions)
    for side, marks in ((report.old, [old for old, _, _ in rows]), (report.new, [new for _, new, _ in rows])):
        rulings = [mark.ruling for mark in marks]
        assert (side.reviews, side.acts) == (rulings.count(Ruling.REVIEW), rulings.count(Ruling.ACT))
        agreement = side.agreement
        assert agreement.breaches == sum(found is True for *_, found in rows)
        assert agreement.acted_breaches <= agreement.flagged_breaches <= agreement.breaches
        assert agreement.acted_harmless <= agreement.flagged_harmless <= agreement.harmless
        for share in (agreement.precision, agreement.recall, agreement.act_precision):
            assert share is None or 0 <= share <= 1


@given(MARKS)
def test_a_mark_survives_a_trip_through_text(mark: Mark) -> None:
    assert parse_mark(str(mark)) == mark

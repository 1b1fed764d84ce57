"""The promise of a threshold: exact bounds, and promises that are kept as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from bot.evaluation.conformal import GRID, Draft, fewest, lowest_risk, promise, upper

COUNTS = st.integers(1, 300).flatmap(lambda answered: st.tuples(st.integers(0, answered), st.just(answered)))
SURE = st.floats(0.5, 0.99)
DRAFTS = st.lists(st.builds(Draft, st.floats(0, 1), st.booleans()), max_size=120)


@settings(deadline=None)
@given(COUNTS, SURE)
def test_the_bound_is_the_share_at_which_so_few_wrong_ones_are_just_that_unlikely(
    counts: tuple[int, int], sure: float
) -> None:
    wrong, answered = counts
    bound = float(upper(wrong, answered, sure))
    assert wrong / answered <= bound <= 1
    if wrong < answered:
        assert binom.cdf(wrong, answered, bound) == pytest.approx(1 - sure, abs=1e-6)


@settings(deadline=None)
@given(COUNTS, SURE)
def test_the_bound_grows_with_the_wrong_ones_and_the_certainty_and_falls_with_the_number(
    counts: tuple[int, int], sure: float
) -> None:
    wrong, answered = counts
    bound = upper(wrong, answered, sure)
    assert upper(wrong, answered + 1, sure) <= bound
    assert upper(wrong + 1, answered + 1, sure) >= bound
    assert upper(wrong, answered, min(0.995, sure + 0.005)) >= bound
    assert upper(min(wrong + 1, answered), answered, sure) >= bound


@settings(deadline=None)
@given(DRAFTS, st.floats(0.01, 0.9), SURE)
def test_a_promise_is_kept_by_its_own_count_and_begins_with_enough(
    drafts: list[Draft], risk: float, sure: float
) -> None:
    found = promise(drafts, risk, sure)
    if found is None:
        return
    given_ = [draft for draft in drafts if draft.confidence >= found.threshold]
    assert (found.answered, found.wrong) == (len(given_), sum(draft.wrong for draft in given_))
    assert found.wrong / found.answered <= found.bound <= risk
    first = fewest(len(drafts), risk, sure)
    assert first is not None
    assert found.answered >= first
    assert found.threshold in GRID


@settings(deadline=None)
@given(DRAFTS, st.floats(0.01, 0.9), SURE)
def test_wrong_drafts_more_lower_no_threshold(drafts: list[Draft], risk: float, sure: float) -> None:
    found = promise(drafts, risk, sure)
    worse = promise([Draft(draft.confidence, True) for draft in drafts], risk, sure)
    better = promise([Draft(draft.confidence, False) for draft in drafts], risk, sure)
    assert worse is None
    if found:
        assert better is not None
        assert better.threshold <= found.threshold


@settings(deadline=None)
@given(DRAFTS, st.floats(0.01, 0.9), st.floats(0.5, 0.9))
def test_a_higher_certainty_answers_no_more_of_the_same(drafts: list[Draft], risk: float, sure: float) -> None:
    kept = [Draft(draft.confidence, False) for draft in drafts]
    less, more = promise(kept, risk, sure), promise(kept, risk, sure + 0.09)
    assert less is not None or more is None
    if less and more:
        assert less.answered >= more.answered


def test_nothing_answered_promises_nothing() -> None:
    assert promise([], 0.5, 0.5) is None
    assert lowest_risk([], 0.9) is None
    assert lowest_risk([Draft(0.9, True)] * 50, 0.9) is None
    assert float(upper(0, 0, 0.9)) == 1.0


def test_so_many_right_ones_are_needed() -> None:
    assert promise([Draft(0.8, False)] * 44, 0.05, 0.9) is None
    found = promise([Draft(0.8, False)] * 45, 0.05, 0.9)
    assert found is not None
    assert (found.threshold, found.answered, found.wrong) == (0.0, 45, 0)


def test_the_threshold_stands_above_the_drafts_that_are_often_wrong() -> None:
    drafts = [Draft(0.9, False)] * 150 + [Draft(0.405, bool(number % 2)) for number in range(100)]
    found = promise(drafts, 0.05, 0.9)
    assert found is not None
    assert (found.threshold, found.answered) == (0.41, 150)
    assert lowest_risk(drafts, 0.9) == 0.03


def test_one_bad_answer_among_the_surest_does_not_end_it() -> None:
    drafts = [Draft(1.0, True)] + [Draft(0.5 + number / 1000, False) for number in range(300)]
    found = promise(drafts, 0.05, 0.9)
    assert found is not None
    assert found.answered == 301


@pytest.mark.parametrize(("risk", "sure", "size"), [(0.05, 0.9, 400), (0.1, 0.9, 150), (0.2, 0.8, 60)])
def test_promises_are_broken_no_oftener_than_they_say(risk: float, sure: float, size: int) -> None:
    """The chance to be wrong is known at each confidence: how often is its mean above the threshold higher?"""
    chance, runs, broken = np.random.default_rng(5), 400, 0
    fine = (np.arange(100_000) + 0.5) / 100_000
    truth = {float(line): float(((1 - fine[fine >= line]) ** 2).mean()) for line in GRID if line < 1}
    for _ in range(runs):
        scores = chance.random(size)
        wrong = chance.random(size) < (1 - scores) ** 2
        found = promise([Draft(*pair) for pair in zip(scores.tolist(), wrong.tolist(), strict=True)], risk, sure)
        broken += found is not None and truth[found.threshold] > risk
    assert 0 < broken <= (1 - sure) * runs + 3 * (sure * (1 - sure) * runs) ** 0.5

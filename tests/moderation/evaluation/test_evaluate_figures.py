"""The arithmetic of the evaluation: shares, gaps, calibration, and what counts as found."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.evaluation.calibration import calibration_table, calibrations, ece, tenths, weighed
from moderation.evaluation.clauses import ALL, clause_figures, group_figures, group_tables
from moderation.evaluation.gaps import Stratum, gap
from moderation.evaluation.harmless import harmless_figures, harmless_tables
from moderation.evaluation.rates import rate
from moderation.policy import CLAUSES
from moderation.types import Ruling
from tests.moderation.evaluating import judged

LINES = dict.fromkeys(CLAUSES, 0.5)
HOLDS, CLEAR = {"abuse": True}, {"abuse": False, "hate": False, "threat": False}


def test_wilsons_interval() -> None:
    none, half = rate(0, 10), rate(5, 10)
    assert (none.share, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(0.2775, abs=1e-4)
    assert half.low == pytest.approx(0.2366, abs=1e-4)
    assert half.high == pytest.approx(0.7634, abs=1e-4)
    assert rate(0, 0).share is None


@given(st.integers(1, 500).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows))))
def test_an_interval_holds_its_share(counts: tuple[int, int]) -> None:
    found = rate(*counts)
    assert found.share is not None
    assert 0 <= found.low <= found.share <= found.high <= 1


def test_shares_are_shown_with_their_interval_when_rows_are_few() -> None:
    assert rate(1, 3).decimal() == "0.33 (0.06-0.79)"
    assert rate(100, 300).decimal() == "0.33"
    assert rate(1, 1000).percent() == "0.10 %"
    assert rate(0, 0).percent() == rate(0, 0).decimal() == rate(0, 0).bare_percent() == "–"


def test_a_gap_compares_within_sources() -> None:
    """The group speaks mostly where much is flagged; within each source it fares as the others do."""
    found = gap("talk", "en", "g", "others", [Stratum(90, 100, 9, 10), Stratum(1, 10, 10, 100)])
    assert found.inside.share == pytest.approx(91 / 110)
    assert found.others.share == pytest.approx(19 / 110)
    assert found.difference is not None
    assert found.difference[0] == pytest.approx(0)
    assert found.ratio is not None
    assert found.ratio[0] == pytest.approx(1)


def test_a_gap_of_one_source_is_the_plain_one() -> None:
    found = gap("talk", "en", "g", "others", [Stratum(20, 100, 10, 100), Stratum(5, 5, 0, 0)])
    assert found.inside.rows == 100
    assert found.difference is not None
    assert found.difference[0] == pytest.approx(0.1)
    assert found.difference[1] == pytest.approx(0.1 - 1.96 * (0.16 / 100 + 0.09 / 100) ** 0.5, abs=2e-3)
    assert found.ratio == pytest.approx((2.0, 0.99, 4.05), abs=0.01)
    assert found.shown()[0].startswith("+10.0 (")


def test_no_gap_where_no_source_holds_both() -> None:
    found = gap("talk", "en", "g", "others", [Stratum(1, 5, 0, 0)])
    assert (found.difference, found.ratio, found.shown()) == (None, None, ("–", "–"))
    assert gap("talk", "en", "g", "others", [Stratum(0, 5, 0, 5)]).ratio is None


def test_calibration_error_of_known_cases() -> None:
    right = np.array([0.2] * 10 + [0.6] * 10), np.array([True] * 2 + [False] * 8 + [True] * 6 + [False] * 4)
    assert ece(*right, np.ones(20)) == pytest.approx(0)
    wrong = np.array([0.9] * 10), np.array([True] * 5 + [False] * 5)
    assert ece(*wrong, np.ones(10)) == pytest.approx(0.4)
    opposite = np.array([0.0, 1.0]), np.array([True, False])
    assert ece(*opposite, np.ones(2)) == pytest.approx(1)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_calibration_error_is_a_share(pairs: list[tuple[float, bool]]) -> None:
    scores, truths = np.array([score for score, _ in pairs]), np.array([truth for _, truth in pairs])
    error = ece(scores, truths, np.ones(len(pairs)))
    assert 0 <= error <= 1 + 1e-9
    assert error >= abs(scores.mean() - truths.mean()) - 1e-9


def test_weights_make_the_declared_share() -> None:
    truths = np.array([True] * 50 + [False] * 50)
    weights = weighed(truths, 0.05)
    assert weights[truths].sum() / weights.sum() == pytest.approx(0.05)
    assert weights.sum() == pytest.approx(100)


def test_scores_right_at_the_declared_share_are_calibrated_in_rows_of_another() -> None:
    """Half of the rows are bad. Scores say what they would mean if a fifth were: 0.2 for a row that tells nothing."""
    items = [judged({"abuse": True}, abuse=0.2)] * 20 + [judged({"abuse": False}, abuse=0.2)] * 20
    (found,) = calibrations(items, {"abuse": 0.2, "hate": 0.2})
    assert (found.rows, found.positives, found.share) == (40, 20, 0.5)
    assert found.ece == pytest.approx(0)
    assert found.ece_unweighted == pytest.approx(0.3)
    assert found.brier == pytest.approx(0.16)
    assert found.skill == pytest.approx(0)
    assert found.ece_unseen is None
    assert calibration_table([found]).rows[0][:6] == ("abuse", "en", "40", "20", "50.0%", "20%")


def test_reliability_leaves_out_tenths_of_few_rows() -> None:
    scores = np.array([0.05] * 30 + [0.95] * 30 + [0.5])
    truths = np.array([False] * 30 + [True] * 27 + [False] * 3 + [True])
    low, high = tenths(scores, truths, np.ones(61))
    assert (low.rows, low.share, high.rows, high.share) == (30, 0.0, 30, 0.9)
    assert low.high == pytest.approx(rate(0, 30).high)


def test_a_clause_is_found_by_its_own_score() -> None:
    items = [
        judged(HOLDS, Ruling.ACT, abuse=0.9),
        judged(HOLDS, Ruling.REVIEW, abuse=0.1, hate=0.9),
        judged({"abuse": False}, Ruling.REVIEW, abuse=0.6),
        judged({"hate": False}, Ruling.REVIEW, abuse=0.9),
    ]
    (found,) = clause_figures(items, LINES)
    assert (found.clause, found.positives, found.reviewed, found.acted) == ("abuse", 2, 1, 1)
    assert (found.precision.hits, found.precision.rows) == (1, 2)
    assert found.recall.share == 0.5
    assert found.f1 == pytest.approx(0.5)


def test_a_group_is_found_by_any_of_its_clauses() -> None:
    items = [
        judged(HOLDS, Ruling.REVIEW, abuse=0.1, hate=0.9, source="a_en"),
        judged(HOLDS, Ruling.REVIEW, spam_ads=0.9, source="b_en"),
        judged(HOLDS, source="b_en"),
        judged(CLEAR, Ruling.REVIEW, threat=0.9),
        judged({"abuse": False}, Ruling.REVIEW, threat=0.9),
    ]
    whole, first, second = group_figures(items, LINES)
    assert (whole.source, whole.found.hits, whole.flagged.hits, whole.found.rows) == (ALL, 1, 2, 3)
    assert whole.precision is not None
    assert (whole.precision.hits, whole.precision.rows) == (1, 2)
    assert whole.f1 == pytest.approx(2 / 5)
    assert (first.source, first.found.hits, second.source, second.found.hits) == ("a_en", 1, "b_en", 0)
    short, long = group_tables([whole, first, second])
    assert (len(short.rows), len(long.rows), short.detail, long.detail) == (1, 2, False, True)


def test_harmless_messages_are_told_apart_by_kind_and_trust() -> None:
    every = dict.fromkeys(CLAUSES, False)
    new = [
        judged(every, Ruling.REVIEW, area="intent"),
        judged(every, area="intent"),
        judged(every, Ruling.ACT, area="own", source="own:talk"),
        judged(CLEAR, Ruling.REVIEW, area="moderation"),
        judged(HOLDS, Ruling.REVIEW),
        judged({"personal_data": False}, Ruling.REVIEW, area="pii"),
    ]
    member = [judged(item.row.truth, area=item.row.area, source=item.row.source) for item in new]
    figures = list(harmless_figures({"new": new, "member": member}))
    whole = {one.kind: one.by_trust for one in figures if one.source == ALL}
    assert {kind: by_trust["new"].flagged.rows for kind, by_trust in whole.items()} == {"talk": 2, "own": 1, "ok": 1}
    assert (whole["talk"]["new"].flagged.share, whole["talk"]["member"].flagged.share) == (0.5, 0.0)
    assert (whole["own"]["new"].acted.share, whole["talk"]["new"].acted.share) == (1.0, 0.0)
    short, _ = harmless_tables(figures)
    assert short.rows[0] == ("honest talk", "en", "2", "50.00 % / 0.00 %", "0.00 % / 0.00 %")

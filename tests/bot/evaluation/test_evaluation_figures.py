"""The figures of questions that were asked, the curve of their confidence, and the promise in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.evaluation.asking import Asked
from bot.evaluation.figures import ALL, Group, confidence, figures, groups, promised
from tests.bot.reading_house import NOWHERE, SILENT, asked, question

WHOLE = Group(house="h", lang=ALL, kind=ALL)
SHARES = (
    "precision", "coverage", "tempted", "handoff", "recall_1", "recall_3", "recall_5", "searched",
    "exact_given", "exact_drafts", "language", "language_cross", "numbers", "stale",
)  # fmt: skip


def test_every_figure_counts_its_own_questions() -> None:
    cross = question(kind="cross", lang="zh", expect=("5%",), answers=())
    pairs = [
        asked(lang="en"),
        asked(right=False, f1=0.2, exact=False, lang="zh", found=("other", "fees"), searched=(), took_ms=30.0),
        asked(0.2, answered=False, why="unsure"),
        asked(**SILENT, question=question(), found=()),
        asked(question=NOWHERE, right=False, f1=None, exact=None, stale=True, numbers_stand=False),
        asked(**SILENT | {"f1": None, "exact": None, "why": "model_failed"}, question=NOWHERE),
        asked(question=cross, f1=None, exact=None, lang="en"),
    ]
    got = figures(Group(house="h", lang=ALL, kind=ALL), pairs)
    shares = {name: (getattr(got, name).hits, getattr(got, name).rows) for name in SHARES}
    assert shares == {
        "precision": (2, 4), "coverage": (3, 5), "tempted": (1, 2), "handoff": (2, 3),
        "recall_1": (3, 5), "recall_3": (4, 5), "recall_5": (4, 5), "searched": (4, 5),
        "exact_given": (1, 2), "exact_drafts": (2, 4),
        "language": (1, 2), "language_cross": (0, 1), "numbers": (3, 4), "stale": (1, 4),
    }  # fmt: skip
    assert (got.questions, got.failed, got.f1_given, got.f1_drafts) == (7, 1, 0.6, 0.55)
    assert (got.median_ms, round(got.p95_ms)) == (10.0, 24)
    assert got.precision.low < 0.5 < got.precision.high


def test_groups_are_a_house_its_languages_and_their_kinds() -> None:
    pairs = [asked(), asked(house="i"), asked(question=question(lang="zh")), asked(question=question(kind="cross"))]
    told = {(group.house, group.lang, group.kind): len(mine) for group, mine in groups(pairs)}
    assert told == {
        ("h", "all", "all"): 3, ("h", "en", "all"): 2, ("h", "en", "fees"): 1, ("h", "en", "cross"): 1,
        ("h", "zh", "all"): 1, ("h", "zh", "fees"): 1,
        ("i", "all", "all"): 1, ("i", "en", "all"): 1, ("i", "en", "fees"): 1,
    }  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=20, max_size=50))
def test_the_curve_answers_ever_more_and_ends_with_all_drafts(drawn: list[tuple[int, bool]]) -> None:
    pairs = [asked(sure / 20, right=ok) for sure, ok in drawn]
    got = confidence(WHOLE, [*pairs, asked(**SILENT)])
    assert got is not None
    assert [point.threshold for point in got.curve] == sorted({one.confidence for one in pairs}, reverse=True)
    assert [point.answered for point in got.curve] == sorted(point.answered for point in got.curve)
    assert got.curve[-1].answered == pytest.approx(len(pairs) / (len(pairs) + 1))
    assert got.curve[-1].wrong == pytest.approx(sum(not one.right for one in pairs) / len(pairs))
    assert 0 <= got.ece <= 1


def test_confidence_is_not_measured_on_few_drafts() -> None:
    assert confidence(WHOLE, [asked()] * 19) is None


def about(document: int, right: bool = True, sure: float = 0.9) -> Asked:
    return asked(sure, question=question(document=str(document)), right=right)


def test_a_promise_is_calibrated_on_one_half_of_the_contexts_and_tried_on_the_other() -> None:
    pairs = [about(document) for document in range(100) for _ in range(2)]
    got = promised(WHOLE, pairs, risk=0.05, sure=0.9, seed=1)
    assert (got.threshold, got.calibrated_on, got.held_back.rows, got.held_back.share) == (0.0, 100, 100, 0.0)
    assert got.sentence() == (
        "With threshold 0.00, at most 5 % of answers are wrong, with 90 % confidence (calibrated on 100 answers); on "
        "questions held back 0 % were wrong, 100 % of the answerable were answered."
    )
    assert promised(WHOLE, pairs, risk=0.05, sure=0.9, seed=1) == got


def test_no_context_is_on_both_sides() -> None:
    pairs = [about(document, right=document > 0) for document in range(60) for _ in range(40)]
    got = promised(WHOLE, pairs, risk=0.2, sure=0.9, seed=3)
    assert got.calibrated_on == 30 * 40
    assert {got.held_back.hits, round(got.calibrated_on * got.bound) > 40} in ({0, True}, {40, False})


def test_where_nothing_can_be_promised_that_is_said() -> None:
    few = promised(WHOLE, [about(document) for document in range(40)], risk=0.05, sure=0.9, seed=1)
    assert (few.threshold, few.held_back.rows) == (None, 0)
    assert few.sentence() == (
        "No threshold promises that at most 5 % of answers are wrong, with 90 % confidence; the lowest risk that can "
        "be promised is 11 %."
    )
    none = promised(WHOLE, [asked(**SILENT)], risk=0.05, sure=0.9, seed=1)
    assert none.lowest is None
    assert "no risk can be promised" in none.sentence()

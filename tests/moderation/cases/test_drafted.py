"""What people made of drafts: which count, what is sent as it stands, and from which confidence on."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from moderation.cases.drafted import drafted
from moderation.cases.quality import figures
from tests.moderation import reviewed
from tests.moderation.reviewed import MONDAY


def test_the_drafts_from_each_confidence_on_are_told_with_what_became_of_them() -> None:
    cases = [
        reviewed.drafted(1, 0.31, "Ask the bank."),
        reviewed.drafted(2, 0.62, "5 coins."),
        reviewed.drafted(3, 0.64, None),
        reviewed.drafted(4, 0.93, "5 coins.", why="training"),
    ]
    rows = {one.confidence: (one.sent.hits, one.sent.rows, one.dismissed) for one in drafted(cases)}
    assert rows == {
        0.0: (2, 3, 1),
        **dict.fromkeys((0.5, 0.55, 0.6), (2, 2, 1)),
        **dict.fromkeys((0.65, 0.7, 0.75, 0.8, 0.85, 0.9), (1, 1, 0)),
    }


@pytest.mark.parametrize(
    ("answer", "is_sent"),
    [
        ("5 coins.", True),
        ("Hello Li,\n5  coins.\nBest, Anna", True),
        ("6 coins.", False),
        ("5 coins", False),
        ("", False),
    ],
)
def test_a_draft_is_sent_when_it_stands_in_the_answer(answer: str, is_sent: bool) -> None:
    [everything] = drafted([reviewed.drafted(1, 0.4, answer)])
    assert everything.sent.share == float(is_sent)


def test_what_was_never_to_be_sent_does_not_count() -> None:
    bare = reviewed.drafted(1, 0.0, "5 coins.")
    silent = bare.model_copy(update={"reply": None})
    for case in (*(reviewed.drafted(2, 0.9, "5 coins.", why=why) for why in ("unfit", "asked_for_a_person")), silent):
        assert drafted([case]) == ()
    assert drafted([reviewed.decided(reviewed.opened(3))]) == ()


def test_the_quality_of_a_time_holds_the_drafts_decided_in_it() -> None:
    cases = [reviewed.drafted(1, 0.7, "5 coins."), reviewed.drafted(2, 0.7, "5 coins.", at=MONDAY - timedelta(days=1))]
    found = figures(cases, since=MONDAY, until=MONDAY + timedelta(days=1), zone=ZoneInfo("UTC"))
    assert [(one.confidence, one.sent.rows) for one in found.drafted] == [
        (step, 1) for step in (0.0, 0.5, 0.55, 0.6, 0.65, 0.7)
    ]

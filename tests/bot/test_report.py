"""The operator's line: what became of a message and why, and what a policy in shadow makes of it."""

from __future__ import annotations

import pytest

from bot.outcome import Outcome
from bot.report import line
from moderation.types import Author, Message, Place, Ruling, Verdict

MESSAGE = Message(
    id="m1", place=Place(platform="web", community="sample", channel="help"), author=Author(id="li"), text="secret"
)


@pytest.mark.parametrize(
    ("shadow", "told"),
    [
        (Verdict(ruling=Ruling.ACT, clause="hate"), "(policy in shadow: act hate)"),
        (Verdict(ruling=Ruling.ALLOW), "(policy in shadow: allow)"),
        (Verdict(ruling=Ruling.REVIEW, clause="abuse", score=0.6), None),
        (None, None),
    ],
)
def test_a_shadow_is_told_of_where_it_differs(shadow: Verdict | None, told: str | None) -> None:
    verdict = Verdict(ruling=Ruling.REVIEW, clause="abuse", score=0.5)
    shown = line(MESSAGE, Outcome("escalated", verdict=verdict, shadow=shadow)).plain
    assert "abuse 0.50" in shown
    assert "secret" not in shown
    assert (told in shown) if told else ("shadow" not in shown)

"""The operator's line: what became of a message and why, and what a policy in shadow makes of it."""

from __future__ import annotations

from io import StringIO

import pytest
from prometheus_client import REGISTRY
from rich.console import Console

from bot.outcome import Outcome
from bot.report import ScreenReport, line
from moderation.types import Author, Message, Place, Reply, Ruling, Verdict

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


def test_the_time_to_the_first_token_is_shown_and_measured_where_it_is_known() -> None:
    def measured() -> float:
        return REGISTRY.get_sample_value("xiaoer_first_token_seconds_sum") or 0.0

    screen = ScreenReport(Console(file=StringIO()))
    before = measured()
    screen.told(MESSAGE, Outcome("answered", reply=Reply(text="T+7", took_ms=900, first_ms=250)))
    assert measured() - before == pytest.approx(0.25)
    screen.told(MESSAGE, Outcome("answered", reply=Reply(text="T+7", took_ms=900)))
    assert measured() - before == pytest.approx(0.25)
    shown = line(MESSAGE, Outcome("answered", reply=Reply(took_ms=900, first_ms=250))).plain
    assert "900 ms, first token 250 ms" in shown

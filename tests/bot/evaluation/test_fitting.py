"""The confidence fitted to drafts that were right or not: what it learns, from whose questions, and what it refuses."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from bot.answering.confidence import Signs
from bot.evaluation.asking import Labelled
from bot.evaluation.figures import calibrating
from bot.evaluation.fitting import FEWEST, FitError, fit, readings, write
from bot.evaluation.houses import SET_HOUSE, SHOPS_HOUSE
from bot.evaluation.report import Report
from tests.bot.reading_house import asked, question

NOTHING = Signs(*[0.0] * len(Signs._fields))


def drafts(count: int) -> list[Labelled]:
    """Drafts whose `says` tells right from wrong, while their `score` tells nothing."""
    rng = random.Random(0)
    truths = [number % 2 == 0 for number in range(count)]
    return [
        Labelled(NOTHING._replace(says=rng.gauss(2 if truth else -2, 1), score=rng.gauss(3, 1)), truth)
        for truth in truths
    ]


def test_it_learns_which_sign_tells_and_writes_it_by_name(tmp_path: Path) -> None:
    learnt = fit(drafts(4 * FEWEST))
    write(learnt, tmp_path / "confidence.json")
    held = json.loads((tmp_path / "confidence.json").read_text("utf-8"))
    assert tuple(held["weights"]) == Signs._fields
    assert held["weights"]["says"] > 1 > 0.5 > abs(held["weights"]["score"])
    assert held["weights"]["first"] == 0
    assert held["bias"] == pytest.approx(learnt.bias, abs=1e-4)


@pytest.mark.parametrize("few", [[], drafts(2 * FEWEST - 2), [Labelled(NOTHING, True)] * 4 * FEWEST])
def test_too_few_drafts_of_either_kind_teach_nothing(few: list[Labelled]) -> None:
    with pytest.raises(FitError, match="larger --sample"):
        fit(few)


def test_it_is_fitted_to_half_of_our_own_houses_and_never_to_another() -> None:
    draft = Labelled(NOTHING, True)
    every = [
        asked(house=house, question=question(document=f"{house} {number}"), drafts=(draft, draft))
        for house in (SET_HOUSE, SHOPS_HOUSE, "lanes")
        for number in range(10)
    ]
    report = cast("Report", SimpleNamespace(asked=tuple(every)))
    halves = [calibrating([one for one in every if one.house == house], 3) for house in (SET_HOUSE, SHOPS_HOUSE)]
    assert len(readings(report, 3)) == 2 * sum(map(len, halves)) == 20

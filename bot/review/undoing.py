"""The way back: a decision's effects are undone, its strike goes, the member is told. One case, or all of a rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bot.review.effects import marked, taking_back
from bot.stream import saying
from moderation.cases import reversing
from moderation.cases.copies import parts
from moderation.cases.undoing import Reversals
from moderation.keys import Write
from moderation.types import Case, Decision, Enforce, Say


class Undone(NamedTuple):
    """What takes a decision back: for the edges, and for the books."""

    effects: tuple[Say | Enforce, ...]
    writes: tuple[Write, ...]

    @property
    def all(self) -> tuple[Write, ...]:
        """Everything as writes; the effects come last, when what they speak of is on record."""
        return (*self.writes, *map(saying, self.effects))


async def undone(reversals: Reversals, case: Case, back: Decision) -> Undone:
    """What takes this case's decision back, for the authors of copies too. What else holds a member goes on holding."""
    effects: list[Say | Enforce] = []
    for part in parts(case):
        if part.first:
            effects += marked(taking_back(part.case, await reversals.standing(part.case)), part)
    return Undone(tuple(effects), tuple(reversing(case, back)))


async def undo_all(
    reversals: Reversals, cases: Sequence[Case], back: Decision, told: Callable[[float], None] | None = None
) -> int:
    """Take these cases' decisions back, each in one transaction, and tell how many that were not yet.

    `back` says who does it and when; `told` hears which fraction of [0, 1] is done. To begin again after a crash is to
    go on.
    """
    done = 0
    for number, case in enumerate(cases, 1):
        reversal = back.model_copy(update={"case": case.id})
        done += await reversals.perform(case, (await undone(reversals, case, reversal)).all)
        if told:
            told(number / len(cases))
    return done

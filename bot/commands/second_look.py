"""`/second`: a settled case for a blind second look."""

from __future__ import annotations

from collections.abc import Mapping

from bot.commands.call import Call, Carry, Reach
from bot.outcome import Outcome
from bot.review.second import SecondDesk
from bot.words import words


async def second(reach: Reach, call: Call) -> Outcome:
    """A case to decide once more as if nobody had; the next one as soon as this one is answered."""
    shown = await SecondDesk(reach.books, reach.bench).next(call.community.name, call.by, call.lang)
    if shown is None:
        return call.told(words(call.lang)("second.none"))
    return call.told(shown.text, buttons=shown.buttons)


CARRY: Mapping[str, Carry] = {"second": second}

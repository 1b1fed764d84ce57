"""The witness as a reader among others, for the figures of `xiaoer evaluate answer`."""

from __future__ import annotations

import math

from bot.lm.evaluate import Reads, Row
from bot.lm.types import Completion
from bot.witness.pieces import leaning
from bot.witness.witness import Mark, Reader, Titled


def completion(mark: Mark) -> Completion:
    """A mark as what a language model would have said: it refuses as far as the passage does not answer."""
    return Completion(mark.text, math.log(max(mark.sure, 1e-9)), 0, 1 - mark.says)


def alone(witness: Reader) -> Reads:
    """The witness as a reader of one row's passage."""

    async def read(row: Row) -> Completion:
        asked = leaning(row.ask.question, row.ask.earlier)
        (mark,) = await witness.read(asked, [Titled(row.reading.passage, row.reading.title)])
        return completion(mark)

    return read

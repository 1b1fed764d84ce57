"""How a quotation is told in a chat: with the whole of the sentence that it stands in.

"7 days" alone is right only for the one who knows which seven days; a sentence says it, and can be checked. Whoever
asks for two things is told two sentences, and a step comes with all of its steps.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate, groupby

from bot.knowledge.sentences import sentences, statements

LONG = {"zh": 160, "en": 360}
"""Characters beyond which a sentence, or a list of steps, is too long for a chat."""

_STEP = re.compile(r"\s*\d{1,2}(?:[.)]\s+|、\s*)\S")
_BULLET = re.compile(r"^(?:[-*+•·–]\s*|\d{1,2}(?:[.)]\s+|、\s*))")
_CJK = re.compile(r"[\u3400-\u9fff]")


def held_by(quotation: str, passage: str, parts: Callable[[str], list[str]] = sentences) -> str:
    """The parts of the passage that hold a quotation, as they stand there; "" when it stands nowhere."""
    at = passage.find(quotation) if quotation else -1
    if at < 0:
        return ""
    found = parts(passage)
    begins = list(accumulate(map(len, found), initial=0))
    first, last = (bisect_right(begins, place) - 1 for place in (at, at + len(quotation) - 1))
    return passage[begins[first] : begins[last + 1]].strip()


def told(quotation: str, passage: str) -> str:
    """The quotation as an answer in a chat: all steps where it is one of several, or its statement, or its sentence
    when that is too long, or it alone. Of one in several lines that stand apart, each is told.

    >>> told("7 days", "- Payouts take 7 days. Refunds are faster.")
    'Payouts take 7 days.'
    >>> told("5%", "Goods: Shoes; Fee: 5%\\nGoods: Hats; Fee: 6%")
    'Goods: Shoes; Fee: 5%'
    >>> told("7 days\\n2%", "Payouts take 7 days. They are daily. The fee is 2%.")
    'Payouts take 7 days.\\nThe fee is 2%.'
    """
    apart = quotation.split("\n") if quotation not in passage else []
    if len(apart) > 1:
        return "\n".join(dict.fromkeys(told(one, passage) for one in apart))
    if (steps := _steps(quotation, passage)) and _short(steps):
        return steps
    for parts in (statements, sentences):
        if (held := held_by(quotation, passage, parts)) and _short(held):
            return held if "\n" in held else unbulleted(held)
    return quotation


def _steps(quotation: str, passage: str) -> str:
    """The numbered list that a quotation stands in; "" when it stands in none of two steps or more."""
    for numbered, run in groupby(passage.split("\n"), key=lambda line: bool(_STEP.match(line))):
        steps = list(run)
        if numbered and len(steps) > 1 and any(quotation in step for step in steps):
            return "\n".join(step.strip() for step in steps)
    return ""


def _short(text: str) -> bool:
    return len(text) <= LONG["zh" if _CJK.search(text) else "en"]


def unbulleted(line: str) -> str:
    """A line without the sign of its list."""
    return _BULLET.sub("", line)

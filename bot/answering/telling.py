"""How a quotation is told in a chat: with the whole of the sentence that it stands in.

"7 days" alone is right only for the one who knows which seven days; a sentence says it, and can be checked.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate

from bot.knowledge.sentences import sentences, statements

LONG = {"zh": 160, "en": 360}
"""Characters beyond which a sentence is too long for a chat."""

_BULLET = re.compile(r"^(?:[-*+•·–]\s*|\d{1,2}[.)、]\s+)")
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
    """The quotation as an answer in a chat: its statement, or its sentence when that is too long, or it alone.

    >>> told("7 days", "- Payouts take 7 days. Refunds are faster.")
    'Payouts take 7 days.'
    >>> told("5%", "Goods: Shoes; Fee: 5%\\nGoods: Hats; Fee: 6%")
    'Goods: Shoes; Fee: 5%'
    """
    for parts in (statements, sentences):
        held = held_by(quotation, passage, parts)
        if held and len(held) <= LONG["zh" if _CJK.search(held) else "en"]:
            return held if "\n" in held else unbulleted(held)
    return quotation


def unbulleted(line: str) -> str:
    """A line without the sign of its list."""
    return _BULLET.sub("", line)

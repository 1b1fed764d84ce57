"""Where a case stands in the queue: a time of its own, fixed once, so that waiting counts by itself.

A case's place is the time at which it opened, less the hours of advance that it is given for what it is about. The
lower number comes first: an urgent case overtakes all that opened within its advance, and one that has waited that much
longer is never overtaken. Nothing is to be computed anew as time passes.
"""

from __future__ import annotations

import math

from moderation.types import Case

SEVERITY_H = 12.0
"""Hours that each step of severity is worth: a threat (5) goes before advertising (1) of up to two days ago."""
REACH_H = 3.0
"""Hours for each doubling of those concerned, who are the message itself, its copies and its reporters: 7 reports are
worth 9 hours. The first few say the most, and a crowd that reports at will cannot buy the head of the queue."""
STRIKE_H = 1.0
"""Hours for each strike that the member had: among like cases those of repeat offenders come first."""
STRIKES_COUNTED = 6
"""Strikes beyond these say nothing new."""


def urgency(case: Case) -> float:
    """The case's score in the queue, in seconds; the lowest comes first. It does not depend on the present time."""
    reach = len(case.copies) + len(case.reporters)
    return round(base(case) - 3600 * (SEVERITY_H * case.severity + REACH_H * math.log2(1 + reach)), 3)


def base(case: Case) -> float:
    """The part of the score that nothing changes any more; `rescore.lua` adds severity and reach."""
    return case.opened_at.timestamp() - 3600 * STRIKE_H * min(case.strikes, STRIKES_COUNTED)

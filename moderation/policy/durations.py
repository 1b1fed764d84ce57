"""Lengths of time as a policy writes them: `90s`, `15m`, `4h`, `2d`."""

from __future__ import annotations

from typing import Annotated

import re2
from pydantic import BeforeValidator, PlainSerializer

from moderation.policy.words import Unfit

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
SHORTEST, LONGEST = 60, 7 * 86400
"""Seconds: people cannot answer sooner than within a minute, and a case is not left for longer than a week."""

_SPELLED = re2.compile(r"^(\d{1,7})([smhd])$")


def parse_duration(value: object) -> int:
    """`15m` in seconds; raises ValueError for what is no length of time, or outside of 1m to 7d."""
    found = _SPELLED.search(value) if isinstance(value, str) else None
    if not found:
        raise Unfit("duration_unknown", given=str(value))
    seconds = int(found.group(1)) * UNITS[found.group(2)]
    if not SHORTEST <= seconds <= LONGEST:
        raise Unfit("duration_length", given=str(value))
    return seconds


def spelled(seconds: int) -> str:
    """Seconds as a policy writes them, in the largest unit that fits."""
    unit = next(unit for unit in reversed(UNITS) if seconds % UNITS[unit] == 0)
    return f"{seconds // UNITS[unit]}{unit}"


Duration = Annotated[int, BeforeValidator(parse_duration), PlainSerializer(spelled, return_type=str)]
"""Seconds, written as `15m`."""

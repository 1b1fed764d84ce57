"""How far back: a length of time as an operator types it."""

from __future__ import annotations

import re
from datetime import timedelta

from moderation.errors import XiaoerError

HOURS = {"h": 1, "d": 24, "w": 24 * 7}


def to_span(since: str) -> timedelta:
    """`30d` as a length of time. Raises XiaoerError for what is none."""
    match = re.fullmatch(r"(\d{1,4})([hdw])", since)
    if not match or not int(match[1]):
        raise XiaoerError(f"--since {since}: write a number and h, d or w, such as 12h, 30d or 2w")
    return timedelta(hours=int(match[1]) * HOURS[match[2]])

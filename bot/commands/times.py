"""Times as people type them: 30m, 2h, 1d, 09:30, tomorrow, and 半小时, 2小时, 明天 9:30."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo
from typing import Final

import re2

MORNING = time(9)
"""What a day without a time of day means."""
LONGEST = timedelta(days=90)

_UNITS: Final = {
    **dict.fromkeys(("m", "min", "分", "分钟"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "小时", "个小时"), timedelta(hours=1)),
    **dict.fromkeys(("d", "天"), timedelta(days=1)),
}
_LENGTH = re2.compile(r"^(\d{1,5})\s*([a-z]+|\p{Han}+)$")
_CLOCK = re2.compile(r"^(tomorrow|明天|今天|today)?\s*(?:(\d{1,2})[:：]([0-5]\d))?$")
_TOMORROW = ("tomorrow", "明天")


def length(typed: str) -> timedelta | None:
    """`30m` as a length of time, or None."""
    found = _LENGTH.search(typed.strip().casefold())
    unit = _UNITS.get(found.group(2)) if found else None
    return int(found.group(1)) * unit if found and unit else None


def until(typed: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The time that is meant, after `now` and within 90 days; None for anything else.

    A time of day is the next one in the zone; `tomorrow` alone is nine o'clock.
    """
    lasts = length(typed)
    at = now + min(lasts, LONGEST * 2) if lasts is not None else _by_clock(typed, now.astimezone(zone))
    return at if at and now < at <= now + LONGEST else None


def _by_clock(typed: str, now: datetime) -> datetime | None:
    found = _CLOCK.search(typed.strip().casefold())
    if not found or not found.group():
        return None
    day, hour, minute = found.groups()
    if hour and int(hour) > 23:
        return None
    if not hour and day not in _TOMORROW:
        return None
    clock = time(int(hour), int(minute)) if hour else MORNING
    date = now.date() + timedelta(days=day in _TOMORROW)
    at = datetime.combine(date, clock, now.tzinfo)
    return at + timedelta(days=1) if not day and at <= now else at

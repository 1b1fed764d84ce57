"""How people look at cases: when they work, how soon they decide, and who looks twice. `[review]` of a policy."""

from __future__ import annotations

from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

import re2
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from moderation.policy.durations import Duration
from moderation.policy.faults import did_you_mean
from moderation.policy.words import Fault, Unfit
from moderation.types import ENFORCING, Action, CaseKind, Noun

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY_M, SHORTEST_M = 24 * 60, 60
"""Minutes of a day, and of the shortest hours that people keep."""
RESPOND = {5: 900, 4: 3600, 3: 4 * 3600, 2: 8 * 3600, 1: 24 * 3600}
"""Seconds until a decision is due, for severities of which a policy says nothing."""

_HOURS = re2.compile(r"^([A-Z][a-z]{2})(?:-([A-Z][a-z]{2}))? ([0-2]\d):([0-5]\d)-([0-2]\d):([0-5]\d)$")


class Hours(Noun):
    """When people work on some days: `days` from 0, Monday, to 6; from `opens` to `closes` in minutes of the day."""

    days: tuple[int, ...]
    opens: int
    closes: int

    def __str__(self) -> str:
        first, last = DAYS[self.days[0]], DAYS[self.days[-1]]
        days = first if len(self.days) == 1 else f"{first}-{last}"
        return f"{days} {_clock(self.opens)}-{_clock(self.closes)}"


def parse_hours(value: object) -> object:
    """`Mon-Fri 09:00-18:00` as Hours; raises ValueError for anything else that is written."""
    if not isinstance(value, str):
        return value
    found = _HOURS.search(value)
    if not found or found.group(1) not in DAYS or (found.group(2) or "Mon") not in DAYS:
        raise Unfit("hours_unknown", given=value)
    first = DAYS.index(found.group(1))
    more = (DAYS.index(found.group(2) or found.group(1)) - first) % 7
    opens, closes = (int(found.group(part)) * 60 + int(found.group(part + 1)) for part in (3, 5))
    if opens + SHORTEST_M > closes or closes > DAY_M:
        raise Unfit("hours_length", given=value)
    return Hours(days=tuple((first + day) % 7 for day in range(more + 1)), opens=opens, closes=closes)


def known_zone(name: str) -> str:
    """Raises ValueError for a time zone that the IANA does not know."""
    if name not in _zones():
        raise Unfit("zone_unknown", given=name, mend=did_you_mean(name, _zones()) or Fault("zone_such_as"))
    return name


def known_step(action: Action) -> Action:
    """Raises ValueError for what does nothing about a member."""
    if action not in ENFORCING:
        raise Unfit("step_for_one", given=action, choices=", ".join(ENFORCING))
    return action


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _filled(respond: dict[int, int]) -> dict[int, int]:
    return RESPOND | respond


Written = Annotated[Hours, BeforeValidator(parse_hours), PlainSerializer(str, return_type=str)]
"""Hours, written as `Mon-Fri 09:00-18:00`."""
Respond = Annotated[dict[Annotated[int, Field(ge=1, le=5)], Duration], AfterValidator(_filled)]
"""Seconds until a decision is due, by severity."""


class ReviewRules(Noun):
    """When people work, within how long they decide, who is told that they are late, and what needs two of them.

    No `hours` are all hours. From the severity `around_the_clock_from` on the clock runs outside of them too.
    """

    zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    hours: Annotated[tuple[Written, ...], BeforeValidator(_listed)] = ()
    respond: Respond = Field(default_factory=lambda: dict(RESPOND))
    respond_handoff: Duration = 4 * 3600
    respond_appeal: Duration = 24 * 3600
    around_the_clock_from: int = Field(default=5, ge=1, le=6)
    again: Duration = 900
    four_eyes: tuple[Annotated[Action, AfterValidator(known_step)], ...] = ("ban",)
    second_look: float = Field(default=0.05, ge=0, le=1)

    @property
    def local(self) -> ZoneInfo:
        """The zone in which the hours are told."""
        return ZoneInfo(self.zone)

    def within(self, kind: CaseKind, severity: int, own: int | None = None) -> int:
        """Seconds until a decision is due; `own` are those of the clause itself, None where it says nothing."""
        match kind:
            case "handoff":
                return self.respond_handoff
            case "appeal":
                return self.respond_appeal
            case "moderation":
                return own or self.respond[severity]

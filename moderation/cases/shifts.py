"""How many people are needed in which hour of the week, from what came in so far.

Arrivals are taken as a Poisson stream: the interval of an hour's mean is Garwood's exact one (F. Garwood, "Fiducial
limits for the Poisson distribution", Biometrika 28 (1936), 437-442). People are those with whom enough cases are begun
in time by Erlang's C formula for a queue with so many servers (N. Gans, G. Koole and A. Mandelbaum, "Telephone call
centers: tutorial, review, and research prospects", Manufacturing & Service Operations Management 5 (2003), 79-141).
Campaigns come in bursts that no such forecast knows: plan with `people_high`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.special import gammaincinv

from moderation.cases.quality import Quality
from moderation.cases.workload import Arrivals

SERVED = 0.9
"""The part of the cases that is to be begun early enough."""
HANDLING_S = 120.0
"""Seconds of work on a case where no case tells."""
GRANTED_S = 3600.0
"""Seconds to the due time where no case tells."""


class Shift(NamedTuple):
    """One hour of the week (`weekday` from 0, Monday): cases expected in it, their 95 % interval, and the people
    needed for the mean and for the interval's upper end."""

    weekday: int
    hour: int
    expected: float
    low: float
    high: float
    people: int
    people_high: int


def forecast(quality: Quality) -> tuple[Shift, ...]:
    """Every hour of the week that the figures know, in order."""
    work_s = max(quality.handling_s or HANDLING_S, 1.0)
    wait_s = max((quality.granted_s or GRANTED_S) - work_s, 0.0)
    return tuple(_shift(one, work_s, wait_s) for one in quality.arrivals if one.weeks)


def people_needed(per_hour: float, work_s: float, wait_s: float) -> int:
    """The fewest people with whom SERVED of the cases wait no longer than `wait_s`; none where nothing comes."""
    if per_hour <= 0:
        return 0
    load = per_hour * work_s / 3600
    people = math.floor(load) + 1  # with fewer, the queue grows without end
    while _waits_longer(people, load, wait_s / work_s) > 1 - SERVED:
        people += 1
    return people


def _shift(one: Arrivals, work_s: float, wait_s: float) -> Shift:
    low = float(gammaincinv(one.cases, 0.025)) / one.weeks if one.cases else 0.0
    high = float(gammaincinv(one.cases + 1, 0.975)) / one.weeks
    mean, planned = one.cases / one.weeks, high if one.cases else 0.0  # nobody sits through hours that stay empty
    needed = people_needed(mean, work_s, wait_s), people_needed(planned, work_s, wait_s)
    return Shift(one.weekday, one.hour, mean, low, high, *needed)


def _waits_longer(people: int, load: float, works: float) -> float:
    """The part of the cases that waits longer than `works` times the work on one; `load` is below `people`."""
    blocked = 1.0
    for number in range(1, people + 1):
        blocked = load * blocked / (number + load * blocked)
    busy = load / people
    waits = blocked / (1 - busy * (1 - blocked))
    return waits * math.exp(-(people - load) * works)

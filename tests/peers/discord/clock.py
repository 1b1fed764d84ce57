"""The time of the Discord peer, which a test may set forward, and the ids that are made of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH_MS = 1_420_070_400_000
"""The first millisecond of Discord's ids: 2015-01-01 UTC."""


class Clock:
    """The real time and what tests added to it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, seconds: float) -> None:
        """Lets that much time pass at once."""
        self.ahead += timedelta(seconds=seconds)


class Snowflakes:
    """Ids that rise with time; those of one millisecond are counted in the lower bits."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.last_ms = 0
        self.count = 0

    def next(self) -> str:
        return self._made(max(self.last_ms, milliseconds(self.clock.now())))

    def apart(self) -> str:
        """An id with a millisecond of its own, by which guilds are spread over shards one after the other."""
        return self._made(max(self.last_ms + 1, milliseconds(self.clock.now())))

    def at(self, when: datetime) -> str:
        """An id of another time."""
        self.count += 1
        return str(milliseconds(when) << 22 | self.count)

    def _made(self, at_ms: int) -> str:
        self.count = self.count + 1 if at_ms == self.last_ms else 0
        self.last_ms = at_ms
        return str(at_ms << 22 | self.count)


def milliseconds(when: datetime) -> int:
    """Since Discord's epoch."""
    return int(when.timestamp() * 1000) - EPOCH_MS


def born(snowflake: str) -> datetime:
    """When an id was made."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + EPOCH_MS) / 1000, UTC)

"""Chat platforms. Each adapter turns what it hears into messages, and performs effects; it decides nothing."""

from __future__ import annotations

from typing import Protocol

from moderation.types import Enforce, Say


class Adapter(Protocol):
    """A chat platform. After a crash an effect may arrive twice: its `id` tells, and the second changes nothing."""

    platform: str

    async def run(self) -> None:
        """Listen to the platform until cancelled."""
        ...

    async def say(self, effect: Say) -> None:
        """Put words into a chat."""
        ...

    async def enforce(self, effect: Enforce) -> None:
        """Act on a message or a member."""
        ...

"""Plays recorded messages through the whole path, on a server of its own, and accounts for every one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from bot.outcome import Outcome
from bot.stream import Streams
from moderation.types import Enforce, Message, Say

UNFINISHED = frozenset({"asked"})
"""Fates that another one follows."""


class Account(NamedTuple):
    """What became of one recorded message; `outcome` is None when nothing did, which is a fault."""

    message: Message
    outcome: Outcome | None

    @property
    def fate(self) -> str:
        return self.outcome.fate if self.outcome else "lost"


class Replay:
    """An adapter whose members are a recording. It collects the effects and the fates."""

    platform = "replay"

    def __init__(self, streams: Streams, community: str, recording: Sequence[Message], speed: float) -> None:
        self._streams = streams
        self._recording = [_moved(message, community) for message in recording]
        self._speed = speed
        self._fates: dict[str, Outcome] = {}
        self._news = asyncio.Event()
        self.effects: list[Say | Enforce] = []

    async def run(self) -> None:
        """Put the messages, with their own pauses divided by `speed` (0 leaves no pauses)."""
        previous = None
        for message in self._recording:
            if previous and self._speed:
                await asyncio.sleep(max(0.0, (message.sent_at - previous).total_seconds()) / self._speed)
            previous = message.sent_at
            await self._streams.put(message)

    async def say(self, effect: Say) -> None:
        """Keep the effect."""
        self.effects.append(effect)

    async def enforce(self, effect: Enforce) -> None:
        """Keep the effect."""
        self.effects.append(effect)

    def told(self, message: Message, outcome: Outcome) -> None:
        """Hear from the worker what became of a message. An answer's outcome replaces that of its question."""
        before = self._fates.get(message.key)
        if before is None or before.fate in UNFINISHED:
            self._fates[message.key] = outcome
        self._news.set()

    @property
    def done(self) -> int:
        """Messages whose fate is final."""
        return sum(outcome.fate not in UNFINISHED for outcome in self._fates.values())

    async def finished(self, patience_s: float) -> list[Account]:
        """Wait until every message has its final fate, or nothing has happened for `patience_s` seconds."""
        while self.done < len({message.key for message in self._recording}):
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), patience_s)
            except TimeoutError:
                break
        return [Account(message, self._fates.get(message.key)) for message in self._recording]


def _moved(message: Message, community: str) -> Message:
    """The message as if it were said in the replay's own community."""
    place = message.place.model_copy(update={"platform": Replay.platform, "community": community})
    return message.model_copy(update={"place": place})

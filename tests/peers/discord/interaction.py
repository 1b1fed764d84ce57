"""One interaction of the Discord peer, as the person who started it sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from tests.peers.discord.nouns import Channel, Message, Person

Told = TypeVar("Told")
LONGEST_S = 60
"""How long a test waits for the bot before it fails."""


@dataclass(eq=False)
class Interaction:
    """`kind` is Discord's (2 command, 3 component, 4 autocomplete, 5 modal), `acknowledged_as` the first answer's type.

    `original` is the message that @original names; `answers` are the messages that the person got or saw changed, in
    order; `offered` are the choices of an autocomplete, `modal` the form that was opened.
    """

    id: str
    token: str
    kind: int
    channel: Channel
    person: Person
    lang: str
    at: datetime
    source: Message | None = None
    name: str = ""
    acknowledged_as: int | None = None
    original: Message | None = None
    answers: list[Message] = field(default_factory=list)
    offered: list[dict[str, Any]] | None = None
    modal: dict[str, Any] | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def acknowledged(self) -> int:
        """The type of the bot's first answer: 4 message, 5 thinking, 6 later, 7 update, 8 choices, 9 modal."""
        return await self._until(lambda: self.acknowledged_as)

    async def reply(self, at: int = 0) -> Message:
        """The first message that it brought (or the next ones), once its words are there."""
        return await self._until(lambda: self.answers[at] if len(self.answers) > at else None)

    async def choices(self) -> list[dict[str, Any]]:
        """What an autocomplete offers: names and values."""
        return await self._until(lambda: self.offered)

    async def form(self) -> dict[str, Any]:
        """The modal that was opened."""
        return await self._until(lambda: self.modal)

    async def _until(self, told: Callable[[], Told | None]) -> Told:
        """Raises TimeoutError if the bot stays silent."""
        async with asyncio.timeout(LONGEST_S):
            while (found := told()) is None:
                self.news.clear()
                await self.news.wait()
        return found

"""The terminal as a chat: what you type is a member's message or a vote on the last answer, and effects are printed."""

from __future__ import annotations

import asyncio
import sys
import threading
import uuid
from collections.abc import Awaitable, Callable

from rich.console import Console
from rich.text import Text

from bot.knowledge.documents import guess_lang
from bot.words import words
from moderation.types import Author, Choice, Enforce, Lang, Message, Place, Say, Vote

PLATFORM = "terminal"
VOTES: dict[str, Choice] = {"/up": "up", "/down": "down", "/person": "person"}
"""Commands that stand for the buttons under the last answer."""


def to_message(line: str, place: Place, name: str) -> Message:
    """A typed line as a message to the bot."""
    return Message(id=uuid.uuid4().hex, place=place, author=Author(id=name, name=name), text=line, addressed=True)


class TerminalChat:
    """One member in one channel. `run` ends when the input does."""

    platform = PLATFORM

    def __init__(
        self,
        put: Callable[[Message], Awaitable[bool]],
        vote: Callable[[Vote], Awaitable[None]],
        place: Place,
        name: str,
        console: Console,
    ) -> None:
        self._put = put
        self._vote = vote
        self._place = place
        self._name = name
        self._console = console
        self._answer = ""  # the last one that may be voted on
        self._lang: Lang = "en"  # the member's, as far as it was heard
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()

    async def run(self) -> None:
        """Read lines until the input ends."""
        loop = asyncio.get_running_loop()
        # A daemon, because a blocked read of the terminal cannot be cancelled and must not hold up the exit.
        threading.Thread(target=self._read, args=(loop,), daemon=True, name="terminal").start()
        while (line := await self._lines.get()) is not None:
            if line.strip():
                await self.hear(line.strip())

    async def hear(self, line: str) -> None:
        """Take a typed line, as a message or a vote."""
        if choice := VOTES.get(line):
            await self._rate(choice)
            return
        self._lang = guess_lang(line)
        await self._put(to_message(line, self._place, self._name))

    async def _rate(self, choice: Choice) -> None:
        said = words(self._lang)
        if not self._answer:
            self._console.print(Text(said("say.nothing_to_rate"), "dim"))
            return
        name, community = self._name, self._place.community
        await self._vote(Vote(community=community, answer=self._answer, member=name, name=name, choice=choice))
        self._console.print(Text(said("say.voted"), "dim"))

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(self._lines.put_nowait, line)
        loop.call_soon_threadsafe(self._lines.put_nowait, None)

    async def say(self, effect: Say) -> None:
        """Print the words with their sources; nothing in them is taken for markup."""
        self._console.print(Text("小二 ", "bold green") + Text(effect.text))
        for passage in effect.passages:
            self._console.print(Text(f"     {passage.title}", "dim"))
        if effect.votable:
            self._answer = effect.id
            self._console.print(Text(f"     {' '.join(VOTES)}", "dim"))

    async def enforce(self, effect: Enforce) -> None:
        """Print what would happen to the message or the member."""
        self._console.print(Text(f"     [{effect.action}] {effect.reason}", "red"))

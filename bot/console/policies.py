"""The policy: its text to edit, what a change would do to the past, and the versions with their way back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.app import classifier
from bot.console.face import Face
from bot.console.gate import Page, visitor
from bot.console.rooms import Rooms
from bot.past import archived
from bot.web.guard import trusted_form
from bot.web.pages import spoken
from bot.words import Words
from moderation.judging.judge import Judge
from moderation.policy import Policy, PolicyError, parse
from moderation.policy.backtest import Backtest, Past
from moderation.policy.book import FILE
from moderation.policy.changes import changes
from moderation.policy.comparison import Report
from moderation.policy.proof import Again, ProofBook, repeated
from moderation.policy.words import Fault, worded

WHERE = "policy"
"""What the edited text is called in faults."""
BACK = timedelta(days=30)
MESSAGES = 3000
"""Messages of the archive that a trial on the page judges: half a minute at most. The command line takes them all."""
_LINE = re.compile(r":(\d+)$")


class Wrong(NamedTuple):
    """A fault for people: the line of the text, 0 where it has none, and the words."""

    line: int
    words: str


class PolicyPages:
    """Each method answers one route."""

    def __init__(self, rooms: Rooms, face: Face) -> None:
        self._rooms = rooms
        self._book = rooms.books.policies
        self._face = face

    def pages(self) -> list[Page]:
        return [
            Page("/policy", self.policy, "admin", menu="policy"),
            Page("/policy", self.edit, "admin", ("POST",)),
            Page("/policy/back", self.back, "admin", ("POST",)),
        ]

    async def policy(self, request: Request) -> Response:
        """The text that is in force, and the versions."""
        return await self._show(request, await self._text(visitor(request).community))

    async def edit(self, request: Request) -> Response:
        """Try an edited text, let it run in shadow, or put it in force. A faulty one changes nothing."""
        form, me = await trusted_form(request), visitor(request)
        text = str(form.get("text") or "").replace("\r\n", "\n")
        note = " ".join(str(form.get("note") or "").split())
        try:
            new = parse(text, WHERE)
            match str(form.get("do")):
                case "shadow":
                    await self._book.shadow(me.community, text, where=WHERE, by=me.id, note=note)
                case "set":
                    if not form.get("anyway") and (again := await self._again(me.community, new)):
                        return await self._show(request, text, 409, note=note, again=again)
                    await self._book.set(me.community, text, where=WHERE, by=me.id, note=note)
                case _:
                    return await self._tried(request, text, new, note)
        except PolicyError as fault:
            wrong = told(fault, spoken(request))
            return await self._show(request, text, 422, wrong=wrong, note=note)
        return RedirectResponse("/policy", 303)

    async def back(self, request: Request) -> Response:
        """An earlier version again, or no more shadow."""
        form, me = await trusted_form(request), visitor(request)
        to = str(form.get("to") or "")
        try:
            if to == "no-shadow":
                await self._book.end_shadow(me.community, me.id)
            else:
                version = to if to == FILE else (await self._book.get(me.community, to)).version
                await self._book.rollback(me.community, version, by=me.id)
        except PolicyError as fault:
            wrong = told(fault, spoken(request))
            return await self._show(request, await self._text(me.community), 409, wrong=wrong)
        return RedirectResponse("/policy", 303)

    async def _again(self, community: str, new: Policy) -> Sequence[Again]:
        """The mistakes that a policy would make again and the one in force would not."""
        examples = await ProofBook(self._rooms.redis).overturned(community)
        if not examples:
            return ()
        live = parse(await self._text(community), WHERE)  # the bench may not have looked into the book since
        return await asyncio.to_thread(lambda: repeated(Judge(live, classifier()), new, examples))

    async def _tried(self, request: Request, text: str, new: Policy, note: str) -> Response:
        community = visitor(request).community
        old = await self._rooms.policy(community)
        report = await self._backtest(community, old, new)
        return await self._show(request, text, note=note, lines=changes(old, new), report=report)

    async def _backtest(self, community: str, old: Policy, new: Policy) -> Report:
        """What both rule on the latest archived messages."""
        until, past = datetime.now(UTC), list[Past]()
        books = self._rooms.books
        async for piece in archived(books.history, books.cases, community, until - BACK, until):
            past = [*past, *piece.past][-MESSAGES:]
        return await asyncio.to_thread(_replayed, old, new, past)

    async def _show(self, request: Request, text: str, status: int = 200, **values: object) -> Response:
        community = visitor(request).community
        shown = {
            "text": text,
            "note": "",
            "wrong": (),
            "again": (),
            "lines": None,
            "report": None,
            "versions": list(reversed(await self._book.versions(community))),
            "in_force": await self._book.in_force(community),
            "log": list(reversed(await self._book.log(community)))[:20],
            "live": await self._rooms.policy(community),
        }
        return await self._face.show(request, "policy.html", status, page="policy", **shown | values)

    async def _text(self, community: str) -> str:
        return await self._book.text([community, self._rooms.books.communities.house], self._rooms.file)


def _replayed(old: Policy, new: Policy, past: list[Past]) -> Report:
    test = Backtest(Judge(old, classifier()), Judge(new, classifier()))
    for message in past:
        test.take(message)
    return test.report()


def told(error: PolicyError, t: Words) -> list[Wrong]:
    """The faults in the visitor's language, with the lines of the text."""
    return [Wrong(_line(fault), worded(fault, t.under("fault"))) for fault in error.faults]


def _line(fault: Fault) -> int:
    found = _LINE.search(fault.where)
    return int(found[1]) if found else 0

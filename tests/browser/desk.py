"""The console alone for the browser: over a real server, without model or chats, in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from base64 import b64encode
from collections.abc import Coroutine
from typing import Any, Final, Self, TypeVar, cast

from itsdangerous import TimestampSigner
from playwright.sync_api import Browser, BrowserContext
from redis.asyncio import Redis

from bot.console.login import Person
from bot.console.pages import console
from bot.console.sessions import Opened
from bot.redis_server import open_client
from bot.web.guard import page_key
from bot.web.serving import address, bind, serve
from moderation.cases import CaseBook, opening, settling
from moderation.cases.book import LEASE_S
from moderation.keys import Write, key
from moderation.types import Case, Decision, Tier
from tests.bot.console.rig import rooms_of
from tests.bot.test_router import router, write
from tests.browser.pages import ConsolePage

Result = TypeVar("Result")
COMMUNITY = "sample"
SECRET = "a test's secret"
DESKTOP = (1280, 900)
PHONE = (390, 844)
STILL: Final[dict[str, Any]] = {"reduced_motion": "reduce"}
PATIENCE_MS = 15_000
"""How long a page may take on a slow machine; no model answers here."""


class Desk:
    """The console, open as long as the context lasts."""

    url: str
    redis: Redis

    def __init__(self, redis_url: str, lease_s: float = LEASE_S) -> None:
        self._redis_url = redis_url
        self._lease_s = lease_s
        self._open, self._thread = threading.Event(), threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._open.wait(60)
        return self

    def __exit__(self, *_fault: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(20)

    async def _run(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with open_client(self._redis_url) as self.redis:
            self.cases = CaseBook(self.redis, lease_s=self._lease_s)
            self.rooms = rooms_of(self.redis, COMMUNITY, self.cases)
            await self.rooms.policy(COMMUNITY)
            listener = bind("127.0.0.1", 0, "CONSOLE_PORT")
            self.url = address(listener)
            serving = asyncio.create_task(serve(console(self.rooms, secret=SECRET), listener))
            self._open.set()
            await self._over.wait()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Have the console's own loop do something, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def empty(self) -> None:
        """Forget all."""
        self.do(cast(Coroutine[Any, Any, object], self.redis.flushall()))

    def opened(self, *cases: Case) -> None:
        """Lay cases before people."""
        self.do(self._perform([one for case in cases for one in opening(case)]))

    def settled(self, case: Case, decision: Decision) -> None:
        """A case that was decided at once."""
        done = case.model_copy(update={"state": "settled", "decision": decision})
        self.do(self._perform(settling(done, decision)))

    def perform(self, *writes: Write) -> None:
        """Write to the server."""
        self.do(self._perform(list(writes)))

    async def _perform(self, writes: list[Write]) -> None:
        for one in writes:
            await self.redis.execute_command(*one)

    def case(self, id_: str) -> Case:
        """The case as it stands now."""
        found = self.do(self.cases.get(COMMUNITY, id_))
        assert found
        return found

    def carry_out(self) -> None:
        """Do what the worker does with the decisions that were made."""
        self.do(self._carry_out())

    async def _carry_out(self) -> None:
        stream, walk = key(COMMUNITY, "decisions", "0"), router(self.redis)
        rows = cast(list[tuple[str, dict[str, str]]], await self.redis.xrange(stream))
        await self.redis.delete(stream)
        for decision in (Decision.model_validate_json(fields["body"]) for _, fields in rows):
            case = await self.cases.get(COMMUNITY, decision.case)
            assert case
            await write(self.redis, await walk.carry_out(case, decision))

    def link(self, name: str, tier: Tier = "moderator") -> str:
        """A fresh login link of a person."""
        return self.do(self.rooms.logins.issue_link(self.url, person(name, tier)))

    def enter(self, context: BrowserContext, name: str, tier: Tier = "moderator") -> ConsolePage:
        """A person's queue, with the cookie of a login: the door lets an address try five in a row."""
        opened = self.do(self._enter(person(name, tier)))
        session = b64encode(json.dumps({"opened": list(opened)}).encode())
        cookie = TimestampSigner(page_key(SECRET, "console")).sign(session).decode()
        context.add_cookies([{"name": "xiaoer_console", "value": cookie, "url": self.url}])
        console = ConsolePage(context.new_page())
        console.page.goto(self.url)
        console.live()
        return console

    async def _enter(self, one: Person) -> Opened:
        await self.rooms.logins.introduce(one)
        return await self.rooms.sessions.open(one)


def person(name: str, tier: Tier) -> Person:
    """Somebody who works here, by name."""
    return Person(community=COMMUNITY, id=f"telegram:{name.lower()}", name=name, tier=tier)


def window(browser: Browser, size: tuple[int, int] = DESKTOP, **more: Any) -> BrowserContext:
    """A browser of its own, in English unless told otherwise."""
    width, height = size
    asked = {"locale": "en-US", "has_touch": size == PHONE, "is_mobile": size == PHONE, **STILL, **more}
    context = browser.new_context(viewport={"width": width, "height": height}, **asked)
    context.set_default_timeout(PATIENCE_MS)
    return context

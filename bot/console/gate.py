"""The gate of the console: a page is shown to who is logged in and reaches its tier; no other way leads to one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.console.rooms import Rooms
from bot.console.sessions import Opened
from bot.web.buckets import Buckets
from moderation.members import reaches
from moderation.types import TIERS, Tier

POSTS = (60, 3.0)
"""Forms that one person may send at once, and each second from then on: quick hands, no machine."""

Endpoint = Callable[[Request], Awaitable[Response]]


class Page(NamedTuple):
    """A page: its path, what shows it, the least tier that may see it, and its place in the menu, if it has one.

    `menu` names the console's words for it, under `[menu]`.
    """

    path: str
    show: Endpoint
    tier: Tier
    methods: tuple[str, ...] = ("GET",)
    menu: str = ""


class Visitor(NamedTuple):
    """Who looks at a page: in which community, by which name, and with which tier at this moment."""

    community: str
    id: str
    name: str
    tier: Tier

    def may(self, tier: Tier) -> bool:
        return reaches(self.tier, tier)


def visitor(request: Request) -> Visitor:
    """Who looks at the page; behind the gate there always is somebody."""
    found: Visitor = request.state.visitor
    return found


class Gate:
    """Makes routes of pages."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._posts = Buckets(*POSTS)

    def route(self, page: Page) -> Route:
        """The page behind the gate. Without a session a page leads to the login; everything else is refused."""

        async def guarded(request: Request) -> Response:
            who = await self._visitor(request)
            if who is None:
                return _refusal(request)
            if not who.may(page.tier):
                raise HTTPException(403, f"tier_{page.tier}")
            if request.method == "POST" and not self._posts.take(f"{who.community} {who.id}"):
                raise HTTPException(429, "fast")
            request.state.visitor = who
            return await page.show(request)

        return Route(page.path, guarded, methods=list(page.methods))

    async def _visitor(self, request: Request) -> Visitor | None:
        opened = opened_by(request)
        session = await self._rooms.sessions.find(opened) if opened else None
        if session is None:
            return None
        person = session.person
        given = (await self._rooms.books.members.appointed(person.community)).get(person.id, "member")
        return Visitor(person.community, person.id, person.name, max(person.tier, given, key=TIERS.index))


def opened_by(request: Request) -> Opened | None:
    """The session that the browser's cookie names, which may have ended."""
    told = request.session.get("opened")
    return Opened(*told) if isinstance(told, list) and len(told) == 2 else None


def _refusal(request: Request) -> Response:
    page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    return RedirectResponse("/login", 303) if page else PlainTextResponse("Log in first.", 401)

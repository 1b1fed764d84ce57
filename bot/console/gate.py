"""The gate of the console: nothing but the login and the static files is open to the world."""

from __future__ import annotations

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

OPEN = ("/login", "/static/")
"""The paths, or beginnings of paths, that need no login."""


class Moderator(NamedTuple):
    """Who is logged in."""

    id: str
    name: str


class Gate:
    """Lets moderators through. A page redirects to the login; everything else is refused with 401."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if is_open(request.url.path) or "moderator" in request.session:
            await self.app(scope, receive, send)
        else:
            await _refusal(request)(scope, receive, send)


def is_open(path: str) -> bool:
    """Whether the path needs no login."""
    return any(path == known or (known.endswith("/") and path.startswith(known)) for known in OPEN)


def moderator(request: Request) -> Moderator:
    """Who is logged in; behind the gate there always is one."""
    return Moderator(request.session["moderator"], request.session["name"])


def _refusal(request: Request) -> Response:
    page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    return RedirectResponse("/login", 303) if page else PlainTextResponse("Log in first.", 401)

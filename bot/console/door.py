"""The door of the console: the only pages that need no session."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.console.face import Face
from bot.console.gate import opened_by
from bot.console.rooms import Rooms
from bot.web.buckets import Buckets
from bot.web.guard import trusted_form
from bot.web.pages import language, spoken

NAME_LENGTH = 40
TRIES = (10, 0.2)
"""Logins that one address may try at once, and each second from then on. A token has 256 bits and is not guessed; this
keeps a machine from making work."""


class Door:
    """In by a link, out by a button."""

    def __init__(self, rooms: Rooms, face: Face) -> None:
        self._rooms = rooms
        self._face = face
        self._tries = Buckets(*TRIES)

    def routes(self) -> list[Route]:
        return [
            Route("/login", self.door),
            Route("/login", self.enter, methods=["POST"]),
            Route("/logout", self.leave, methods=["POST"]),
        ]

    async def door(self, request: Request) -> Response:
        """The login page. To look at a link does not use it up: a preview in a chat only looks."""
        token = request.query_params.get("token", "")
        known = await self._rooms.logins.known(token) if token and self._may_try(request) else None
        name = known.name if known else ""
        return self._page(request, token=token, name=name)

    async def enter(self, request: Request) -> Response:
        """Log in with a link, in a fresh session."""
        form = await trusted_form(request)
        if not self._may_try(request):
            return self._page(request, 429, problem=spoken(request)("error.fast"))
        person = await self._rooms.logins.redeem(str(form.get("token")))
        if person is None:
            return self._page(request, 403, problem=spoken(request)("error.link"))
        name = " ".join(str(form.get("name") or "").split())[:NAME_LENGTH] or person.name or person.id
        person = person.model_copy(update={"name": name})
        await self._rooms.logins.introduce(person)
        opened, lang = await self._rooms.sessions.open(person), language(request)
        request.session.clear()
        request.session.update(opened=list(opened), lang=lang)
        return RedirectResponse("/", 303)

    async def leave(self, request: Request) -> Response:
        """Log out."""
        await trusted_form(request)
        if opened := opened_by(request):
            await self._rooms.sessions.close(opened)
        request.session.clear()
        return RedirectResponse("/login", 303)

    def _page(
        self, request: Request, status: int = 200, *, token: str = "", name: str = "", problem: str = ""
    ) -> Response:
        shown = {"token": token, "name": name, "problem": problem, "name_length": NAME_LENGTH}
        return self._face.bare(request, "login.html", status, **shown)

    def _may_try(self, request: Request) -> bool:
        return self._tries.take(request.client.host if request.client else "")

"""What all pages of the console share: the frame, the menu, the clauses' names, and how a fault is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.console.evidence import is_veiled
from bot.console.gate import Page, visitor
from bot.console.rooms import Rooms
from bot.web.pages import language, renderer, spoken
from bot.words import roughly
from moderation.policy import Policy

TEMPLATES = Path(__file__).parent / "templates"


class Face:
    """Renders the console's templates."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._render = renderer(TEMPLATES)
        self._menu: Sequence[Page] = ()

    def hang(self, menu: Sequence[Page]) -> None:
        """Make these pages' entries the menu."""
        self._menu = [page for page in menu if page.menu]

    async def show(self, request: Request, template: str, status: int = 200, /, **values: object) -> Response:
        """A page in the frame.

        A template sees `me`, `community` (its title), `menu`, `counts`, `names`, `clause` (a clause's name for people),
        `page` (the menu's entry that is shown), `veiled` (whether a case's text is shown on demand alone), `now` and
        `length` (seconds as people tell them) beside the values.
        """
        me, rooms = visitor(request), self._rooms
        policy = await rooms.policy(me.community)
        shared = {
            "me": me,
            "community": (await rooms.books.communities.get(me.community)).title or me.community,
            "menu": [(page.menu, page.path) for page in self._menu if me.may(page.tier)],
            "page": "",
            "counts": await rooms.books.cases.counts(me.community),
            "names": await rooms.logins.names(me.community),
            "clause": clause_names(request, policy),
            "veiled": lambda case: is_veiled(case) and not request.session.get("unveiled"),
            "now": datetime.now(UTC),
            "length": lambda seconds: roughly(seconds, language(request)),
        }
        return self._render(request, template, status, **shared | values)

    def bare(self, request: Request, template: str, status: int = 200, /, **values: object) -> Response:
        """A page without the frame, for who is not logged in."""
        return self._render(request, template, status, **values)

    async def refuse(self, request: Request, fault: Exception) -> Response:
        """A refusal in the visitor's language."""
        status, why = (fault.status_code, fault.detail) if isinstance(fault, HTTPException) else (500, "")
        t = spoken(request)
        error = t.under("error").get(why) or t("error.missing" if status == 404 else "error.other")
        return self.bare(request, "sorry.html", status, error=error)

    async def hold(self, request: Request, _fault: Exception) -> Response:
        """Redis does not answer."""
        return self.bare(request, "sorry.html", 503, error=spoken(request)("error.outage"))


def clause_names(request: Request, policy: Policy) -> Callable[[str], str]:
    """What a clause is called in the visitor's language; a name that the policy no longer has stays as it is."""
    lang = language(request)
    titles = {name: one.title.of(lang) for name, one in policy.clauses.items()}
    return lambda name: titles.get(name, name)

"""The audit log: who did what, when, page by page, and whether its chain is whole."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from bot.console.face import Face
from bot.console.gate import Page, visitor
from bot.console.rooms import Rooms
from moderation.audit import KINDS, AuditBook

SHOWN = 100
"""Lines on one page."""


class TrailPages:
    """Each method answers one route."""

    def __init__(self, rooms: Rooms, face: Face) -> None:
        self._book = AuditBook(rooms.redis)
        self._face = face

    def pages(self) -> list[Page]:
        return [Page("/audit", self.trail, "admin", menu="audit")]

    async def trail(self, request: Request) -> Response:
        """The latest lines, of one kind, person or case where asked; `?check` walks the whole chain."""
        asked, community = request.query_params, visitor(request).community
        kind = asked.get("kind", "") if asked.get("kind", "") in KINDS else ""
        wanted = {"kind": kind, "by": asked.get("by", "").strip(), "case": asked.get("case", "").strip().upper()}
        before = asked.get("before", "")
        lines = await self._book.read(community, before=before if _is_entry(before) else "+", limit=SHOWN, **wanted)
        verified = await self._book.verify(community) if "check" in asked else None
        older = lines[-1].id if len(lines) == SHOWN else ""
        values = {"lines": lines, "kinds": KINDS, "wanted": wanted, "older": older, "verified": verified}
        return await self._face.show(request, "audit.html", page="audit", **values)


def _is_entry(text: str) -> bool:
    """Whether the text is a stream entry's id."""
    first, _, second = text.partition("-")
    return first.isdecimal() and second.isdecimal()

"""The queue and the settled cases, live."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence

from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from bot.console.face import Face
from bot.console.gate import Page, visitor
from bot.console.rooms import Rooms
from bot.web.pages import live
from moderation.types import Case

SHOWN = 100
"""Cases on one page."""


class QueuePages:
    """Each method answers one route."""

    def __init__(self, rooms: Rooms, face: Face) -> None:
        self._cases = rooms.books.cases
        self._face = face

    def pages(self) -> list[Page]:
        return [
            Page("/", self.queue, "helper", menu="queue"),
            Page("/decisions", self.decisions, "helper", menu="decisions"),
            Page("/live", self.live, "helper"),
        ]

    async def queue(self, request: Request) -> Response:
        """Open cases, the most urgent first."""
        return await self._list(request, "queue", await self._cases.queue(visitor(request).community, SHOWN))

    async def decisions(self, request: Request) -> Response:
        """Settled cases, the latest first."""
        return await self._list(request, "decisions", await self._cases.recent(visitor(request).community, SHOWN))

    async def live(self, request: Request) -> Response:
        """Says which case changed, as server-sent events."""
        return live(self._changes(visitor(request).community))

    async def _list(self, request: Request, page: str, cases: Sequence[Case]) -> Response:
        """A page of cases, or (for the page's script) its list alone."""
        part = "_" if "part" in request.query_params else ""
        return await self._face.show(request, f"{part}{page}.html", cases=cases, page=page)

    async def _changes(self, community: str) -> AsyncIterator[ServerSentEvent]:
        async for id_ in self._cases.changes(community):
            case = await self._cases.get(community, id_)
            if case is not None:
                told = {"id": id_, "state": case.state, "holder": case.claimed_by}
                yield ServerSentEvent(json.dumps(told), event="case")

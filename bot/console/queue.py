"""The queue by views, and the settled cases, live."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from sse_starlette import ServerSentEvent
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.console.face import Face
from bot.console.filters import NAME_LENGTH, TABS, SavedViews, address, asked, view
from bot.console.gate import Page, visitor
from bot.console.rooms import Rooms
from bot.review.duty import on_duty
from bot.web.guard import trusted_form
from bot.web.pages import live
from moderation.cases.clusters import clusters

SHOWN = 100
"""Cases on one page."""


class QueuePages:
    """Each method answers one route."""

    def __init__(self, rooms: Rooms, face: Face) -> None:
        self._rooms = rooms
        self._cases = rooms.books.cases
        self._views = SavedViews(rooms.redis)
        self._face = face

    def pages(self) -> list[Page]:
        return [
            Page("/", self.queue, "helper", menu="queue"),
            Page("/views/keep", self.keep, "helper", ("POST",)),
            Page("/views/drop", self.drop, "helper", ("POST",)),
            Page("/decisions", self.decisions, "helper", menu="decisions"),
            Page("/live", self.live, "helper"),
        ]

    async def queue(self, request: Request) -> Response:
        """Open cases of a view, the most urgent first; or (for the page's script) their list alone."""
        me, wanted = visitor(request), asked(request.query_params)
        policy = await self._rooms.policy(me.community)
        cases = await self._cases.queue(me.community, SHOWN, view=view(wanted, me.id), by=me.id)
        values = {
            "cases": cases,
            "clusters": await asyncio.to_thread(clusters, cases, policy.duplicates),
            "wanted": wanted,
            "here": address(wanted),
            "tabs": {name: address(tab) for name, tab in TABS.items()},
            "views": await self._views.of(me.community, me.id),
            "duty": await on_duty(self._rooms.redis, me.community),
            "clauses": tuple(policy.clauses),
            "name_length": NAME_LENGTH,
        }
        part = "_" if "part" in request.query_params else ""
        return await self._face.show(request, f"{part}queue.html", page="queue", **values)

    async def keep(self, request: Request) -> Response:
        """Keep the view that is looked at, under a name."""
        form, me = await trusted_form(request), visitor(request)
        wanted = asked({name: str(value) for name, value in form.items()})
        name = " ".join(str(form.get("name") or "").split())[:NAME_LENGTH]
        if not name or not await self._views.keep(me.community, me.id, name, wanted):
            raise HTTPException(422, "view")
        return RedirectResponse(address(wanted), 303)

    async def drop(self, request: Request) -> Response:
        """Keep it no more."""
        form, me = await trusted_form(request), visitor(request)
        await self._views.drop(me.community, me.id, str(form.get("name") or ""))
        return RedirectResponse("/", 303)

    async def decisions(self, request: Request) -> Response:
        """Settled cases, the latest first; or their list alone."""
        cases = await self._cases.recent(visitor(request).community, SHOWN)
        part = "_" if "part" in request.query_params else ""
        return await self._face.show(request, f"{part}decisions.html", page="decisions", cases=cases)

    async def live(self, request: Request) -> Response:
        """Says which case changed, as server-sent events."""
        return live(self._changes(visitor(request).community))

    async def _changes(self, community: str) -> AsyncIterator[ServerSentEvent]:
        async for id_ in self._cases.changes(community):
            case = await self._cases.get(community, id_)
            if case is not None:
                told = {"id": id_, "state": case.state, "holder": case.claimed_by}
                yield ServerSentEvent(json.dumps(told), event="case")

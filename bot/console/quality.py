"""How well cases are reviewed, on a page and as files: for who plans the shifts and answers for what is decided."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.console.face import Face
from bot.console.figures import (
    ENOUGH,
    ENOUGH_LOOKS,
    ENOUGH_WEEKS,
    by_clause,
    draft_rows,
    heat,
    person_rows,
    tiles,
    times_rows,
)
from bot.console.gate import Page, visitor
from bot.console.rooms import Rooms
from bot.groups.communities import LEAST, keeping
from bot.web.guard import trusted_form
from bot.web.pages import language
from moderation.audit import setting
from moderation.cases.drafted import STEPS
from moderation.cases.quality import Quality, figures, gathered
from moderation.cases.quality_csv import to_csv
from moderation.cases.shifts import GRANTED_S, HANDLING_S, Shift, forecast
from moderation.types import Case

PERIODS = (7, 30, 90)
"""Days back that can be chosen."""
FIRST = 30
TABLES = ("agreement", "times", "overturned", "people", "days", "hours", "backlog", "shifts", "drafts")
"""The tables that can be taken along, by the console's words for them under `[quality]`."""


class QualityPages:
    """Each method answers one route. What takes its time is counted off the event loop."""

    def __init__(self, rooms: Rooms, face: Face) -> None:
        self._rooms = rooms
        self._face = face

    def pages(self) -> list[Page]:
        return [
            Page("/quality", self.quality, "admin", menu="quality"),
            Page("/quality/{name}.csv", self.table, "admin"),
            Page("/quality/confidence", self.confidence, "admin", ("POST",)),
        ]

    async def quality(self, request: Request) -> Response:
        """The figures of the last days, and what waits now."""
        days, lang = _days(request), language(request)
        confidence = (await self._rooms.books.communities.get(visitor(request).community)).confidence
        found, shifts = await asyncio.to_thread(_counted, *await self._gathered(request, days))
        values = {
            "days": days,
            "periods": PERIODS,
            "tables": TABLES,
            "zone": found.zone,
            "tiles": tiles(found, lang),
            "clauses": by_clause(found),
            "times": times_rows(found, lang),
            "people": person_rows(found, lang),
            "backlog": found.backlog,
            "drafts": draft_rows(found),
            "confidence": confidence,
            "confidences": sorted({confidence or LEAST, *(step for step in STEPS if step >= LEAST)}),
            "heat": heat(found, shifts) if any(one.cases for one in found.arrivals) else [],
            "work_s": found.handling_s or HANDLING_S,
            "granted_s": found.granted_s or GRANTED_S,
            "enough": {"cases": ENOUGH, "looks": ENOUGH_LOOKS, "weeks": ENOUGH_WEEKS},
        }
        return await self._face.show(request, "quality.html", page="quality", **values)

    async def confidence(self, request: Request) -> Response:
        """Answers are given here from the chosen confidence on; "" for that of the settings."""
        form, me = await trusted_form(request), visitor(request)
        chosen, community = str(form.get("confidence") or ""), await self._rooms.books.communities.get(me.community)
        try:
            changed, line = community.with_confidence(float(chosen) if chosen else None)
        except ValueError as fault:
            raise HTTPException(422, "confidence") from fault
        await self._rooms.perform(keeping(changed), setting(me.community, me.id, line, tier=me.tier))
        return RedirectResponse("/quality#by-draft", 303)

    async def table(self, request: Request) -> Response:
        """One table for a spreadsheet, which takes it for UTF-8 by its mark."""
        name, days = request.path_params["name"], _days(request)
        if name not in TABLES:
            raise HTTPException(404, "missing")
        text = await asyncio.to_thread(_written, name, *await self._gathered(request, days))
        named = {"Content-Disposition": f'attachment; filename="xiaoer-{name}-{days}d.csv"'}
        return Response(text.encode("utf-8-sig"), media_type="text/csv", headers=named)

    async def _gathered(self, request: Request, days: int) -> tuple[Sequence[Case], datetime, datetime, ZoneInfo]:
        """What is counted: the cases, from when until now, and in which zone the hours are told."""
        me, until = visitor(request), datetime.now(UTC)
        since = until - timedelta(days=days)
        cases = await gathered(self._rooms.books.cases, me.community, since, until)
        return cases, since, until, (await self._rooms.policy(me.community)).review.local


def _counted(cases: Sequence[Case], since: datetime, until: datetime, zone: ZoneInfo) -> tuple[Quality, list[Shift]]:
    found = figures(cases, since=since, until=until, zone=zone)
    return found, list(forecast(found))


def _written(name: str, cases: Sequence[Case], since: datetime, until: datetime, zone: ZoneInfo) -> str:
    return to_csv(figures(cases, since=since, until=until, zone=zone))[name]


def _days(request: Request) -> int:
    """The period that is asked for; another one is the usual one."""
    asked = request.query_params.get("days", "")
    return next((days for days in PERIODS if str(days) == asked), FIRST)

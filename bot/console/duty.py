"""Duty: each says for oneself whether one is there, and admins may take somebody off who has left it on."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.console.gate import Page, visitor
from bot.console.rooms import Rooms
from bot.review.duty import coming, going, on_duty
from bot.web.guard import trusted_form
from moderation.audit import auditing


class DutyPages:
    """Each method answers one route; the forms stand on the queue's page and on that of the people."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def pages(self) -> list[Page]:
        return [
            Page("/duty", self.mine, "helper", ("POST",)),
            Page("/duty/off", self.off, "admin", ("POST",)),
        ]

    async def mine(self, request: Request) -> Response:
        """Go on duty, where the form says `on`, or off."""
        form, me, now = await trusted_form(request), visitor(request), datetime.now(UTC)
        on = form.get("duty") == "on"
        writes = coming(me.community, me.id, me.name, now) if on else [going(me.community, me.id)]
        line = f"duty {'on' if on else 'off'}"
        await self._rooms.perform(*writes, auditing(me.community, me.id, me.tier, line, "done", now, kind="step"))
        return RedirectResponse("/people" if form.get("back") == "people" else "/", 303)

    async def off(self, request: Request) -> Response:
        """Take somebody off duty; nothing happens to who is not on it."""
        form, me, now = await trusted_form(request), visitor(request), datetime.now(UTC)
        who = str(form.get("who") or "")
        if who in await on_duty(self._rooms.redis, me.community):
            line = auditing(me.community, me.id, me.tier, f"duty off: {who}", "done", now, kind="setting")
            await self._rooms.perform(going(me.community, who), line)
        return RedirectResponse("/people", 303)

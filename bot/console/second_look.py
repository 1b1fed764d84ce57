"""Blind second looks: a settled case as if nobody had decided it, and what another person would do about it.

Nothing of the decision is on the page, not even in its source. Pictures are left out: the chat forgets that of a
removed message, so a missing one would tell. So are the member's strikes and other cases.
"""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.console.evidence import SHOWN, marked
from bot.console.face import Face
from bot.console.gate import Page, visitor
from bot.console.rooms import Rooms
from bot.web.guard import trusted_form
from bot.web.pages import spoken
from moderation.audit import auditing
from moderation.cases import NoSuchCase
from moderation.cases.agreement import LOOKED_AT
from moderation.cases.second_looks import LAST_S, NoLook, SecondLooks
from moderation.types import ID_LENGTH, Decision


class SecondPages:
    """Each method answers one route."""

    def __init__(self, rooms: Rooms, face: Face) -> None:
        self._rooms = rooms
        self._looks = SecondLooks(rooms.redis)
        self._face = face

    def pages(self) -> list[Page]:
        return [
            Page("/second", self.case, "moderator", menu="second"),
            Page("/second", self.answer, "moderator", ("POST",)),
        ]

    async def case(self, request: Request) -> Response:
        """The next case for this person, held for a while, or that there is none."""
        return await self._show(request, spoken(request)("second.kept") if "kept" in request.query_params else "")

    async def answer(self, request: Request) -> Response:
        """Keep what this person would do, and go on to the next case."""
        form, me, now = await trusted_form(request), visitor(request), datetime.now(UTC)
        case, asked = str(form.get("case") or ""), str(form.get("action"))
        action = next((action for action in LOOKED_AT if action == asked), None)
        if action is None or not 0 < len(case) <= ID_LENGTH:
            raise HTTPException(422, "action")
        try:
            look = Decision(case=case, action=action, by=me.id, by_name=me.name, at=now)
            await self._looks.answer(me.community, look)
        except NoSuchCase:
            raise HTTPException(404, "missing") from None
        except NoLook as fault:
            told = "second.first_stands" if fault.why == "seen" else "second.not_kept"
            return await self._show(request, spoken(request)(told), 409)
        line = auditing(me.community, me.id, me.tier, "[second look]", "done", now, kind="step", case=case)
        await self._rooms.perform(line)
        return RedirectResponse("/second?kept=1", 303)

    async def _show(self, request: Request, told: str = "", status: int = 200) -> Response:
        me = visitor(request)
        share = (await self._rooms.policy(me.community)).review.second_look
        case = await self._looks.pick(me.community, me.id, share=share)
        values = {
            "case": case,
            "told": told,
            "share": share,
            "last_s": LAST_S,
            "actions": LOOKED_AT,
            "kept": status == 200,
            "shown": SHOWN,
            "pieces_of_text": marked(case.subject.text, case.verdict.signals if case.verdict else ()) if case else (),
        }
        return await self._face.show(request, "second.html", status, page="second", **values)

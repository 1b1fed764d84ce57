"""How people share the work on a case: remarks, opinions, and who has it, until when."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import cast

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from bot.commands.times import until
from bot.console.choices import ChoiceError, to_decision
from bot.console.gate import Page, Visitor, visitor
from bot.console.rooms import Rooms
from bot.web.fields import typed
from bot.web.guard import trusted_form
from moderation.audit import auditing
from moderation.cases import NoSuchCase, Settled, Steps, Taken, may_take, remarking
from moderation.keys import key
from moderation.types import TIERS, Case, Remark, Tier

REMARK_LENGTH = 2000
TELLING = ("remark", "opinion", "skip")
"""Steps that leave a case with whoever may take it."""

Work = Callable[[Visitor, Case, FormData], Awaitable[str]]
"""A step with a case; returns where the page goes next. Raises Settled, Taken or HTTPException."""


class StepPages:
    """Each method answers one route."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._cases = rooms.books.cases
        self._steps = Steps(rooms.redis)

    def pages(self) -> list[Page]:
        works: dict[str, Work] = {
            "release": self._release,
            "assign": self._assign,
            "hold": self._hold,
            "skip": self._skip,
            "escalate": self._escalate,
            "opinion": self._opinion,
            "remark": self._remark,
        }
        tiers: dict[str, Tier] = {"opinion": "moderator"}
        steps = [
            Page(f"/case/{{case}}/{name}", self._page(name, work), tiers.get(name, "helper"), ("POST",))
            for name, work in works.items()
        ]
        return [
            *steps,
            Page("/case/{case}/beat", self.beat, "helper", ("POST",)),
            Page("/case/{case}/picture/{number:int}", self.picture, "helper"),
            Page("/preferences", self.prefer, "helper", ("POST",)),
        ]

    async def beat(self, request: Request) -> Response:
        """The page is still open: the hold goes on, unless it was lost."""
        await trusted_form(request)
        me = visitor(request)
        held = await self._cases.beat(me.community, request.path_params["case"], me.id)
        return JSONResponse({"held": held})

    async def picture(self, request: Request) -> Response:
        """A picture that the community page keeps, of the case's message."""
        me, number = visitor(request), request.path_params["number"]
        case = await self._rooms.case(me.community, request.path_params["case"])
        messages = [case.subject, *case.copies]
        if number >= len(messages) or case.subject.place.platform != "web":
            raise HTTPException(404, "missing")
        get = cast(Callable[..., Awaitable[bytes | None]], self._rooms.redis.execute_command)
        jpeg = await get("GET", key(me.community, "picture", messages[number].id), NEVER_DECODE=True)
        if jpeg is None:
            raise HTTPException(404, "missing")
        return Response(jpeg, media_type="image/jpeg")

    async def prefer(self, request: Request) -> Response:
        """What this session wants: texts unveiled, the queue after each decision."""
        form = await trusted_form(request)
        for name in ("unveiled", "stay"):
            request.session[name] = bool(form.get(name))
        case = str(form.get("case") or "")
        return RedirectResponse(f"/case/{case}" if case.isalnum() else "/", 303)

    def _page(self, name: str, work: Work) -> Callable[[Request], Awaitable[Response]]:
        async def step(request: Request) -> Response:
            form, me = await trusted_form(request), visitor(request)
            case = await self._rooms.case(me.community, request.path_params["case"])
            if name not in TELLING and not may_take(case, me.id, me.tier):
                raise HTTPException(403, f"tier_{case.asked}")
            try:
                path = await work(me, case, form)
            except (Settled, Taken, NoSuchCase):
                return RedirectResponse(f"/case/{case.id}", 303)
            now = datetime.now(UTC)
            await self._rooms.perform(
                auditing(me.community, me.id, me.tier, name, "done", now, kind="step", case=case.id)
            )
            return RedirectResponse(path, 303)

        return step

    async def _release(self, me: Visitor, case: Case, _form: FormData) -> str:
        await self._cases.release(me.community, case.id, me.id)
        return "/"

    async def _assign(self, me: Visitor, case: Case, form: FormData) -> str:
        to = str(form.get("to") or "")
        if to and to not in await self._rooms.logins.names(me.community):
            raise HTTPException(422, "who")
        await self._steps.assign(me.community, case.id, to, by=me.id)
        return "/"

    async def _hold(self, me: Visitor, case: Case, form: FormData) -> str:
        zone = (await self._rooms.policy(me.community)).review.local
        at = until(str(form.get("until") or ""), datetime.now(UTC), zone)
        if at is None:
            raise HTTPException(422, "until")
        await self._steps.hold(me.community, case.id, at, by=me.id)
        return "/"

    async def _skip(self, me: Visitor, case: Case, _form: FormData) -> str:
        await self._steps.skip(me.community, case.id, by=me.id)
        await self._cases.release(me.community, case.id, me.id)
        return "/next"

    async def _escalate(self, me: Visitor, case: Case, form: FormData) -> str:
        to, asked = str(form.get("to") or ""), str(form.get("asked") or "")
        tier: Tier | None = next((tier for tier in TIERS[2:] if tier == asked), None)
        if tier is None and to not in await self._rooms.logins.names(me.community):
            raise HTTPException(422, "who")
        await self._steps.escalate(me.community, case.id, by=me.id, to="" if tier else to, asked=tier)
        return "/"

    async def _opinion(self, me: Visitor, case: Case, form: FormData) -> str:
        try:
            await self._cases.opine(me.community, to_decision(form, case, me, await self._rooms.policy(me.community)))
        except ChoiceError as fault:
            raise HTTPException(422, fault.why) from None
        return f"/case/{case.id}"

    async def _remark(self, me: Visitor, case: Case, form: FormData) -> str:
        text = typed(form, "text")[:REMARK_LENGTH]
        if text:
            remark = Remark(by=me.id, by_name=me.name, text=text)
            await self._rooms.perform(*remarking(me.community, case.id, remark))
        return f"/case/{case.id}"

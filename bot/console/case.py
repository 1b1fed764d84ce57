"""One case: what it is about, and what is decided."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.console.choices import TEXT_LENGTH, ChoiceError, to_decision
from bot.console.evidence import marked
from bot.console.face import Face
from bot.console.gate import Page, visitor
from bot.console.rooms import Rooms
from bot.web.guard import trusted_form
from bot.web.pages import spoken
from moderation.cases import OwnDecision, Settled, Taken, may_take, needs_second
from moderation.types import Case


class CasePages:
    """Each method answers one route."""

    def __init__(self, rooms: Rooms, face: Face) -> None:
        self._rooms = rooms
        self._cases = rooms.books.cases
        self._face = face

    def pages(self) -> list[Page]:
        return [
            Page("/case/{case}", self.case, "helper"),
            Page("/case/{case}/decide", self.decide, "helper", ("POST",)),
            Page("/case/{case}/release", self.release, "helper", ("POST",)),
        ]

    async def case(self, request: Request) -> Response:
        """One case; to open it is to claim it."""
        return await self._show(request, await self._claimed(request))

    async def decide(self, request: Request) -> Response:
        """Settle a case, or tell who was faster."""
        form, me = await trusted_form(request), visitor(request)
        case = await self._found(request)
        if case.kind != "handoff" and not me.may("moderator"):
            raise HTTPException(403, "tier_moderator")
        if not may_take(case, me.id, me.tier):
            raise HTTPException(403, f"tier_{case.asked}")
        policy = await self._rooms.policy(me.community)
        try:
            decision = to_decision(form, case, me, policy)
            seconded = needs_second(policy.review, decision.action, me.tier)
            after = await self._cases.decide(me.community, decision, seconded=seconded)
        except ChoiceError as fault:
            problem = spoken(request).under("error")[fault.why]
            typed, teach = str(form.get("text") or ""), bool(form.get("teach"))
            return await self._show(request, case, problem, 422, typed=typed, teach=teach)
        except OwnDecision:
            return await self._show(request, case, spoken(request)("error.own"), 409)
        except Settled as fault:
            return await self._late(request, "case.settled_first", fault.decision.by, fault.decision.by_name)
        except Taken as fault:
            return await self._late(request, "case.taken_first", fault.holder)
        if after.state == "open":
            return await self._show(request, after, spoken(request)("card.second_needed"), 202)
        return RedirectResponse("/", 303)

    async def release(self, request: Request) -> Response:
        """Put a claimed case back into the queue."""
        await trusted_form(request)
        me = visitor(request)
        await self._cases.release(me.community, request.path_params["case"], me.id)
        return RedirectResponse("/", 303)

    async def _show(
        self,
        request: Request,
        case: Case,
        problem: str = "",
        status: int = 200,
        *,
        typed: str | None = None,
        teach: bool = False,
    ) -> Response:
        me = visitor(request)
        draft = case.reply.text if case.reply else ""
        values = {
            "case": case,
            "mine": case.claimed_by == me.id,
            "problem": problem,
            "draft": draft if typed is None else typed,
            "teach": teach,
            "pieces_of_text": marked(case.subject.text, case.verdict.signals if case.verdict else ()),
            "clauses": tuple((await self._rooms.policy(me.community)).clauses),
            "text_length": TEXT_LENGTH,
        }
        return await self._face.show(request, "case.html", status, page="case", **values)

    async def _claimed(self, request: Request) -> Case:
        """The case, in this moderator's hold unless another's, settled, or for others to decide."""
        me, case = visitor(request), await self._found(request)
        if not may_take(case, me.id, me.tier):
            return case
        try:
            return await self._cases.claim(me.community, case.id, me.id)
        except (Taken, Settled):
            return await self._found(request)

    async def _found(self, request: Request) -> Case:
        case = await self._cases.get(visitor(request).community, request.path_params["case"])
        if case is None:
            raise HTTPException(404, "missing")
        return case

    async def _late(self, request: Request, words: str, by: str, name: str = "") -> Response:
        names = await self._rooms.logins.names(visitor(request).community)
        problem = spoken(request)(words, name=name or names.get(by, by))
        return await self._show(request, await self._found(request), problem, 409)

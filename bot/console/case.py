"""One case: what it is about, who wrote it, and what is decided."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.console.casework import around, preview
from bot.console.choices import LENGTHS, TEXT_LENGTH, ChoiceError, to_decision
from bot.console.evidence import SHOWN, marked
from bot.console.face import Face
from bot.console.gate import Page, visitor
from bot.console.rooms import Rooms
from bot.review.cards import can_undo
from bot.review.undoing import undone
from bot.web.fields import typed
from bot.web.guard import trusted_form
from bot.web.pages import spoken
from moderation.cases import OwnDecision, Settled, Steps, Taken, may_take, needs_second, proposed
from moderation.cases.undoing import Reversals
from moderation.policy import Policy
from moderation.types import Case, Decision

BEATS = 5
"""Signs of life of an open page in the time that a hold lasts without one."""
EARLIER = 20
"""Of a member's cases, those that the page shows."""


class CasePages:
    """Each method answers one route."""

    def __init__(self, rooms: Rooms, face: Face) -> None:
        self._rooms = rooms
        self._cases = rooms.books.cases
        self._steps = Steps(rooms.redis)
        self._reversals = Reversals(rooms.redis)
        self._face = face

    def pages(self) -> list[Page]:
        return [
            Page("/case/{case}", self.case, "helper"),
            Page("/case/{case}/decide", self.decide, "helper", ("POST",)),
            Page("/case/{case}/undo", self.undo, "moderator", ("POST",)),
            Page("/next", self.next, "helper"),
        ]

    async def case(self, request: Request) -> Response:
        """One case; to open it is to claim it."""
        return await self._show(request, await self._claimed(request))

    async def next(self, request: Request) -> Response:
        """The most urgent case that this person may take; the queue when there is none."""
        me = visitor(request)
        found = await self._steps.next(me.community, me.id, tier=me.tier)
        return RedirectResponse(f"/case/{found.id}" if found else "/", 303)

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
            if (fault.decision.by, fault.decision.action) == (me.id, decision.action):
                return RedirectResponse(_after(request), 303)  # pressed twice
            return await self._late(request, "case.settled_first", fault.decision.by, fault.decision.by_name)
        except Taken as fault:
            return await self._late(request, "case.taken_first", fault.holder)
        if after.state == "open":
            return await self._show(request, after, spoken(request)("card.second_needed"), 202)
        return RedirectResponse(_after(request), 303)

    async def undo(self, request: Request) -> Response:
        """Take a settled case's enforcement back, with all that it did."""
        form, me, case = await trusted_form(request), visitor(request), await self._found(request)
        text = typed(form, "text")[:TEXT_LENGTH]
        now = datetime.now(UTC)
        back = Decision(case=case.id, action="overturn", by=me.id, by_name=me.name, text=text, at=now)
        if can_undo(case):
            await self._reversals.perform(case, (await undone(self._reversals, case, back)).all)
        return RedirectResponse(f"/case/{case.id}", 303)

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
        me, draft = visitor(request), case.reply.text if case.reply else ""
        policy = await self._rooms.policy(me.community)
        standing = await self._rooms.books.members.standing(case.subject)
        rung = proposed(policy, case, standing.strikes)
        values = {
            "case": case,
            "mine": case.claimed_by == me.id,
            "may": may_take(case, me.id, me.tier) and (case.kind == "handoff" or me.may("moderator")),
            "problem": problem,
            "draft": draft if typed is None else typed,
            "teach": teach,
            "unveiled": bool(request.session.get("unveiled")),
            "stay": bool(request.session.get("stay")),
            "beat_ms": int(self._cases.lease_s * 1000 / BEATS),
            "pieces_of_text": marked(case.subject.text, case.verdict.signals if case.verdict else ()),
            "shown": SHOWN,
            "clauses": tuple(policy.clauses),
            "text_length": TEXT_LENGTH,
            "lengths": LENGTHS,
            "rung": rung,
            "words": preview(policy, case, rung),
            "standing": standing,
            "undoable": can_undo(case),
            **await self._about(case, policy),
        }
        return await self._face.show(request, "case.html", status, page="case", **values)

    async def _about(self, case: Case, policy: Policy) -> dict[str, object]:
        """What was said around it, and the member's other cases."""
        place, author = case.subject.place, case.subject.author
        earlier = await self._cases.of_member(case.community, place.platform, author.id, EARLIER + 1)
        before, after = around(case, await self._rooms.books.history.recent(case.community))
        others = [one for one in earlier if one.id != case.id][:EARLIER]
        return {"before": before, "after": after, "earlier": others, "policy": policy}

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
        return await self._rooms.case(visitor(request).community, request.path_params["case"])

    async def _late(self, request: Request, words: str, by: str, name: str = "") -> Response:
        names = await self._rooms.logins.names(visitor(request).community)
        problem = spoken(request)(words, name=name or names.get(by, by))
        return await self._show(request, await self._found(request), problem, 409)


def _after(request: Request) -> str:
    """Where a decision leads to: the next case, or the queue for who wants that."""
    return "/" if request.session.get("stay") else "/next"

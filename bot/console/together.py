"""Many cases at once: what is alike is looked through, and decided together."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.console.choices import TEXT_LENGTH, ChoiceError, to_decision
from bot.console.face import Face
from bot.console.gate import Page, Visitor, visitor
from bot.console.rooms import Rooms
from bot.review.bulk import MOST, alike, decide_each
from bot.web.guard import trusted_form
from bot.web.pages import spoken
from moderation.cases.clusters import Cluster
from moderation.cases.steps import needs_second
from moderation.policy import Policy
from moderation.types import Case, Decision


class TogetherPages:
    """Each method answers one route."""

    def __init__(self, rooms: Rooms, face: Face) -> None:
        self._rooms = rooms
        self._cases = rooms.books.cases
        self._face = face

    def pages(self) -> list[Page]:
        return [
            Page("/together/{case}", self.preview, "moderator"),
            Page("/together/{case}", self.decide, "moderator", ("POST",)),
        ]

    async def preview(self, request: Request) -> Response:
        """Everything that would be decided, each to tick; nothing is claimed."""
        return await self._preview(request)

    async def decide(self, request: Request) -> Response:
        """Decide what is ticked; tells how many were, and who was faster for the others."""
        form, me = await trusted_form(request), visitor(request)
        policy = await self._rooms.policy(me.community)
        ticked = [str(id_) for id_ in form.getlist("case")][:MOST]
        try:
            choose = _chooser(form, me, policy)
            first = await self._cases.get(me.community, ticked[0]) if ticked else None
            if first is None:
                raise ChoiceError("none_ticked")
            action = choose(first).action
        except ChoiceError as fault:
            return await self._preview(request, spoken(request).under("error")[fault.why], 422)
        seconded = needs_second(policy.review, action, me.tier)
        done = await decide_each(self._cases, me.community, ticked, choose, seconded=seconded, tier=me.tier)
        return await self._face.show(request, "together_done.html", page="queue", done=done)

    async def _preview(self, request: Request, problem: str = "", status: int = 200) -> Response:
        me = visitor(request)
        policy = await self._rooms.policy(me.community)
        cluster = await self._cluster(me, request.path_params["case"], policy)
        if cluster is None:
            raise HTTPException(404, "cluster")
        values = {
            "cluster": cluster,
            "cases": cluster.cases[:MOST],
            "problem": problem,
            "clauses": tuple(policy.clauses),
            "text_length": TEXT_LENGTH,
        }
        return await self._face.show(request, "together.html", status, page="queue", **values)

    async def _cluster(self, me: Visitor, name: str, policy: Policy) -> Cluster | None:
        found = await alike(self._cases, me.community, policy)
        return next((one for one in found if any(case.id == name for case in one.cases)), None)


def _chooser(form: FormData, me: Visitor, policy: Policy) -> Callable[[Case], Decision]:
    """The form's decision for each case. It raises ChoiceError where the form decides nothing."""
    return lambda case: to_decision(form, case, me, policy)

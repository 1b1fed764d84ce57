"""The moderators' console: the queue, a case, the decisions, live. Every page belongs to one community."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from sse_starlette import ServerSentEvent
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.console.choices import TEXT_LENGTH, ChoiceError, to_decision
from bot.console.evidence import marked
from bot.console.gate import Gate, moderator
from bot.console.login import Logins
from bot.stream import OUTAGE
from bot.web.guard import guarded, trusted_form
from bot.web.pages import language, live, renderer, spoken, static
from moderation.cases import CaseBook, NoSuchCase, OwnDecision, Settled, Taken
from moderation.policy import Policy
from moderation.types import Case

HERE = Path(__file__).parent
SESSION_S = 12 * 3600
NAME_LENGTH = 40
SHOWN = 100
"""Cases on one page."""


def console(
    cases: CaseBook, logins: Logins, policy: Policy, *, community: str, secret: str, https: bool = False
) -> Starlette:
    """The console's app. `secret` signs the sessions; `https` keeps their cookie off unencrypted connections."""
    desk = Desk(cases, logins, policy, community)
    return Starlette(
        routes=[
            Route("/", desk.queue),
            Route("/decisions", desk.decisions),
            Route("/live", desk.live),
            Route("/case/{case}", desk.case),
            Route("/case/{case}/decide", desk.decide, methods=["POST"]),
            Route("/case/{case}/release", desk.release, methods=["POST"]),
            Route("/login", desk.door),
            Route("/login", desk.enter, methods=["POST"]),
            Route("/logout", desk.leave, methods=["POST"]),
            *static(HERE / "static"),
        ],
        middleware=[*guarded("console", secret, SESSION_S, https=https), Middleware(Gate)],
        exception_handlers={HTTPException: desk.refuse, **dict.fromkeys(OUTAGE, desk.hold)},
    )


class Desk:
    """The pages. Each method answers one route."""

    def __init__(self, cases: CaseBook, logins: Logins, policy: Policy, community: str) -> None:
        self._cases = cases
        self._logins = logins
        self._policy = policy
        self._clauses = policy.clauses
        self._community = community
        self._render = renderer(HERE / "templates")

    async def queue(self, request: Request) -> Response:
        """Open cases, the most urgent first."""
        return await self._list(request, "queue", await self._cases.queue(self._community, SHOWN))

    async def decisions(self, request: Request) -> Response:
        """Settled cases, the latest first."""
        return await self._list(request, "decisions", await self._cases.recent(self._community, SHOWN))

    async def live(self, _request: Request) -> Response:
        """Says which case changed, as server-sent events."""
        return live(self._changes())

    async def case(self, request: Request) -> Response:
        """One case; to open it is to claim it."""
        return await self._show(request, await self._claimed(request))

    async def decide(self, request: Request) -> Response:
        """Settle a case, or tell who was faster."""
        form = await trusted_form(request)
        case = await self._found(request)
        try:
            await self._cases.decide(self._community, to_decision(form, case, moderator(request), self._policy))
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
        return RedirectResponse("/", 303)

    async def release(self, request: Request) -> Response:
        """Put a claimed case back into the queue."""
        await trusted_form(request)
        await self._cases.release(self._community, request.path_params["case"], moderator(request).id)
        return RedirectResponse("/", 303)

    async def door(self, request: Request) -> Response:
        """The login page. To look at a link does not use it up: a preview in a chat only looks."""
        token = request.query_params.get("token", "")
        return self._render(request, "login.html", token=token, problem="", name_length=NAME_LENGTH)

    async def enter(self, request: Request) -> Response:
        """Log in with a link, in a fresh session."""
        form = await trusted_form(request)
        found = await self._logins.redeem(str(form.get("token")))
        if found is None:
            problem = spoken(request)("error.link")
            return self._render(request, "login.html", 403, token="", problem=problem, name_length=NAME_LENGTH)
        name = " ".join(str(form.get("name") or "").split())[:NAME_LENGTH] or found
        await self._logins.introduce(found, name)
        lang = language(request)
        request.session.clear()
        request.session.update(moderator=found, name=name, lang=lang)
        return RedirectResponse("/", 303)

    async def leave(self, request: Request) -> Response:
        """Log out."""
        await trusted_form(request)
        request.session.clear()
        return RedirectResponse("/login", 303)

    async def refuse(self, request: Request, fault: Exception) -> Response:
        """A refusal in the moderator's language."""
        status, why = (fault.status_code, fault.detail) if isinstance(fault, HTTPException) else (500, "")
        t = spoken(request)
        error = t.under("error").get(why) or t("error.missing" if status == 404 else "error.other")
        return self._render(request, "sorry.html", status, error=error)

    async def hold(self, request: Request, _fault: Exception) -> Response:
        """Redis does not answer."""
        return self._render(request, "sorry.html", 503, error=spoken(request)("error.outage"))

    async def _list(self, request: Request, page: str, cases: Sequence[Case]) -> Response:
        """A page of cases, or (for the page's script) its list alone."""
        names, counts = await self._logins.names(), await self._cases.counts(self._community)
        part = "_" if "part" in request.query_params else ""
        values = {"cases": cases, "counts": counts, "names": names, "page": page, "clause": self._clause(request)}
        return self._render(request, f"{part}{page}.html", me=moderator(request), community=self._community, **values)

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
        me, names = moderator(request), await self._logins.names()
        draft = case.reply.text if case.reply else ""
        values = {
            "case": case,
            "names": names,
            "mine": case.claimed_by == me.id,
            "problem": problem,
            "draft": draft if typed is None else typed,
            "teach": teach,
            "pieces_of_text": marked(case.subject.text, case.verdict.signals if case.verdict else ()),
            "clause": self._clause(request),
            "clauses": tuple(self._clauses),
            "text_length": TEXT_LENGTH,
            "counts": await self._cases.counts(self._community),
        }
        return self._render(request, "case.html", status, me=me, community=self._community, page="case", **values)

    def _clause(self, request: Request) -> Callable[[str], str]:
        """What a clause is called in the moderator's language; a name that the policy no longer has stays as it is."""
        lang = language(request)
        titles = {name: clause.title.zh if lang == "zh" else clause.title.en for name, clause in self._clauses.items()}
        return lambda name: titles.get(name, name)

    async def _claimed(self, request: Request) -> Case:
        """The case, in this moderator's hold unless another's or settled."""
        try:
            return await self._cases.claim(self._community, request.path_params["case"], moderator(request).id)
        except (Taken, Settled):
            return await self._found(request)
        except NoSuchCase:
            raise HTTPException(404, "missing") from None

    async def _found(self, request: Request) -> Case:
        case = await self._cases.get(self._community, request.path_params["case"])
        if case is None:
            raise HTTPException(404, "missing")
        return case

    async def _late(self, request: Request, words: str, by: str, name: str = "") -> Response:
        names = await self._logins.names()
        problem = spoken(request)(words, name=name or names.get(by, by))
        return await self._show(request, await self._found(request), problem, 409)

    async def _changes(self) -> AsyncIterator[ServerSentEvent]:
        async for id_ in self._cases.changes(self._community):
            case = await self._cases.get(self._community, id_)
            if case is not None:
                told = {"id": id_, "state": case.state, "holder": case.claimed_by}
                yield ServerSentEvent(json.dumps(told), event="case")

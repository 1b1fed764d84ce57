"""People and roles: who may do what here, who is logged in, and the end of a login."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.console.face import Face
from bot.console.gate import Page, Visitor, visitor
from bot.console.rooms import Rooms
from bot.console.sessions import Session
from bot.review.duty import on_duty
from bot.web.fields import typed
from bot.web.guard import trusted_form
from moderation.audit import auditing
from moderation.members import giving, reaches
from moderation.types import TIERS, Tier


class Someone(NamedTuple):
    """A person or a platform's role: its id, name, the tier that the community gives, and its sessions."""

    id: str
    name: str
    given: Tier
    sessions: Sequence[Session]


class PeoplePages:
    """Each method answers one route."""

    def __init__(self, rooms: Rooms, face: Face) -> None:
        self._rooms = rooms
        self._members = rooms.books.members
        self._face = face

    def pages(self) -> list[Page]:
        return [
            Page("/people", self.people, "admin", menu="people"),
            Page("/people/give", self.give, "admin", ("POST",)),
            Page("/people/end", self.end, "admin", ("POST",)),
        ]

    async def people(self, request: Request) -> Response:
        """Everyone who has worked here, or may."""
        me = visitor(request)
        names, given = await self._rooms.logins.names(me.community), await self._members.appointed(me.community)
        sessions = await self._rooms.sessions.listed(me.community)
        ids = sorted({*names, *given, *(one.person.id for one in sessions)})
        found = [
            Someone(
                id_, names.get(id_, id_), given.get(id_, "member"), [one for one in sessions if one.person.id == id_]
            )
            for id_ in ids
        ]
        duty = [(id_, names.get(id_, id_)) for id_ in await on_duty(self._rooms.redis, me.community)]
        values = {"people": found, "tiers": _givable(me), "duty": dict(duty)}
        return await self._face.show(request, "people.html", page="people", **values)

    async def give(self, request: Request) -> Response:
        """Give a person or a platform's role a tier. Nobody gives, or takes, as much as the own one; an owner may."""
        form, me = await trusted_form(request), visitor(request)
        who, asked = typed(form, "who"), str(form.get("tier"))
        tier = next((tier for tier in TIERS if tier == asked), None)
        platform, _, id_ = who.partition(":")
        if tier is None or not platform or not id_:
            raise HTTPException(422, "who")
        before = (await self._members.appointed(me.community)).get(who, "member")
        if me.tier != "owner" and any(reaches(one, me.tier) for one in (tier, before)):
            raise HTTPException(403, "below_own")
        line = f"roles {who}: {before} -> {tier}"
        now = datetime.now(UTC)
        await self._rooms.perform(
            *giving(me.community, who, tier), auditing(me.community, me.id, me.tier, line, "done", now, kind="setting")
        )
        return RedirectResponse("/people", 303)

    async def end(self, request: Request) -> Response:
        """End every session of a person."""
        form, me = await trusted_form(request), visitor(request)
        who = str(form.get("who") or "")
        ended = await self._rooms.sessions.close_all(me.community, who)
        line, now = f"logged out {who} ({ended})", datetime.now(UTC)
        await self._rooms.perform(auditing(me.community, me.id, me.tier, line, "done", now, kind="login"))
        return RedirectResponse("/people", 303)


def _givable(me: Visitor) -> list[Tier]:
    return [tier for tier in TIERS if me.tier == "owner" or not reaches(tier, me.tier)]

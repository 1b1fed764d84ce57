"""The web chat: a community page, and the adapter that performs effects in it.

It knows the room (`web_room`) and nothing of what the house does with a message. Texts are data: the page's script
inserts them with `textContent`, and no address outside the page is ever loaded.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from sse_starlette import ServerSentEvent
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.adapters.web_room import BOT, Bar, Heard, Room, Said
from bot.stream import OUTAGE
from bot.web.buckets import Buckets
from bot.web.guard import guarded, trusted_form
from bot.web.pages import language, live, renderer, spoken, static
from bot.web.serving import address, serve
from moderation.policy import Policy
from moderation.types import Author, Enforce, Message, Place, Say

PAGES = Path(__file__).parent / "pages"
TEXT_LENGTH = 4096
NAME_LENGTH = 32
VISIT_S = 30 * 24 * 3600
"""Seconds that a visitor is remembered."""
STREAMS = 500
"""Open pages that one process serves; the next one is asked to come back."""

_CALL = re.compile(r"\s*[@＠](xiaoer\b|小二)", re.IGNORECASE)
_CURSOR = re.compile(r"\d{1,19}-\d{1,19}", re.ASCII)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""Characters that nobody sees and that could dress one name up as another, or turn its direction."""


class Visitor(NamedTuple):
    """Who is at the page: a random id, and the name that was chosen."""

    id: str
    name: str


class PostError(ValueError):
    """A post that cannot be taken. `why` names the page's words for it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def to_message(form: Mapping[str, object], visitor: Visitor, place: Place) -> Message:
    """The message that a posted form holds: `text`, `post` (a UUID of the page's own) and perhaps `reply_to`.

    The id is made of the visitor and the UUID, so that a repeated post is the same message, and nobody else's.
    Raises PostError.
    """
    text = str(form.get("text") or "").replace("\r\n", "\n").strip()
    if not text:
        raise PostError("empty")
    if len(text) > TEXT_LENGTH:
        raise PostError("long")
    try:
        post = UUID(str(form.get("post")))
    except ValueError:
        raise PostError("stale") from None
    reply_to = str(form.get("reply_to") or "")[:64] or None
    return Message(
        id=hashlib.blake2b(f"{visitor.id}|{post}".encode(), digest_size=12).hexdigest(),
        place=place,
        author=Author(id=visitor.id, name=visitor.name),
        text=text,
        reply_to=reply_to,
        addressed=bool(_CALL.match(text)) or (reply_to or "").startswith(BOT),
    )


def chosen_name(form: FormData) -> str:
    """The display name of a form: one line, without unseen characters. Raises PostError when nothing is left."""
    name = " ".join(_UNSEEN.sub(" ", str(form.get("name") or "")).split())[:NAME_LENGTH]
    if not name:
        raise PostError("name")
    return name


class WebChat:
    """The adapter: shows the community page, takes posts, performs effects.

    In a channel of kind "announcements" only the house speaks. `policy` gives the words for a removal. `listener` is
    the socket to serve on (`bot.web.serving.bind`); `secret` signs the visitors' cookies, which with `https` never
    travel in the clear. `address` is the page's, for a browser.
    """

    platform = "web"

    def __init__(
        self,
        room: Room,
        policy: Policy,
        *,
        listener: socket.socket,
        secret: str,
        https: bool = False,
    ) -> None:
        self.room = room
        self.address = address(listener)
        self._policy = policy
        self._listener = listener
        self._render = renderer(PAGES / "templates")
        self._posts = Buckets(burst=20, per_second=1)
        self._joins = Buckets(burst=30, per_second=0.2)
        self._streams = asyncio.Semaphore(STREAMS)
        self.app = Starlette(
            routes=[
                Route("/", self._enter),
                Route("/c/{channel}", self._page),
                Route("/c/{channel}/live", self._live),
                Route("/c/{channel}/post", self._post, methods=["POST"]),
                Route("/join", self._join, methods=["POST"]),
                *static(PAGES / "static"),
            ],
            middleware=guarded("community", secret, VISIT_S, https=https),
            exception_handlers={HTTPException: self._refuse, **dict.fromkeys(OUTAGE, self._hold)},
        )

    async def run(self) -> None:
        """Serve the page until cancelled; open pages are told at once."""
        follower = asyncio.create_task(self.room.follow())
        try:
            await serve(self.app, self._listener)
        finally:
            follower.cancel()
            await asyncio.wait([follower])

    async def say(self, effect: Say) -> None:
        """Show words in the chat, once."""
        await self.room.say(effect)

    async def enforce(self, effect: Enforce) -> None:
        """Remove a message, or keep a member from posting, once."""
        await self.room.enforce(effect)

    async def _enter(self, _request: Request) -> Response:
        return RedirectResponse(f"/c/{next(iter(self.room.channels))}", 303)

    async def _page(self, request: Request) -> Response:
        channel, visitor = self._channel(request), _visitor(request)
        bar = await self.room.barred(visitor.id) if visitor else None
        t = spoken(request)
        return self._render(
            request,
            "chat.html",
            community=self.room.community,
            channels=self.room.channels,
            channel=channel,
            read_only=self.room.channels[channel] == "announcements",
            visitor=visitor,
            bar=self._bar_words(request, bar),
            room={
                "channel": channel,
                "lang": t.lang,
                "member": visitor.id if visitor else "",
                "words": t.under("bubble"),
                "reasons": self._reasons(request),
            },
            lengths={"text": TEXT_LENGTH, "name": NAME_LENGTH},
        )

    async def _live(self, request: Request) -> Response:
        """The channel's events as server-sent events; a browser that was cut off resumes after its Last-Event-ID."""
        channel, visitor = self._channel(request), _visitor(request)
        last = request.headers.get("last-event-id", "")
        if self._streams.locked():
            raise HTTPException(503)
        after = last if _CURSOR.fullmatch(last) else None
        return live(self._seen_by(visitor, channel, after))

    async def _seen_by(
        self, visitor: Visitor | None, channel: str, after: str | None
    ) -> AsyncIterator[ServerSentEvent]:
        async with self._streams:
            async for heard in self.room.live(channel, after):
                if heard is None:
                    yield ServerSentEvent(event="ready", data="")
                elif _may_see(visitor, heard):
                    yield ServerSentEvent(heard.event.model_dump_json(), event="room", id=heard.cursor)

    async def _join(self, request: Request) -> Response:
        form = await trusted_form(request)
        if not self._joins.take(request.client.host if request.client else ""):
            raise HTTPException(429, "fast")
        known = _visitor(request)
        try:
            request.session["name"] = chosen_name(form)
        except PostError as fault:
            raise HTTPException(422, fault.why) from None
        request.session["member"] = known.id if known else secrets.token_hex(10)
        channel = str(form.get("channel"))
        return RedirectResponse(f"/c/{channel}" if channel in self.room.channels else "/", 303)

    async def _post(self, request: Request) -> Response:
        form = await trusted_form(request)
        channel, visitor = self._channel(request), _visitor(request)
        profile = self.room.channels[channel]
        if visitor is None or profile == "announcements":
            raise HTTPException(403, "name" if visitor is None else "read_only")
        if not self._posts.take(visitor.id):
            raise HTTPException(429, "fast")
        if bar := await self.room.barred(visitor.id):
            return JSONResponse({"error": self._bar_words(request, bar)}, 403)
        place = Place(platform=self.platform, community=self.room.community, channel=channel, profile=profile)
        try:
            message = to_message(form, visitor, place)
        except PostError as fault:
            raise HTTPException(422, fault.why) from None
        await self.room.post(message)
        return JSONResponse({"id": message.id})

    async def _refuse(self, request: Request, fault: Exception) -> Response:
        """A refusal in the visitor's language: as a page for a page, as JSON for the page's script."""
        status, why = (fault.status_code, fault.detail) if isinstance(fault, HTTPException) else (500, "")
        return self._sorry(request, status, why)

    async def _hold(self, request: Request, _fault: Exception) -> Response:
        return self._sorry(request, 503, "outage")

    def _sorry(self, request: Request, status: int, why: str) -> Response:
        t = spoken(request)
        error = t.under("error").get(why) or t("error.missing" if status == 404 else "error.other")
        if request.url.path.endswith("/post"):
            return JSONResponse({"error": error}, status)
        return self._render(request, "sorry.html", status, error=error, community=self.room.community)

    def _channel(self, request: Request) -> str:
        channel = str(request.path_params["channel"])
        if channel not in self.room.channels:
            raise HTTPException(404, "missing")
        return channel

    def _reasons(self, request: Request) -> dict[str, str]:
        """What each clause of the policy reads in the visitor's language."""
        lang = language(request)
        return {name: self._policy.explain(name, lang) for name in self._policy.clauses}

    def _bar_words(self, request: Request, bar: Bar | None) -> str:
        """Why and until when the visitor may not post; empty when nothing stands in the way."""
        if bar is None:
            return ""
        t = spoken(request)
        until = t("chat.barred_until", until=f"{bar.until:%Y-%m-%d %H:%M} UTC") if bar.until else t("chat.banned")
        return " ".join(part for part in (until, self._reasons(request).get(bar.reason, bar.reason)) if part)


def _visitor(request: Request) -> Visitor | None:
    session = request.session
    return Visitor(session["member"], session["name"]) if "member" in session and "name" in session else None


def _may_see(visitor: Visitor | None, heard: Heard) -> bool:
    """Words to one member are shown to that member only."""
    to = heard.event.to if isinstance(heard.event, Said) else None
    return to is None or (visitor is not None and visitor.id == to)

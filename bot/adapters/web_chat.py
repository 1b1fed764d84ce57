"""The web chat: a community page, and the adapter that performs effects in it.

It knows the room (`web_room`) and nothing of what the house does with a message. Texts are data: the page's script
inserts them with `textContent`, and no address outside the page is ever loaded.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

from sse_starlette import ServerSentEvent
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.adapters.web_events import Said
from bot.adapters.web_picture import PictureDesk, Shown
from bot.adapters.web_post import (
    NAME_LENGTH,
    PICTURE_BYTES,
    TEXT_LENGTH,
    PostError,
    Visitor,
    chosen_name,
    posted_picture,
    to_message,
    to_vote,
)
from bot.adapters.web_room import PLATFORM, Bar, Heard, Room
from bot.commands.parsing import is_appeal
from bot.stream import OUTAGE
from bot.web.buckets import Buckets
from bot.web.guard import BODY_BYTES, guarded, trusted_form
from bot.web.pages import language, live, renderer, spoken, static
from bot.web.serving import address, serve
from moderation.judging.pictures import PictureError
from moderation.policy import Policy
from moderation.types import Enforce, Message, Place, Say

PAGES = Path(__file__).parent / "pages"
VISIT_S = 30 * 24 * 3600
"""Seconds that a visitor is remembered."""
STREAMS = 500
"""Open pages that one process serves; the next one is asked to come back."""

_CURSOR = re.compile(r"\d{1,19}-\d{1,19}", re.ASCII)
_ID = re.compile(r"[0-9a-f]{24}", re.ASCII)


class WebChat:
    """The adapter: shows the community page, takes posts, performs effects.

    In a channel of kind "announcements" only the house speaks. `policy` gives the words for a removal. `listener` is
    the socket to serve on (`bot.web.serving.bind`); `secret` signs the visitors' cookies, which with `https` never
    travel in the clear. `address` is the page's, for a browser.
    """

    platform = PLATFORM

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
        self._votes = Buckets(burst=20, per_second=1)
        self._pictures = Buckets(burst=5, per_second=0.1)
        self._desk = PictureDesk()
        self._joins = Buckets(burst=30, per_second=0.2)
        self._streams = asyncio.Semaphore(STREAMS)
        self.app = Starlette(
            routes=[
                Route("/", self._enter),
                Route("/c/{channel}", self._page),
                Route("/c/{channel}/live", self._live),
                Route("/c/{channel}/picture/{id}", self._picture),
                Route("/c/{channel}/post", self._post, methods=["POST"], middleware=[_with_room_for_a_picture()]),
                Route("/c/{channel}/vote", self._vote, methods=["POST"]),
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
                "votes": await self.room.votes_of(visitor.id) if visitor else {},
                "words": t.under("bubble"),
                "picture_bytes": PICTURE_BYTES,
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
        channel, visitor = self._channel(request), _visitor(request)
        profile = self.room.channels[channel]
        if visitor is None or profile == "announcements":
            raise HTTPException(403, "name" if visitor is None else "read_only")
        async with request.form(max_files=1, max_fields=8, max_part_size=BODY_BYTES) as form:
            await trusted_form(request)
            if not self._posts.take(visitor.id):
                raise HTTPException(429, "fast")
            bar = await self.room.barred(visitor.id)
            if bar and not is_appeal(str(form.get("text"))):
                return JSONResponse({"error": self._bar_words(request, bar)}, 403)
            place = Place(platform=self.platform, community=self.room.community, channel=channel, profile=profile)
            try:
                picture = await posted_picture(form)
                message, shown = await self._seen(to_message(form, visitor, place, picture=bool(picture)), picture)
            except PostError as fault:
                raise HTTPException(422, fault.why) from None
        await (self.room.tell(message) if bar else self.room.post(message, shown))
        return JSONResponse({"id": message.id})

    async def _vote(self, request: Request) -> Response:
        """A visitor's vote on an answer in this channel; nobody votes on another channel's."""
        channel, visitor = self._channel(request), _visitor(request)
        if visitor is None:
            raise HTTPException(403, "name")
        form = await trusted_form(request)
        if not self._votes.take(visitor.id):
            raise HTTPException(429, "fast")
        if bar := await self.room.barred(visitor.id):
            return JSONResponse({"error": self._bar_words(request, bar)}, 403)
        try:
            vote = to_vote(form, visitor, self.room.community)
        except PostError as fault:
            raise HTTPException(422, fault.why) from None
        if not await self.room.vote(vote, channel):
            raise HTTPException(404, "answer_gone")
        return JSONResponse({"choice": vote.choice})

    async def _seen(self, message: Message, picture: bytes | None) -> tuple[Message, Shown | None]:
        """The message with what its picture says, and the picture's copy. Raises PostError."""
        if picture is None:
            return message, None
        if not self._pictures.take(message.author.id):
            raise PostError("fast")
        url = f"/c/{quote(message.place.channel)}/picture/{message.id}"
        try:
            attached, shown = await self._desk.look(picture, url)
        except PictureError as fault:
            raise PostError(f"picture_{fault.why}") from None
        except TimeoutError:
            raise PostError("busy") from None
        return message.model_copy(update={"attachments": (attached,)}), shown

    async def _picture(self, request: Request) -> Response:
        """A picture's copy, as long as its message stands; kept by no cache, because it may be removed."""
        self._channel(request)
        id_ = str(request.path_params["id"])
        jpeg = await self.room.picture(id_) if _ID.fullmatch(id_) else None
        if jpeg is None:
            raise HTTPException(404, "missing")
        return Response(jpeg, media_type="image/jpeg", headers={"Cross-Origin-Resource-Policy": "same-origin"})

    async def _refuse(self, request: Request, fault: Exception) -> Response:
        """A refusal in the visitor's language: as a page for a page, as JSON for the page's script."""
        status, why = (fault.status_code, fault.detail) if isinstance(fault, HTTPException) else (500, "")
        return self._sorry(request, status, why)

    async def _hold(self, request: Request, _fault: Exception) -> Response:
        return self._sorry(request, 503, "outage")

    def _sorry(self, request: Request, status: int, why: str) -> Response:
        t = spoken(request)
        error = t.under("error").get(why) or t("error.missing" if status == 404 else "error.other")
        if request.url.path.endswith(("/post", "/vote")):
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
        endless = t("chat.muted") if bar.muted else t("chat.banned")
        until = t("chat.barred_until", until=f"{bar.until:%Y-%m-%d %H:%M} UTC") if bar.until else endless
        return " ".join(part for part in (until, self._reasons(request).get(bar.reason, bar.reason)) if part)


def _with_room_for_a_picture() -> Middleware:
    """Raises the limit of all requests for the one that may carry a picture."""
    return Middleware(RequestBodyLimitMiddleware, max_body_size=PICTURE_BYTES + BODY_BYTES)


def _visitor(request: Request) -> Visitor | None:
    session = request.session
    return Visitor(session["member"], session["name"]) if "member" in session and "name" in session else None


def _may_see(visitor: Visitor | None, heard: Heard) -> bool:
    """Words to one member are shown to that member only."""
    to = heard.event.to if isinstance(heard.event, Said) else None
    return to is None or (visitor is not None and visitor.id == to)

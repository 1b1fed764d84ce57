"""The guard at both doors: security headers, posts from our own pages only, signed sessions, small bodies."""

from __future__ import annotations

import hashlib
import secrets
from typing import Literal
from urllib.parse import urlsplit

from starlette.datastructures import FormData, Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES = 64 * 1024
"""Bytes of one request: a form with 4,096 characters of text, URL-encoded in the worst case, is 49 KB."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

Page = Literal["community", "console"]


def guarded(
    page: Page, secret: str, max_age_s: int, *, https: bool = False, body_bytes: int = BODY_BYTES
) -> list[Middleware]:
    """The middlewares of a page, outermost first. With `https` the session cookie never travels in the clear."""
    return [
        Middleware(Guard),
        Middleware(RequestBodyLimitMiddleware, max_body_size=body_bytes),
        Middleware(
            SessionMiddleware,
            secret_key=page_key(secret, page),
            session_cookie=f"xiaoer_{page}",
            max_age=max_age_s,
            same_site="lax",
            https_only=https,
        ),
    ]


def page_key(secret: str, page: Page) -> str:
    """A signing key of the page's own: cookies ignore ports, and a visitor's must never pass for a moderator's."""
    return hashlib.blake2b(page.encode(), key=hashlib.sha256(secret.encode()).digest(), digest_size=32).hexdigest()


class Guard:
    """Adds HEADERS to every answer and refuses a POST that another site's page sends."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-cache" if scope["path"].startswith("/static/") else "no-store")
            await send(message)

        if scope["method"] == "POST" and not same_origin(Headers(scope=scope)):
            refusal = PlainTextResponse("This form was sent from another site. Open our page and try again.", 403)
            await refusal(scope, receive, send_guarded)
        else:
            await self.app(scope, receive, send_guarded)


def same_origin(headers: Headers) -> bool:
    """Whether our own page sent it: the Origin header names our host. Every current browser sends it with a POST."""
    origin = urlsplit(headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == headers.get("host")


def csrf_token(request: Request) -> str:
    """The session's secret word, which our own forms carry and another site cannot know."""
    if "csrf" not in request.session:
        request.session["csrf"] = secrets.token_urlsafe(24)
    return str(request.session["csrf"])


async def trusted_form(request: Request) -> FormData:
    """The form that was posted. Raises HTTPException 403 when it does not carry the session's secret word."""
    form = await request.form()
    known, told = request.session.get("csrf"), form.get("csrf")
    if not isinstance(known, str) or not isinstance(told, str) or not secrets.compare_digest(known, told):
        raise HTTPException(403, "csrf")
    return form

"""How a page is made: its language, its templates, its static files."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from bot.stream import OUTAGE
from bot.web.guard import csrf_token
from bot.words import LANGS, Words, preferred, words
from moderation.types import Lang

SHARED = Path(__file__).parent / "static"
"""The look that both faces share."""

PING_S = 20
"""Seconds between signs of life on an open stream, so that no proxy takes it for dead."""

log = structlog.get_logger()
Render = Callable[..., Response]


def language(request: Request) -> Lang:
    """The visitor's language: as chosen in the page (`?lang=`, then remembered), else what the browser prefers."""
    asked: dict[str | None, Lang] = {lang: lang for lang in LANGS}
    if chosen := asked.get(request.query_params.get("lang")):
        request.session["lang"] = chosen
    return asked.get(request.session.get("lang")) or preferred(request.headers.get("accept-language", ""))


def spoken(request: Request) -> Words:
    """The words of the visitor's language."""
    return words(language(request))


def static(*folders: Path) -> list[Mount]:
    """Routes for the shared look and a page's own files."""
    mounts = [Mount("/static/house", StaticFiles(directory=SHARED))]
    return [*mounts, *(Mount("/static", StaticFiles(directory=folder)) for folder in folders)]


def live(events: AsyncIterator[ServerSentEvent]) -> Response:
    """A stream of server-sent events. In an outage of Redis it ends, and the browser comes back by itself."""

    async def until_outage() -> AsyncIterator[ServerSentEvent]:
        try:
            async for event in events:
                yield event
        except OUTAGE as fault:
            log.warning("live_page_ends", why=str(fault))

    return EventSourceResponse(until_outage(), ping=PING_S)


def renderer(templates: Path) -> Render:
    """`render(request, "queue.html", **values)`: a page in the visitor's language, everything in it escaped.

    A template sees `request`, `t` (the words), `lang`, `csrf`, `switch` (this page's address in the other language) and
    the values; the filter `to_json` makes a data block for the page's script.
    """
    environment = Environment(loader=FileSystemLoader(templates), autoescape=True, undefined=StrictUndefined)
    environment.filters["to_json"] = to_json

    def render(request: Request, name: str, status: int = 200, /, **values: object) -> Response:
        t = spoken(request)
        other = next(lang for lang in LANGS if lang != t.lang)
        switch = str(request.url.include_query_params(lang=other).replace(scheme="", netloc=""))
        shared = {"request": request, "t": t, "lang": t.lang, "switch": switch, "csrf": csrf_token(request)}
        return HTMLResponse(environment.get_template(name).render(shared | values), status)

    return render


def to_json(value: object) -> Markup:
    """JSON that is safe inside a `<script type="application/json">` block: no `<`, so it cannot end the block."""
    return Markup(json.dumps(value, ensure_ascii=False).replace("<", "\\u003c"))  # noqa: S704 - escaped right here

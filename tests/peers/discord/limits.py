"""Rate limits of the Discord peer: the headers on every answer, injected floods, and budgets that are enforced."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from typing import Any

from aiohttp import web

MAJOR = re.compile(r"/(?:channels|guilds|webhooks)/(\d+)")
UNBOUND = ("/interactions/", "/webhooks/")
"""Answers to interactions are not under the bot's global limit."""


@dataclass
class Flood:
    """`where` is a route ("POST /channels/{channel}/messages"), a channel's or guild's id, or "" for all."""

    where: str
    retry_after: float
    times: int
    everywhere: bool


@dataclass
class Outage:
    """Discord itself fails: the next calls of a route, of a channel or guild by its id, or all (""), get `status`."""

    where: str
    status: int
    times: int


class OutError(Exception):
    """Discord is out of order."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status}")
        self.status = status


class TooManyError(Exception):
    """The request is over a limit."""

    def __init__(self, retry_after: float, everywhere: bool, scope: str) -> None:
        super().__init__(scope)
        self.retry_after = retry_after
        self.everywhere = everywhere
        self.scope = scope


class Limits:
    """`budgets` maps a route to (count, seconds) for each of its channels or guilds; others are never exhausted."""

    def __init__(self) -> None:
        self.floods: list[Flood] = []
        self.outages: list[Outage] = []
        self.budgets: dict[str, tuple[int, float]] = {}
        self.windows: dict[tuple[str, str], tuple[float, int]] = {}

    def take(self, route: str, path: str) -> dict[str, str]:
        """The headers of the answer. Raises TooManyError, OutError."""
        self._out(route, path)
        self._flooded(route, path)
        found = MAJOR.search(path)
        major = found[1] if found else ""
        limit, window = self.budgets.get(route, (1000, 1.0))
        began, used = self.windows.get((route, major), (0.0, 0))
        now = time.monotonic()
        if now - began >= window:
            began, used = now, 0
        left = began + window - now
        if used >= limit:
            raise TooManyError(left, False, "user")
        if route in self.budgets:
            self.windows[route, major] = (began, used + 1)
        return headers(route, limit, limit - used - 1, left)

    def _out(self, route: str, path: str) -> None:
        for outage in self.outages:
            if outage.times > 0 and outage.where in ("", route, *path.split("/")):
                outage.times -= 1
                raise OutError(outage.status)

    def _flooded(self, route: str, path: str) -> None:
        for flood in self.floods:
            global_one = flood.everywhere and not any(part in path for part in UNBOUND)
            if flood.times > 0 and (global_one or flood.where == route or flood.where in path.split("/")):
                flood.times -= 1
                raise TooManyError(flood.retry_after, flood.everywhere, "global" if flood.everywhere else "shared")


def headers(route: str, limit: int, remaining: int, reset_after: float) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": f"{time.time() + reset_after:.3f}",
        "X-RateLimit-Reset-After": f"{reset_after:.3f}",
        "X-RateLimit-Bucket": hashlib.md5(route.encode(), usedforsecurity=False).hexdigest(),
        "Via": "1.1 google",
    }


def too_many(route: str, over: TooManyError) -> tuple[dict[str, Any], dict[str, str]]:
    """The body and the headers of a 429."""
    body = {"message": "You are being rate limited.", "retry_after": over.retry_after, "global": over.everywhere}
    told = {"Via": "1.1 google", "Retry-After": f"{over.retry_after:.3f}", "X-RateLimit-Scope": over.scope}
    if over.everywhere:
        return body, {**told, "X-RateLimit-Global": "true"}
    return body, {**headers(route, 5, 0, over.retry_after), **told}


def route_of(request: web.Request) -> str:
    """The method and the path with its parameters' names, "GET /channels/{channel}"."""
    resource = request.match_info.route.resource
    return f"{request.method} {(resource.canonical if resource else request.path).removeprefix('/api/v10')}"

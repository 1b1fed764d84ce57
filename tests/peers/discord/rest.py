"""The Discord peer's REST door: one table of routes, tokens, limits, and a record of every call."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aiohttp import web

from tests.peers.discord.limits import OutError, TooManyError, route_of, too_many
from tests.peers.discord.nouns import Channel, Guild, Kind, Member, Message
from tests.peers.discord.refusals import RefusalError
from tests.peers.discord.rights import NOTHING, Right, rights

if TYPE_CHECKING:
    from tests.peers.discord.server import DiscordServer

PREFIX = "/api/v10"
OPEN = re.compile(r"/(interactions|webhooks)/|/gateway$")
"""What needs no bot token: an interaction's own token is in the path."""


@dataclass
class Call:
    """One REST call. `route` has the parameters' names in place of their values; `code` is Discord's, if refused."""

    method: str
    path: str
    route: str
    body: dict[str, Any] | list[Any] | None
    reason: str | None
    at: datetime
    status: int = 0
    code: int | None = None


@dataclass
class Asked:
    """A request as the routes see it: the path's parameters, the query, the JSON form and the attached files."""

    peer: DiscordServer
    at: dict[str, str]
    query: dict[str, str]
    form: Any
    reason: str | None
    files: list[tuple[str, bytes, str]] = field(default_factory=list)

    def guild(self) -> Guild:
        """The guild of the path. Raises RefusalError where the bot is not in it."""
        found = self.peer.guilds.get(self.at["guild"])
        if found is None:
            raise RefusalError(10004)
        if self.peer.bot.id not in found.members:
            raise RefusalError(50001)
        return found

    def member(self, guild: Guild) -> Member:
        """The member of the path."""
        wanted = self.peer.bot.id if self.at["user"] == "@me" else self.at["user"]
        if wanted in guild.members:
            return guild.members[wanted]
        raise RefusalError(10007 if wanted in self.peer.people else 10013)

    def channel(self, right: Right = NOTHING) -> Channel:
        """The channel of the path, which the bot must see and have the right in."""
        found = self.peer.find(self.at["channel"])
        if found is None:
            raise RefusalError(10003)
        if not self.peer.bot_sees(found):
            raise RefusalError(50001)
        if right not in self.peer.rights_of(self.peer.bot, found):
            raise RefusalError(50013)
        return found

    def message(self, channel: Channel) -> Message:
        """The message of the path; an ephemeral one cannot be reached this way."""
        found = channel.messages.get(self.at["message"])
        if found is None or found.only_for is not None:
            raise RefusalError(10008)
        return found

    def need(self, guild: Guild, right: Right) -> None:
        """Raises RefusalError without a right in the whole guild."""
        if right not in rights(guild, guild.members[self.peer.bot.id], None, self.peer.clock.now()):
            raise RefusalError(50013)


Answer = Callable[[Asked], Any]
ROUTES: list[tuple[str, str, Answer]] = []


def route(method: str, path: str) -> Callable[[Answer], Answer]:
    """Enters a function into the table. What it returns is the JSON, None stands for 204."""

    def enter(answer: Answer) -> Answer:
        ROUTES.append((method, path, answer))
        return answer

    return enter


def add_routes(app: web.Application, peer: DiscordServer) -> None:
    for method, path, answer in ROUTES:
        app.router.add_route(method, PREFIX + path, _door(peer, answer))


def _door(peer: DiscordServer, answer: Answer) -> Callable[[web.Request], Any]:
    async def through(request: web.Request) -> web.Response:
        form, files = await _read(request)
        reason = request.headers.get("X-Audit-Log-Reason")
        reason = unquote(reason) if reason else None
        path = request.path.removeprefix(PREFIX)
        call = Call(request.method, path, route_of(request), form, reason, peer.clock.now())
        peer.calls.append(call)
        asked = Asked(peer, dict(request.match_info), dict(request.query), form, reason, files)
        headers: dict[str, str] = {}
        try:
            if not OPEN.search(path) and request.headers.get("Authorization") != f"Bot {peer.token}":
                raise RefusalError(0)
            headers = peer.limits.take(call.route, path)
            told = answer(asked)
        except OutError as out:
            call.status = out.status
            return web.Response(status=out.status, text="upstream connect error")
        except TooManyError as over:
            call.status = 429
            body, headers = too_many(call.route, over)
            return reply(429, body, headers)
        except RefusalError as refusal:
            call.status, call.code = refusal.status, refusal.code
            return reply(refusal.status, refusal.body(), headers)
        call.status = 204 if told is None else 200
        return reply(call.status, told, headers)

    return through


def reply(status: int, body: Any, headers: dict[str, str]) -> web.Response:
    """JSON without a charset, as Discord sends it: discord.py takes anything else for text."""
    if body is None:
        return web.Response(status=status, headers=headers)
    content = json.dumps(body, ensure_ascii=False).encode()
    return web.Response(status=status, body=content, headers={**headers, "Content-Type": "application/json"})


async def _read(request: web.Request) -> tuple[Any, list[tuple[str, bytes, str]]]:
    """The JSON form and the files (name, content, media type) of a request."""
    if request.content_type != "multipart/form-data":
        text = await request.text()
        return (json.loads(text) if text else None), []
    form: Any = None
    files: list[tuple[str, bytes, str]] = []
    fields = await request.post()
    for name, value in fields.items():
        if name == "payload_json":
            form = json.loads(value.file.read() if isinstance(value, web.FileField) else value)
        elif isinstance(value, web.FileField):
            files.append((value.filename, value.file.read(), value.content_type))
    return form, files


async def unknown(_request: web.Request) -> web.Response:
    """A path that this peer does not know."""
    return reply(404, {"message": "404: Not Found", "code": 0}, {})


WRITABLE = (Kind.TEXT, Kind.DM, Kind.NEWS, Kind.VOICE, Kind.NEWS_THREAD, Kind.THREAD, Kind.PRIVATE_THREAD)
"""Kinds of channels that hold messages."""

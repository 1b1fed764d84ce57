"""A gateway session of the Discord peer: what it may hear, what it was told, and the socket that carries it."""

from __future__ import annotations

import asyncio
import enum
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


class Intent(enum.IntFlag):
    """What a client asks to hear."""

    GUILDS = 1 << 0
    MEMBERS = 1 << 1
    MODERATION = 1 << 2
    PRESENCES = 1 << 8
    MESSAGES = 1 << 9
    REACTIONS = 1 << 10
    TYPING = 1 << 11
    DM_MESSAGES = 1 << 12
    DM_REACTIONS = 1 << 13
    DM_TYPING = 1 << 14
    CONTENT = 1 << 15
    AUTOMOD_RULES = 1 << 20
    AUTOMOD = 1 << 21


PRIVILEGED = Intent.MEMBERS | Intent.PRESENCES | Intent.CONTENT

HEARD_BY: dict[str, tuple[Intent, Intent]] = {
    "MESSAGE": (Intent.MESSAGES, Intent.DM_MESSAGES),
    "MESSAGE_REACTION": (Intent.REACTIONS, Intent.DM_REACTIONS),
    "TYPING": (Intent.TYPING, Intent.DM_TYPING),
    "CHANNEL_PINS": (Intent.GUILDS, Intent.DM_MESSAGES),
    "GUILD_MEMBER": (Intent.MEMBERS, Intent(0)),
    "GUILD_BAN": (Intent.MODERATION, Intent(0)),
    "GUILD_AUDIT_LOG": (Intent.MODERATION, Intent(0)),
    "GUILD": (Intent.GUILDS, Intent(0)),
    "CHANNEL": (Intent.GUILDS, Intent(0)),
    "THREAD": (Intent.GUILDS, Intent(0)),
    "AUTO_MODERATION_ACTION": (Intent.AUTOMOD, Intent(0)),
    "AUTO_MODERATION_RULE": (Intent.AUTOMOD_RULES, Intent(0)),
}
"""The intents of an event, by the longest beginning of its name: in a guild, in a private chat."""
FOR_ALL = ("INTERACTION_CREATE", "USER_UPDATE", "GUILD_MEMBERS_CHUNK")


def heard(event: str, intents: Intent, private: bool, own: bool = False) -> bool:
    """Whether a session with these intents hears the event; changes of the bot's `own` member always."""
    if event in FOR_ALL or own:
        return True
    beginning = max((start for start in HEARD_BY if event.startswith(start)), key=len)
    return bool(HEARD_BY[beginning][private] & intents)


def without_content(payload: dict[str, Any], bot: str) -> dict[str, Any]:
    """A message as a client without the content intent sees it; the bot's own and those that mention it stay whole."""
    mentioned = any(one["id"] == bot for one in payload.get("mentions", []))
    if payload["author"]["id"] == bot or mentioned or "guild_id" not in payload:
        return payload
    told = {**payload, "content": "", "embeds": [], "attachments": [], "components": []}
    if isinstance(told.get("referenced_message"), dict):
        told["referenced_message"] = without_content({**told["referenced_message"], "guild_id": ""}, bot)
    return told


class Line:
    """One websocket. What is said leaves in order; a `silent` line neither says nor acknowledges anything."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, compressed: bool) -> None:
        self.request = request
        self.socket = socket
        self.deflate = zlib.compressobj() if compressed else None
        self.silent = False
        self.waiting: asyncio.Queue[dict[str, Any] | int] = asyncio.Queue()

    def say(self, op: int, body: Any = None, event: str | None = None, seq: int | None = None) -> None:
        if not self.silent:
            self.waiting.put_nowait({"op": op, "d": body, "t": event, "s": seq})

    def close(self, code: int) -> None:
        """After everything that was said before."""
        self.waiting.put_nowait(code)

    def cut(self) -> None:
        """The network breaks: no closing words."""
        if self.request.transport is not None:
            self.request.transport.abort()

    async def carry(self) -> None:
        """Sends what waits, until the line is closed."""
        while True:
            said = await self.waiting.get()
            if isinstance(said, int):
                await self.socket.close(code=said)
                return
            if self.socket.closed or self.request.transport is None:
                return
            await self._send(json.dumps(said))

    async def _send(self, text: str) -> None:
        try:
            if self.deflate is None:
                await self.socket.send_str(text)
            else:
                flushed = self.deflate.compress(text.encode()) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
                await self.socket.send_bytes(flushed)
        except ConnectionError:
            return


@dataclass(eq=False)
class Session:
    """What one identified client was told, so that it can resume; `line` is None while it is away."""

    id: str
    intents: Intent
    shard: tuple[int, int]
    line: Line | None
    large_from: int = 250
    seq: int = 0
    told: list[tuple[int, str, Any]] = field(default_factory=list)

    def tell(self, event: str, payload: Any) -> None:
        self.seq += 1
        self.told.append((self.seq, event, payload))
        if self.line is not None:
            self.line.say(0, payload, event, self.seq)

    def missed(self, seq: int) -> list[tuple[int, str, Any]]:
        """What was told after that number."""
        return [one for one in self.told if one[0] > seq]

    def has(self, guild: str | None) -> bool:
        """Whether the guild is on this session's shard; private chats are on the first."""
        mine, of = self.shard
        return (int(guild) >> 22) % of == mine if guild else mine == 0

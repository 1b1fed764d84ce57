"""Health: whether the house works, what waits, and what was put aside."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from bot.console.face import Face
from bot.console.gate import Page, visitor
from bot.console.rooms import Rooms


class HealthPages:
    """Each method answers one route."""

    def __init__(self, rooms: Rooms, face: Face) -> None:
        self._rooms = rooms
        self._face = face

    def pages(self) -> list[Page]:
        return [Page("/health", self.health, "admin", menu="health")]

    async def health(self, request: Request) -> Response:
        """Redis, the streams, the dead letters (never their texts), the policies in force, the chats."""
        streams, community = self._rooms.books.streams, visitor(request).community
        started = time.perf_counter()
        await streams.redis.ping()
        took_ms = (time.perf_counter() - started) * 1000
        letters = await streams.dead_letters(community)
        sitting = await self._rooms.bench.sitting(community)
        values = {
            "redis_ms": took_ms,
            "waiting": await streams.backlog(community),
            "letters": [(letter, _since(letter.id)) for letter in reversed(letters)],
            "live": sitting.judge.policy,
            "shadow": sitting.shadow.policy if sitting.shadow else None,
            "home": await self._rooms.books.communities.get(community),
        }
        return await self._face.show(request, "health.html", page="health", **values)


def _since(entry: str) -> datetime:
    """When a stream entry was made, which its id tells."""
    return datetime.fromtimestamp(int(entry.partition("-")[0]) / 1000, UTC)
